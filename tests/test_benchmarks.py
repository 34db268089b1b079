"""The benchmarks' own tests: that they run, check what they measure, and judge by the median. No time is tested."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measures import ALL
from benchmarks.processes import Tree, wait_until
from benchmarks.rows import Row, table
from benchmarks.world.http import Request
from benchmarks.world.services import Seen, Services
from tests.conftest import ROOT


def row(*ours: float, theirs: tuple[float, ...], aim: float | None, at_least: bool = False) -> Row:
    return Row(measure="a", unit="ms", ours=ours, reference="another", theirs=theirs, aim=aim, at_least=at_least)


def test_an_aim_is_judged_by_the_median_of_the_ratios_within_each_run() -> None:
    assert row(1, 10, 100, theirs=(10, 100, 1), aim=0.5).reached
    assert not row(1, 10, 100, theirs=(1, 10, 1000), aim=0.5).reached
    assert row(2, 3, theirs=(1,), aim=2.5, at_least=True).reached
    assert not row(2, 2, theirs=(1,), aim=2.5, at_least=True).reached
    assert row(1, theirs=(1,), aim=None).reached is None


def test_the_table_shows_the_median_and_between_what_all_runs_lie() -> None:
    shown = table([row(10, 30, 20, theirs=(10, 10, 10), aim=0.5)])
    assert "20.0 [10.0 - 30.0]" in shown
    assert "2.00 [1.00 - 3.00]" in shown
    assert "**not reached**" in shown


def put(services: Services, number: int, **comment: object) -> None:
    body = json.dumps({"ticket": {"comment": {"html_body": "<p>Highlights request 1</p>", **comment}}}).encode()
    answer = services.answer(Request("PUT", f"/api/v2/tickets/{number}.json", body), first=False)
    assert json.loads(answer.body)["audit"]["events"][0]["public"] is False


def test_a_second_note_a_public_one_and_one_without_our_marker_are_seen() -> None:
    services = Services(call_back=lambda *_: None, endpoint="")
    services.marker = "Highlights request "
    put(services, 7, public=False)
    assert services.ticket(7) == Seen(notes=1, marked=1, noted=services.ticket(7).noted)
    put(services, 7, public=False)
    put(services, 8, public=None)
    put(services, 9, public=False, html_body="<p>Something else</p>")
    assert services.noted == 3
    assert services.ticket(7).notes == 2
    assert services.ticket(8).public == 1
    assert services.ticket(9).marked == 0


def test_the_processor_time_of_a_tree_counts_children_that_have_ended(tmp_path: Path) -> None:
    spend = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {spend!r}])\ntime.sleep(60)"
    tree = Tree([sys.executable, "-c", code], folder=tmp_path, environ={}, log=tmp_path / "log")
    try:
        wait_until(lambda: tree.cpu_seconds() >= 0.3 and len(tree.pids()) == 1, seconds=30, what="the child has ended")
        assert tree.memory_mib() > 1
    finally:
        tree.kill()
    assert tree.pids() == []
    assert tree.cpu_seconds() == 0.0


@pytest.mark.slow
def test_the_product_and_the_references_are_measured_side_by_side(tmp_path: Path) -> None:
    told = tmp_path / "rows.json"
    command = [sys.executable, "-m", "benchmarks", "--tickets", "6", "--runs", "1", "--quick", "--only", "web", "way"]
    done = subprocess.run(
        [*command, "--json", str(told)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("\n| ") >= 10
    rows = json.loads(told.read_text())["rows"]
    assert {"tutorial", "tuned", "bare view"} <= {row["reference"] for row in rows}
    assert all(value > 0 for row in rows for value in row["theirs"])
    assert all(row["ours"] for row in rows)


def test_every_module_of_a_measure_can_be_chosen() -> None:
    modules = {path.stem for path in (ROOT / "benchmarks" / "measures").glob("*.py")} - {"__init__"}
    assert {measure.__module__.rpartition(".")[2] for measure in ALL.values()} == modules
