"""The conversations that Intercom could not tell us about: it tries a delivery twice, and keeps no log of them.

So all conversations of the time since the last look are looked through: those that a customer started are meant.
https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/searchconversations
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from integration.errors import Held, RemoteError
from integration.facts import NewCase, Stretch, case_key
from integration.intercom import conversation as conversations
from integration.intercom import pace
from integration.intercom.client import Intercom, Record
from integration.intercom.settings import DESK, IntercomSettings
from integration.intercom.webhook import is_conversation_id
from integration.missed_cases import Candidate, Candidates, Created
from integration.ports import Wait

KEPT_HOURS: Final = 7 * 24
LAG_SECONDS: Final = 300.0  # after which a new conversation is certainly found; how late the search is nobody says
SLICE_SECONDS: Final = 3600.0  # searched at a time; a slice that is done is not searched again
PAGES: Final = 100  # of one slice: 15,000 conversations
SPARE_SHARE: Final = 0.25  # of the limit: left to notes, and to the workspace's other apps


class MissedConversations:
    """Finds the missed conversations of one workspace; `wait` is called between requests. Raises `RemoteError`."""

    kept_hours = KEPT_HOURS
    nobody_tells = "Intercom does not show its webhooks"
    lag = LAG_SECONDS

    def __init__(self, settings: IntercomSettings, *, wait: Wait) -> None:
        self._intercom = Intercom(settings)
        self._wait = wait

    def in_words(self, error: RemoteError) -> str:
        """What an admin is told of an error of Intercom's, and what to do."""
        if isinstance(error, Held):
            return f"{error}. Does the app have the permission to read conversations? `check` tells more."
        return str(error)

    def sources(self) -> int | None:
        """Intercom shows nobody its webhooks."""
        return None

    def look(self, *, since: float, now: float) -> LookAtConversations:
        """All conversations since then: when deliveries were missed is not told."""
        return LookAtConversations(self._intercom, wait=self._wait, stretch=Stretch(start=since, end=now))


class LookAtConversations:
    """One look."""

    def __init__(self, intercom: Intercom, *, wait: Wait, stretch: Stretch) -> None:
        self.missed: int | None = None
        self.stretches: tuple[Stretch, ...] = (stretch,)
        self._intercom = intercom
        self._wait = wait

    def told_since(self) -> float:
        """Since when the webhook is there nobody can say: since ever."""
        return 0.0

    def created(self, stretches: Sequence[Stretch], *, now: float) -> Created:  # noqa: ARG002 -- it is asked so
        """The conversations that were created then, but for those that were deleted since."""
        return Created(lag=LAG_SECONDS, parts=self._parts(stretches))

    def was_meant(self, candidate: Candidate) -> bool | None:
        """Whether a customer started it."""
        return conversations.began_with_customer(candidate.record)

    def _parts(self, stretches: Sequence[Stretch]) -> Iterator[Candidates]:
        for part in _slices(stretches):
            for page in self._intercom.created(after=int(part.start) - 1, before=int(part.end) + 1, pages=PAGES):
                yield Candidates(cases=[_candidate(record) for record in page], until=None)
                self._spare()
            yield Candidates(cases=[], until=part.end)

    def _spare(self) -> None:
        """Wait between two requests: not at all, or until the limit's next window when little of it is left."""
        headers = self._intercom.last_headers
        left, limit = headers.get("X-RateLimit-Remaining", ""), headers.get("X-RateLimit-Limit", "")
        scarce = left.isdecimal() and limit.isdecimal() and int(left) < int(limit) * SPARE_SHARE
        if not self._wait((pace.until_reset(headers) or pace.WINDOW) if scarce else 0.0):
            raise conversations.stopped()


def _candidate(record: Record) -> Candidate:
    number, created = record.get("id"), conversations.created_at(record)
    readable = is_conversation_id(number) and created is not None
    case = NewCase(key=case_key(DESK, str(number)), contact=conversations.customer(record)) if readable else None
    return Candidate(id=str(number), case=case, created=created, record=record)


def _slices(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    for stretch in stretches:
        start, end = stretch.start, min(stretch.start + SLICE_SECONDS, stretch.end)
        yield Stretch(start=start, end=end)
        while end < stretch.end:
            start, end = end, min(end + SLICE_SECONDS, stretch.end)
            yield Stretch(start=start, end=end)
