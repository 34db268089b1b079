"""Runs one command and ends it, with all that it started, when whoever holds the other end of stdin goes away.

Run as a file, `python -P leash.py COMMAND [SOCKET]`, in a session of its own. The system closes stdin's other end even
when its holder is killed with SIGKILL, so nothing that `make sandbox` started outlives it.

SOCKET is the number of an open, listening socket that the command is to serve. It is handed over as systemd does it
(`LISTEN_FDS`, `LISTEN_PID`, the socket as file 3), which gunicorn understands.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

GRACE_SECONDS = 10.0
FIRST_SOCKET = 3


def main(command: str, listening: int | None = None) -> int:
    """Run the command to its end; returns its exit code, as a shell tells it."""
    signal.signal(signal.SIGTERM, end)
    child = _started(command) if listening is None else _started_with_socket(command, listening)
    threading.Thread(target=end_when_abandoned, daemon=True).start()
    code = child.wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # what the command left behind
    return code if code >= 0 else 128 - code


def _started(command: str, *files: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, pass_fds=files)


def _started_with_socket(command: str, listening: int) -> subprocess.Popen[bytes]:
    """Start the command in the shell's own process: LISTEN_PID has to be its process id."""
    if listening != FIRST_SOCKET:
        os.dup2(listening, FIRST_SOCKET)
        os.close(listening)
    told = f"export LISTEN_FDS=1 LISTEN_PID=$$; exec env {command.removeprefix('exec ')}"
    child = _started(told, FIRST_SOCKET)
    os.close(FIRST_SOCKET)  # when the command ends, nobody is to listen any more
    return child


def end_when_abandoned() -> None:
    """Wait until nobody holds the other end of stdin, then end everything."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def end(_number: int, _frame: FrameType | None) -> None:
    """Ask the whole process group to end; after a while make it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process is in the group, too
    os.killpg(0, signal.SIGTERM)
    threading.Thread(target=_kill_later, daemon=True).start()


def _kill_later() -> None:
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *(int(number) for number in sys.argv[2:])))
