"""What an admin sets about Slack: the bot's token, and the channel where notes go."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from integration import variables
from integration.parts import Part
from integration.variables import Reader

SERVICE: Final = "Slack"
NAMES: Final = ("SLACK_BOT_TOKEN", "SLACK_CHANNEL", "SLACK_API_URL")
INTERVAL: Final = 1.0  # seconds between two messages: Slack takes about one a second and channel
_TOKEN: Final = "SLACK_BOT_TOKEN"  # noqa: S105 -- the name of the variable


@dataclass(frozen=True, kw_only=True)
class SlackSettings(Part):
    """One channel of one workspace; `api_url` has no trailing slash."""

    token: str = field(repr=False)
    channel: str
    api_url: str

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log."""
        return {"slack": self.channel}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        return (self.token,)


def read(reader: Reader) -> SlackSettings | None:
    """All of it; None when nothing of Slack is set. Token and channel are needed as soon as one of them is."""
    is_set_up = any(map(reader.text, NAMES))
    settings = _read(reader, needed=is_set_up)
    return settings if is_set_up else None


def read_needed(reader: Reader) -> SlackSettings:
    """All of it, also when nothing is set: notes are to go there."""
    return _read(reader, needed=True)


def _read(reader: Reader, *, needed: bool) -> SlackSettings:
    return SlackSettings(
        token=reader.read(_TOKEN, _bot_token, default="", needed=needed),
        channel=reader.read("SLACK_CHANNEL", _channel_id, default="", needed=needed),
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
