"""The README followed to the letter: each command is run as it stands there; Heroku's command line has a stand-in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.conftest import ROOT, Processes, wait_for

pytestmark = pytest.mark.slow

HEROKU = """\
# Heroku's command line, as far as the README uses it: variables are in a file.
import json, os, pty, subprocess, sys
place = os.environ["PLATFORM"]
config = json.load(open(place))
command, *words = sys.argv[1:]
if command == "config:set":
    config |= dict(word.split("=", 1) for word in words)
elif command == "config:unset":
    config = {name: value for name, value in config.items() if name not in words}
elif command == "config:get":
    print(config.get(words[0], ""))
elif command == "info" and words == ["--shell"]:
    print("name=highlights-1234", "web_url=" + os.environ["WEB_URL"] + "/", "region=us", sep=os.linesep)
elif command == "run":
    if words[0] == "-e":
        config |= dict(word.split("=", 1) for word in words[1].split(";"))
        words = words[2:]
    assert words[:2] == ["--", "python"]
    terminal, its_end = pty.openpty()
    os.write(terminal, b"y" + os.linesep.encode())
    sys.exit(subprocess.run([sys.executable, *words[2:]], env=os.environ | config, stdin=its_end).returncode)
else:
    sys.exit(command + " is unknown")
json.dump(config, open(place, "w"))
"""


class Admin:
    """Somebody who types what the README says, and the app that this makes."""

    def __init__(self, sandbox: Sandbox, config: dict[str, str], port: int, folder: Path) -> None:
        self.sandbox, self.port, self.folder = sandbox, port, folder
        self.config_file = folder / "config.json"
        self.config_file.write_text(json.dumps(config))
        (folder / "heroku").write_text(f"#!{sys.executable}\n{HEROKU}")
        (folder / "heroku").chmod(0o755)
        self.app: Processes | None = None
        self.runs_with: dict[str, str] = {}
        self.secret = ["-"]  # the signing secret that was printed last

    @property
    def config(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.config_file.read_text())
        return found

    def types(self, command: str, **placeholders: str) -> None:
        """Run a line of the README, with what belongs into its <placeholders>."""
        for name, value in placeholders.items():
            command = command.replace(f"<{name.replace('_', ' ')}>", value)
        assert not re.search(r"<[a-z]", command), command
        if command.endswith(" check"):
            self.has_the_app_running()
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,  # not the checkout, whose .env may hold anything
            env={
                "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "PLATFORM": str(self.config_file),
                "WEB_URL": f"http://127.0.0.1:{self.port}",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        self.secret = re.findall(r"ZENDESK_WEBHOOK_SECRET=([^\s']+)", done.stdout)[-1:] or self.secret

    def has_the_app_running(self) -> None:
        """As Heroku does, start it anew once a variable was set."""
        if self.app is None or self.runs_with != self.config:
            if self.app is not None:
                for name in self.app.running:
                    self.app.stop(name)
            self.runs_with = self.config
            self.app = Processes(self.runs_with, self.port, self.folder)
            self.app.start("web", "worker")

    def sees_one_note_on_a_new_ticket(self) -> None:
        self.has_the_app_running()
        zendesk = self.sandbox.zendesk
        number = zendesk.file_ticket()
        wait_for(lambda: zendesk.internal_notes(number), seconds=60)
        wait_for(lambda: all(each.outcome for each in zendesk.all_deliveries), seconds=30)
        assert len(zendesk.internal_notes(number)) == 1


@pytest.fixture
def admin(sandbox: Sandbox, redis_url: str, redis: object, port: int, tmp_path: Path) -> Iterator[Admin]:
    assert redis
    beyond = {name: url for name, url in sandbox.environment().items() if name.endswith("_URL")}
    made = Admin(sandbox, {**beyond, "REDIS_URL": redis_url, "SETTLE_SECONDS": "1"}, port, tmp_path)
    try:
        yield made
    finally:
        if made.app is not None:
            made.app.end_all()


def commands(text: str) -> list[str]:
    """The lines that are there to be copied."""
    return [line.strip() for line in text.splitlines() if re.match(r" {4,}heroku ", line)]


def step(number: int) -> str:
    install = (ROOT / "README.md").read_text().partition("\n## Install it\n")[2].partition("\n## ")[0]
    return install.partition(f"\n{number}. ")[2].partition(f"\n{number + 1}. ")[0]


def changing() -> str:
    return (ROOT / "docs/install.md").read_text().partition("\n## Changing an address or a secret\n")[2]


def change_of(secret: str) -> list[str]:
    """The commands of a secret's row."""
    (row,) = re.findall(rf"^\| `{secret}` \| (.*) \|$", changing(), re.MULTILINE)
    return re.findall(r"`(heroku [^`]+)`", row)


