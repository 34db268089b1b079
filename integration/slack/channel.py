"""The channel where notes are posted: post one, find it again, say who is at fault.

Nothing in Slack is public as a comment of a help desk may be: a message can be read by those in its channel. Whether
these are all of one's own company is for `check` to tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from integration.errors import Held, NoNotePossible, Permanent, StillPublic
from integration.facts import CaseKey, Details, Pace, Receipt
from integration.http import accepts_us
from integration.note import Note
from integration.slack import message
from integration.slack.client import Bot, MoreThanRead, Slack
from integration.slack.refusals import NotAllowed, TooLarge
from integration.slack.settings import INTERVAL, SERVICE, SlackSettings

PACE: Final = Pace(interval=INTERVAL, pause=INTERVAL)
LOOKED_BACK: Final = 7 * 24 * 3600.0  # seconds: longer than any note is tried to be posted
PAGES: Final = 15  # of the channel's history that are looked through in a step's time


class Channel:
    """One channel. Raises `RemoteError`."""

    def __init__(self, settings: SlackSettings, *, clock: Callable[[], float] = time.time) -> None:
        self._slack = Slack(settings)
        self._channel = settings.channel
        self._clock = clock
        self._bot: Bot | None = None

    def details(self, key: CaseKey) -> Details:  # noqa: ARG002 -- every place is asked so
        """Slack knows nobody: whom a case is about, its door has to say."""
        raise NoNotePossible(
            "nothing tells whom this case is about: no e-mail address, and no user id", service=SERVICE
        )

    def take_tag_off(self, key: CaseKey) -> None:
        """No message has a tag that asks."""

    def tag(self, key: CaseKey) -> None:
        """No message has a tag that tells."""

    def merged_into(self, key: CaseKey) -> CaseKey | None:  # noqa: ARG002 -- likewise
        """Nothing is merged in a channel."""
        return None

    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:  # noqa: ARG002 -- likewise
        """Our own message that holds one of `markers`."""
        return self._find(lambda posted: message.holds_one_of(posted, markers))

    def find_any_note(self, key: CaseKey, *, markers: Sequence[str], since: float = 0.0) -> Receipt | None:
        """The message of `find_note`, or one of ours that is a note of the same case and was posted since a time."""
        return self._find(
            lambda posted: (
                message.holds_one_of(posted, markers)
                or (message.is_of(posted, key) and message.posted_at(posted) >= since)
            )
        )

    def write(self, key: CaseKey, note: Note) -> Receipt:
        """Post the note, in one request; in another, shorter, when Slack refuses it as too large."""
        try:
            ts = self._slack.post(message.of(key, note))
        except TooLarge:
            ts = self._slack.post(message.of(key, note, max_characters=message.SHORTER))
        return self._receipt(ts)

    def make_private(self, key: CaseKey, receipt_id: str) -> None:  # noqa: ARG002 -- likewise
        """Nothing can be hidden from those who are in a channel."""
        raise StillPublic("Slack hides no message from those in its channel", note_id=receipt_id, service=SERVICE)

    def takes_our_credentials(self) -> bool | None:
        """Whether Slack accepts our token; None when that cannot be told now."""
        return accepts_us(self._slack.who_we_are)

    def denied(self, error: Held) -> str:
        """Why one message is refused although our token is accepted, for an admin."""
        return f"Slack refuses this message, although it accepts our token: {error}"

    def close(self) -> None:
        """Close the connections."""
        self._slack.close()

    def _find(self, matches: Callable[[Mapping[str, Any]], bool]) -> Receipt | None:
        """The newest message of our own that matches; an error unless it is certain that there is none."""
        self._bot = self._bot or self._slack.who_we_are()
        try:
            for posted in self._slack.history(oldest=self._clock() - LOOKED_BACK, pages=PAGES):
                ts = posted.get("ts")
                if self._bot.wrote(posted) and matches(posted) and isinstance(ts, str):
                    return self._receipt(ts)
        except NotAllowed as error:
            why = f"our Slack app may not read the channel ({error.said})"
            raise Permanent(_cannot_look(why), service=SERVICE) from error
        except MoreThanRead as error:
            raise Permanent(_cannot_look("the channel has too many messages"), service=SERVICE) from error
        return None

    def _receipt(self, ts: str) -> Receipt:
        return Receipt(id=f"{self._channel}:{ts}", public=False, pace=PACE)


def _cannot_look(why: str) -> str:
    """What a person is told instead of a second message."""
    return (
        f"whether the note was posted is not known, and cannot be looked up: {why}. "
        "Look for it in the channel; `check` tells what the app lacks, and `retry` looks again where a case allows one"
    )
