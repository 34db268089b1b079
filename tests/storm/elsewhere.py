"""The weather elsewhere: what goes wrong at Intercom, at Slack, and at the one who takes callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, cast

from sandbox import Fault
from sandbox.faults import Service
from sandbox.server import LoopbackServer
from tests.storm import outage
from tests.storm.squalls import Squall, Squalls
from tests.storm.stage import Stage
from tests.storm.weather import LOST_SECONDS, PAGE

WRONG_ANSWERS: Final = ("", PAGE, "[]", "null", "{}", '{"ok": 5}', '{"ok": true, "ts": 7, "messages": null}')
NOT_DONE: Final = ("service_unavailable", "team_added_to_org", "a_word_that_nobody_knows")
PERHAPS_DONE: Final = ("internal_error", "fatal_error", "request_timeout")

Draw = Callable[[Random], Fault]


@dataclass(frozen=True, kw_only=True)
class Where:
    """A stand-in: its name in the figures, its server, which requests faults meet, and which one writes."""

    name: str
    server: LoopbackServer
    targets: tuple[tuple[str, str], ...]  # method and path; the first one writes

    @property
    def service(self) -> Service:
        """What faults call it."""
        return cast("Service", self.server._service)

    def aim(self, fault: Fault, random: Random, *, writes: bool = False) -> Fault:
        """The fault at one of the targets, the writing one more often than another."""
        method, path = self.targets[0] if writes or random.random() < 0.5 else random.choice(self.targets)
        return replace(fault, service=self.service, method=method, path=path)


def intercom(server: LoopbackServer) -> Where:
    """The API of Intercom."""
    targets = (("POST", r"/reply$"), ("GET", r"/conversations/\d+"), ("GET", "/contacts/"), ("GET", "/me$"))
    return Where(name="Intercom", server=server, targets=targets)


def slack(server: LoopbackServer) -> Where:
    """The API of Slack."""
    targets = (("POST", "/chat.postMessage"), ("GET", "/conversations.history"), ("GET", "/auth.test"))
    return Where(name="Slack", server=server, targets=targets)


def client(server: LoopbackServer) -> Where:
    """Who takes callbacks."""
    return Where(name="Client", server=server, targets=(("POST", ""),))


def weather(stage: Stage, random: Callable[[str], Random], *, calm: float, away: float) -> list[Squalls]:
    """The weather of each of the three, which know nothing of one another."""
    places = (
        (intercom(stage.intercom._server), stage.sandbox.faults),
        (slack(stage.slack._server), stage.sandbox.faults),
        (client(stage.receiver.server), stage.receiver.faults),
    )
    return [
        Squalls(
            stage.sandbox,
            random(f"calm at {place.name}"),
            squalls(random(f"weather at {place.name}"), place, away=away),
            faults=faults,
            calm=calm,
            certain=_certain(place),
        )
        for place, faults in places
    ]


def _certain(where: Where) -> Squall:
    """What goes wrong with certain requests to write, whenever they come: a short storm has few."""
    refusals = [
        Fault(service="slack", drop="after"),
        Fault(service="slack", status=500, body=PAGE, handle=True),
        Fault(service="slack", status=503, body=PAGE),
        Fault(service="slack", status=429, headers={"Retry-After": "1"}),
        Fault(service="slack", drop="before", reset=True),
    ]
    if where.name == "Slack":
        refusals += [replace(_not_ok("internal_error"), handle=True), _not_ok("service_unavailable")]
    method, path = where.targets[0]
    faults = (
        replace(fault, service=where.service, method=method, path=path, after=2 * number)
        for number, fault in enumerate(refusals)
    )
    return Squall(kind=f"{where.name}: at a certain request", seconds=0, faults=tuple(faults))


def squalls(random: Random, where: Where, *, away: float) -> Iterator[Squall]:
    """Bad weather at a place, without end; `away` is for how long, at most, nobody reaches it."""
    while True:
        deck = [*_kinds(where).items(), ("connection refused", None)]
        random.shuffle(deck)
        for name, draw in deck:
            kind = f"{where.name}: {name}"
            yield _away(kind, where, random, longest=away) if draw is None else _squall(kind, where, draw, random)


def _kinds(where: Where) -> dict[str, Draw]:
    kinds: dict[str, Draw] = {
        "5xx": _broken,
        "429": _too_many,
        "dropped before": lambda random: Fault(service="slack", drop="before", reset=random.random() < 0.5),
        "dropped after": lambda random: Fault(service="slack", drop="after", reset=random.random() < 0.5),
        "slow": lambda random: Fault(service="slack", delay_after=random.uniform(0.2, 1.5)),
        "no answer in time": lambda _: Fault(service="slack", delay_after=LOST_SECONDS, drop="after", times=2),
    }
    if where.name != "Client":  # who says no to a callback is told nothing more, and what it says is not read
        kinds["credentials refused"] = lambda _: _refused(where.name)
    if where.name == "Slack":
        kinds["wrong answer"] = _wrong
        kinds["ok: false, not done"] = lambda random: _not_ok(random.choice(NOT_DONE))
        kinds["ok: false, perhaps done"] = lambda random: replace(
            _not_ok(random.choice(PERHAPS_DONE)), handle=random.random() < 0.7
        )
    return kinds


def _squall(kind: str, where: Where, draw: Draw, random: Random) -> Squall:
    fault = draw(random)
    if fault.times is None:  # everybody is refused
        return Squall(kind=kind, faults=(replace(fault, service=where.service),), seconds=random.uniform(1.0, 3.0))
    writes = kind.endswith(("in time", "perhaps done"))
    aimed = replace(where.aim(fault, random, writes=writes), times=random.randint(1, max(fault.times, 3)))
    return Squall(kind=kind, faults=(aimed,), seconds=random.uniform(1.0, 3.0))


def _away(kind: str, where: Where, random: Random, *, longest: float) -> Squall:
    return Squall(
        kind=kind,
        faults=(Fault(service=where.service, drop="before", times=4),),
        seconds=random.uniform(0.5, 1.0) * longest,
        begin=lambda _: outage.refuse(where.server),
        end=lambda _: outage.accept(where.server),
        away=where.name,
    )


def _broken(random: Random) -> Fault:
    status = random.choice((500, 502, 503, 504))
    return Fault(service="slack", status=status, body=PAGE, handle=random.random() < 0.5)


def _too_many(random: Random) -> Fault:
    headers = {"Retry-After": str(random.randint(1, 2))} if random.random() < 0.7 else {}
    return Fault(service="slack", status=429, headers=headers)


def _wrong(random: Random) -> Fault:
    return Fault(service="slack", status=200, body=random.choice(WRONG_ANSWERS), handle=random.random() < 0.5)


def _refused(name: str) -> Fault:
    if name == "Slack":
        return replace(_not_ok("token_revoked"), times=None)
    errors = {"type": "error.list", "errors": [{"code": "unauthorized", "message": "Access Token Invalid"}]}
    return Fault(service="intercom", status=401, body=json.dumps(errors), times=None)


def _not_ok(error: str) -> Fault:
    return Fault(service="slack", status=200, body=json.dumps({"ok": False, "error": error}))