def install(admin: Admin) -> None:
    """Steps 4 to 6."""
    given = admin.sandbox.environment()
    placeholders = {
        "acme, of acme.zendesk.com": given["ZENDESK_SUBDOMAIN"],
        "org/app": given["LOGROCKET_APP_ID"],
        "identifier": given["ZENDESK_CLIENT_ID"],
        "secret": given["ZENDESK_CLIENT_SECRET"],
        "key": given["LOGROCKET_API_KEY"],
    }
    for command in commands(step(4)):
        admin.types(command, **placeholders)
    for command in commands(step(5)):
        admin.types(command)
    for command in commands(step(6)):
        admin.types(command, as_printed=admin.secret[0])


def test_who_follows_the_readme_has_notes(admin: Admin) -> None:
    early = Processes(admin.config, admin.port, admin.folder)
    early.start_only("web")
    early.start_only("worker")
    assert [process.wait(timeout=60) for process in early.running.values()] == [2, 2]
    assert "ZENDESK_CLIENT_ID is not set" in early.log("web")
    install(admin)
    (check,) = commands(step(7))
    admin.types(check)
    admin.sees_one_note_on_a_new_ticket()


def test_who_changes_the_address_as_the_readme_says_has_one_note_a_ticket(admin: Admin) -> None:
    install(admin)
    before, new = admin.config, f"http://localhost:{admin.port}"
    lines = commands(changing())
    assert [line.split()[-1] for line in lines if " run " in line] == ["install", "recover", "uninstall"]
    for line in lines:
        values = {"the old one": before["ZENDESK_WEBHOOK_SECRET"], "as printed": admin.secret[0]}
        admin.types(line, new=new, old=before["PUBLIC_URL"], **values)
        if " recover" not in line:  # which changes nothing in Zendesk
            admin.sees_one_note_on_a_new_ticket()
    (webhook,) = admin.sandbox.zendesk.desk.hooks.listed_webhooks()
    assert webhook.endpoint == f"{new}/zendesk/tickets"
    admin.types("heroku run -- python -m integration check")


def test_who_changes_a_secret_as_the_readme_says_has_one_note_a_ticket(admin: Admin) -> None:
    install(admin)
    before = admin.config
    fallback, unset = change_of("SECRET_KEY")
    admin.types(fallback)
    assert admin.config["SECRET_KEY_FALLBACKS"] == before["SECRET_KEY"] != admin.config["SECRET_KEY"]
    admin.types(unset)
    hooks = admin.sandbox.zendesk.desk.hooks
    hooks.reset_secret(hooks.listed_webhooks()[0].id)
    for command in commands(step(5)):
        admin.types(command)
    for command in change_of("ZENDESK_WEBHOOK_SECRET"):
        admin.types(command, new=admin.secret[0], old=before["ZENDESK_WEBHOOK_SECRET"])
    for command in change_of("ADMIN_PASSWORD"):
        admin.types(command)
    assert all(admin.config[name] != before[name] for name in ("ZENDESK_WEBHOOK_SECRET", "ADMIN_PASSWORD"))
    admin.sees_one_note_on_a_new_ticket()
    admin.types("heroku run -- python -m integration check")
