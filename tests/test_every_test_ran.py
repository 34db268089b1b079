"""The plugin of `.ci/run`: a run in which a test did not run fails, with and without workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

WITH_WORKERS = pytest.mark.parametrize("workers", [[], ["--numprocesses=2"]], ids=["alone", "with workers"])


def run(folder: Path, text: str, *arguments: str) -> tuple[int, str, str]:
    """Run a file of tests with the plugin; the exit code, what was said, and the count that was left."""
    (folder / "test_it.py").write_text(f"import os, pytest\n{text}", encoding="utf-8")
    count = folder / "count"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / ".ci"), "EVERY_TEST_RAN": str(count)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "every_test_ran", "-p", "no:cacheprovider", *arguments, "."],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, count.read_text(encoding="utf-8") if count.exists() else ""


@WITH_WORKERS
def test_tests_that_all_ran_are_counted_once(workers: list[str], tmp_path: Path) -> None:
    text = "@pytest.mark.parametrize('n', range(7))\ndef test_it(n): pass"
    code, said, count = run(tmp_path, text, *workers)
    assert (code, count) == (0, "7 tests, every one ran\n"), said


@WITH_WORKERS
@pytest.mark.parametrize(
    ("text", "arguments", "named"),
    [
        ("@pytest.mark.skip\ndef test_other(): pass", [], "skipped: test_it.py::test_other"),
        ("def test_other(): pytest.skip('why')", [], "skipped: test_it.py::test_other"),
        ("pytest.skip('why', allow_module_level=True)", [], "skipped: test_it.py"),
        ("@pytest.mark.xfail\ndef test_other(): assert False", [], "expected to fail: test_it.py::test_other"),
        ("def test_other(): pass", ["-k", "test_first"], "deselected: test_it.py::test_other"),
    ],
    ids=["mark", "skip", "module", "xfail", "deselected"],
)
def test_one_that_did_not_run_fails_the_run_and_is_named(
    workers: list[str], text: str, arguments: list[str], named: str, tmp_path: Path
) -> None:
    (tmp_path / "test_first.py").write_text("def test_first(): pass", encoding="utf-8")
    code, said, count = run(tmp_path, text, *arguments, *workers)
    assert (code, count) == (1, ""), said
    assert said.splitlines().count(named) == 1, said


def test_one_that_ends_its_worker_fails_the_run(tmp_path: Path) -> None:
    code, said, count = run(tmp_path, "def test_other(): os._exit(0)", "--numprocesses=2")
    assert (code, count) == (1, ""), said
