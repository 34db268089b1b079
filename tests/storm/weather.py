"""The weather: what goes wrong at Zendesk and LogRocket, drawn from a shuffled deck so that each kind comes early."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Final, Literal

from sandbox import Fault, Sandbox
from sandbox.logrocket import Outcome
from tests.storm import outage
from tests.storm.squalls import Squall, Squalls

HUGE: Final = "x" * (9 * 1024 * 1024)
DEEP: Final = "[" * 50_000
PAGE: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
LOST_SECONDS: Final = 12.6  # past the product's 12 s, and before its SETTLE_SECONDS are over

Target = tuple[Literal["zendesk", "logrocket"], str, str]
REQUEST: Final[Target] = ("logrocket", "POST", "/highlights/")
POLL: Final[Target] = ("logrocket", "GET", "/highlights")
NOTE: Final[Target] = ("zendesk", "PUT", r"/tickets/\d+")
COMMENTS: Final[Target] = ("zendesk", "GET", "/comments")
PEOPLE: Final[Target] = ("zendesk", "GET", r"/(users|tickets)/\d+(\.json)?$")
TOKEN: Final[Target] = ("zendesk", "POST", "/oauth/tokens")
TARGETS: Final = (REQUEST, POLL, NOTE, COMMENTS, PEOPLE, TOKEN)
USUAL_TARGETS: Final = (REQUEST, REQUEST, REQUEST, NOTE, NOTE, NOTE, POLL, COMMENTS, PEOPLE, TOKEN)

NOT_JSON: Final = ("", "{", PAGE, DEEP, '{"id": NaN', "\u0000")
WRONG_SHAPES: Final = (
    "[]",
    "null",
    "5",
    '"text"',
    "{}",
    '{"id": 5}',
    '{"access_token": 7}',
    '{"status": 7}',
    '{"status": "READY", "result": []}',
    '{"status": "READY", "result": {"highlights": 5, "sessions": 5}}',
    '{"ticket": null, "audit": null}',
    '{"ticket": {}, "audit": {"events": [null]}}',
    '{"ticket": {"id": 1}, "audit": {"events": []}}',
    '{"comments": null}',
    '{"comments": [null]}',
    '{"comments": {}}',
    '{"user": null}',
    '{"user": []}',
    '{"error": "RecordInvalid"}',
)

Draw = Callable[[Random], Fault]


def squalls(random: Random, *, elsewhere: str) -> Iterator[Squall]:
    """Bad weather without end; `elsewhere` is where redirects lead."""
    while True:
        deck = list(_kinds(elsewhere).items())
        random.shuffle(deck)
        for kind, draw in deck:
            yield draw(kind, random)


def _kinds(elsewhere: str) -> dict[str, Callable[[str, Random], Squall]]:
    """Every kind of fault by its name."""
    kinds: dict[str, Callable[[str, Random], Squall]] = {}
    for name, value in _RETRY_AFTER.items():
        kinds[f"429, Retry-After {name}"] = _some(lambda random, value=value: _too_many(random, value))  # type: ignore[misc]  # mypy infers no lambda's default
    for status in (500, 502, 504):
        kinds[f"{status}"] = _some(lambda random, status=status: _broken(random, status))  # type: ignore[misc]  # mypy infers no lambda's default
    kinds["503"] = _some(lambda random: Fault(service="zendesk", status=503, headers=random.choice(_WITH_RETRY)))
    kinds["dropped before"] = _some(lambda random: Fault(service="zendesk", drop="before", reset=random.random() < 0.5))
    kinds["dropped after"] = _some(lambda random: Fault(service="zendesk", drop="after", reset=random.random() < 0.5))
    kinds["slow"] = _some(_slow)
    kinds["no answer in time"] = _once(_lost, (REQUEST, NOTE))
    kinds["huge body"] = _once(lambda random: _instead(random, HUGE), TARGETS)
    kinds["not JSON"] = _some(lambda random: _instead(random, random.choice(NOT_JSON)))
    kinds["wrong shape"] = _some(lambda random: _instead(random, random.choice(WRONG_SHAPES)))
    kinds["redirect"] = _some(lambda random: _redirect(random, elsewhere))
    kinds["comes back public"] = _once(lambda _: Fault(service="zendesk", public=True, times=3), (NOTE,))
    kinds["public, answer lost"] = _once(lambda _: Fault(service="zendesk", public=True, drop="after"), (NOTE,))
    kinds["answer after the callback"] = _once(
        lambda random: Fault(service="zendesk", delay_after=random.uniform(0.5, 1.5), times=4), (REQUEST,)
    )
    for part in ("headers", "body"):
        kinds[f"{part} a byte a second"] = _once(lambda random, part=part: _dripping(random, part), TARGETS)  # type: ignore[misc]  # mypy infers no lambda's default
    kinds["credentials refused"] = _refused_for_a_while
    kinds["connection refused"] = _away
    kinds["delivery throttled"] = _throttled
    kinds["delivery met an open breaker"] = _circuit_broken
    for outcome in ("FAILED", "COMPLETE", "EMPTY", "PENDING"):
        kinds[f"LogRocket: {outcome}"] = lambda kind, random, outcome=outcome: _in_a_mood(kind, random, outcome)  # type: ignore[misc]  # mypy infers no lambda's default
    return kinds


def _date(_: Random) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


_RETRY_AFTER: Final[dict[str, Callable[[Random], str | None]]] = {
    "integer": lambda random: str(random.randint(0, 2)),
    "fraction": lambda random: f"{random.uniform(0, 2):.2f}",
    "date": _date,
    "nonsense": lambda random: random.choice(("soon", "-7", "nan", "", "1e", "Mon, 99 Foo")),
    "none": lambda _: None,
}
_WITH_RETRY: Final[tuple[dict[str, str], ...]] = ({}, {"Retry-After": "1"}, {"Retry-After": "later"})


def _some(draw: Draw) -> Callable[[str, Random], Squall]:
    """One to three faults of a kind, each for a target of its own, that happen one to three times."""

    def squall(kind: str, random: Random) -> Squall:
        targets = random.sample(USUAL_TARGETS, random.randint(1, 3))
        faults = [_aimed(draw(random), target, times=random.randint(1, 3)) for target in targets]
        return Squall(kind=kind, faults=tuple(faults), seconds=random.uniform(0.3, 1.5))

    return squall


def _once(draw: Draw, targets: tuple[Target, ...]) -> Callable[[str, Random], Squall]:
    """One fault of a kind that is kept rare."""

    def squall(kind: str, random: Random) -> Squall:
        fault = draw(random)
        aimed = _aimed(fault, random.choice(targets), times=fault.times or 1)
        return Squall(kind=kind, faults=(aimed,), seconds=random.uniform(0.5, 1.5))

    return squall


def _refused_for_a_while(kind: str, random: Random) -> Squall:
    service = random.choice(("zendesk", "logrocket"))
    status = random.choice((401, 403))
    fault = Fault(service=service, status=status, times=None, body='{"error": "no"}')  # type: ignore[arg-type]  # one of TARGETS
    return Squall(kind=kind, faults=(fault,), seconds=random.uniform(1.0, 3.0))


def _dripping(random: Random, part: Literal["headers", "body"]) -> Fault:
    """An answer that takes longer than anybody waits. 201: see `_instead`."""
    return Fault(service="zendesk", status=201, body=" " * 100 + "{}", drip=part, handle=random.random() < 0.5)


def _away(kind: str, random: Random) -> Squall:
    """A service where nobody listens; connections that were kept break at the next request."""
    service: Literal["zendesk", "logrocket"] = random.choice(("zendesk", "logrocket"))
    return Squall(
        kind=kind,
        faults=(Fault(service=service, drop="before", times=4),),
        seconds=random.uniform(0.5, 3.0),
        begin=lambda sandbox: outage.refuse(getattr(sandbox, service)._server),
        end=lambda sandbox: outage.accept(getattr(sandbox, service)._server),
    )


def _throttled(kind: str, random: Random) -> Squall:
    def set_limit(sandbox: Sandbox, limit: int | None) -> None:
        sandbox.zendesk.desk.deliverer.invocations_a_minute = limit

    return Squall(
        kind=kind,
        seconds=random.uniform(0.3, 1.0),
        begin=lambda sandbox: set_limit(sandbox, 0),
        end=lambda sandbox: set_limit(sandbox, None),
    )


def _circuit_broken(kind: str, random: Random) -> Squall:
    def open_breaker(sandbox: Sandbox) -> None:
        ids = list(sandbox.zendesk.desk.hooks.webhooks)
        sandbox.zendesk.desk.deliverer._broken_until |= dict.fromkeys(ids, time.monotonic() + 60)

    return Squall(
        kind=kind,
        seconds=random.uniform(0.3, 1.0),
        begin=open_breaker,
        end=lambda sandbox: sandbox.zendesk.desk.deliverer._broken_until.clear(),
    )


def _in_a_mood(kind: str, random: Random, outcome: Outcome) -> Squall:
    """What becomes of the requests of everybody for whom nothing else is set."""

    def set_mood(sandbox: Sandbox, outcome: Outcome) -> None:
        sandbox.logrocket.default = outcome

    return Squall(
        kind=kind,
        seconds=random.uniform(0.5, 1.5),
        begin=lambda sandbox: set_mood(sandbox, outcome),
        end=lambda sandbox: set_mood(sandbox, "READY"),
    )


def _aimed(fault: Fault, target: Target, *, times: int) -> Fault:
    service, method, path = target
    return replace(fault, service=service, method=method, path=path, times=times)


def _too_many(random: Random, value: Callable[[Random], str | None]) -> Fault:
    text = value(random)
    return Fault(service="zendesk", status=429, headers={} if text is None else {"Retry-After": text})


def _broken(random: Random, status: int) -> Fault:
    page = PAGE if status == 502 else ""
    headers = {"Content-Type": "text/html"} if page else {}
    return Fault(service="zendesk", status=status, body=page, headers=headers, handle=random.random() < 0.4)


def _slow(random: Random) -> Fault:
    seconds = random.uniform(0.2, 1.5)
    return Fault(service="zendesk", delay=seconds) if random.random() < 0.5 else _slow_after(seconds)


def _slow_after(seconds: float) -> Fault:
    return Fault(service="zendesk", delay_after=seconds)


def _lost(random: Random) -> Fault:
    if random.random() < 0.5:
        return Fault(service="zendesk", delay=LOST_SECONDS, drop="after")
    return Fault(service="zendesk", delay_after=LOST_SECONDS, drop="after")


def _instead(random: Random, body: str) -> Fault:
    """A body that is not the service's own. 201: so that the record of requests tells it from a true answer."""
    return Fault(service="zendesk", status=201, body=body, handle=random.random() < 0.5)


