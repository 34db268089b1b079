"""How fast notes may go, by what Intercom's answers say of its limits."""

from __future__ import annotations

import pytest

from integration.facts import Pace
from integration.intercom import pace

DATE = {"Date": "Wed, 25 Nov 2026 10:00:00 GMT"}
NOW = 1795600800


def told(limit: int, left: int, resets_in: int | None) -> Pace:
    reset = {} if resets_in is None else {"X-RateLimit-Reset": str(NOW + resets_in)}
    read = pace.read({**DATE, **reset, "X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left)})
    assert read is not None
    return read


def test_half_of_a_whole_limit_is_taken_when_all_of_it_is_left() -> None:
    assert told(1600, 1600, 10) == Pace(interval=0.05, pause=0.05)


def test_what_little_is_left_is_shared_out_until_the_window_ends() -> None:
    assert told(1600, 16, 8) == Pace(interval=4.0, pause=4.0)


def test_when_nothing_is_left_the_window_is_waited_for() -> None:
    assert told(1600, 7, 6) == Pace(interval=0.05, pause=6.0)
    assert told(160, 0, None).pause == 10.0


def test_a_window_whose_end_cannot_be_meant_is_one_of_ten_seconds() -> None:
    assert told(160, 0, 86_400).pause == 10.0
    assert told(160, 0, -5).pause == 1.0


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Limit": "x", "X-RateLimit-Remaining": "1"}, DATE])
def test_headers_that_do_not_tell_change_nothing(headers: dict[str, str]) -> None:
    assert pace.read(headers) is None
    assert pace.until_reset(headers) is None
