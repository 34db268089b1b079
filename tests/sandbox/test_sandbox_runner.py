"""`python -m sandbox` with small products of its own: what it shows, why it fails, what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.terminal import note_as_text
from tests.processes import alive

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
IN_BACKGROUND = ("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh")  # starts what follows with SIGINT ignored
Until = Callable[..., None]

MAIN = "import runpy, sys; runpy.run_path(sys.argv[1] + '.py')"

SERVE = """
import subprocess, sys, os
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pids", "w").write(f"{os.getpid()} {child.pid}")

import json, os, socket, sys, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)
    def do_POST(self):
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(int(open("status").read()))
        if open("note").read():
            self.note(json.loads(sent)["ticket_id"])
    def note(self, number):
        wish = {"grant_type": "client_credentials", "client_id": os.environ["ZENDESK_CLIENT_ID"],
                "client_secret": os.environ["ZENDESK_CLIENT_SECRET"], "scope": "write"}
        token = json.load(self.send("POST", "/oauth/tokens", wish, {}))["access_token"]
        wish = {"ticket": {"comment": {"html_body": open("note").read(), "public": False}}}
        self.send("PUT", f"/api/v2/tickets/{number}", wish, {"Authorization": f"Bearer {token}"})
    def send(self, method, path, wish, headers):
        url, body = os.environ["ZENDESK_URL"] + path, json.dumps(wish).encode()
        wish = urllib.request.Request(url, body, headers | {"Content-Type": "application/json"}, method=method)
        return urllib.request.urlopen(wish)
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

assert sys.argv[1:3] == ["serve", "--data"] and os.environ["REDIS_URL"] == f"unix://{sys.argv[3]}/valkey.sock"
open("environment", "w").write(json.dumps({**os.environ, "has a .env": str(os.path.exists(".env"))}))
print("web says hello", flush=True)
assert (os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"]) == ("1", str(os.getpid()))
place = ("127.0.0.1", int(os.environ["PORT"]))
web = ThreadingHTTPServer(place, Web, bind_and_activate=False)
web.socket = socket.socket(fileno=3)
assert web.socket.getsockname() == place
web.serve_forever()
"""

INSTALL = """
import json, os, sys, urllib.request

def send(path, wish, token=""):
    url, headers = os.environ["ZENDESK_URL"] + path, {"Content-Type": "application/json", "Authorization": token}
    data = None if wish is None else json.dumps(wish).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(url, data, headers)))

names = ("client_id", "client_secret")
client = {name: os.environ["ZENDESK_" + name.upper()] for name in names}
token = "Bearer " + send("/oauth/tokens", client | {"grant_type": "client_credentials"})["access_token"]
wish = {"name": "x", "endpoint": os.environ["PUBLIC_URL"] + "/zendesk/tickets", "status": "active",
        "http_method": "POST", "request_format": "json", "subscriptions": ["conditional_ticket_events"]}
webhook = send("/api/v2/webhooks", {"webhook": wish}, token)["webhook"]["id"]
created = {"field": "update_type", "operator": "is", "value": "Create"}
action = {"field": "notification_webhook", "value": [webhook, '{"ticket_id": "{{ticket.id}}"}']}
send("/api/v2/triggers", {"trigger": {"title": "x", "conditions": {"all": [created]}, "actions": [action]}}, token)
secret = send(f"/api/v2/webhooks/{webhook}/signing_secret", None, token)["signing_secret"]["secret"]
print("arguments: " + " ".join(sys.argv[1:]), "ZENDESK_WEBHOOK_SECRET=" + secret, "the end", sep=chr(10))
open("installed", "w").write(json.dumps([sys.argv[1:], secret]))
"""


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A product that takes every delivery and posts a note."""
    (tmp_path / "integration").mkdir()
    (tmp_path / "integration" / "__main__.py").write_text(MAIN)
    (tmp_path / "install.py").write_text(INSTALL)
    (tmp_path / "serve.py").write_text(SERVE)
    (tmp_path / "status").write_text("202")
    for written in ("environment", "installed", "pids"):
        (tmp_path / written).touch()
    (tmp_path / "note").write_text('<p>She <a href="https://app.logrocket.com/x">paid</a></p>')
    return tmp_path


