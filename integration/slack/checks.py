"""Whether notes can be posted to Slack, found again, and read by one's own company alone; nothing is posted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from integration import unreachable
from integration.errors import Held, RemoteError
from integration.findings import Result, failure, ok, skipped, warning
from integration.safe_text import printable
from integration.slack.client import Bot, Slack
from integration.slack.refusals import NotAllowed
from integration.slack.settings import SlackSettings

TOKEN, SCOPES, CHANNEL, SHARED, HISTORY = (
    f"Slack {what}" for what in ("token", "scopes", "channel", "company", "history")
)

_APP_PAGE: Final = "https://api.slack.com/apps > our app > OAuth & Permissions"
_INSTALL: Final = f"Install the app to the workspace anew, and copy its Bot User OAuth Token ({_APP_PAGE})."
_INVITE: Final = "Write /invite @ and our app's name in the channel."
_FOREVER: Final = 1  # Unix seconds: any message will do


def of_slack(settings: SlackSettings) -> Iterator[Result]:
    """The token, its scopes, the channel, who can read there, and whether we can."""
    slack = Slack(settings)
    try:
        try:
            bot = slack.who_we_are()
        except RemoteError as error:
            yield _of_trouble(TOKEN, error, settings)
            return
        yield ok(TOKEN, printable(f"acts as {bot.name[:60]} in the workspace {bot.workspace[:60]}"))
        yield _may_post(bot)
        yield from _of_channel(slack, bot, settings)
        yield _may_read(slack, settings)
    finally:
        slack.close()


def _may_post(bot: Bot) -> Result:
    if bot.scopes is None:
        return skipped(SCOPES, "Slack does not tell the scopes of the token")
    if "chat:write" not in bot.scopes:
        return failure(SCOPES, "the token lacks chat:write", _add("chat:write"))
    return ok(SCOPES, printable(", ".join(sorted(bot.scopes)))[:200])


def _of_channel(slack: Slack, bot: Bot, settings: SlackSettings) -> Iterator[Result]:
    try:
        channel = slack.channel()
    except NotAllowed as error:
        yield _hidden(error, settings)
        return
    except RemoteError as error:
        yield _of_trouble(CHANNEL, error, settings)
        return
    yield _is_open_to_us(channel, bot)
    yield _is_shared(channel)


def _hidden(error: NotAllowed, settings: SlackSettings) -> Result:
    """Slack does not show us the channel."""
    if error.said.startswith("missing_scope"):
        told = "Slack does not show us the channel, and so not whether another company can read it"
        return warning(CHANNEL, f"{told} ({error.said})", _add("channels:read and groups:read"))
    told = f"Slack shows us no channel {settings.channel}: it does not exist, or it is private and our app is not in it"
    return failure(CHANNEL, told, f"Is SLACK_CHANNEL the id of the right channel? {_INVITE}")


def _is_open_to_us(channel: Mapping[str, Any], bot: Bot) -> Result:
    """Whether our app can post there."""
    name = printable(f"#{str(channel.get('name'))[:80]}")
    if channel.get("is_archived") is True:
        return failure(CHANNEL, f"{name} is archived", "Unarchive it, or set SLACK_CHANNEL to another one.")
    if channel.get("is_member") is False:
        if "chat:write.public" in (bot.scopes or ()) and channel.get("is_private") is False:
            return warning(CHANNEL, f"our app posts to {name} without being in it", _INVITE)
        return failure(CHANNEL, f"our app is not in {name}", _INVITE)
    return ok(CHANNEL, f"our app is in {name}")


def _is_shared(channel: Mapping[str, Any]) -> Result:
    """Whether people of another company read the notes, or will."""
    fix = "Set SLACK_CHANNEL to a channel of your own company, or stop sharing this one."
    if channel.get("is_ext_shared") is True:
        return warning(SHARED, "the channel is shared with another company, whose people read the notes", fix)
    if channel.get("is_pending_ext_shared") is True:
        return warning(SHARED, "another company is invited to the channel, and will read the notes", fix)
    if channel.get("is_ext_shared") is False:
        return ok(SHARED, "the channel is shared with no other company")
    return warning(
        SHARED, "Slack does not tell whether the channel is shared with another company", "Look it up there."
    )


def _may_read(slack: Slack, settings: SlackSettings) -> Result:
    """Whether a note can be found again whose answer was lost."""
    try:
        for _ in slack.history(oldest=_FOREVER, pages=1):
            break
    except NotAllowed as error:
        told = "our app may not read the channel"
        after = (
            "when Slack's answer to a note is lost, nothing is posted twice: the note counts as failed, and you look"
        )
        return warning(HISTORY, f"{told} ({error.said}): {after}", _add("channels:history and groups:history", _INVITE))
    except RemoteError as error:
        return _of_trouble(HISTORY, error, settings)
    return ok(HISTORY, "our app may read the channel: a note whose answer was lost is found again")


def _add(scopes: str, also: str = "") -> str:
    return f"Add {scopes} to the bot's scopes ({_APP_PAGE}), and install the app anew. {also}".strip()


def _of_trouble(name: str, error: RemoteError, settings: SlackSettings) -> Result:
    if isinstance(error, Held) and error.status == 0:  # a word of Slack's own
        return failure(name, f"{error}", _INSTALL)
    why = unreachable.why(error)
    told = f"{error}" if why is None else f"{error}: {why}"
    return failure(name, told, f"May this machine reach {settings.api_url}? Is SLACK_API_URL right?")
