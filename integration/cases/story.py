"""A case's story: the log line of each change of its entry, and what its way keeps of it; no I/O.

Whoever changes an entry does so through the ledger, which writes one line about it: `grep ticket_id=35436` in the logs
of web and worker tells what happened, why, when the next look is, and how it ended.

    step        who changed it: receive, recover, callback, retry, forget, or the worker's job
    state       what the case is now
    tries       how often a worker has worked on the case in all
    why         what stood in the way, or the reason of its end
    next        when it is looked at again, by Redis' clock: `now`, or a time
    request_id  the summariser's; the note ends with its beginning
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from integration.cases.entry import FINAL, Entry, State, Trouble
from integration.facts import as_logged

_TROUBLES: Final = 12  # that are kept, the latest
_ENTERED: Final = {
    State.RECEIVED: "highlights will be requested again",
    State.REQUESTED: "highlights requested",
    State.READY: "highlights ready",
    State.POSTED: "note posted",
    State.EMPTY: "highlights empty",
    State.SKIPPED: "ticket skipped",
    State.FAILED: "ticket failed",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One log line: `level` is the name of the logger's method."""

    level: str
    message: str
    facts: dict[str, object]


def line(old: Entry, new: Entry, now: float, **facts: object) -> Line:
    """What the log says of a change; `facts` are those that the entry does not know."""
    told: dict[str, object] = {**as_logged(new.key), **facts, "state": str(new.state), "tries": new.tries}
    optional = {
        "why": new.reason or new.last_error,
        "next": _next(new, now),
        "request_id": new.request.id or old.request.id,
    }
    told |= {name: value for name, value in optional.items() if value is not None}
    return Line(level=_level(old, new), message=_message(old, new), facts=told)


def _message(old: Entry, new: Entry) -> str:
    if old.state in FINAL and new.state not in FINAL:
        return "ticket put back to work" if new.demands == old.demands else "highlights demanded anew"
    if _entered(old, new):
        return _of_state(old, new)
    if old.claim.lease is not None and new.claim.lease is None:
        return _of_step(old, new)
    if new.said != old.said or new.person != old.person:
        return "more was told of the answer"
    if new.quiet_until != old.quiet_until:
        return "Redis is another one, or its clock jumped: ticket waits until what was under way has ended"
    return "callback taken, its request is looked up"


def _of_state(old: Entry, new: Entry) -> str:
    """What the state is that a case has come to, and how."""
    if new.state is not State.REQUESTED:
        return _ENTERED[new.state]
    if new.request.reused_from is not None:
        return "highlights of another ticket are used"
    return "callback taken, its request is looked up" if old.claim.lease is None else _ENTERED[new.state]


def _of_step(old: Entry, new: Entry) -> str:
    """What came of a worker's try that left the case in its state."""
    if new.claim.crashes > old.claim.crashes:
        return "step crashed, will be repeated"
    if _refused(old, new):
        return "step refused, will be repeated"
    if new.request.polls > old.request.polls:
        return "no result yet, will be asked for again"
    if new.note.merged_into != old.note.merged_into:
        return "ticket was merged, its note goes to the other one"
    return "step put off" if new.tries < old.tries else "step will be repeated"


def _level(old: Entry, new: Entry) -> str:
    if new.state is State.FAILED:
        return "error"
    return "warning" if new.claim.crashes > old.claim.crashes or _refused(old, new) else "info"


def _refused(old: Entry, new: Entry) -> bool:
    return new.claim.refusals > old.claim.refusals or (
        new.claim.refused_since is not None and new.last_error is not None
    )


def _entered(old: Entry, new: Entry) -> bool:
    return new.state is not old.state or new.entered_at != old.entered_at


def _next(new: Entry, now: float) -> str | None:
    if new.state in FINAL:
        return None
    if new.wait_until <= now:
        return "now"
    return time_of(new.wait_until)


def time_of(when: float) -> str:
    """A point in time, in whole seconds, as the log tells it."""
    return datetime.fromtimestamp(math.ceil(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- The way


def remembered(old: Entry, new: Entry, now: float) -> Entry:
    """The changed entry; the setback that this change tells of, if any, is added to its way."""
    trouble = _trouble(old, new, now)
    if trouble is None:
        return new
    last = new.troubles[-1] if new.troubles else None
    if last is None or last.why != trouble.why or last.since < round(new.entered_at, 3):
        return dataclasses.replace(new, troubles=(*new.troubles, trouble)[-_TROUBLES:])
    again = last._replace(until=trouble.until, times=last.times + 1)
    return dataclasses.replace(new, troubles=(*new.troubles[:-1], again))


def _trouble(old: Entry, new: Entry, now: float) -> Trouble | None:
    if old.state in FINAL and new.state not in FINAL and old.reason is not None:
        return Trouble(round(old.entered_at, 3), old.reason, 0)  # a retry takes the reason of the end away
    if new.last_error is None or not (_entered(old, new) or (old.claim.lease is not None and new.claim.lease is None)):
        return None
    return Trouble(round(now, 3), new.last_error, round(new.claim.not_before, 3))


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A state on a case's way, since when it was in it, and what kept it there or had sent it back."""

    when: float
    state: State
    troubles: tuple[Trouble, ...]


def way(entry: Entry) -> list[Stage]:
    """The states that a case went through, oldest first."""
    history = entry.history or ((entry.entered_at, str(entry.state)),)
    ends = [*(when for when, _ in history[1:]), math.inf]
    return [
        Stage(
            when=when,
            state=State(state),
            troubles=tuple(
                trouble
                for trouble in entry.troubles
                if (when <= trouble.since < end) or (not at and trouble.since < when)
            ),
        )
        for at, ((when, state), end) in enumerate(zip(history, ends, strict=True))
    ]
