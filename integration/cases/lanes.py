"""The remote services' lanes: when the next case may go, for all workers of all machines together.

    <prefix>:lane:<service>     open_at: nobody goes before (Unix seconds of Redis' clock): a pause, or a hold
                                note_at, interval: when the next note may go, and the seconds between two
                                hold, held_since, holds: why it waits for an admin, since when, how often tried
                                suspected: the hold is a suspicion, and the lane stays open
                                failing, failing_since, failing_last, failures: why it did nothing of what we asked,
                                from when to when, how often
                                refused, limited: the case that met the last refusal, or the last 429
                                accepted_at: when the service last did what we asked
    <prefix>:line:<service>     cases whose note is ready to go there, by the time at which it became ready
    <prefix>:asked              the requests for highlights of the last hour, by time

A lane that is closed costs a case nothing: no attempt is counted, its place in the line is kept, and no worker waits
for it.

**Who is at fault.** A case that is refused waits by itself, and lets others go first. The lane closes for all when it
is shown that the account is meant: a call that belongs to no case is refused too, or another case is, with nothing
done for anybody in between. While our credentials are accepted, the latter stays a suspicion: the cases that were
refused wait, it is told, and each other case may show that it is not so.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from redis import Redis

from integration import logs
from integration.cases import scripts
from integration.cases.entry import Entry, State
from integration.cases.keys import Keys
from integration.cases.steps import Routes
from integration.facts import CaseKey, Pace
from integration.lua import Call, run_together

if TYPE_CHECKING:
    from redis.client import Pipeline

HOLD_SECONDS: Final = 60.0  # the longest time between two tries with credentials that were refused
_DAY: Final = 24 * 60 * 60
_BURST_SECONDS: Final = 0.5  # notes this close together may pass each other


@dataclass(frozen=True, kw_only=True)
class Wait:
    """When to come again, and why not now."""

    until: float
    why: str


class Sign(enum.StrEnum):
    """What a case met that may be everybody's trouble, as the lane's field that remembers the case."""

    REFUSED = "refused"
    LIMITED = "limited"


_HOLD, _PAUSE, _FAILED, _ANSWERED = map(scripts.script, ("hold", "pause", "failed", "answered"))
_SIGN, _ASK, _TURN = map(scripts.script, ("sign", "ask", "turn"))

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A lane that waits for an admin."""

    service: str
    reason: str
    since: float
    suspected: bool = False  # it is not known that our account is meant: the lane stays open


