"""The processes that `make sandbox` starts: each ends with it, and its output is kept or shown."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from sandbox import end_with_parent

KEPT_LINES: Final = 200
KEPT_CASES: Final = 1000
_CASE: Final = re.compile(r"\b(?:ticket_id|case)=([A-Za-z0-9_-]{1,85})(?![A-Za-z0-9_-])")
WAIT_SECONDS: Final = end_with_parent.GRACE_SECONDS + 2


class Child:
    """One command of the product, running. It ends with this process, however this process ends."""

    def __init__(  # noqa: PLR0913 -- what a process consists of
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        removed: Path,
        environment: Mapping[str, str],
        quiet: bool,
        serves: socket.socket | None = None,
    ) -> None:
        """Start it in `folder`; `removed` is the folder that is removed when this process ends before it does.

        `quiet` keeps its output until somebody asks for the last lines, `serves` is handed over to it.
        """
        self.name = name
        self._quiet = quiet
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._of_cases: OrderedDict[str, str] = OrderedDict()
        handed = [] if serves is None else [serves.fileno()]
        listens = str(*handed) or "-"
        self._process = subprocess.Popen(
            [sys.executable, "-P", end_with_parent.__file__, str(removed), listens, *command],
            pass_fds=handed,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """With which code it ended; None while it runs."""
        return self._process.poll()

    def last_lines(self, count: int = 40) -> str:
        """The end of its output, each line with its name before it."""
        if self.exit_code is not None:
            self._reader.join(1)
        lines = list(self._lines)[-count:]
        return "\n".join(self._named(line) for line in lines) or self._named("(no output)")

    def value_of(self, name: str) -> str:
        """What a command that has ended said last in a line `name=value`; nothing when it did not."""
        self._reader.join(1)
        said = [line.removeprefix(f"{name}=") for line in self._lines if line.startswith(f"{name}=")]
        return said[-1] if said else ""

    def said_of(self, case: str) -> str | None:
        """Its last line about a case: a ticket's number, or another case's key."""
        return self._of_cases.get(case)

    def begin_to_end(self) -> None:
        """Let the command, and all that it started, get SIGTERM."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()

    def end(self) -> None:
        """Wait until it has ended; make it when it takes too long."""
        self.begin_to_end()
        try:
            self._process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(1)
        if self._reader.is_alive():  # something that it started still holds its output
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._reader.join(1)
        if self._process.stdout and not self._reader.is_alive():
            self._process.stdout.close()

    def _read(self) -> None:
        """Keep what the command says, and show it unless that is not wanted."""
        with suppress(ValueError):  # the pipe was closed while somebody still held its other end
            for line in self._process.stdout or ():
                self._lines.append(line.rstrip())
                self._note_case(line.rstrip())
                if not self._quiet:
                    print(self._named(line.rstrip()), file=sys.stderr, flush=True)

    def _note_case(self, line: str) -> None:
        """Keep the last line about each of the last cases."""
        for case in _CASE.findall(line):
            self._of_cases[case] = line
            self._of_cases.move_to_end(case)
        while len(self._of_cases) > KEPT_CASES:
            self._of_cases.popitem(last=False)

    def _named(self, line: str) -> str:
        return f"{self.name:<6} | {line}"
