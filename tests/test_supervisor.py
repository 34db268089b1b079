"""The supervisor with small commands: what it starts again, when it gives up, how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.supervisor import RESTART_SECONDS, Child, Supervisor, start_command
from tests.conftest import ROOT, wait_for
from tests.processes import alive

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Leave this process's signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def child(code: str, *, stop_seconds: float = 10, tries: int | None = None, name: str = "it") -> Child:
    command = [sys.executable, "-c", code]
    return Child(name=name, start=lambda: start_command(command, os.environ), stop_seconds=stop_seconds, tries=tries)


def write(file: Path, *, then: str) -> str:
    return f"import time; open({str(file)!r}, 'a').write('started '); {then}"


def starts(file: Path) -> int:
    return file.read_text().count("started") if file.exists() else 0


def test_a_child_that_ends_is_started_again_after_a_pause(tmp_path: Path) -> None:
    began = time.monotonic()
    with Supervisor() as supervisor:
        supervisor.add(child(write(tmp_path / "it", then="exit(1)")))
        assert supervisor.run(until=lambda: starts(tmp_path / "it") >= 3, seconds=30)
    assert time.monotonic() - began >= 2 * RESTART_SECONDS


def test_a_child_that_refuses_ends_all(tmp_path: Path) -> None:
    other = child(write(tmp_path / "other", then="time.sleep(600)"), name="other")
    with Supervisor() as supervisor:
        supervisor.add(child(write(tmp_path / "it", then="exit(2)")), other)
        assert not supervisor.run(seconds=30)
    assert not supervisor.told_to_stop
    assert starts(tmp_path / "it") == 1
    assert not other.is_running()


def test_a_child_that_ends_early_again_and_again_ends_all(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        supervisor.add(child(write(tmp_path / "it", then="exit(1)"), tries=2))
        assert not supervisor.run(seconds=30)
    assert starts(tmp_path / "it") == 2


def test_it_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        supervisor.add(child(write(tmp_path / "it", then="time.sleep(600)")))
        assert not supervisor.run(until=lambda: False, seconds=0.5)


def test_a_signal_stops_all_and_those_first_that_came_last(tmp_path: Path) -> None:
    tells = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), open({0!r}, 'a').write({1!r}), exit()))"
    code = "import signal, time; {}; open({!r}, 'w'); time.sleep(600)"
    with Supervisor() as supervisor:
        for name in ("first", "last"):
            supervisor.add(
                child(code.format(tells.format(str(tmp_path / "told"), f"{name} "), str(tmp_path / name)), name=name)
            )
        assert supervisor.run(until=lambda: (tmp_path / "first").exists() and (tmp_path / "last").exists(), seconds=30)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert not supervisor.run(seconds=30)
        assert supervisor.told_to_stop
    assert (tmp_path / "told").read_text() == "last first "


def test_a_child_that_does_not_listen_at_once_is_asked_again(tmp_path: Path) -> None:
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))\n"
        f"open({str(tmp_path / 'it')!r}, 'w')\n"
        "while True: time.sleep(600)"
    )
    began = time.monotonic()
    with Supervisor() as supervisor:
        supervisor.add(child(code, stop_seconds=25))
        assert supervisor.run(until=(tmp_path / "it").exists, seconds=30)
        began = time.monotonic()
    assert time.monotonic() - began < 20


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    code = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(tmp_path / 'it')!r}, 'w'); "
    deaf = child(f"{code}time.sleep(600)", stop_seconds=1)
    with Supervisor() as supervisor:
        supervisor.add(deaf)
        assert supervisor.run(until=(tmp_path / "it").exists, seconds=30)
    assert not deaf.is_running()


def test_the_end_of_a_child_and_a_signal_are_noticed_at_once(tmp_path: Path) -> None:
    """Without either it looks at its children every other second: a supervisor at rest costs next to nothing."""
    code = f"import signal, time; open({str(tmp_path / 'it')!r}, 'w'); time.sleep({RESTART_SECONDS + 0.2}); exit(2)"
    with Supervisor() as supervisor:
        supervisor.add(child(code), child("import time; time.sleep(600)", name="other"))
        assert supervisor.run(until=(tmp_path / "it").exists, seconds=30)
        began = time.monotonic()
        supervisor.run()
    assert time.monotonic() - began < RESTART_SECONDS + 1.2
    with Supervisor() as supervisor:
        supervisor.add(child("import time; time.sleep(600)"))
        began = time.monotonic()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert not supervisor.run()
    assert time.monotonic() - began < 1.2


def test_a_function_ends_with_the_supervisor_that_was_killed(tmp_path: Path) -> None:
    """It waits for as long as it likes, and does not look whether the supervisor is there."""
    code = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from integration.supervisor import start_function\n"
        "def work(_):\n"
        f"    Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        "start_function(work, 'it')\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as supervisor:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        pid = int((tmp_path / "pid").read_text())
        supervisor.kill()
    wait_for(lambda: not alive(pid), seconds=3)