def _redirect(random: Random, elsewhere: str) -> Fault:
    return Fault(service="zendesk", status=random.choice((301, 302, 307, 308)), headers={"Location": elsewhere})


class Weather(Squalls):
    """The weather at Zendesk and LogRocket; between squalls LogRocket changes its ways, and tokens are revoked."""

    def __init__(self, sandbox: Sandbox, random: Random, *, elsewhere: str, calm: float) -> None:
        super().__init__(sandbox, random, squalls(random, elsewhere=elsewhere), faults=sandbox.faults, calm=calm)
        self.access_tokens: set[str] = set()

    def _before(self) -> None:
        logrocket = self._sandbox.logrocket
        logrocket.callbacks = self._random.choice(("once",) * 6 + ("none", "twice"))
        logrocket.delay = self._random.choice((0.02, 0.05, 0.1, 0.5, 1.5))

    def _after(self) -> None:
        if self._random.random() < 0.05:
            self.access_tokens |= self.issued()
            self._sandbox.zendesk.revoke_tokens()

    def _at_last(self) -> None:
        self._sandbox.logrocket.callbacks, self._sandbox.logrocket.delay = "once", 0.1

    def issued(self) -> set[str]:
        """The access tokens that Zendesk knows."""
        tokens = self._sandbox.zendesk.desk.tokens
        with tokens._lock:
            return set(tokens._issued)
