"""The tests themselves: the same run has the same result."""

from __future__ import annotations

import hypothesis


def test_hypothesis_draws_the_same_examples_in_each_run_and_has_no_deadline() -> None:
    drawn = hypothesis.settings()
    assert drawn.derandomize
    assert drawn.deadline is None
    assert drawn.database is None
