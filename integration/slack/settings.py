"""What an admin sets about Slack: the bot's token, and the channel where notes go."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from integration import variables
from integration.variables import Reader

SERVICE: Final = "Slack"
NAMES: Final = ("SLACK_BOT_TOKEN", "SLACK_CHANNEL", "SLACK_API_URL")
_TOKEN: Final = "SLACK_BOT_TOKEN"  # noqa: S105 -- the name of the variable


@dataclass(frozen=True, kw_only=True)
class SlackSettings:
    """One channel of one workspace; `api_url` has no trailing slash."""

    token: str = field(repr=False)
    channel: str
    api_url: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        return (self.token,)


def read(reader: Reader) -> SlackSettings | None:
    """All of it; None when nothing of Slack is set. Token and channel are needed as soon as one of them is."""
    if not any(map(reader.text, NAMES)):
        return None
    return SlackSettings(
        token=reader.read(_TOKEN, _bot_token, default="", needed=True),
        channel=reader.read("SLACK_CHANNEL", _channel_id, default="", needed=True),
        api_url=reader.read("SLACK_API_URL", variables.web_url, default="https://slack.com/api"),
    )


def _bot_token(raw: str) -> str:
    token = variables.secret(raw)
    if token.startswith("xoxe"):
        raise ValueError("is a token that expires: the app's token rotation has to be off")
    if not token.startswith("xoxb-"):
        raise ValueError("must be a bot token, which begins with xoxb- (the app's page > OAuth & Permissions)")
    return token


def _channel_id(raw: str) -> str:
    if not re.fullmatch(r"[CG][A-Z0-9]{6,20}", raw):
        raise ValueError("must be a channel's id, such as C0123456789 (at the end of the channel's details in Slack)")
    return raw
