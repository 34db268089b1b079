"""What a process loads: what it needs, before anybody waits for it, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Processes, wait_for
from tests.processes import children

ALWAYS_NEEDLESS = {"requests", "urllib3", "zenpy", "nh3", "markdown_it", "phonenumbers", "stdnum", "structlog"}
OF_THE_PAGE = {"flask_wtf", "wtforms", "babel", "limits", "prometheus_client", "secure", "flask_httpauth"}

WEB = """
import sys
from integration import settings
from integration.web import app, gunicorn_worker, server
made = app.create_app(settings.from_environment())
print(*sys.modules)
"""
DELIVERY = """
before = set(sys.modules)
from integration.zendesk import webhook
import time, os
body = b'{"ticket_id": "123", "requester_email": "ada@shop.example"}'
headers = webhook.signed(body, secret=os.environ["ZENDESK_WEBHOOK_SECRET"], now=time.time())
told = [made.test_client().post("/zendesk/tickets", data=body, headers=headers).status_code]
told.append(made.test_client().post("/logrocket/highlights?ticket_id=1&token=x", data=b"{}").status_code)
print(told, *sorted(set(sys.modules) - before), file=sys.stderr)
"""
WORKER = """
import sys
from integration import settings
from worker import __main__ as worker
worker.load(settings.from_environment())
print(*sys.modules)
"""
COMMAND = """
import sys
from integration.__main__ import main
main(["check", "--offline"])
print(*sys.modules)
"""


def run(script: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def loaded(script: str, environ: dict[str, str]) -> set[str]:
    """The packages that a script loads."""
    return {name.partition(".")[0] for name in run(script, environ).stdout.split()}


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name != "ADMIN_PASSWORD"}


def test_the_web_process_loads_what_it_needs_alone(environ: dict[str, str]) -> None:
    packages = loaded(WEB, environ)
    assert {"flask", "rq", "gevent"} <= packages
    assert not packages & (ALWAYS_NEEDLESS | OF_THE_PAGE)


def test_the_page_is_loaded_with_its_password_before_anybody_asks_for_it(environ: dict[str, str]) -> None:
    packages = loaded(WEB, {**environ, "ADMIN_PASSWORD": "correct horse battery staple"})
    assert packages >= OF_THE_PAGE - {"babel"}
    assert not packages & ALWAYS_NEEDLESS


def test_nothing_is_loaded_while_a_delivery_waits(environ: dict[str, str]) -> None:
    told = run(WEB + DELIVERY, environ).stderr.splitlines()[-1]
    status, _, modules = told.partition("]")
    assert status == "[202, 401"
    # Werkzeug's client for tests, and what it needs.
    ours = {
        name for name in modules.split() if name.partition(".")[0] in {"integration", "redis", "rq", "itsdangerous"}
    }
    assert not ours


def test_a_command_loads_no_other_one(environ: dict[str, str]) -> None:
    packages = loaded(COMMAND, environ)
    assert "integration" in packages
    assert not packages & {"flask", "gunicorn", "gevent", "zenpy", "jinja2", "babel", "markdown_it", "nh3"}


@pytest.mark.parametrize("question", ["ticket", "off", "What went wrong?"])
def test_a_worker_loads_what_makes_a_question_of_a_ticket_where_one_is_asked(
    question: str, environ: dict[str, str]
) -> None:
    packages = loaded(WORKER, {**environ, "QUESTION": question})
    assert packages >= {"rq", "requests", "zenpy", "nh3", "markdown_it"}
    assert "jinja2" not in packages
    assert packages.isdisjoint({"phonenumbers", "stdnum"}) is (question != "ticket")


def test_a_worker_loads_what_renders_a_template_where_there_is_one(environ: dict[str, str]) -> None:
    assert "jinja2" in loaded(WORKER, {**environ, "NOTE_TEMPLATE": "{{ summary }}"})


PLUGINS = """
from importlib import metadata
asked = []
before = metadata.entry_points
def entry_points(**group):
    asked.append(group)
    return before(**group)
metadata.entry_points = entry_points
from integration.web import server
from gevent import monkey
print(monkey.is_module_patched("socket"), metadata.entry_points is entry_points, asked)
"""
SELECT = """
from integration.web import server
from integration.web.gunicorn_worker import Worker
import select
from redis._parsers import hiredis
Worker.patch(None)
print(select.poll.__module__, hiredis.select.poll is select.poll)
"""


def test_nothing_that_is_installed_has_a_say_in_what_gevent_replaces(environ: dict[str, str]) -> None:
    assert run(PLUGINS, environ).stdout.split(maxsplit=2) == ["True", "True", "[]\n"]


def test_redis_py_asks_the_system_whether_a_connection_is_good(environ: dict[str, str]) -> None:
    assert run(SELECT, environ).stdout.split() == ["select", "True"]


TELLS = """
import gc, os, signal
def tell(*_):
    with open(os.environ["TOLD"], "a") as file:
        file.write(f"{os.getpid()} {gc.isenabled()} {gc.get_freeze_count() > 10_000}\\n")
signal.signal(signal.SIGRTMIN, tell)
"""


@pytest.mark.parametrize("name", ["web", "worker"])
def test_garbage_is_collected_when_all_is_loaded(name: str, processes: Processes, tmp_path: Path) -> None:
    told, code = tmp_path / "told", tmp_path / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(TELLS)
    processes._environ |= {"PYTHONPATH": str(code), "TOLD": str(told)}
    processes.start(name)
    started = wait_for(lambda: children(processes.running[name].pid))

    def all_told() -> bool:
        for child in started:
            os.kill(child, signal.SIGRTMIN)
        return told.exists() and {int(line.split()[0]) for line in told.read_text().splitlines()} >= set(started)

    wait_for(all_told)
    assert {line.split(maxsplit=1)[1] for line in told.read_text().splitlines()} == {"True True"}