@dataclass(frozen=True, kw_only=True)
class NoteLane:
    """When the next note may go to a place by its pace, and the seconds between two."""

    note_at: float
    interval: float


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """When the lanes are open, and how much may go. Times are Unix seconds of Redis' clock."""

    now: float
    routes: Routes
    open_at: Mapping[str, float]  # by service
    notes: Mapping[str, NoteLane]  # by place
    free_requests: int

    @property
    def requests_at(self) -> float:
        """When the summariser may be asked."""
        return self.open_at[self.routes.summariser]

    def notes_at(self, place: str) -> float:
        """When the next note may go to a place."""
        return max(self.open_at[place], self.notes[place].note_at)

    def opens_at(self, entry: Entry) -> float:
        """When every lane that the entry's next step needs is open."""
        return max((self.open_at.get(service, 0.0) for service in self.routes.needed(entry)), default=0.0)

    def free_notes(self, place: str) -> int:
        """How many notes may be queued for a place at once."""
        if self.notes_at(place) > self.now:
            return 0
        return 1 + min(int(_BURST_SECONDS / max(self.notes[place].interval, 1e-6)), 100)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The lanes as Redis has them, and the requests for highlights of the last hour."""

    now: float
    routes: Routes
    lanes: Mapping[str, Mapping[bytes, bytes]]  # by service
    asked: int
    ceiling: int  # of requests an hour

    @property
    def outlook(self) -> Outlook:
        """What may go."""
        held = b"hold" in self.lanes[self.routes.summariser]
        return Outlook(
            now=self.now,
            routes=self.routes,
            open_at={service: float(lane.get(b"open_at", 0)) for service, lane in self.lanes.items()},
            notes={place: _note_lane(self.lanes[place], interval) for place, interval in self.routes.intervals.items()},
            free_requests=max(
                1 if held else self.ceiling - self.asked, 1
            ),  # one at least finds out when the next may go
        )

    @property
    def holds(self) -> list[Hold]:
        """The lanes that wait for an admin."""
        return [hold for service, lane in self.lanes.items() if (hold := hold_of(service, lane))]


def _note_lane(lane: Mapping[bytes, bytes], interval: float) -> NoteLane:
    return NoteLane(note_at=float(lane.get(b"note_at", 0)), interval=float(lane.get(b"interval", interval)))


@dataclass(frozen=True, kw_only=True)
class Leave:
    """A request for highlights may be sent now."""

    with_question: bool  # False: the service refused one of late, and took the request without it


class Lanes:
    """What is known of the lanes, and what their services say, for all workers together.

    That a service did what was asked is told in one round trip with whatever this process tells Redis next.
    """

    def __init__(self, redis: Redis, *, keys: Keys, routes: Routes, requests_per_hour: int, backoff: float) -> None:
        self._redis = redis
        self._keys = keys
        self.routes = routes
        self._ceiling = requests_per_hour
        self._backoff = backoff
        self._untold: list[tuple[str, Call]] = []  # of services that did what was asked

    def tell(self, call: Call) -> Any:  # noqa: ANN401 -- the script's answer
        """Run a script, and in the same round trip, before it, tell which services did what was asked."""
        untold, self._untold = self._untold, []
        *ended, answer = run_together(self._redis, [*(accepted for _, accepted in untold), call])
        for (service, _), ended_hold in zip(untold, ended, strict=True):
            if ended_hold:
                log.warning("accepted again, the tickets go on", service=service)
        return answer

    def hold(self, service: str, reason: str, *, longest: float = HOLD_SECONDS) -> float:
        """Close a lane because our account is refused; the seconds until the next try, `longest` at most."""
        arguments = (reason, str(self._backoff), str(longest))
        return float(self.tell(_HOLD.call([self._keys.lane(service)], *arguments)))

    def met(self, service: str, sign: Sign, entry: Entry) -> tuple[bool, bool]:
        """A case met a sign of trouble: whether another one did, too, and whether it is known to be its own.

        Its own it is when the service did for others what was asked since the case met it first.
        """
        before, accepted_at = self.tell(_SIGN.call([self._keys.lane(service)], str(sign), entry.key))
        since = entry.claim.refused_since
        another = before.decode() not in ("", entry.key)
        return another, since is not None and float(accepted_at) > since

    def answered(self, service: str, pace: Pace | None = None) -> bool:
        """The service did what was asked: it accepts us, and the answer may say how fast notes may go on.

        Whether that ends a hold.
        """
        return bool(self.tell(self._answered(service, pace)))

    def answered_just_now(self, service: str, pace: Pace | None = None) -> None:
        """The same, told with what is told next."""
        self._untold.append((service, self._answered(service, pace)))

    def forget_untold(self) -> None:
        """Tell nothing of what is told later: it is no news then."""
        self._untold = []

    def _answered(self, service: str, pace: Pace | None) -> Call:
        arguments = ("", "") if pace is None else (str(pace.pause), str(pace.interval))
        return _ANSWERED.call([self._keys.lane(service)], *arguments)

    def failed(self, service: str, reason: str) -> None:
        """The service did not do what was asked, and may do it later; until it does, that is told."""
        self.tell(_FAILED.call([self._keys.lane(service)], reason))

    def pause(self, service: str, seconds: float) -> None:
        """Close a lane for a time because the service said that all of us come too often."""
        self.tell(_PAUSE.call([self._keys.lane(service)], str(seconds)))

    def ask(self, service: str | None = None) -> Wait | Leave:
        """Count a request for highlights that is going to be sent now, to a project's lane.

        When to come again, and why, if there were too many of them, or the lane is closed.
        """
        lane = service or self.routes.summariser
        keys = (self._keys.asked, self._keys.lane(lane), self._keys.no_question(lane))
        match self.tell(_ASK.call(keys, str(self._ceiling), secrets.token_urlsafe(4)[:5])):
            case [b"open", at]:
                return Wait(until=float(at), why=f"{lane} is not asked now")
            case [b"ceiling", at]:
                return Wait(until=float(at), why=f"{self.routes.ceiling} is reached")
            case questions:
                return Leave(with_question=bool(questions))

    def take_turn(self, place: str) -> Wait | None:
        """Let one note go to a place now that stands in no line; when to come again, and why, if it has to wait."""
        at = self.tell(_TURN.call([self._keys.lane(place)], str(self.routes.interval(place))))
        return Wait(until=float(at), why=f"{place} takes no note just now") if at else None

    def refused_question(self, service: str) -> None:
        """Remember for a day that a service refuses questions."""
        self._redis.set(self._keys.no_question(service), "1", ex=_DAY)

    def outlook(self) -> Outlook:
        """What may go now."""
        return self._traffic().outlook

    def holds(self) -> list[Hold]:
        """The lanes that wait for an admin."""
        return self._traffic().holds

    def _traffic(self) -> Traffic:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            ask_traffic(pipe, self._keys, self.routes)
            (seconds, microseconds), *answers = pipe.execute()
        return read_traffic(answers, now=seconds + microseconds / 1e6, routes=self.routes, ceiling=self._ceiling)

    def line(self, key: CaseKey) -> str:
        """Where a case waits whose note is ready to go."""
        return self._keys.line(self.routes.place(key))

    def passing(self, entry: Entry) -> tuple[list[str], list[str]]:
        """The keys and arguments by which `let_pass.lua` lets an entry's step pass."""
        return self._passing(entry.key, entry.state, self.routes.needed(entry))

    def passing_whatever(self, key: CaseKey, state: State) -> tuple[list[str], list[str]]:
        """The same, of an entry in a state of which nothing else is known."""
        return self._passing(key, state, self.routes.may_need(key, state))

    def _passing(self, key: CaseKey, state: State, services: Iterable[str]) -> tuple[list[str], list[str]]:
        what = "note" if state is State.READY else ""
        keys = [self.line(key), *map(self._keys.lane, services)]
        return keys, [what, str(self.routes.interval(self.routes.place(key))), str(_BURST_SECONDS)]


def ask_traffic(pipe: Pipeline, keys: Keys, routes: Routes, *, since: float | str = "-inf") -> None:
    """Ask Redis for all lanes, and for the requests for highlights of `since` or later."""
    for service in routes.services:
        pipe.hgetall(keys.lane(service))
    pipe.zcount(keys.asked, since, "+inf")


def read_traffic(answers: Iterable[Any], *, now: float, routes: Routes, ceiling: int) -> Traffic:
    """What `ask_traffic` asked for, from the answers of its pipeline; what follows them there is left."""
    told = iter(answers)
    lanes = {service: next(told) for service in routes.services}
    return Traffic(now=now, routes=routes, lanes=lanes, asked=next(told), ceiling=ceiling)


def hold_of(service: str, lane: Mapping[bytes, bytes]) -> Hold | None:
    """The hold of a lane as Redis has it; None when there is none."""
    if b"hold" not in lane:
        return None
    return Hold(
        service=service,
        reason=lane[b"hold"].decode(),
        since=float(lane[b"held_since"]),
        suspected=b"suspected" in lane,
    )
