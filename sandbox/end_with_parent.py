"""Runs one command and ends it, with all that it started, when whoever holds the other end of stdin goes away.

Run as a file, `python -P end_with_parent.py FOLDER SOCKET COMMAND...`, in a session of its own. The system closes
stdin's other end even when its holder is killed with SIGKILL, so nothing that `make sandbox` started outlives it.

FOLDER is removed once the command was ended in this way. SOCKET is the number of an open, listening socket that the
command is to serve, or `-`. It is handed over as systemd does it (`LISTEN_FDS`, `LISTEN_PID`, the socket as file 3).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from types import FrameType

GRACE_SECONDS = 45.0  # longer than the product takes to stop by itself, with all of its processes
FIRST_SOCKET = 3
WITH_SOCKET = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'  # LISTEN_PID has to be the command's own process id


def main(folder: str, listening: str, *command: str) -> int:
    """Run the command to its end; returns its exit code, as a shell tells it."""
    signal.signal(signal.SIGTERM, end)
    child = _started(command) if listening == "-" else _started_with_socket(command, int(listening))
    abandoned = threading.Event()
    threading.Thread(target=_end_when_abandoned, args=(abandoned,), daemon=True).start()
    code = child.wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # what the command left behind
    if abandoned.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _started(command: tuple[str, ...], *files: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=files)


def _started_with_socket(command: tuple[str, ...], listening: int) -> subprocess.Popen[bytes]:
    if listening != FIRST_SOCKET:
        os.dup2(listening, FIRST_SOCKET)
        os.close(listening)
    child = _started(("/bin/sh", "-c", WITH_SOCKET, "sh", *command), FIRST_SOCKET)
    os.close(FIRST_SOCKET)  # when the command ends, nobody is to listen any more
    return child


def _end_when_abandoned(abandoned: threading.Event) -> None:
    """Wait until nobody holds the other end of stdin, then end everything."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    abandoned.set()
    os.kill(os.getpid(), signal.SIGTERM)


def end(_number: int, _frame: FrameType | None) -> None:
    """Ask the whole process group to end; after a while make it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process is in the group, too
    os.killpg(0, signal.SIGTERM)
    timer = threading.Timer(GRACE_SECONDS, os.killpg, (0, signal.SIGKILL))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
