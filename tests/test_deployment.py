"""What a deployment is made of: app.json, .env.example, Dockerfile, compose.yaml, and the Procfile as it is run."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from dotenv import dotenv_values
from redis import Redis

from integration.settings import Settings, from_environment
from sandbox import Sandbox
from tests.conftest import ROOT, Processes, wait_for
from tests.ports import free_port
from tests.variables import ALL, ENVIRON, NEEDED, PLATFORMS_OWN, VARIABLES, needed

PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def app() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((ROOT / "app.json").read_text())
    return manifest


def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return services


def example() -> dict[str, str]:
    """The example with every line switched on."""
    text = re.sub(r"(?m)^# ([A-Z_]+=)", r"\1", (ROOT / ".env.example").read_text())
    lines = [line for line in text.splitlines() if re.match(r"[A-Z_]+=", line)]
    return dict(line.split("=", 1) for line in lines)


# -- Variables


def test_the_settings_ask_for_all_that_the_contract_names() -> None:
    assert (set(ALL) | {"LOGROCKET_REQUESTS_PER_HOUR"}) - PLATFORMS_OWN == VARIABLES
    assert needed() == set(NEEDED)


def test_the_deploy_button_describes_every_variable_but_the_one_that_its_redis_brings() -> None:
    assert set(app()["env"]) == VARIABLES - {"REDIS_URL"}
    assert all(variable["description"] for variable in app()["env"].values())


def test_the_deploy_button_asks_for_what_no_process_starts_without_and_offers_every_door() -> None:
    asked = {
        name
        for name, variable in app()["env"].items()
        if variable.get("required", True) and "generator" not in variable
    }
    told_by_the_platform = {"REDIS_URL", "PUBLIC_URL"}
    of_one_door = {name for name in needed() if name.startswith("ZENDESK_")}
    assert asked == needed() - told_by_the_platform - {"SECRET_KEY"} - of_one_door
    for door in ("tickets in Zendesk", "conversations in Intercom", "low scores in Slack", "requests over HTTP"):
        assert any(variable["description"].startswith(f"For {door}") for variable in app()["env"].values())
    generated = {name for name, variable in app()["env"].items() if variable.get("generator") == "secret"}
    assert generated == {"SECRET_KEY", "ADMIN_PASSWORD"}


def test_what_the_deploy_button_fills_in_is_accepted() -> None:
    filled_in = {name: variable["value"] for name, variable in app()["env"].items() if "value" in variable}
    settings = from_environment(
        {**ENVIRON, **filled_in, "PUBLIC_URL": "", "HEROKU_APP_DEFAULT_DOMAIN_NAME": "a.example"}
    )
    assert isinstance(settings, Settings)
    assert settings.public_url == "https://a.example"
    assert not settings.redis_tls_verify  # Heroku's certificates are signed by themselves


def test_the_deploy_button_brings_redis_and_runs_what_the_procfile_names() -> None:
    assert app()["addons"] == [{"plan": "heroku-redis:premium-0"}]  # the smallest that keeps its data; 40 connections
    assert set(app()["formation"]) == set(PROCFILE) == {"web", "worker"}
    assert all(process["quantity"] >= 1 for process in app()["formation"].values())


def test_the_example_names_every_variable_and_parses() -> None:
    assert set(example()) == VARIABLES
    parsed = dotenv_values(ROOT / ".env.example", interpolate=False)
    assert set(parsed) < VARIABLES
    assert not any(parsed.values())


def test_the_example_puts_first_what_a_process_cannot_start_without() -> None:
    names = list(example())
    assert max(names.index(name) for name in needed()) < names.index("ADMIN_PASSWORD")
    wanted = {"ZENDESK_WEBHOOK_SECRET"}  # without which a process starts, but takes in no ticket
    assert set(names[: len(needed() | wanted)]) == needed() | wanted


def test_a_copy_of_the_example_with_the_first_part_filled_in_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / ".env.example").read_text()
    for name in needed():
        text = text.replace(f"\n{name}=\n", f"\n{name}='{ENVIRON[name]}'\n")
    (tmp_path / ".env").write_text(text)
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES | PLATFORMS_OWN:
        monkeypatch.delenv(name, raising=False)
    assert from_environment() == from_environment({name: ENVIRON[name] for name in needed()})


def test_every_variable_of_the_example_has_a_line_on_what_it_is() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(# )?[A-Z_]+=", line):
            assert re.match(r"# .*[a-z].*", lines[number - 1]), line


def test_the_example_filled_in_is_accepted_with_the_defaults_that_it_shows() -> None:
    shown = {name: value for name, value in example().items() if value}
    assert from_environment({**ENVIRON, **shown}) == from_environment(ENVIRON)


# -- Containers


def test_the_image_copies_what_there_is_and_runs_the_procfiles_web() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / path).exists() for path in copied)
    assert set(copied) == let_in
    assert json.loads(lines[-1].removeprefix("CMD ")) == shlex.split(PROCFILE["web"])
    assert "USER highlights" in lines
    (install,) = (line for line in lines if "pip install" in line)
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install  # so that no build tools are needed, nor left


def health_check(**environ: str) -> int:
    """Run the image's own health check; its exit code."""
    health_check = re.search(r"^HEALTHCHECK .*\n +CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert health_check is not None
    command = json.loads(health_check[1])
    assert command[0] == "python"
    done = subprocess.run([sys.executable, *command[1:]], env=environ, capture_output=True, timeout=20, check=False)
    return done.returncode


@pytest.mark.usefixtures("product")
def test_the_images_health_check_finds_a_web_process_that_lives(port: int) -> None:
    assert health_check(PORT=str(port)) == 0
    assert health_check(PORT=str(free_port())) != 0


def test_compose_runs_the_procfile_with_a_redis_that_loses_nothing() -> None:
    services = compose()["services"]
    for name, command in PROCFILE.items():
        assert services[name]["command"] == shlex.split(command)
        assert services[name]["environment"]["REDIS_URL"] == "redis://valkey:6379/0"
        assert services[name]["env_file"] == ".env"
        assert services[name]["build"] == "."
        assert "image" not in services[name]  # two builds at once collide over one new tag
    assert "healthcheck" not in services["web"]  # the image's own
    assert services["worker"]["healthcheck"] == {"disable": True}
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    kept = " ".join(services["valkey"]["command"])
    assert "--appendonly yes --appendfsync always" in kept
    assert "--maxmemory-policy noeviction" in kept
    assert services["valkey"]["volumes"] == ["valkey:/data"]
    assert "ports" not in services["valkey"]


# -- The Python that runs it


def test_the_platform_runs_the_python_of_the_image() -> None:
    (version,) = (ROOT / ".python-version").read_text().splitlines()
    assert re.fullmatch(r"3\.\d+", version)  # Heroku's form that follows security releases
    assert (ROOT / "Dockerfile").read_text().splitlines()[1] == f"FROM python:{version}-slim"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


VERSION_MANAGER = """\
#!/bin/sh
# As the commands of a version manager: look for .python-version here and above, and run that Python if it is there.
folder=$PWD
while [ -n "$folder" ]; do
    if [ -e "$folder/.python-version" ]; then
        echo "version $(cat "$folder/.python-version") is not installed" >&2
        exit 1
    fi
    folder=${folder%/*}
done
"""


@pytest.mark.parametrize("python", ["python3", "relative/python3"])
def test_make_runs_with_the_python_of_the_machine_whatever_the_platform_shall_run(tmp_path: Path, python: str) -> None:
    checkout, shims = tmp_path / "a checkout", tmp_path / "shims"
    for folder in (checkout, shims):
        folder.mkdir()
    (checkout / "relative").symlink_to(shims)
    (shims / "python3").write_text(f'{VERSION_MANAGER}exec "{sys.executable}" "$@"\n')
    (shims / "python3").chmod(0o755)
    for name in ("Makefile", ".python-version"):
        shutil.copy(ROOT / name, checkout)
    (checkout / "requirements-dev.txt").touch()  # nothing to install: no network in tests
    path = f"{shims}{os.pathsep}{os.environ['PATH']}"
    caught = subprocess.run(
        ["python3", "--version"], cwd=checkout, env={"PATH": path}, capture_output=True, check=False
    )
    assert caught.returncode == 1
    done = subprocess.run(
        ["make", ".venv/.ready", f"PYTHON={python}"],
        cwd=checkout,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


# -- The Procfile, run by a runner


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_procfile_runs_as_it_is_under_a_runner(
    sandbox: Sandbox, environ: dict[str, str], port: int, tmp_path: Path, number: signal.Signals
) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mark = secrets.token_hex(16)
    (tmp_path / "nothing.env").touch()  # else the runner reads the checkout's own .env
    command = [
        sys.executable,
        "-m",
        "honcho",
        "-e",
        str(tmp_path / "nothing.env"),
        "-d",
        str(ROOT),
        "start",
        "--no-colour",
    ]
    with (tmp_path / "log").open("wb") as log:
        runner = subprocess.Popen(
            command, env={"PATH": path, "PORT": str(port), "MARK": mark, **environ}, stdout=log, stderr=log
        )
    try:
        ticket = sandbox.zendesk.file_ticket(deliver=False)
        wait_for(lambda: b"worker started" in (tmp_path / "log").read_bytes(), seconds=30)
        wait_for(lambda: delivered(sandbox, ticket), seconds=40)
        wait_for(lambda: sandbox.zendesk.internal_notes(ticket), seconds=30)
        assert len(marked(mark)) > 5  # the runner, two shells or what they became, and our processes
        deadline = time.monotonic() + 30
        runner.send_signal(number)
        runner.wait(timeout=30)
        wait_for(lambda: not marked(mark), seconds=max(deadline - time.monotonic(), 0.1))
    finally:
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        runner.wait()
    told = (tmp_path / "log").read_text()
    assert "Traceback" not in told, told


def marked(mark: str) -> list[int]:
    """The processes that live with `mark` in their environment, whatever group or session they are in."""
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"MARK={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                pids.append(int(folder.name))
    return pids


@pytest.mark.slow
def test_what_the_deploy_button_runs_uses_little_more_than_half_of_its_redis_40_connections(
    sandbox: Sandbox, environ: dict[str, str], port: int, redis: Redis, tmp_path: Path
) -> None:
    sizes = {name: app()["env"][name]["value"] for name in ("WEB_CONCURRENCY", "WORKER_CONCURRENCY")}
    before = clients(redis)
    product = Processes({**environ, **sizes, "ADMIN_PASSWORD": "open, but long enough"}, port, tmp_path)
    tickets = [sandbox.zendesk.file_ticket(deliver=False) for _ in range(40)]
    try:
        product.start("web", "worker")
        with ThreadPoolExecutor(30) as crowd:
            sent = [crowd.submit(sandbox.zendesk.deliver, ticket) for ticket in tickets]
            asked = [crowd.submit(look, f"{product.url}/{path}") for path in ("", "metrics") * 10 + ("readyz",) * 90]
        assert 200 in {answer.result() for answer in asked} <= {200, 503}  # 503: it was not its turn in time
        assert not any(delivery.exception() for delivery in sent)
        wait_for(lambda: any(sandbox.zendesk.internal_notes(ticket) for ticket in tickets), seconds=30)
        assert len(clients(redis) - before) <= 24  # connections stay once they are made
    finally:
        product.end_all()


def clients(redis: Redis) -> set[str]:
    return {client["id"] for client in redis.client_list()}


def look(url: str) -> int:
    return requests.get(url, auth=("admin", "open, but long enough"), timeout=60).status_code


def delivered(sandbox: Sandbox, number: int) -> bool:
    """Deliver once more, and wait for how it ends; whether the web process has taken it."""
    sandbox.zendesk.deliver(number)
    wait_for(lambda: sandbox.zendesk.all_deliveries[-1].outcome, seconds=30)
    return sandbox.zendesk.all_deliveries[-1].outcome == "success"
