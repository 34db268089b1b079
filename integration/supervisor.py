"""Keeps child processes running, and stops them gently: those of the worker, and those of `serve`.

A child is a function of ours, which shares the memory of what is imported, or a command. The supervisor itself holds no
connection and no thread, so that it can fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Final, Protocol, Self

from integration import logs

REFUSED: Final = 2  # the exit code of a child that another start would not help
RESTART_SECONDS: Final = 1.0  # between two starts of one child
_EARLY_SECONDS: Final = 15.0  # a child that ends this soon after its start has failed
_LOOK_SECONDS: Final = 0.2  # for what a caller waits for
_IDLE_SECONDS: Final = 2.0  # between two looks at children that run: a signal ends the wait
_ASK_AGAIN_SECONDS: Final = 1.0  # a signal that comes before a child listens is lost
_PR_SET_PDEATHSIG: Final = 1

log = logs.get(__name__)

# Forked children share the memory of what is imported; macOS does not let a process fork safely.
_context = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")


class Process(Protocol):
    """A process that was started, as `subprocess.Popen` is one."""

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self) -> int:
        """Wait for its end; its exit code."""


@dataclass(kw_only=True)
class Child:
    """What is to be kept running, and the process that does it now."""

    name: str
    start: Callable[[], Process]
    stop_seconds: float  # that it gets to end by itself
    final: frozenset[int] = frozenset({REFUSED})  # the exit codes after which another start would fail too
    tries: int | None = None  # early ends in a row after which it is not started again; None: it is started for ever
    _process: Process | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _early_ends: int = field(default=0, init=False)

    def keep(self) -> bool:
        """Start it when it does not run; False when no other start would help."""
        if self._process is not None:
            exit_code = self._process.poll()
            lived = time.monotonic() - self._started_at
            if exit_code is None or lived < RESTART_SECONDS:
                return True
            self._early_ends = self._early_ends + 1 if lived < _EARLY_SECONDS else 0
            if exit_code in self.final or (self.tries is not None and self._early_ends >= self.tries):
                log.error("child ended, and another start would not help", child=self.name, exit_code=exit_code)
                return False
            log.error("child ended, starting another", child=self.name, exit_code=exit_code)
        self._started_at = time.monotonic()
        self._process = self.start()
        return True

    def is_running(self) -> bool:
        """Whether its process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def ask_to_end(self) -> None:
        """Ask its process to end."""
        if self._process is not None:
            self._process.terminate()

    def make_end(self) -> None:
        """End its process when it is still there."""
        if self._process is not None and self._process.poll() is None:
            log.error("child did not stop in time", child=self.name)
            self._process.kill()
            self._process.wait()


class Supervisor:
    """Keeps children running inside a `with` block, and stops them at its end: those first that were added last."""

    def __init__(self) -> None:
        self.told_to_stop = False
        self._groups: list[tuple[Child, ...]] = []
        self._signals = _Signals()

    def __enter__(self) -> Self:
        """Listen to SIGTERM and SIGINT, and to the ends of children."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._signals.listen()
        return self

    def __exit__(self, *_: object) -> None:
        """Let all children finish what they do, for as long as each of them may."""
        log.info("stopping")
        for group in reversed(self._groups):
            _stop_together(group)
        self._signals.close()
        log.info("stopped")

    def add(self, *children: Child) -> None:
        """Keep these running too, from the next `run` on; they are stopped together."""
        self._groups.append(children)

    def run(self, *, until: Callable[[], bool] | None = None, seconds: float = math.inf) -> bool:
        """Keep all children running until `until` is true; False when that does not happen.

        That is: after SIGTERM or SIGINT, when a child cannot run, and after `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not self.told_to_stop and all(child.keep() for group in self._groups for child in group):
            if until is not None and until():
                return True
            left = deadline - time.monotonic()
            if left < 0:
                return False
            self._signals.wait(min(left, _IDLE_SECONDS if until is None else _LOOK_SECONDS))
        return False

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True


class _Signals:
    """Waits that a signal ends: SIGTERM, SIGINT, or that a child has ended."""

    def listen(self) -> None:
        """Have each signal written into a pipe."""
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # one that is ignored wakes nobody
        signal.set_wakeup_fd(self._write)

    def wait(self, seconds: float) -> None:
        """Wait, so long at most."""
        select.select([self._read], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 1024)

    def close(self) -> None:
        """Listen no more."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)


def _stop_together(children: Sequence[Child]) -> None:
    began, asked_at = time.monotonic(), -math.inf
    while running := [
        child for child in children if child.is_running() and time.monotonic() - began < child.stop_seconds
    ]:
        if time.monotonic() - asked_at >= _ASK_AGAIN_SECONDS:
            asked_at = time.monotonic()
            for child in running:
                child.ask_to_end()
        time.sleep(_LOOK_SECONDS / 4)
    for child in children:
        child.make_end()


# -- Commands


def start_command(command: Sequence[str], environ: Mapping[str, str], *, files: Sequence[int] = ()) -> Process:
    """Start a command in a session of its own; it gets the open `files` with their numbers."""
    return subprocess.Popen(  # noqa: S603 -- our own commands
        command,
        env=environ,
        pass_fds=files,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 -- there are no threads
    )


def _end_with_parent() -> None:
    """In a new child, on Linux: have SIGTERM sent to it when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


# -- Functions


def share_memory() -> None:
    """Let functions that are started later share what is in memory: the garbage collector does not write into it.

    From now on it collects, should it not have done so before.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def start_function(work: Callable[[int], None], name: str) -> Process:
    """Start a process that calls `work` with the process id of this one."""
    process = _context.Process(target=run_function, args=(work, os.getpid()), name=name)
    process.start()
    return _FunctionProcess(process)


class _FunctionProcess:
    """A process of `multiprocessing`, with the methods of a command's."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.terminate = process.terminate
        self.kill = process.kill

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode or 0


def run_function(work: Callable[[int], None], supervisor_pid: int) -> None:
    """Do a child's work, in its own process: SIGTERM and SIGINT end it at once, and so does the supervisor's end."""
    sys.unraisablehook = _tell_unless_stopping
    signal.set_wakeup_fd(-1)  # the supervisor's own
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    _end_with_parent()
    if os.getppid() == supervisor_pid:  # it may have ended before it was asked to tell
        work(supervisor_pid)


def _tell_unless_stopping(unraisable: sys.UnraisableHookArgs) -> None:
    """Say nothing of a signal that came during a destructor: it ends nothing there, and the next one will."""
    if not isinstance(unraisable.exc_value, SystemExit):
        sys.__unraisablehook__(unraisable)


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
