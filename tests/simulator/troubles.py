"""Everything that can go wrong outside of the product, as lists to choose from; the first of a list is no trouble."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError
from urllib3.exceptions import SSLError as TransportSSLError

from worker import sweeper

EARLY: Final = 0.15  # seconds until a request is carried out
USUAL: Final = 0.3  # until it is answered
NEVER: Final = None


@dataclass(frozen=True)
class Answer:
    """What a service, or somebody before it, says."""

    status: int
    body: Any = b"<html>an error page of a proxy</html>"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Accident:
    """What becomes of one request: when it `lands` (is carried out), and when and how the answer comes."""

    name: str = ""
    lands: float | None = EARLY
    after: float = USUAL
    answer: Answer | None = None
    error: Callable[[], Exception] | None = None
    wrong: str = ""  # what is wrong with the service's own answer
    never_sent: bool = False


@dataclass(frozen=True)
class Trouble:
    """A refusal that a service gives to requests of some kinds, some times."""

    name: str
    answer: Answer
    kinds: frozenset[str] = frozenset()
    times: float = float("inf")


@dataclass(frozen=True)
class Disturbance:
    """What happens to a worker or to Redis `at` seconds after a request was sent."""

    kind: str = ""
    at: float = 0.0
    seconds: float = 0.0
    loses: float = 0.0
    ahead: float = 0.0


# -- Answers

NO_SUCH_RECORD: Final = {"error": "RecordNotFound", "description": "Not found"}
_FORBIDDEN: Final = Answer(403, {"error": {"title": "Forbidden", "message": "You do not have access to this page."}})
_OWN_LIMIT: Final = {"Retry-After": "90", "zendesk-ratelimit-tickets-update": "total=100; remaining=97; resets=30"}
_USED_UP: Final = {"Retry-After": "30", "zendesk-ratelimit-tickets-update": "total=100; remaining=0; resets=30"}
_OWN_429: Final = Answer(429, {"error": "TooManyRequests", "description": "Rate limit for ticket updates"}, _OWN_LIMIT)
_ACCOUNTS_429: Final = Answer(429, {"error": "APIRateLimitExceeded", "description": "Number of allowed"}, _USED_UP)
_UNAUTHORIZED: Final = Answer(401, {"error": "Couldn't authenticate you"})
_PROJECT_REFUSES: Final = Answer(403, {"message": "forbidden"})
_PROJECT_KNOWS_NO_KEY: Final = Answer(401, {"message": "unauthorized"})
_SLOW_DOWN: Final = Answer(429, {"message": "slow down"}, {"Retry-After": "20"})
_MISSING: Final = Answer(404, NO_SUCH_RECORD)
_NO_HELP_DESK: Final = Answer(404, {"error": {"title": "No help desk at acme.zendesk.com", "message": "..."}})
_CLOSED: Final = Answer(
    422,
    {
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": {"status": [{"description": "Status: closed prevents ticket update"}]},
    },
)
_BUSY: Final = Answer(503, b"<html>busy</html>")
_COME_AGAIN: Final = Answer(503, {"error": "ServiceUnavailable"}, {"Retry-After": "2"})
_SENTENCE: Final = Answer(200, b"<html>Welcome</html>")


def _reset() -> Exception:
    return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer")))


def _timeout() -> Exception:
    return requests.ReadTimeout("timed out")


def _refused() -> Exception:
    cause = NewConnectionError(None, "refused")  # type: ignore[arg-type]  # no connection, that is the point
    return requests.ConnectionError(MaxRetryError(None, "/", cause))  # type: ignore[arg-type]  # likewise


def _broken_tls() -> Exception:
    return requests.exceptions.SSLError(MaxRetryError(None, "/", TransportSSLError("bad record mac")))  # type: ignore[arg-type]  # likewise


# -- What can become of a request

_LANDS: Final = (("and was carried out", EARLY), ("and is carried out 9 s after it was sent", 9.0),
                 ("and is carried out 50 s after it was sent", 50.0), ("and is never carried out", NEVER))  # fmt: skip
_UNKNOWN_STATUS: Final = (520, 503, 408, 409, 500, 502, 504)

_PAGE_STATUS: Final = (403, 404, 422, 400, 302)

_UPDATE: Final = (
    Accident(),
    Accident("is carried out and answered after 10 s", lands=10.0, after=10.01),
    Accident("is carried out at once and answered after 10 s", after=10.0),
    *(
        Accident(f"is answered {status} {how}", lands=lands, answer=Answer(status))
        for (how, lands), status in product(_LANDS, _UNKNOWN_STATUS)
    ),
    *(Accident(f"is not answered {how}", lands=lands, after=12.0, error=_timeout) for how, lands in _LANDS),
    *(Accident(f"is reset {how}", lands=lands, error=_reset) for how, lands in _LANDS),
    *(Accident(f"ends in a TLS error {how}", lands=lands, error=_broken_tls) for how, lands in _LANDS),
    Accident("is answered 503 with Retry-After: 2, and is carried out 9 s after it was sent", 9.0, answer=_COME_AGAIN),
    *(
        Accident(f"is answered {status} by somebody on the way {how}", lands=lands, answer=Answer(status))
        for (how, lands), status in product(_LANDS, _PAGE_STATUS)
    ),
    Accident("is never sent", lands=NEVER, error=_refused, never_sent=True),
    Accident("is answered 403, once", lands=NEVER, answer=_FORBIDDEN),
    Accident("is answered 401, once", lands=NEVER, answer=_UNAUTHORIZED),
    Accident("is answered 404, once", lands=NEVER, answer=_MISSING),
    Accident("is answered 429, which is the ticket's own", lands=NEVER, answer=_OWN_429),
    Accident("is answered with a page", answer=_SENTENCE),
    Accident("is answered with a page 200 and is carried out 9 s after it was sent", lands=9.0, answer=_SENTENCE),
    Accident("is answered drop by drop, and is carried out 45 s after it was sent", lands=45.0, after=60.0),
    Accident("comes back public", wrong="public"),
    Accident("is answered without saying whether it is public", wrong="says nothing of public"),
    Accident("is answered without a comment", wrong="shows no comment"),
)

_READ: Final = (
    Accident(),
    Accident("is answered after 10 s", after=10.0),
    Accident("is answered 503", answer=_BUSY),
    Accident("is not answered", after=12.0, error=_timeout),
    Accident("is reset", error=_reset),
    Accident("is answered 403, once", answer=_FORBIDDEN),
    Accident("is answered 404, once", answer=_MISSING),
    Accident("is answered 429, which is the ticket's own", answer=_OWN_429),
    Accident("is answered with a page", answer=_SENTENCE),
)

_HIDE: Final = (
    Accident(),
    Accident("is answered 404", lands=NEVER, answer=_MISSING),
    Accident("is answered 422", lands=NEVER, answer=Answer(422, {"error": "RecordInvalid"})),
    Accident("is answered 403", lands=NEVER, answer=_FORBIDDEN),
    Accident("is answered 503 and not carried out", lands=NEVER, answer=_BUSY),
    Accident("is not answered and not carried out", lands=NEVER, after=12.0, error=_timeout),
    Accident("is not answered and was carried out", after=12.0, error=_timeout),
)

_ASK: Final = (
    Accident(),
    Accident("is answered after 10 s", after=10.0),
    Accident("is answered 503", lands=NEVER, answer=_BUSY),
    Accident("is not answered, and was taken", after=12.0, error=_timeout),
    Accident("is not answered, and was not taken", lands=NEVER, after=12.0, error=_timeout),
    Accident("is never sent", lands=NEVER, error=_refused, never_sent=True),
    Accident("is answered 429", lands=NEVER, answer=_SLOW_DOWN),
    Accident("is answered 402, once", lands=NEVER, answer=Answer(402, {"message": "payment required"})),
    Accident("is answered 404, once", lands=NEVER, answer=Answer(404, {"message": "not found"})),
    Accident("is answered 403, once", lands=NEVER, answer=_PROJECT_REFUSES),
    Accident("is answered with a page", answer=_SENTENCE),
)

_POLL: Final = (
    Accident(),
    Accident("is answered 503", answer=_BUSY),
    Accident("is not answered", after=12.0, error=_timeout),
    Accident("is answered 404", answer=Answer(404, {"message": "not found"})),
    Accident("is answered 403, once", answer=_PROJECT_REFUSES),
    Accident("is answered with a page", answer=_SENTENCE),
)

ACCIDENTS: Final[Mapping[str, tuple[Accident, ...]]] = {
    "update": _UPDATE,
    "ticket": _READ,
    "user": _READ,
    "comments": _READ,
    "me": _READ,
    "hide": _HIDE,
    "ask": _ASK,
    "poll": _POLL,
}

# What LogRocket makes of a request: its status, when each callback comes (seconds after the request), what a poll says


@dataclass(frozen=True)
class Outcome:
    """What LogRocket makes of one request for highlights."""

    name: str = ""
    status: str = "READY"
    callbacks: tuple[float, ...] = (90.0,)
    ready_after: float | None = 85.0  # for polls; None: it never knows the request
    names_another: bool = False
    sessions: int = 1


OUTCOMES: Final = (
    Outcome(),
    Outcome("calls back twice", callbacks=(90.0, 91.0)),
    Outcome("never calls back", callbacks=()),
    Outcome("FAILED", status="FAILED"),
    Outcome("calls back before it answers", callbacks=(0.2,), ready_after=0.2),
    Outcome("calls back after 400 s", callbacks=(400.0,), ready_after=395.0),
    Outcome("calls back with another id", names_another=True),
    Outcome("is silent for ever", callbacks=(), ready_after=1e9),
    Outcome("forgets the request", callbacks=(), ready_after=None),
    Outcome("knows no session", sessions=0),
)

# -- What is wrong with one ticket, or with a whole account

NO_TROUBLE: Final = Trouble("", Answer(200))
_UPDATES: Final = frozenset({"update"})
_LOOK_UPS: Final = frozenset({"ticket"})
OWN: Final = (
    NO_TROUBLE,
    Trouble("Zendesk refuses its note (403) for ever", _FORBIDDEN, _UPDATES),
    Trouble("Zendesk refuses its note (403) twice", _FORBIDDEN, _UPDATES, 2),
    Trouble("Zendesk refuses its look-up (403) for ever", _FORBIDDEN, _LOOK_UPS),
    Trouble("Zendesk answers 429 to its note twice, with no word of the account", _OWN_429, _UPDATES, 2),
    Trouble("Zendesk answers 429 to its look-up twice, with no word of the account", _OWN_429, _LOOK_UPS, 2),
    Trouble("it is deleted (404)", _MISSING, _UPDATES | _LOOK_UPS),
    Trouble("Zendesk does not see it yet (404), once", _MISSING, _UPDATES | _LOOK_UPS, 1),
    Trouble("it is closed (422)", _CLOSED, _UPDATES),
    Trouble("LogRocket refuses its requester (403) for ever", _PROJECT_REFUSES, frozenset({"ask"})),
    Trouble("LogRocket answers 429 to its requester twice", Answer(429, {"message": "slow"}, {"Retry-After": "90"}),
            frozenset({"ask"}), 2),
)  # fmt: skip
ACCOUNTS: Final = (
    ("", NO_TROUBLE, 0.0, 0.0),
    *(
        (service, trouble, start, length)
        for service, trouble in (
            ("Zendesk", Trouble("Zendesk refuses everything (403)", _FORBIDDEN)),
            ("Zendesk", Trouble("Zendesk refuses everything (401)", _UNAUTHORIZED)),
            ("Zendesk", Trouble("Zendesk is down (503)", _BUSY)),
            ("Zendesk", Trouble("Zendesk's limit is used up (429)", _ACCOUNTS_429)),
            ("Zendesk", Trouble("Zendesk knows no such help desk (404)", _NO_HELP_DESK)),
            ("LogRocket", Trouble("LogRocket refuses everything (401)", _PROJECT_KNOWS_NO_KEY)),
            ("LogRocket", Trouble("LogRocket is down (503)", _BUSY)),
            ("LogRocket", Trouble("LogRocket has too many (429)", _SLOW_DOWN)),
        )
        for start, length in ((0.0, 300.0), (80.0, 1200.0))
    ),
)  # fmt: skip

# -- What happens to workers and to Redis

# A clock that jumps while the server stays the same: only a product that watches it can keep its promise.
CLOCK_IS_WATCHED: Final = "monotonic" in inspect.signature(sweeper.sweep).parameters
CLOCK_JUMPS: Final = (300.0, -300.0) if CLOCK_IS_WATCHED else ()

DISTURBANCES: Final = (
    Disturbance(),
    *(Disturbance("kill", at=at) for at in (0.2, 0.05, 5.0)),
    *(Disturbance("freeze", at=0.1, seconds=seconds) for seconds in (30.0, 90.0)),
    *(Disturbance("away", at=0.1, seconds=seconds) for seconds in (5.0, 30.0, 90.0)),
    *(
        Disturbance("another", at=at, loses=loses, ahead=ahead, seconds=away)
        for ahead, (at, loses), away in product(
            (0.0, 300.0, -300.0), ((0.4, 0.5), (0.9, 0.96), (0.2, 0.0), (5.0, 0.5)), (0.1, 8.0)
        )
    ),
    Disturbance("another", at=0.4, loses=float("inf"), seconds=0.1),
    *(Disturbance("clock", at=0.2, ahead=ahead) for ahead in CLOCK_JUMPS),
)
