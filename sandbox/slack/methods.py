"""The methods of Slack's API that there are here, and what each wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sandbox.slack import history, posting
from sandbox.slack.refused import Refused

if TYPE_CHECKING:
    from sandbox.slack import Channel, Slack

Arguments = dict[str, Any]
Method = Callable[["Slack", Arguments], dict[str, Any]]

_SHOWN: Final = ("id", "name", "is_private", "is_archived", "is_member", "is_ext_shared", "is_pending_ext_shared")


def auth_test(slack: Slack, _: Arguments) -> dict[str, Any]:
    """Tell whose token it is."""
    return {
        "url": f"https://{slack.team.lower()}.slack.com/",
        "team": slack.team,
        "team_id": "T0ACME",
        "user": slack.user,
        "user_id": slack.user_id,
        "bot_id": slack.bot_id,
        "is_enterprise_install": False,
    }


def conversations_info(slack: Slack, asked: Arguments) -> dict[str, Any]:
    """Tell of a channel."""
    channel = _channel(slack, asked)
    _needs(slack, "groups:read" if channel.is_private else "channels:read")
    return {"channel": {name: getattr(channel, name) for name in _SHOWN} | {"is_channel": True}}


def conversations_history(slack: Slack, asked: Arguments) -> dict[str, Any]:
    """Tell what was written in a channel, newest first."""
    channel = _channel(slack, asked)
    _needs(slack, "groups:history" if channel.is_private else "channels:history")
    if not channel.is_member:
        raise Refused("not_in_channel")
    with slack.lock:
        return history.page(channel.messages, asked, most=history.SOLD if slack.sold else history.MOST)


def chat_post_message(slack: Slack, asked: Arguments) -> dict[str, Any]:
    """Take in a message."""
    _needs(slack, "chat:write")
    channel = _channel(slack, asked)
    if not channel.is_member and "chat:write.public" not in slack.scopes:
        raise Refused("not_in_channel")
    with slack.lock:
        return posting.posted(slack, channel, asked)


METHODS: Final[dict[str, Method]] = {
    "auth.test": auth_test,
    "conversations.info": conversations_info,
    "conversations.history": conversations_history,
    "chat.postMessage": chat_post_message,
}


def _needs(slack: Slack, scope: str) -> None:
    if scope not in slack.scopes:
        raise Refused("missing_scope", needed=scope, provided=",".join(sorted(slack.scopes)))


def _channel(slack: Slack, asked: Arguments) -> Channel:
    """The channel that is asked for; a private one does not exist for who is not in it."""
    channel = slack.channels.get(str(asked.get("channel", "")))
    if channel is None or (channel.is_private and not channel.is_member):
        raise Refused("channel_not_found")
    return channel
