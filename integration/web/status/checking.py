"""`check`, started from the status page: in a process of its own, one at a time, and within a time limit.

    <prefix>:checked         what the last one found, as JSON, for a day
    <prefix>:checked:lock    that one is running, and since when

The web process itself still calls no service; a thread waits for the process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

from redis import Redis
from redis.exceptions import RedisError

from integration import logs, lua
from integration.checks import SECONDS
from integration.findings import Outcome, Result, failure
from integration.json_body import json_object
from integration.settings import Settings

LIMIT_SECONDS: Final = SECONDS + 20.0  # including the time to start
_LOCK_SECONDS: Final = int(LIMIT_SECONDS) + 20  # a bit longer, so that the lock of a killed web process ends
_KEPT_SECONDS: Final = 24 * 60 * 60
_LONGEST_OUTPUT: Final = 256 * 1024
_LONGEST_TEXT: Final = 1000
_COMMAND: Final = (sys.executable, "-m", "integration", "check", "--json")

log = logs.get(__name__)

_BEGIN, _END = (lua.load(Path(__file__).parent, name) for name in ("begin_check", "end_check"))


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The last check from the page. Times are Unix seconds of Redis' clock."""

    running_since: float | None = None
    at: float | None = None
    results: tuple[Result, ...] = ()

    @property
    def bad(self) -> list[Result]:
        """What an admin has to read."""
        return [result for result in self.results if result.outcome is not Outcome.OK]


class Checker:
    """Starts checks, and has the results of the last one."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._secrets = settings.secrets
        self._redis = redis
        self._keys = settings.keys

    def start(self) -> bool:
        """Start a check in the background; False when one is under way."""
        if not self._redis.eval(_BEGIN, 1, self._keys.checking, str(_LOCK_SECONDS)):
            return False
        threading.Thread(target=self._run, daemon=True, name="check").start()
        return True

    def last(self) -> Checked:
        """What the last check found."""
        lock, stored = cast("list[bytes | None]", self._redis.mget([self._keys.checking, self._keys.checked]))
        last = json_object(stored or b"") or {}
        return Checked(
            running_since=None if lock is None else float(lock), at=last.get("at"), results=read(last.get("results"))
        )

    def _run(self) -> None:
        results = without_secrets(run(), self._secrets)
        log.info("checked from the status page", failures=sum(result.outcome is Outcome.FAILURE for result in results))
        try:
            told = json.dumps([asdict(result) for result in results])
            self._redis.eval(_END, 2, self._keys.checked, self._keys.checking, told, str(_KEPT_SECONDS))
        except RedisError as error:
            log.warning("what the check found cannot be written down", error=type(error).__name__)


def run(command: Sequence[str] = _COMMAND, *, seconds: float = LIMIT_SECONDS) -> tuple[Result, ...]:
    """What `check` finds, as a process of its own that ends in time."""
    try:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        )
    except OSError:
        return (failure("check", "could not be started", "Run `python -m integration check` by hand."),)
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return (failure("check", f"was not done after {seconds:.0f} s", "Run it by hand, and see what is slow."),)
    results = read((json_object(output[:_LONGEST_OUTPUT]) or {}).get("checks"))
    return results or (failure("check", "ended without a result", "The log of the web process says why."),)


def without_secrets(results: Sequence[Result], secrets: Sequence[str]) -> tuple[Result, ...]:
    """The same results, with `[secret]` where a secret should ever have got into one."""
    return tuple(
        Result(
            name=result.name,
            outcome=result.outcome,
            found=_hidden(result.found, secrets),
            fix=None if result.fix is None else _hidden(result.fix, secrets),
        )
        for result in results
    )


def _hidden(text: str, secrets: Sequence[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, "[secret]")
    return text


def read(told: object) -> tuple[Result, ...]:
    """Results from JSON; what is no result is left out."""
    return tuple(_result(item) for item in told if _is_result(item)) if isinstance(told, list) else ()


def _is_result(item: object) -> bool:
    return (
        isinstance(item, dict)
        and all(isinstance(item.get(name), str) for name in ("name", "outcome", "found"))
        and item["outcome"] in list(Outcome)
        and isinstance(item.get("fix"), str | None)
    )


def _result(item: Mapping[str, Any]) -> Result:
    fix = item.get("fix")
    return Result(
        name=item["name"][:_LONGEST_TEXT],
        outcome=Outcome(item["outcome"]),
        found=item["found"][:_LONGEST_TEXT],
        fix=None if fix is None else fix[:_LONGEST_TEXT],
    )
