"""The same ledger operations on the model of Redis and on a real one: what is in them afterwards has to be the same.

Time is left out: every wait is either over at once or longer than the test.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from integration import services
from integration.cases import claims, results, transitions
from integration.cases.changes import Decide
from integration.cases.entry import Entry, Policy, State
from integration.cases.lanes import Sign
from integration.cases.ledger import Ledger
from integration.cases.stored import load
from integration.errors import Held, Temporary
from integration.facts import CaseKey, Highlights, Pace, Result, Session, Status
from tests.simulator.schedule import KEYS
from tests.tickets import key, new_ticket
from worker import sweeper

POLICY = Policy(poll_after=0.0, failed_retry=(0.0, 900.0), settle=600.0, backoff=0.0, random=lambda: 0.0)
_LONG = 1e6
TICKETS = (1, 2, 3)
IDS = ("a" * 64, "b" * 64)
_TIMES = frozenset({"received_at", "entered_at", "quiet_until", "not_before", "lease_until", "since", "refused_since"})
_LANE_TIMES = frozenset({"open_at", "note_at", "held_since", "accepted_at"})


class Operations:
    """Operations of a seed, on one ledger."""

    def __init__(self, ledger: Ledger, redis: Any, seed: int) -> None:  # noqa: ANN401 -- the real client, or the model's
        self._ledger = ledger
        self._redis = redis
        self._random = random.Random(seed)
        self._claims: list[Entry] = []

    def run(self, count: int) -> list[object]:
        """Carry out `count` operations; what each answered, and what is stored at the end."""
        kinds: list[Callable[[int], object]] = [
            *(self._receive, self._claim, self._claim, self._claim, self._settle, self._settle, self._settle),
            *(self._call_back, self._call_back, self._retry, self._forget, self._sweep, self._lane, self._take),
        ]
        self._ledger.lanes.answered("Zendesk", Pace(interval=0.0, pause=0.0))
        seen: list[object] = []
        for _ in range(count):
            operation = self._random.choice(kinds)
            seen.append((operation.__name__, operation(self._random.choice(TICKETS))))
        return [*seen, self._stored()]

    def _receive(self, ticket: int) -> object:
        return self._ledger.receive(new_ticket(ticket, email=self._random.choice((None, "a@shop.example"))))

    def _claim(self, ticket: int) -> object:
        claimed = self._ledger.claim(key(ticket), self._random.choice((State.RECEIVED, State.REQUESTED, State.READY)))
        if claimed is None:
            return None
        self._claims.append(claimed)
        return claimed.claim.attempts

    def _settle(self, _: int) -> object:
        outcome = self._outcome()
        if not self._claims:
            return None
        settled = self._ledger.settle(self._random.choice(self._claims), outcome)
        return None if settled is None else settled.state

    def _outcome(self) -> Decide:
        request_id, policy = self._random.choice(IDS), POLICY
        decide: list[Decide] = [
            partial(transitions.requested, request_id=request_id, policy=policy),
            partial(results.told, result=self._result(), policy=policy),
            partial(results.unknown_request, policy=policy),
            partial(transitions.posted, note_id="5"),
            partial(transitions.ended, state=State.SKIPPED, reason="why"),
            partial(claims.postponed, error=Temporary("busy"), policy=policy),
            partial(claims.postponed, error=Temporary("lost", outcome_unknown=True), policy=policy),
            partial(claims.held, error=Held("refused"), delay=0.0),
            partial(claims.crashed, policy=policy),
        ]
        return self._random.choice(decide)

    def _result(self) -> Result:
        status, request_id = self._random.choice(list(Status)), self._random.choice(IDS)
        sessions = self._random.choice(((), (Session(place="5-1/0", text="y"),)))
        highlights = Highlights(summary="x", sessions=sessions) if status is Status.READY else None
        return Result(request_id=request_id, status=status, highlights=highlights)

    def _call_back(self, ticket: int) -> object:
        return self._ledger.take_callback(key(ticket), self._result())

    def _retry(self, ticket: int) -> object:
        return self._ledger.retry(key(ticket))

    def _forget(self, ticket: int) -> object:
        return self._ledger.forget(key(ticket))

    def _sweep(self, _: int) -> object:
        return round(sweeper.sweep(self._ledger))

    def _take(self, ticket: int) -> object:
        return self._redis.lpop(("queue:notes", "queue:requests")[ticket % 2])

    def _lane(self, ticket: int) -> object:
        lanes, service = self._ledger.lanes, self._random.choice(list(services.routes().services))
        pace = self._random.choice((None, Pace(interval=0.0, pause=0.0), Pace(interval=_LONG, pause=_LONG)))
        match self._random.randrange(8):
            case 0:
                return lanes.hold(service, "refused")
            case 1:
                lanes.pause(service, 0.0)
                return None
            case 2:
                entry = Entry(key=key(ticket), received_at=0, entered_at=0)
                return lanes.met(service, self._random.choice(list(Sign)), entry)
            case 3:
                return lanes.ask()
            case _:
                return lanes.answered(service, pace)

    # -- What is stored, without times

    def _stored(self) -> object:
        now = self._ledger.reader.now()
        names = (KEYS.line("Zendesk"), KEYS.received, *map(KEYS.state, State))
        indexes = {index: _members(self._redis, index) for index in names}
        due = [(each, score > now + 1) for each, score in self._redis.zrange(KEYS.due, 0, -1, withscores=True)]
        lanes = {service: _lane(self._redis.hgetall(KEYS.lane(service)), now) for service in services.routes().services}
        queues = [self._redis.lrange(f"queue:{queue}", 0, -1) for queue in ("notes", "requests")]
        documents = [_without_times(self._redis.get(KEYS.case(key(each))), now) for each in TICKETS]
        return indexes, sorted(due), lanes, queues, documents, self._redis.zcard(KEYS.asked)


def _members(redis: Any, index: str) -> list[bytes]:  # noqa: ANN401 -- the real client, or the model's
    found: list[bytes] = redis.zrange(index, 0, -1)
    return found


def _lane(fields: dict[bytes, bytes], now: float) -> dict[str, object]:
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    return {name: float(value) > now + 1 if name in _LANE_TIMES else value for name, value in texts.items()}


def _without_times(document: bytes | None, now: float) -> object:
    if document is None:
        return None
    stored = json.loads(document)
    del stored["redis_run"]
    stored["wait"] = stored.get("wait", 0) > now + 1
    stored["claimed"] = "claimed" in stored
    stored["history"] = [state for _, state in load(document, CaseKey("")).history]
    stored["troubles"] = [(why, times) for _, why, _, times in stored.get("troubles", ())]
    claim = stored.get("claim", {})
    stored["claim"] = _told_apart(claim, now) | {"lease": claim.get("lease") is not None}
    return _told_apart(stored, now)


def _told_apart(part: dict[str, Any], now: float) -> dict[str, Any]:
    """The times of a part as over, or far away."""
    return {name: value > now + 1 if name in _TIMES else value for name, value in part.items()}
