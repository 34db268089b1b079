"""Between the product and a service: answers take time, get lost, and come from others than the service."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from integration.http import READ_SECONDS
from tests.simulator.chance import Place
from tests.simulator.troubles import DISTURBANCES, Accident, Answer, Disturbance
from tests.simulator.world import World

__all__ = ["Answer", "Network"]

USUAL_SECONDS = 0.3


@dataclass
class _Raw:
    """A body that requests' `raw` would give."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def read1(self, *_: Any, **__: Any) -> bytes:  # noqa: ANN401 -- urllib3's own
        found, self.body = self.body, b""
        return found

    def release_conn(self) -> None:
        """There is no connection."""

    def close(self) -> None:
        """Likewise."""


_NO_REQUEST = requests.PreparedRequest()  # whose address nobody needs


class Network:
    """Carries requests, in virtual time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def exchange(
        self, place: Place, accident: Accident, carry_out: Callable[[], Answer], *, refused: Answer | None
    ) -> requests.Response:
        """One request and its answer; what the service does, it does when `accident` says."""
        world = self._world
        name = " ".join(map(str, place))
        if accident.name:
            world.tell(f"{name}: {accident.name}")
        real: list[Answer] = []

        def land() -> None:
            world.writes_under_way -= 1
            real.append(carry_out())

        if accident.lands is not None:
            world.writes_under_way += 1
            world.after(accident.lands, land)
        elif not accident.error and accident.answer is None:
            raise RuntimeError("an answer without a write")
        if accident.error is not None:
            world.sleep(min(accident.after, READ_SECONDS))
            raise accident.error()
        world.sleep(accident.after)
        answer = accident.answer or real[0]
        if refused is not None or not answer.status < 300:
            world.tell(f"{name}: answered {answer.status}")
        return response(answer)

    def disturb(self, place: Place) -> None:
        """What else may happen while a request is under way."""
        found: Disturbance = self._world.chance.pick(("during", *place), DISTURBANCES, often=0.4)
        world, process = self._world, self._world.process
        if not found.kind or process is None:
            return

        def happen() -> None:
            match found.kind:
                case "kill":
                    world.kill(process)
                case "freeze":
                    world.freeze(process, found.seconds)
                case "away":
                    world.away_until = max(world.away_until, world.now + found.seconds)
                    world.tell(f"Redis is away for {found.seconds:g} s")
                case "clock":
                    world.redis.clock_is_ahead += found.ahead
                    world.clock_jumped_at = world.now
                    world.tell(f"the clock of the same Redis jumps by {found.ahead:+g} s")
                case _:
                    world.another_redis(loses=found.loses, ahead=found.ahead, away=found.seconds)

        world.after(found.at, happen)


def response(answer: Answer) -> requests.Response:
    """The answer as requests gives it."""
    made = requests.Response()
    made.status_code = answer.status
    made.headers.update({"Content-Type": "application/json", **answer.headers})
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    made.raw = _Raw(body)
    made.request = _NO_REQUEST
    return made
