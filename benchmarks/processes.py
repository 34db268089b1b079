"""Starts processes, ends them, and asks the kernel what they have used: CPU time and memory, for a whole tree."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_TICKS = os.sysconf("SC_CLK_TCK")


class Tree:
    """A command that runs, with every process that it started; each session of processes is one of them."""

    def __init__(self, command: Sequence[str], *, folder: Path, environ: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**environ},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_end_with_us,  # noqa: PLW1509 -- there are no threads
            )

    @property
    def pid(self) -> int:
        """The process id of the first of them."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the first of them still runs."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """All of them that run now."""
        return list(_with_descendants(self.pid))

    def cpu_seconds(self) -> float:
        """What they have used of the processors so far, with what their ended children had."""
        return sum(map(cpu_seconds, self.pids()))

    def memory_mib(self) -> float:
        """The memory that they hold; what several share is counted once (PSS)."""
        return sum(map(_proportional_kib, self.pids())) / 1024

    def kill(self) -> None:
        """End all of them with SIGKILL, at the same moment."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors so far, with what its ended children had; 0 when it is gone."""
    try:
        own = sum(
            int((thread / "schedstat").read_text("ascii").split()[0]) for thread in Path(f"/proc/{pid}/task").iterdir()
        )
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    of_children = int(fields[13]) + int(fields[14])  # cutime and cstime, the 16th and 17th of all fields
    return own / 1e9 + of_children / _TICKS


def used_by(command: Sequence[str], *, folder: Path, environ: Mapping[str, str]) -> float:
    """Run a command to its end; the processor time that it and its children used."""
    before = os.times()
    subprocess.run(command, cwd=folder, env={**environ}, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def _with_descendants(pid: int) -> Iterator[int]:
    try:
        children = [
            int(child)
            for thread in Path(f"/proc/{pid}/task").iterdir()
            for child in (thread / "children").read_text("ascii").split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return
    yield pid
    for child in children:
        yield from _with_descendants(child)


def _proportional_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _end_with_us() -> None:
    """In a new child, on Linux: have SIGTERM sent to it when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Wait until `condition()` is true, or raise `TimeoutError` that names what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)
