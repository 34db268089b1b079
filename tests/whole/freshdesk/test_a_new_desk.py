"""A desk is added with one folder and one line: the product's own processes write notes on Freshdesk's tickets."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.note import marker
from sandbox import Sandbox
from tests.admin import PASSWORD, Admin
from tests.conftest import ROOT, Processes, wait_for
from tests.whole.freshdesk.stand_in import API_KEY, SECRET, Freshdesk

pytestmark = pytest.mark.slow

LAST = '    "logrocket",\n'
LINE = '    "freshdesk",\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the product with the new folder, and the one line."""
    for folder in ("integration", "worker"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    new = tmp_path / "integration/freshdesk"
    new.mkdir()
    (new / "__init__.py").touch()
    for name in ("service.py", "settings.py"):
        example = Path(__file__).with_name(name).read_text()
        (new / name).write_text(example.replace("tests.whole.freshdesk", "integration.freshdesk"))
    services = tmp_path / "integration/services.py"
    before = services.read_text()
    assert before.count(LAST) == 1
    services.write_text(before.replace(LAST, LAST + LINE))
    return tmp_path


@pytest.fixture
def freshdesk() -> Iterator[Freshdesk]:
    with Freshdesk() as running:
        yield running


@pytest.fixture
def environ(environ: dict[str, str], freshdesk: Freshdesk) -> dict[str, str]:
    own = {"FRESHDESK_URL": freshdesk.url, "FRESHDESK_API_KEY": API_KEY, "FRESHDESK_SECRET": SECRET}
    return {**environ, **own, "ADMIN_PASSWORD": PASSWORD}


@pytest.fixture
def product(environ: dict[str, str], port: int, source: Path) -> Iterator[Processes]:
    made = Processes(environ, port, source, source=source)
    try:
        made.start("web", "worker")
        yield made
    finally:
        made.end_all()


def status(product: Processes, case: str) -> dict[str, Any]:
    """What `status CASE --json` tells; nothing when the case is not known."""
    run = [sys.executable, "-m", "integration", "status", case, "--json"]
    environ = {**os.environ, **product._environ}
    done = subprocess.run(
        run, cwd=product._source, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    told: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return told


# -- It works


def test_a_ticket_of_the_new_desk_gets_one_internal_note_and_so_does_one_of_zendesks(
    freshdesk: Freshdesk, sandbox: Sandbox, product: Processes
) -> None:
    assert freshdesk.file_ticket(31, product.url) == 202
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    [note] = wait_for(lambda: freshdesk.notes["31"])
    assert note["private"] is True
    assert marker.any_is_in([note["body"]])
    wait_for(lambda: sandbox.zendesk.internal_notes(number))

    known = wait_for(lambda: (told := status(product, "freshdesk-31")).get("state") == "posted" and told)
    assert (known["case"], known["note_id"], known["note_is_public"]) == ("freshdesk-31", 100, False)
    assert freshdesk.file_ticket(31, product.url) == 200  # it is known
    assert len(freshdesk.notes["31"]) == 1
    assert "note posted case=freshdesk-31" in product.log("worker")


def test_a_note_whose_answer_was_lost_is_found_again(freshdesk: Freshdesk, product: Processes) -> None:
    freshdesk.lose = 1
    assert freshdesk.file_ticket(32, product.url) == 202
    wait_for(lambda: status(product, "freshdesk-32").get("state") == "posted", seconds=40)
    assert len(freshdesk.notes["32"]) == 1
    asked = [each.partition("?")[0].rpartition("/")[2] for each in freshdesk.asked if "/tickets/32/" in each]
    assert asked == ["notes", "conversations"]


def test_all_that_is_told_of_services_is_told_of_the_new_one(freshdesk: Freshdesk, product: Processes) -> None:
    assert freshdesk.file_ticket(33, product.url, secret="of-somebody-else") == 401
    admin = Admin(product.url)
    wait_for(lambda: "trouble-freshdesk_signature_mismatch" in admin.page())
    page = admin.page()
    assert "does not match FRESHDESK_SECRET" in page
    assert "Freshdesk endpoint: signed with another secret (401)" in page
    assert 'id="lane-freshdesk"' in page
    metrics = admin.get("/metrics").text
    assert 'highlights_deliveries_refused_total{endpoint="freshdesk",reason="wrong_signature"} 1.0' in metrics
    assert 'highlights_trouble{name="freshdesk_down",severity="none"} 0.0' in metrics
    admin.session.close()


def test_what_the_new_desk_lacks_is_told_with_all_the_rest(source: Path, environ: dict[str, str]) -> None:
    lacking = {**environ, "FRESHDESK_URL": "", "FRESHDESK_SECRET": "", "LOGROCKET_APP_ID": ""}
    run = [sys.executable, "-m", "worker"]
    done = subprocess.run(
        run, cwd=source, env={**os.environ, **lacking}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    for name in ("FRESHDESK_URL", "FRESHDESK_SECRET", "LOGROCKET_APP_ID"):
        assert f"{name} is not set" in done.stderr


# -- The promise


def test_outside_of_its_folder_the_new_desk_is_one_line(source: Path) -> None:
    changes = []
    for path in sorted(file for file in source.rglob("*") if file.is_file()):
        name = path.relative_to(source)
        if name.is_relative_to("integration/freshdesk"):
            continue
        before, after = (
            (root / name).read_bytes().decode("latin-1").splitlines(keepends=True) for root in (ROOT, source)
        )
        changes += [line for line in difflib.ndiff(before, after) if not line.startswith("  ")]
    assert changes == [f"+ {LINE}"]
