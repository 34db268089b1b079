"""Runs one command and ends it, with all that it started, when whoever holds the other end of stdin goes away.

Run as a file, `python -P leash.py COMMAND`, in a session of its own. The system closes stdin's other end even when
its holder is killed with SIGKILL, so nothing that `make sandbox` started outlives it.
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


def main(command: str) -> int:
    """Run the command to its end; returns its exit code, as a shell tells it."""
    signal.signal(signal.SIGTERM, end)
    child = subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL)
    threading.Thread(target=end_when_abandoned, daemon=True).start()
    code = child.wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)  # what the command left behind
    return code if code >= 0 else 128 - code


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
    sys.exit(main(sys.argv[1]))
