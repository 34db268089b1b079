"""What a deployment is made of: app.json, .env.example, Dockerfile, compose.yaml, and the Procfile as it is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from integration.settings import Settings, from_environment
from sandbox import Sandbox
from tests.conftest import ROOT, free_port, wait_for
from tests.test_settings import ENVIRON

PLATFORMS_OWN = {"PORT", "HEROKU_APP_DEFAULT_DOMAIN_NAME"}
VARIABLES = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', (ROOT / "integration/settings.py").read_text())) - PLATFORMS_OWN
"""Every variable that an admin may set: all that settings.py names."""

PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def app() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "app.json").read_text())
    return found


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def example() -> dict[str, str]:
    """The example with every line switched on."""
    text = re.sub(r"(?m)^# ([A-Z_]+=)", r"\1", (ROOT / ".env.example").read_text())
    lines = [line for line in text.splitlines() if re.match(r"[A-Z_]+=", line)]
    return dict(line.split("=", 1) for line in lines)


# -- Variables


def test_settings_name_enough_variables_for_this_test_to_mean_something() -> None:
    assert {"REDIS_URL", "ZENDESK_WEBHOOK_SECRET", "LOGROCKET_REQUESTS_PER_HOUR", "LOG_FORMAT"} <= VARIABLES
    assert len(VARIABLES) > 20


def test_the_deploy_button_describes_every_variable_but_the_one_that_its_redis_brings() -> None:
    assert set(app()["env"]) == VARIABLES - {"REDIS_URL"}
    assert all(each["description"] for each in app()["env"].values())


def test_the_deploy_button_asks_for_what_a_process_cannot_start_without() -> None:
    asked = {name for name, each in app()["env"].items() if each.get("required", True) and "generator" not in each}
    assert asked == {
        "ZENDESK_SUBDOMAIN",
        "ZENDESK_CLIENT_ID",
        "ZENDESK_CLIENT_SECRET",
        "LOGROCKET_APP_ID",
        "LOGROCKET_API_KEY",
    }
    generated = {name for name, each in app()["env"].items() if each.get("generator") == "secret"}
    assert generated == {"SECRET_KEY", "ADMIN_PASSWORD"}


def test_what_the_deploy_button_fills_in_is_accepted() -> None:
    filled_in = {name: each["value"] for name, each in app()["env"].items() if "value" in each}
    assert isinstance(from_environment({**ENVIRON, **filled_in}), Settings)


def test_the_deploy_button_brings_redis_and_runs_what_the_procfile_names() -> None:
    assert app()["addons"][0]["plan"].startswith("heroku-redis:")
    assert set(app()["formation"]) == set(PROCFILE) == {"web", "worker"}
    assert all(each["quantity"] >= 1 for each in app()["formation"].values())


def test_the_example_names_every_variable_and_parses() -> None:
    assert set(example()) == VARIABLES
    parsed = dotenv_values(ROOT / ".env.example", interpolate=False)
    assert set(parsed) < VARIABLES
    assert not any(parsed.values())


def test_the_example_filled_in_is_accepted_with_the_defaults_that_it_shows() -> None:
    shown = {name: value for name, value in example().items() if value}
    assert from_environment({**ENVIRON, **shown}) == from_environment(ENVIRON)


def test_the_readme_describes_every_variable() -> None:
    table = (ROOT / "README.md").read_text().partition("\n## Variables\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=false)?`", table)) - PLATFORMS_OWN
    assert named == VARIABLES


# -- Containers


def test_the_image_copies_what_there_is_and_runs_the_procfiles_web() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / each).exists() for each in copied)
    assert set(copied) == let_in
    assert json.loads(lines[-1].removeprefix("CMD ")) == shlex.split(PROCFILE["web"])
    assert "USER highlights" in lines
    assert any("--require-hashes" in line for line in lines)


def health_check(**environ: str) -> int:
    """Run the image's own health check; its exit code."""
    found = re.search(r"^HEALTHCHECK .*\n +CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    command = json.loads(found[1])
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
    assert "healthcheck" not in services["web"]  # the image's own
    assert services["worker"]["healthcheck"] == {"disable": True}
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    kept = " ".join(services["valkey"]["command"])
    assert "--appendonly yes --appendfsync always" in kept
    assert "--maxmemory-policy noeviction" in kept
    assert services["valkey"]["volumes"] == ["valkey:/data"]
    assert "ports" not in services["valkey"]


def test_no_file_chooses_a_python_that_a_machine_may_lack() -> None:
    assert not (ROOT / ".python-version").exists()


# -- The Procfile, run by a runner


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A `.env` for the runner that sets nothing."""
    path = tmp_path / "empty.env"
    path.touch()
    return path


def test_the_procfile_runs_as_it_is_under_a_runner(
    sandbox: Sandbox, environ: dict[str, str], port: int, nobody: Path, tmp_path: Path
) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "honcho", "-e", str(nobody), "-d", str(ROOT), "start", "--no-colour"]
    with (tmp_path / "log").open("wb") as log:
        runner = subprocess.Popen(
            command, env={"PATH": path, "PORT": str(port), **environ}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        number = sandbox.zendesk.file_ticket(deliver=False)
        wait_for(lambda: b"worker started" in (tmp_path / "log").read_bytes(), seconds=30)
        wait_for(lambda: delivered(sandbox, number), seconds=40)
        wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=30)
        runner.send_signal(signal.SIGTERM)
        runner.wait(timeout=40)
        wait_for(lambda: not group_lives(runner.pid), seconds=20)
    finally:
        if group_lives(runner.pid):
            os.killpg(runner.pid, signal.SIGKILL)
        runner.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def delivered(sandbox: Sandbox, number: int) -> bool:
    """Deliver once more, and wait for how it ends; whether the web process has taken it."""
    sandbox.zendesk.deliver(number)
    wait_for(lambda: sandbox.zendesk.all_deliveries[-1].outcome, seconds=30)
    return sandbox.zendesk.all_deliveries[-1].outcome == "success"


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
