"""What the sandbox's page lets go wrong, each a switch: on until it is switched off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.faults import Fault, Faults
from sandbox.logrocket import Callbacks, LogRocket
from sandbox.zendesk import Zendesk

SLOW_SECONDS: Final = 20.0
_NOTE: Final = {"service": "zendesk", "method": "PUT", "path": r"^/api/v2/tickets/"}
_REQUEST: Final = {"service": "logrocket", "method": "POST", "path": "/highlights/$"}


@dataclass(frozen=True)
class World:
    """All that a switch can change."""

    zendesk: Zendesk
    logrocket: LogRocket
    faults: Faults


@dataclass(frozen=True)
class Trouble:
    """A switch: what it says, how it is switched, and whether it is on."""

    label: str
    switch: Callable[[World, bool], None]
    is_on: Callable[[World], bool]
    happened: Callable[[World], int | None]


def _fault(label: str, **what: Any) -> Trouble:  # noqa: ANN401  # fields of Fault
    fault = Fault(times=None, **what)

    def switch(world: World, on: bool) -> None:  # noqa: FBT001  # a switch is on or off
        world.faults.remove(fault)
        if on:
            world.faults.add(fault)

    def happened(world: World) -> int | None:
        return world.faults.happened(fault)

    return Trouble(label, switch, lambda world: happened(world) is not None, happened)


def _callbacks(label: str, kind: Callbacks) -> Trouble:
    def switch(world: World, on: bool) -> None:  # noqa: FBT001  # likewise
        world.logrocket.callbacks = kind if on else "once"

    return Trouble(label, switch, lambda world: world.logrocket.callbacks == kind, lambda _world: None)


def _slow(label: str) -> Trouble:
    def switch(world: World, on: bool) -> None:  # noqa: FBT001  # likewise
        world.logrocket.extra_delay = SLOW_SECONDS if on else 0.0

    return Trouble(label, switch, lambda world: world.logrocket.extra_delay > 0, lambda _world: None)


def _old_api(label: str) -> Trouble:
    def switch(world: World, on: bool) -> None:  # noqa: FBT001  # likewise
        world.logrocket.knows_question = not on

    return Trouble(label, switch, lambda world: not world.logrocket.knows_question, lambda _world: None)


def _throttled(label: str) -> Trouble:
    def switch(world: World, on: bool) -> None:  # noqa: FBT001  # likewise
        world.zendesk.desk.deliverer.invocations_a_minute = 0 if on else None

    return Trouble(
        label, switch, lambda world: world.zendesk.desk.deliverer.invocations_a_minute == 0, lambda _world: None
    )


TROUBLES: Final = {
    "lost": _fault("Zendesk writes notes, but its answers get lost", **_NOTE, drop="after"),
    "busy": _fault(
        "Zendesk is too busy for notes (429, come back in 5 s)", **_NOTE, status=429, headers={"Retry-After": "5"}
    ),
    "public": _fault("Zendesk makes notes public", **_NOTE, public=True),
    "refused": _fault("Zendesk refuses our credentials (403)", **_NOTE, status=403),
    "throttled": _throttled("Zendesk delivers no webhook: the worker finds the tickets within 10 minutes"),
    "down": _fault("LogRocket is down (503)", **_REQUEST, status=503),
    "key": _fault("LogRocket refuses our key (401)", **_REQUEST, status=401),
    "old": _old_api("LogRocket refuses questions, as an older API does (400)"),
    "silent": _callbacks("LogRocket never calls back: it is asked instead", "none"),
    "twice": _callbacks("LogRocket calls back twice", "twice"),
    "slow": _slow(f"LogRocket takes {SLOW_SECONDS:.0f} s longer"),
}