@pytest.fixture
def run(product: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the runner on the product."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [*IN_BACKGROUND, sys.executable, "-m", "sandbox", "--product", str(product), *arguments]
        environment = os.environ | {"TMPDIR": str(product), "ZENDESK_EMAIL": "leak@shop.example"}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def started_pids(product: Path, until: Until) -> list[int]:
    until(lambda: (product / "pids").exists() and (product / "pids").read_text().count(" "), seconds=20)
    return [int(pid) for pid in (product / "pids").read_text().split()]


def test_once_shows_the_ticket_and_its_note_and_leaves_nothing_behind(
    product: Path, run: Callable[..., subprocess.Popen[str]]
) -> None:
    process = run("--once")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert "Ada Example <ada@shop.example>: The discount code does not work" in out
    assert re.search(r"Internal note on ticket \d+, \d+\.\d s later:\n\n    She paid \[1\]\n", out)
    assert "    [1] https://app.logrocket.com/x" in out
    assert list(product.glob("sandbox-*")) == []
    assert not any(alive(int(pid)) for pid in (product / "pids").read_text().split())


def test_the_product_gets_every_variable_and_nothing_of_the_callers(
    product: Path, run: Callable[..., subprocess.Popen[str]]
) -> None:
    (product / ".env").write_text("LOGROCKET_REQUESTS_PER_HOUR=1\nA_FUTURE_VARIABLE=1\n")
    run("--once").communicate(timeout=30)
    environment = (product / "environment").read_text()
    assert "leak@shop.example" not in environment
    for blank in ("ZENDESK_EMAIL", "ZENDESK_API_TOKEN", "SECRET_KEY_FALLBACKS", "RETENTION_DAYS"):
        assert f'"{blank}": ""' in environment
    assert re.search(r'"PUBLIC_URL": "http://127\.0\.0\.1:\d+"', environment)
    assert re.search(r'"REDIS_URL": "unix:///', environment)
    assert re.search(r'"SECRET_KEY": "[^"]{32,}"', environment)
    assert '"has a .env": "False"' in environment
    assert f'"PATH": "{Path(sys.executable).parent}:' in environment


def test_a_note_that_does_not_come_in_time_ends_it_with_what_was_asked(
    product: Path, run: Callable[..., subprocess.Popen[str]]
) -> None:
    (product / "note").write_text("")
    process = run("--once", "--wait", "2")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert re.search(r"It did not work: no note on ticket \d+ after 2 s\n", err)
    assert "LogRocket was asked:\n  nothing" in err
    assert "Intercom was asked:\n  nothing" in err
    assert "Slack was asked:\n  nothing" in err


def test_the_product_installs_itself_and_gets_the_secret_that_it_told(
    product: Path, run: Callable[..., subprocess.Popen[str]]
) -> None:
    run("--once").communicate(timeout=30)
    arguments, secret = json.loads((product / "installed").read_text())
    assert arguments == ["install", "--yes", "--ratings"]
    assert json.loads((product / "environment").read_text())["ZENDESK_WEBHOOK_SECRET"] == secret


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"serve.py": "print('no settings'); raise SystemExit(2)"}, ["serve ended with exit code 2", "| no settings"]),
        ({"serve.py": "raise SystemExit(3)"}, ["serve ended with exit code 3", "| (no output)"]),
        ({"status": "401", "note": ""}, ["refused the delivery", ": 401", "| web says hello"]),
        ({"install.py": "print('no way'); exit(1)"}, ["install ended with exit code 1", "| no way"]),
        ({"install.py": "print('no secret')"}, ["install ended with exit code 0", "| no secret"]),
    ],
)
def test_once_tells_why_there_is_no_note(
    product: Path, run: Callable[..., subprocess.Popen[str]], changes: dict[str, str], reasons: list[str]
) -> None:
    for name, text in changes.items():
        (product / name).write_text(text)
    process = run("--once")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "It did not work: " in err
    for reason in reasons:
        assert reason in err
    assert list(product.glob("sandbox-*")) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_everything_ends_with_the_runner(
    product: Path, run: Callable[..., subprocess.Popen[str]], until: Until, number: signal.Signals, code: int
) -> None:
    process = run()
    assert process.stdout
    assert process.stderr
    shown = "".join(iter(process.stdout.readline, "Ctrl-C ends everything.\n"))
    assert re.search(r"Tickets, to file more: +http://127\.0\.0\.1:\d+/\n", shown)
    assert re.search(r"\(user admin, password \S{12,}\)", shown)
    pids = started_pids(product, until)
    assert len([pid for pid in pids if alive(pid)]) == 2
    process.send_signal(number)
    assert process.wait(20) == code
    until(lambda: not any(alive(pid) for pid in pids), seconds=20)
    until(lambda: not list(product.glob("sandbox-*")), seconds=20)
    assert "serve  | web says hello\n" in process.stderr.read()


def test_the_runner_fails_when_a_part_ends_later(
    product: Path, run: Callable[..., subprocess.Popen[str]], until: Until
) -> None:
    process = run()
    assert process.stdout
    for line in iter(process.stdout.readline, ""):
        if line.startswith("Ctrl-C"):
            break
    os.kill(started_pids(product, until)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "serve ended with exit code 137" in err


def test_a_note_reads_well_without_a_browser() -> None:
    html = (
        '<div class="zd-comment"><p>She <a href="https://a.example/1">paid</a> &amp; <b>left</b>.<br>Then:</p>'
        f"<ul><li>one <code>x</code></li><li>{'long ' * 30}</li></ul></div>"
    )
    text = note_as_text(html)
    assert text.startswith("She paid [1] & *left*.\nThen:\n\n- one `x`\n- long long")
    assert text.endswith("\n\n[1] https://a.example/1")
    assert max(len(line) for line in text.splitlines()) <= 96
    assert "\n  long" in text
