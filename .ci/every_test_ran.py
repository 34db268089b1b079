"""A pytest plugin for `.ci/run`: a test that did not run, or was expected to fail, makes the run fail.

When every test ran, their count is written to the file that the variable EVERY_TEST_RAN names. The workers of
pytest-xdist choose and run the tests: each hands what it left out over to the process that leads them, which decides.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

_HANDED_OVER = "tests that did not run"


class EveryTestRan:
    """Remembers which tests ran and which did not."""

    def __init__(self) -> None:
        self.ran = 0
        self.not_run: dict[str, None] = {}  # an ordered set: all workers tell of the same tests

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """An option or a plugin has left tests out."""
        for item in items:
            self._leave_out(f"deselected: {item.nodeid}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module or a class has been looked through for tests; it may skip itself as a whole."""
        if report.skipped:
            self._leave_out(f"skipped: {report.nodeid}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test is over; an xfail is reported as skipped, an xpass as passed."""
        if hasattr(report, "wasxfail"):
            self._leave_out(f"expected to fail: {report.nodeid}")
        elif report.skipped:
            self._leave_out(f"skipped: {report.nodeid}")
        elif report.when == "call":
            self.ran += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 -- pytest-xdist's, untyped
        """A worker has ended; one that died has nothing to tell, and the test that it ran is reported as failed."""
        if error is None:
            for line in node.workeroutput[_HANDED_OVER]:
                self._leave_out(line)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """All tests are over: a success stays one only when each of them ran."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_HANDED_OVER] = list(self.not_run)
            return
        if session.exitstatus != pytest.ExitCode.OK:
            return
        if self.not_run:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            report = Path(os.environ["EVERY_TEST_RAN"])
            report.write_text(f"{self.ran} tests, every one ran\n", encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the tests that did not run."""
        if self.not_run:
            terminalreporter.section("tests that did not run, which fails this run", red=True)
            for line in self.not_run:
                terminalreporter.line(line)

    def _leave_out(self, line: str) -> None:
        self.not_run[line] = None


def pytest_configure(config: pytest.Config) -> None:
    """Watch this run."""
    config.pluginmanager.register(EveryTestRan())
