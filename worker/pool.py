"""The pool: keeps a fixed set of child processes alive, and stops them gently.

The pool itself holds no connection and no thread, so that it can fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

from integration import logs
from integration.cases.entry import STOP_SECONDS

REFUSED = 2  # the exit code of a child that no other start can help
RESTART_SECONDS = 1.0  # between two starts of one child

log = logs.get(__name__)

# Forked children share the memory of what is imported; macOS does not let a process fork safely.
_context = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")


@dataclass(kw_only=True)
class _Place:
    """A place in the pool, and the child that fills it."""

    name: str
    work: Callable[[int], None]
    process: BaseProcess | None = None
    started_at: float = 0.0

    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()


class Pool:
    """Runs each of `works` in a child process of its own; a `work` is called with the pool's process id."""

    def __init__(self, works: dict[str, Callable[[int], None]]) -> None:
        self._places = [_Place(name=name, work=work) for name, work in works.items()]
        self._stopping = False
        self._refused = False

    def run(self) -> int:
        """Keep every place filled until SIGTERM or SIGINT (0) or until a child is refused (2), then stop all."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping:
            for place in self._places:
                self._fill(place)
            wait(
                [place.process.sentinel for place in self._places if place.process and place.alive()],
                timeout=0.2,
            )
        self._end_all()
        return REFUSED if self._refused else 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _fill(self, place: _Place) -> None:
        if place.alive() or time.monotonic() - place.started_at < RESTART_SECONDS:
            return
        if place.process is not None and place.process.exitcode == REFUSED:
            self._refused = self._stopping = True
            return
        if place.process is not None:
            log.error("child ended, starting another", child=place.name, exit_code=place.process.exitcode)
            place.process.close()
        place.process = _context.Process(target=_child, args=(place.work, os.getpid()), name=place.name)
        place.started_at = time.monotonic()
        place.process.start()

    def _end_all(self) -> None:
        """Let every child finish what it does, for `STOP_SECONDS` at most."""
        log.info("stopping")
        deadline = time.monotonic() + STOP_SECONDS
        while (alive := [place for place in self._places if place.alive()]) and time.monotonic() < deadline:
            for place in alive:
                if place.process is not None:
                    place.process.terminate()  # again and again: the first may have come before it listened
            wait([place.process.sentinel for place in alive if place.process], timeout=1.0)
        for place in self._places:
            if place.process is not None and place.alive():
                log.error("child did not stop in time", child=place.name)
                place.process.kill()
                place.process.join()
        log.info("stopped")


def _child(work: Callable[[int], None], pool_pid: int) -> None:
    sys.unraisablehook = _tell_unless_stopping
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    work(pool_pid)


def _tell_unless_stopping(unraisable: sys.UnraisableHookArgs) -> None:
    """A signal that came in the middle of a destructor ends nothing there, and is no surprise: the next one does."""
    if not isinstance(unraisable.exc_value, SystemExit):
        sys.__unraisablehook__(unraisable)


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
