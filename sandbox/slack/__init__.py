"""A stand-in for Slack: one workspace, one app with a bot's token, and the channels that it may post to.

    slack = Slack(faults=Faults())
    slack.start()
    slack.channel.messages            # what was posted, oldest first
    slack.answer("chat.postMessage", "internal_error", done=True)   # posted, and told otherwise

Everything else that can go wrong is a `Fault(service="slack", ...)`, or a field of the channel or the workspace.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.faults import Fault, Faults
from sandbox.server import LoopbackServer, Recorded
from sandbox.slack import mentions
from sandbox.slack.app import create_app
from sandbox.slack.survey import Survey

__all__ = ["SCOPES", "Channel", "Message", "Slack", "Survey"]

SCOPES: Final = frozenset(
    {"chat:write", "channels:read", "channels:history", "groups:read", "groups:history"},
)
Message = dict[str, Any]


@dataclass
class Channel:
    """A channel, what may be the matter with it, and its messages, oldest first."""

    id: str = "C0LOWSCORES"
    name: str = "low-scores"
    is_private: bool = False
    is_archived: bool = False
    is_member: bool = True
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    restricted: bool = False
    messages: list[Message] = field(default_factory=list)
    posted_at: deque[float] = field(default_factory=deque)


def _is_page(target: str) -> bool:
    """Whether a person looks, and not an app."""
    return target == "/"


class Slack:
    """The stand-in and its Python face. What is set holds for the requests that come afterwards."""

    def __init__(self, *, faults: Faults, port: int = 0) -> None:
        """Bind the port (0: any free one)."""
        self.token = f"xoxb-{secrets.token_hex(16)}"
        self.scopes = set(SCOPES)
        self.bot_id, self.user_id, self.app_id = "B0HIGHLIGHT", "U0HIGHLIGHT", "A0HIGHLIGHT"
        self.team, self.user = "Acme", "highlights"
        self.token_refusal: str | None = None
        """The word with which the token is refused: `token_revoked`, `account_inactive` and their like."""
        self.limited = False
        """Whether more than one message a second and channel is refused."""
        self.sold = False
        """Whether the app is one that is sold outside of Slack's Marketplace: it reads 15 messages at a time."""
        self.survey: Survey | None = None
        """A survey whose form stands on the page."""
        self.channel = Channel()
        self.channels = {self.channel.id: self.channel}
        self.lock = threading.RLock()
        self._faults = faults
        self._last = 0  # microseconds
        self._server = LoopbackServer("slack", create_app(self), faults=faults, port=port, unrecorded=_is_page)

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"{self._server.url}/api"

    @property
    def page_url(self) -> str:
        """The address of the page that shows the channel."""
        return f"{self._server.url}/"

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, in order of arrival."""
        return self._server.requests

    def environment(self) -> dict[str, str]:
        """Return the variables that point the integration here."""
        return {"SLACK_BOT_TOKEN": self.token, "SLACK_CHANNEL": self.channel.id, "SLACK_API_URL": self.url}

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()

    def answer(self, method: str, error: str, *, done: bool = False, times: int | None = 1, **more: str) -> Fault:
        """Let a method answer `ok: false` behind a 200; with `done`, after it did what was asked."""
        body = json.dumps({"ok": False, "error": error} | more)
        fault = Fault(service="slack", path=f"/{method}", status=200, body=body, handle=done, times=times)
        self._faults.add(fault)
        return fault

    def say(self, text: str, **more: Any) -> Message:  # noqa: ANN401 -- of any message's fields
        """Let somebody else write into the channel."""
        message = {"type": "message", "user": "U0SOMEBODY", "text": text, "ts": self.next_ts()} | more
        with self.lock:
            self.channel.messages.append(message)
        return message

    def own_messages(self) -> list[Message]:
        """What our app has posted to the channel, oldest first."""
        with self.lock:
            return [message for message in self.channel.messages if message.get("bot_id") == self.bot_id]

    def called(self) -> list[str]:
        """Whom messages of our app would have notified."""
        return [called for message in self.own_messages() for called in mentions.of(message)]

    def next_ts(self) -> str:
        """A time that no other message has."""
        with self.lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"
