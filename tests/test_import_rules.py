"""The rules of who may import whom hold: what breaks one of them, made up in a copy of the project, is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LINT], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("integration", "worker", "sandbox"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_project_keeps_its_rules() -> None:
    kept = lint(ROOT)
    assert kept.returncode == 0, kept.stdout + kept.stderr


@pytest.mark.parametrize(
    ("module", "imported", "rule"),
    [
        ("integration/facts.py", "integration.errors", "1. "),
        ("integration/errors.py", "integration.http", "1. "),
        ("integration/cases/ledger.py", "integration.zendesk.webhook", "2. "),
        ("integration/cases/lanes.py", "integration.logrocket.results", "2. "),
        ("integration/cases/recovery.py", "integration.freshdesk", "2. "),
        ("integration/note/html.py", "integration.logrocket.links", "3. "),
        ("integration/note/marker.py", "integration.errors", "3. "),
        ("integration/logrocket/client.py", "integration.zendesk.pace", "4a."),
        ("integration/freshdesk/__init__.py", "integration.zendesk.pace", "4a."),
        ("integration/http.py", "integration.zendesk.pace", "4a."),
        ("integration/web/deliveries.py", "integration.zendesk.webhook", "4a."),
        ("worker/jobs.py", "integration.logrocket.callback", "4a."),
        # of services that no rule names
        ("integration/freshdesk/__init__.py", "integration.helpscout", "4a."),
        ("integration/zendesk/desk.py", "integration.freshdesk", "4a."),
        ("integration/http.py", "integration.freshdesk", "4a."),
        ("integration/web/app.py", "integration.freshdesk", "4a."),
        ("worker/jobs.py", "integration.freshdesk", "4a."),
        ("integration/freshdesk/__init__.py", "integration.cases.ledger", "4b."),
        ("integration/zendesk/desk.py", "integration.cases.entry", "4b."),
        ("integration/freshdesk/__init__.py", "integration.web.app", "4c."),
        ("integration/logrocket/client.py", "integration.services", "4c."),
        ("integration/zendesk/missed.py", "worker.jobs", "4c."),
        ("sandbox/runner.py", "integration.settings", "6. "),
        ("sandbox/__init__.py", "worker.jobs", "6. "),
    ],
)
def test_an_import_that_breaks_a_rule_is_found(module: str, imported: str, rule: str, copy: Path) -> None:
    for name in ("freshdesk", "helpscout"):
        new = copy / f"integration/{name}/__init__.py"
        new.parent.mkdir()
        new.write_text('"""A service that nobody knew."""\n')
    with (copy / module).open("a") as source:
        source.write(f"\nimport {imported}\n")
    broken = lint(copy)
    told = [line for line in broken.stdout.splitlines() if " BROKEN" in line]
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert any(line.startswith(rule) for line in told), broken.stdout


def test_a_new_services_folder_that_keeps_the_rules_needs_no_line_in_them(copy: Path) -> None:
    new = copy / "integration/freshdesk/__init__.py"
    new.parent.mkdir()
    known = ("errors", "facts", "http", "json_body", "logs", "note", "ports")
    new.write_text("".join(f"import integration.{name}\n" for name in known))
    shutil.copy(ROOT / "tests/whole/freshdesk/service.py", new.parent)
    with (copy / "integration/services.py").open("a") as source:
        source.write("\nimport integration.freshdesk.service\n")
    kept = lint(copy)
    assert kept.returncode == 0, kept.stdout + kept.stderr
