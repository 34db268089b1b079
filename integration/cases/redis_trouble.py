"""What an admin is told when Redis does not do what was asked: by every command, and as a trouble of how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from integration.cases.owner import RefusedRedisError
from integration.cases.situation import Command, Severity, Trouble
from integration.settings import Settings

PERMISSIONS: Final = (
    "Give the Redis user of REDIS_URL all commands but the dangerous ones, on the keys rq:* and all that begin with "
    "KEY_PREFIX and a colon (highlights:*)."
)


def in_words(error: RedisError, settings: Settings) -> tuple[str, str]:
    """What happened, as the rest of the sentence "Redis ...", and what to do."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return "refuses our user name or password", "Copy REDIS_URL anew from where Redis is run."
    if isinstance(error, ResponseError) and "DB index" in str(error):
        return "has no database of that number", "Correct the number at the end of REDIS_URL."
    if isinstance(error, NoPermissionError | ResponseError):
        return "refuses a command that is needed", PERMISSIONS
    from integration import unreachable  # noqa: PLC0415 -- it brings requests, which the web process does without

    fix = "Is REDIS_URL right, does Redis run, and may this machine reach it?"
    if settings.redis_url.startswith("rediss://") and settings.redis_tls_verify:
        fix += " If its certificate is self-signed, as on Heroku: set REDIS_TLS_VERIFY=false."
    return f"does not answer: {unreachable.why(error) or type(error).__name__}", fix


def away(error: RedisError, *, desks: Sequence[str]) -> Trouble:
    """The trouble when Redis cannot be asked; `desks` are the services that tell us of new cases."""
    refuses = refuses_writes(error)
    if isinstance(error, RefusedRedisError):
        what = "Redis cannot be used, it is not for this installation"
        do = "The log of the web process says why, and what to do."
        heroku = "heroku logs --ps web"
    elif refuses is not None:
        return of_writes(refuses, desks=desks)
    else:
        what, heroku = "Redis does not answer", "heroku redis:info"
        do = f"No ticket can be taken in now; {_again(desks)}. Look at your Redis, and at REDIS_URL."
    command = Command(heroku=heroku, elsewhere="python -m integration check")
    return Trouble(name="redis_away", severity=Severity.NO_NOTES, what=what, do=do, command=command)


def of_writes(why: str, *, desks: Sequence[str]) -> Trouble:
    """The trouble when Redis answers, and refuses to write."""
    return Trouble(
        name="redis_refuses_writes",
        severity=Severity.NO_NOTES,
        what=f"Redis refuses writes: {why}",
        do=(
            f"No ticket can be written down; {_again(desks)}. Look at your Redis: its memory, its disk, and whether "
            "REDIS_URL leads to the primary."
        ),
        command=Command(heroku="heroku redis:info", elsewhere="python -m integration check"),
    )


def refuses_writes(error: RedisError) -> str | None:
    """Why Redis answers, and refuses to write; None when the error says something else."""
    if isinstance(error, ReadOnlyError):
        return "it is a read-only replica"
    if isinstance(error, OutOfMemoryError):
        return "its memory is full"
    if isinstance(error, ResponseError):
        text = str(error)
        if "MISCONF" in text:
            return "it cannot write to its disk"
        if "NOREPLICAS" in text:
            return "it has too few replicas"
        return "it refuses a command that is needed"
    return None


def _again(desks: Sequence[str]) -> str:
    """What becomes of deliveries that are refused meanwhile."""
    one = len(desks) == 1
    return f"{' and '.join(desks)} {'tries again by itself' if one else 'try again by themselves'} for a while"
