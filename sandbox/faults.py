"""Faults as data: what a test or a person lets go wrong, and for which requests."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args
from urllib.parse import unquote

Service = Literal["zendesk", "logrocket", "slack", "intercom"]
Drop = Literal["before", "after"]
Drip = Literal["headers", "body"]

MAX_DELAY_SECONDS = 600.0


class Malformed(ValueError):  # it says what was sent
    """Data that cannot be meant; the message says what is wrong with it."""


class MalformedFault(Malformed):
    """A fault that cannot be meant; the message says which field and why."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, `times` times, for the requests that match.

    `path` is a regular expression searched in the path with its query, as sent and decoded; `method` None
    matches any. `after` lets the first n matching requests pass. Without `status` and `drop` the service answers
    as usual, only later (`delay`: before it handles the request, `delay_after`: before it answers). `status`
    answers without handling, or with `handle=True` after handling: a write that happened and was not confirmed.
    `late` handles it that many seconds after its `status` was answered: a write that lands when nobody expects it.
    `drop` closes the connection without an answer, before or after handling; `reset` breaks it off (RST) instead
    of closing it. `drip` sends the answer a byte a second, all of it or from its body on. `public` lets Zendesk
    store the comment of a ticket update as public although it was sent as internal.
    """

    service: Service
    method: str | None = None
    path: str = ""
    times: int | None = 1
    after: int = 0
    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    delay_after: float = 0.0
    drop: Drop | None = None
    drip: Drip | None = None
    reset: bool = False
    handle: bool = False
    late: float = 0.0
    public: bool = False

    def __post_init__(self) -> None:
        """Refuse a fault that could never do what it says."""
        for reason in _problems(self):
            raise MalformedFault(reason)

    def matches(self, service: str, method: str, target: str) -> bool:
        """Tell whether this fault speaks about the request."""
        return (
            service == self.service
            and (self.method is None or self.method.upper() == method.upper())
            and any(re.search(self.path, text) for text in (target, unquote(target)))
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fault as plain data."""
        return asdict(self)


def read_fault(data: object) -> Fault:
    """Read a fault from JSON data; MalformedFault names what is wrong."""
    if not isinstance(data, dict):
        raise MalformedFault("a fault is a JSON object")
    unknown = sorted(set(data) - {known.name for known in fields(Fault)})
    if unknown:
        raise MalformedFault(f"unknown field: {', '.join(map(str, unknown))}")
    if "service" not in data:
        raise MalformedFault("service is missing: zendesk, logrocket, slack or intercom")
    return Fault(**data)


def _problems(fault: Fault) -> list[str]:
    """Say what is wrong with a fault, as sentences."""
    checks = {
        "service: zendesk, logrocket, slack or intercom": fault.service in get_args(Service),
        "method: a string or null": fault.method is None or isinstance(fault.method, str),
        "path: a regular expression": _is_pattern(fault.path),
        "times: a whole number above 0, or null for always": fault.times is None or _is_count(fault.times, 1),
        "after: a whole number": _is_count(fault.after, 0),
        "status: 200 to 599, or null": fault.status is None or (_is_count(fault.status, 200) and fault.status <= 599),
        "body: a string": isinstance(fault.body, str),
        "headers: an object of strings": _is_headers(fault.headers),
        f"delay: seconds, 0 to {MAX_DELAY_SECONDS:.0f}": _is_delay(fault.delay),
        f"delay_after: seconds, 0 to {MAX_DELAY_SECONDS:.0f}": _is_delay(fault.delay_after),
        f"late: seconds after `status`, 0 to {MAX_DELAY_SECONDS:.0f}": _is_delay(fault.late)
        and (not fault.late or (fault.status is not None and not fault.handle)),
        "drop: before, after or null": fault.drop is None or fault.drop in get_args(Drop),
        "drip: headers, body or null": fault.drip is None or fault.drip in get_args(Drip),
    }
    flags = {name: getattr(fault, name) for name in ("reset", "handle", "public")}
    checks |= {f"{name}: true or false": isinstance(value, bool) for name, value in flags.items()}
    return [reason for reason, fine in checks.items() if not fine]


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_delay(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_DELAY_SECONDS


def _is_headers(value: object) -> bool:
    """Tell whether these can be sent as headers: strings on one line each."""
    return isinstance(value, dict) and all(
        isinstance(text, str) and text.isprintable() and text.isascii() for pair in value.items() for text in pair
    )


def _is_pattern(value: object) -> bool:
    try:
        re.compile(value)  # type: ignore[call-overload]  # the point is to find out whether it is a pattern
    except (re.error, TypeError):
        return False
    return isinstance(value, str)


@dataclass
class _Set:
    """A fault that was set, and how often it has matched and happened."""

    fault: Fault
    matched: int = 0
    happened: int = 0


class Faults:
    """The faults in force; those added first win."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: list[_Set] = []

    def add(self, fault: Fault, *, first: bool = False) -> None:
        """Put one more fault in force; as the `first`, it wins over all that are."""
        with self._lock:
            self._set.insert(0 if first else len(self._set), _Set(fault))

    def remove(self, fault: Fault) -> None:
        """Let one thing go right again."""
        with self._lock:
            self._set = [entry for entry in self._set if entry.fault != fault]

    def happened(self, fault: Fault) -> int | None:
        """Return how often a fault has happened; None when it is not in force."""
        with self._lock:
            return next((entry.happened for entry in self._set if entry.fault == fault), None)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._set.clear()

    def take(self, service: str, method: str, target: str) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        with self._lock:
            met: _Set | None = None
            for entry in self._set:
                if not entry.fault.matches(service, method, target):
                    continue
                entry.matched += 1
                spent = entry.fault.times is not None and entry.happened >= entry.fault.times
                if met is None and not spent and entry.matched > entry.fault.after:
                    met = entry
            if met is None:
                return None
            met.happened += 1
            return met.fault

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults in force with their counts, as plain data."""
        with self._lock:
            return [e.fault.as_json() | {"matched": e.matched, "happened": e.happened} for e in self._set]
