"""`serve`: everything on one machine, its data kept whatever dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from sandbox import Sandbox
from tests.conftest import IN_BACKGROUND, ROOT, wait_for

Serve = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def serve(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Serve]:
    """Starts `python -m integration serve` in an empty folder."""
    started: list[subprocess.Popen[bytes]] = []
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port), **environ, "REDIS_URL": ""}

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            command = [*IN_BACKGROUND, sys.executable, "-m", "integration", "serve"]
            process = subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=60)


def ready(port: int) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    return False


def parts(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """The process ids of the parts by what they run."""
    found = {}
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split():
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        if len(command) > 2:  # one that has just ended has none
            found[command[2].rpartition(".")[2]] = int(pid)
    return found


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_a_ticket_gets_its_note_and_its_state_is_kept_across_a_restart(
    sandbox: Sandbox, serve: Serve, port: int, tmp_path: Path
) -> None:
    first = serve()
    wait_for(lambda: ready(port), seconds=60)
    number = sandbox.zendesk.file_ticket()
    wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=30)
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=40) == 0

    serve()
    wait_for(lambda: ready(port), seconds=60)
    sandbox.zendesk.deliver(number)
    wait_for(lambda: [each for each in sandbox.zendesk.deliveries if each.ticket_id == number][1:], seconds=30)
    second = sandbox.zendesk.deliveries[-1]
    assert [attempt.status for attempt in second.attempts] == [200]  # already known
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_every_part_that_is_killed_comes_back_and_nothing_is_lost(sandbox: Sandbox, serve: Serve, port: int) -> None:
    process = serve()
    wait_for(lambda: ready(port), seconds=60)
    sandbox.logrocket.delay = 3600
    number = sandbox.zendesk.file_ticket()
    wait_for(lambda: sandbox.logrocket.results, seconds=30)
    for name in ("embedded", "web", "worker"):
        pid = parts(process)[name]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda name=name, pid=pid: parts(process).get(name, pid) != pid, seconds=30)  # type: ignore[misc]
    wait_for(lambda: ready(port), seconds=60)
    (request_id,) = sandbox.logrocket.results
    wait_for(lambda: sandbox.logrocket.call_back(request_id) in (200, 202), seconds=30)
    wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=60)


def test_nothing_outlives_a_killed_serve(serve: Serve, port: int) -> None:
    process = serve()
    wait_for(lambda: ready(port), seconds=60)
    started = parts(process)
    everything = [*started.values(), *children(started["embedded"])]
    process.kill()
    process.wait()
    wait_for(lambda: all(gone(pid) for pid in everything), seconds=40)
    serve()  # and the folder can be used again at once
    wait_for(lambda: ready(port), seconds=60)


def test_two_do_not_share_a_folder(serve: Serve, port: int) -> None:
    serve()
    wait_for(lambda: ready(port), seconds=60)
    assert serve().wait(timeout=30) == 1


def test_a_part_that_cannot_run_ends_it_all_with_1(serve: Serve, port: int) -> None:
    server = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"])
    try:
        wait_for(lambda: not ready(port) and _open(port))
        assert serve().wait(timeout=120) == 1
    finally:
        server.kill()
        server.wait()


def _open(port: int) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/", timeout=2).ok
    return False
