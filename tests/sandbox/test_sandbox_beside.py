"""`python -m sandbox` with the real product: several at once, nothing of the caller's in it, commands beside it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from integration.settings import names
from sandbox.runner import BLANK

pytestmark = pytest.mark.slow

NAMES = names()

ROOT = Path(__file__).resolve().parents[2]
PYTHON = shlex.quote(sys.executable)
BESIDES = (
    *("PORT", "GUNICORN_CMD_ARGS", "GUNICORN_PID", "LISTEN_FDS", "LISTEN_PID", "HTTP_PROXY", "http_proxy"),
    *("ALL_PROXY", "REQUESTS_CA_BUNDLE", "PYTHONPATH", "PYTHONSTARTUP", "FLASK_DEBUG", "LC_ALL", "TZ"),
)
WRONG = "http://192.0.2.1:9/wrong"
Process = subprocess.Popen[str]
Start = Callable[..., Process]
Until = Callable[..., None]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of the product whose `.env` can be written."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for entry in ROOT.iterdir():
        if entry.name != ".env":
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where sandboxes make their folders: its name is short, since theirs hold sockets, as pytest's is not."""
    with tempfile.TemporaryDirectory(prefix="beside-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def environ(tmp_path: Path, temporary: Path) -> dict[str, str]:
    """The environment of a terminal in which nothing else is seen of the sandboxes of this machine."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(temporary)}


@pytest.fixture
def start(checkout: Path, environ: dict[str, str]) -> Iterator[Start]:
    """Starts `python -m sandbox`, with more variables when there are any."""
    started: list[Process] = []

    def run(*arguments: str, **more: str) -> Process:
        command = [sys.executable, "-m", "sandbox", "--product", str(checkout), "--wait", "120", *arguments]
        process = subprocess.Popen(
            command, cwd=checkout, env=environ | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def shell(checkout: Path, environ: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a line in a shell of its own."""

    def run(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/sh", "-c", line]
        return subprocess.run(
            command,
            cwd=checkout,
            env=environ | more,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


def banner(process: Process) -> str:
    """What a sandbox says until it is ready for people."""
    assert process.stdout
    return "".join(iter(process.stdout.readline, "Ctrl-C ends everything.\n"))


def ended(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=170)
    return process.returncode, out, err


def wrong_environment(checkout: Path) -> dict[str, str]:
    """Every variable of ours, and what else could change a process, wrong in `.env` and in the caller's environment."""
    names = [*NAMES, *BESIDES, "A_FUTURE_VARIABLE"]
    lines = [f"{name}={WRONG}" for name in names]
    (checkout / ".env").write_bytes("\n".join(lines).encode() + b"\nLATIN=\xe9\n")
    return {name: WRONG for name in names if name not in ("PYTHONPATH", "LISTEN_FDS", "LISTEN_PID", "GUNICORN_PID")} | {
        "PYTHONPATH": str(ROOT),
        "LISTEN_FDS": "7",
        "LISTEN_PID": "1",
        "GUNICORN_PID": "1",
    }


def test_every_variable_of_the_products_is_known_here() -> None:
    assert sorted(BLANK) == sorted(NAMES)


def test_nothing_of_env_files_and_of_the_callers_environment_reaches_the_sandbox(start: Start, checkout: Path) -> None:
    code, out, err = ended(start("--once", **wrong_environment(checkout)))
    assert (code, err) == (0, "")
    assert "Internal note on ticket" in out


def test_the_child_processes_have_the_variables_of_the_sandbox_alone(
    start: Start, checkout: Path, temporary: Path
) -> None:
    process = start(**wrong_environment(checkout))
    banner(process)
    names = {*NAMES, *BESIDES, "A_FUTURE_VARIABLE"}
    seen = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{temporary}/sandbox-".encode() not in bytes(folder.joinpath("cwd").readlink()):
                continue
            words = folder.joinpath("environ").read_bytes().decode().split("\0")
        except OSError:
            continue
        seen += 1
        assert [word for word in words if WRONG in word] == []
        assert not folder.joinpath("cwd", ".env").exists()
        assert "A_FUTURE_VARIABLE" not in {word.partition("=")[0] for word in words} & names
    assert seen > 4, "web and worker, with their children"


def processes_in(temporary: Path) -> set[int]:
    """Everything that runs in a sandbox's folder."""
    running = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{temporary}/sandbox-".encode() in bytes(folder.joinpath("cwd").readlink()):
                running.add(int(folder.name))
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_a_sandbox(start: Start, temporary: Path, until: Until, number: signal.Signals) -> None:
    process = start()
    banner(process)
    assert len(processes_in(temporary)) > 4, "serve, web and worker, with their children"
    process.send_signal(number)
    process.wait(60)
    until(lambda: not processes_in(temporary), seconds=60)
    until(lambda: not list(temporary.glob("sandbox-*")), seconds=10)


def test_a_web_process_that_was_killed_comes_back_at_its_port(start: Start, temporary: Path, until: Until) -> None:
    shown = banner(start())
    page = re.search(r"The product's page: +(\S+)", shown)[1]  # type: ignore[index]
    [web] = [
        pid for pid in processes_in(temporary) if "integration.web" in command(pid) and "serve" in command(parent(pid))
    ]
    os.kill(web, signal.SIGKILL)
    until(lambda: requests.get(f"{page}healthz", timeout=30).status_code == 200, seconds=40)
    until(
        lambda: [pid for pid in processes_in(temporary) - {web} if "integration.web" in command(pid)],
        seconds=40,
    )


def command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_six_sandboxes_start_together_and_each_gets_its_note(start: Start) -> None:
    processes = [start("--once") for _ in range(6)]
    ends = [ended(process) for process in processes]
    assert [(code, err) for code, _, err in ends] == [(0, "")] * 6
    assert all("Internal note on ticket" in out for _, out, _ in ends)


def test_every_command_is_tried_beside_a_sandbox(
    start: Start, checkout: Path, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    shown = banner(start())
    number = re.search(r"Ticket (\d+) from Ada", shown)[1]  # type: ignore[index]
    [line] = re.findall(r'  (eval "\$\(\S+ -m sandbox --env\)" && )\S+ -m integration check\n', shown)
    (checkout / ".env").write_text("LOGROCKET_REQUESTS_PER_HOUR=1\nZENDESK_URL=http://192.0.2.1\nREDIS_URL=wrong\n")
    commands = ("check", "install --yes", "recover", "retry --failed", "status --json")
    said = []
    for command in (*commands, f"forget --ticket {number}", "status --json"):
        done = shell(f"{line} {PYTHON} -m integration {command}", LOG_LEVEL="wrong", SECRET_KEY="wrong")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said.append(done.stdout)
    assert json.loads(said[4])["states"]["posted"] == 1
    assert json.loads(said[6])["states"]["posted"] == 0


def test_every_door_is_tried_by_hand_and_watched(
    start: Start, shell: Callable[..., subprocess.CompletedProcess[str]], until: Until
) -> None:
    page = re.search(r"Intercom, surveys, ask: (\S+)", banner(start()))[1]  # type: ignore[index]
    survey = {"score": "3", "email": "ada@shop.example", "comment": "I could not pay"}
    asked = {"email": "ada@shop.example", "callback": "yes"}
    for path, form in (("conversations", {"customer": "ada"}), ("survey", survey), ("summaries", asked)):
        assert requests.post(f"{page}/{path}", data=form, timeout=10).status_code == 200

    def sections() -> dict[str, str]:
        return {part.partition('"')[0]: part for part in requests.get(page, timeout=30).text.split('data-live="')}

    until(lambda: 'class="comment internal"' in sections()["conversations"], seconds=90)
    until(lambda: "I could not pay" in sections()["messages"], seconds=90)
    until(lambda: "Called back: highlights.ready, answered with 204" in sections()["summaries"], seconds=90)
    assert '<span class="status">ready</span>' in sections()["summaries"]
    assert "did not reach" not in requests.get(page, timeout=30).text
    printed = shell(f"{PYTHON} -m sandbox --env").stdout
    for name in ("INTERCOM_ACCESS_TOKEN", "SLACK_BOT_TOKEN", "SURVEY_TOKEN", "ASK_TOKENS", "ASK_CALLBACK_HOSTS"):
        assert re.search(rf"^export {name}=[^']", printed, re.MULTILINE)


def test_without_a_sandbox_a_shell_does_not_go_on(shell: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    none = shell(f"{PYTHON} -m sandbox --env")
    assert (none.returncode, none.stderr) == (1, "No sandbox runs here. Start one in another terminal: make sandbox\n")
    assert "gone on" not in shell(f'eval "$({PYTHON} -m sandbox --env)" && echo gone on').stdout


def test_of_several_sandboxes_one_is_chosen_and_one_that_was_killed_is_none(
    start: Start, temporary: Path, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    first, second = start(), start()
    pages = [re.search(r"file more: +(http://\S+:(\d+))/", banner(each)) for each in (first, second)]
    unclear = shell(f"{PYTHON} -m sandbox --env")
    assert (unclear.returncode, unclear.stdout) == (1, "false\n")
    for process, page in zip((first, second), pages, strict=True):
        assert page
        assert f"--env {page[2]} " in unclear.stderr
        for choice in (page[2], process.pid):
            chosen = shell(f"{PYTHON} -m sandbox --env {choice}")
            assert (chosen.returncode, f"export ZENDESK_URL={page[1]}\n" in chosen.stdout) == (0, True)
    assert "No sandbox has the port or process id 1." in shell(f"{PYTHON} -m sandbox --env 1").stderr
    assert [oct(path.stat().st_mode) for path in temporary.glob("sandbox-*/beside.json")] == ["0o100600"] * 2
    first.kill()
    first.wait()
    only = shell(f"{PYTHON} -m sandbox --env")
    assert (only.returncode, f"export ZENDESK_URL={pages[1][1]}\n" in only.stdout) == (0, True)  # type: ignore[index]


def test_a_file_that_others_could_have_written_is_not_believed(
    temporary: Path, start: Start, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    banner(start())
    [folder] = temporary.glob("sandbox-*")
    folder.chmod(0o777)
    assert shell(f"{PYTHON} -m sandbox --env").returncode == 1
    folder.chmod(0o700)
    assert shell(f"{PYTHON} -m sandbox --env").returncode == 0


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        ("cleo", "LogRocket has no session of its requester, so there is nothing to tell"),
        ("dan", "LogRocket failed 4 times in a row, and the product gives up"),
        ("eve", "its requester has neither an e-mail address nor a user id, so there is nobody to ask LogRocket for"),
    ],
)
def test_once_ends_with_the_reason_when_no_note_will_come(start: Start, customer: str, reason: str) -> None:
    began = time.monotonic()
    code, out, err = ended(start("--once", "--customer", customer))
    assert code == 1
    assert "Internal note" not in out
    assert re.search(rf"It did not work: ticket \d+ gets no note: {reason}\.\n", err)
    assert time.monotonic() - began < 110, "it did not wait for the limit"


def test_the_page_tells_why_there_will_be_no_note(start: Start) -> None:
    process = start("--customer", "eve")
    shown = banner(process)
    assert "There will be no note: its requester has neither an e-mail address nor a user id" in shown
    page = re.search(r"file more: +(\S+)", shown)[1]  # type: ignore[index]
    ticket = requests.post(f"{page}sandbox/api/tickets", json={"status": "closed"}, timeout=5).json()["id"]
    end = time.monotonic() + 30
    while time.monotonic() < end:
        text = requests.get(page, timeout=5).text
        way = text.partition(f'id="ticket-{ticket}"')[2].partition("</article>")[0]
        if "No note: " in way:
            break
        time.sleep(0.2)
    assert re.search(r"The product&#39;s log: \w", way)
    assert re.search(r"No note: the product&#39;s log says: [^<]*closed", way)
    assert "No note: its requester has neither" in text
