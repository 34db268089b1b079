"""A case for each end, taken there by the ledger itself: what that leaves in Redis is then written by the million."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.scale.installation import ADA, Installation, key, ticket
from integration.cases import stored, transitions
from integration.cases.changes import Decide
from integration.cases.entry import Entry, State
from integration.facts import CaseKey, Result, Status
from integration.logrocket import results as of_logrocket

HIGHLIGHTS: Final = of_logrocket.read((Path(__file__).parents[2] / "docs/result.json").read_bytes()).highlights
NOTE_ID: Final = "40000000000001"
_LONG_AGO: Final = 1e9  # numbers above are times


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A finished case as it stands in Redis: its entry, for how long that is kept, and where else its key stands."""

    entry: Entry
    seconds: int
    indexes: Mapping[str, float]  # by the index's name: since when it is in it
    requests: tuple[str, ...]  # the ids of its requests

    def earlier(self, seconds: float) -> Sample:
        """The same some time ago."""
        return replace(
            self,
            entry=_earlier(self.entry, seconds),
            indexes={name: since - seconds for name, since in self.indexes.items()},
        )

    @property
    def document(self) -> bytes:
        """The entry as it is stored."""
        text: str | bytes = stored.dump(self.entry)
        return text.encode() if isinstance(text, str) else text


def samples(installation: Installation, *, first: int) -> dict[State, Sample]:
    """A case for each end: tickets with the numbers from `first` on."""
    installation.let_notes_go()
    takes = {State.POSTED: _post, State.EMPTY: _find_nothing, State.SKIPPED: skip, State.FAILED: _fail}
    made = {}
    for number, (state, take) in enumerate(takes.items(), start=first):
        installation.ledger.receive(ticket(number))
        take(installation, key(number))
        made[state] = _sample(installation, key(number), state)
    return made


def _sample(installation: Installation, case: CaseKey, state: State) -> Sample:
    entry, redis = installation.ledger.reader.find(case), installation.redis
    if entry is None or entry.state is not state:
        raise RuntimeError(f"the sample is not {state}")
    seconds = redis.ttl(installation.ledger.keys.case(case))
    sorted_sets = redis.scan_iter(match=f"{installation.settings.keys.prefix}:*", count=1000, _type="ZSET")
    indexes = {name.decode(): since for name in sorted_sets if (since := redis.zscore(name, case)) is not None}
    return Sample(entry=entry, seconds=seconds, indexes=indexes, requests=entry.all_requests + entry.request.old_ids)


# -- The ways to each end


def _post(installation: Installation, case: CaseKey) -> None:
    request_id = ask(installation, case)
    result = Result(request_id=request_id, status=Status.READY, highlights=HIGHLIGHTS)
    installation.ledger.take_callback(case, result)
    post(installation, case)


def _find_nothing(installation: Installation, case: CaseKey) -> None:
    """Around the ticket's time, then at any time."""
    for _ in range(2):
        nothing = of_logrocket.read(b'{"status": "READY", "result": {"highlights": "", "sessions": []}}')
        installation.ledger.take_callback(case, replace(nothing, request_id=ask(installation, case)))


def _fail(installation: Installation, case: CaseKey) -> None:
    """LogRocket says so as often as it is asked."""
    for _ in range(len(installation.settings.failed_retry_seconds) + 1):
        failed = Result(request_id=ask(installation, case), status=Status.FAILED)
        installation.ledger.take_callback(case, failed)
        time.sleep(0.01)


# -- The worker's steps, without the services


def ask(installation: Installation, case: CaseKey) -> str:
    """The first step: the ticket was read, and LogRocket has taken the request; its id."""
    request_id, policy = secrets.token_hex(32), installation.ledger.policy
    pseudonym = installation.ledger.pseudonyms.of_people([ADA])

    def decide(current: Entry, now: float) -> Entry:
        known = transitions.identified(
            current, person=ADA, people=(ADA,), pseudonym=pseudonym, name="Ada Lovelace", created_at=now
        )
        return transitions.requested(known, now, request_id=request_id, policy=policy)

    _settle(installation, case, State.RECEIVED, decide)
    return request_id


def skip(installation: Installation, case: CaseKey) -> None:
    """The first step of a case that gets no note."""
    reason = "the requester is an agent, and no customer"
    _settle(installation, case, State.RECEIVED, partial(transitions.ended, state=State.SKIPPED, reason=reason))


def post(installation: Installation, case: CaseKey) -> None:
    """The last step: the note is in the ticket."""
    _settle(installation, case, State.READY, partial(transitions.posted, note_id=NOTE_ID))


def _settle(installation: Installation, case: CaseKey, state: State, decide: Decide) -> None:
    claimed = installation.ledger.claim(case, state)
    if claimed is None or installation.ledger.settle(claimed, decide) is None:
        raise RuntimeError(f"{case} is not {state}, or its time has not come")


def _earlier(value: Any, seconds: float) -> Any:  # noqa: ANN401 -- an entry, and whatever it is made of
    """The same with every time in it moved back."""
    if isinstance(value, float):
        return value - seconds if value > _LONG_AGO else value
    if is_dataclass(value) and not isinstance(value, type):
        moved = {field.name: _earlier(getattr(value, field.name), seconds) for field in fields(value)}
        return type(value)(**moved)
    if isinstance(value, tuple):
        parts = [_earlier(part, seconds) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value
