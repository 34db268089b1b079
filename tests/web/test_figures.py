"""What is counted and how it is said, without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration import safe_text, services
from integration.cases import standing
from integration.cases.entry import Entry, State
from integration.cases.lanes import Hold, NoteLane, Outlook
from integration.web.status import figures
from integration.web.status import wording as words
from integration.web.status.figures import SERIES, WINDOWS, Flow, Waits
from tests.tickets import key

HOUR = WINDOWS[0]


def flow(**counts: Sequence[int]) -> Flow:
    numbers = {name.replace("_", " "): tuple(parts) for name, parts in counts.items()}
    nothing = (0,) * HOUR.parts
    return Flow(window=HOUR, counts={name: numbers.get(name, nothing) for name in SERIES}, waits=None)


def outlook(*, notes_in: float = 0, requests_in: float = 0, interval: float = 2.0) -> Outlook:
    open_at = {"Zendesk": 1000 + notes_in, "LogRocket": 1000 + requests_in}
    notes = {"Zendesk": NoteLane(note_at=0, interval=interval)}
    return Outlook(now=1000, routes=services.routes(), open_at=open_at, notes=notes, free_requests=1)


# -- Figures


@pytest.mark.parametrize("window", WINDOWS)
def test_a_windows_parts_follow_each_other_up_to_now(window: figures.Window) -> None:
    edges = window.edges(10_000_000)
    assert edges[-1] == 10_000_000
    assert edges[0] == 10_000_000 - window.seconds
    assert {later - earlier for earlier, later in pairwise(edges)} == {window.part_seconds}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([], None),
        ([3], Waits(median=3, slow=3, looked_at=1)),
        ([4, 1, 3, 2], Waits(median=2, slow=4, looked_at=4)),
        (range(1, 101), Waits(median=50, slow=95, looked_at=100)),
        ([1] * 19 + [500], Waits(median=1, slow=1, looked_at=20)),
    ],
)
def test_waits_are_told_by_median_and_95th_percentile(seconds: Sequence[float], told: Waits | None) -> None:
    assert figures.waits(seconds) == told


@given(st.integers(0, 100_000), st.integers(2, 50), st.integers(1, 20))
def test_a_sample_is_spread_over_the_whole_and_takes_none_twice(number: int, runs: int, length: int) -> None:
    taken = figures.sample(number, runs=runs, length=length)
    ranks = [rank for first, last in taken for rank in range(first, last + 1)]
    assert len(ranks) == len(set(ranks)) == min(number, runs * length)
    assert all(-number <= rank <= -1 for rank in ranks)
    assert len(taken) <= runs
    if number:
        assert (min(ranks), max(ranks)) == (-number, -1)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(taken)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_what_happened_is_told_in_all_and_by_part() -> None:
    told = flow(came_in=[0] * 11 + [7], posted=[0] * 10 + [2, 3], failed=[0] * 11 + [1])
    assert told.totals == {"came in": 7, "posted": 5, "empty": 0, "skipped": 0, "failed": 1}
    assert told.rows() == [("0 to 5 min", [7, 3, 0, 0, 1]), ("5 to 10 min", [0, 2, 0, 0, 0])]
    assert not flow().rows()


@pytest.mark.parametrize(("told", "most"), [(flow(came_in=[3] * 12, posted=[4] * 12), 48), (flow(), 1)])
def test_no_bar_is_longer_than_its_place(told: Flow, most: int) -> None:
    assert told.most == most


def test_reasons_are_told_by_how_many_failed_for_them() -> None:
    assert figures.grouped(["a", "b", "b"]) == [("2 tickets", "b"), ("1 ticket", "a")]


# -- Words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 s"),
        (0.04, "0 s"),
        (1.26, "1.3 s"),
        (2.0, "2 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (601, "10 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (9000, "2 h 30 min"),
        (172800, "2 days"),
        (180000, "2 days 2 h"),
    ],
)
def test_a_time_span_is_said_as_a_person_would(seconds: float, said: str) -> None:
    assert words.duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (1795564800, "00:00:00 UTC"),
        (1795564800 - 1, "24 Nov 23:59 UTC"),
        (1795564800 - 360 * 86400, "2025-11-30 00:00 UTC"),
    ],
)
def test_a_moment_is_said_with_its_day_when_it_is_another_one(when: float, said: str) -> None:
    assert words.moment(when, 1795564800 + 60) == said


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("ada@shop.example", "a•••@s•••.example"),
        ("a@b", "a•••@b•••"),
        ('"ada@home"@mail.shop.example', '"•••@m•••.example'),
        ("ada", "•••@a•••"),
        ("", "•••@•••"),
    ],
)
def test_an_address_is_masked(email: str, masked: str) -> None:
    assert safe_text.masked(email) == masked


def test_limits_are_said_in_words() -> None:
    assert words.of_place("Zendesk", outlook(notes_in=2), None) == [
        "At most one note every 2\N{NO-BREAK SPACE}s: half of what Zendesk's limits allow."
    ]
    assert words.of_place("Zendesk", outlook(interval=0.006), None) == [
        "At most one note every 6\N{NO-BREAK SPACE}ms: half of what Zendesk's limits allow."
    ]
    assert (
        words.of_place("Zendesk", outlook(notes_in=40), None)[0]
        == "Zendesk asked us to wait: the next note goes in 40\N{NO-BREAK SPACE}s."
    )
    assert words.of_summariser(outlook(), None, asked=1, ceiling=1000) == [
        "1 of 1,000 requests were made in the last hour."
    ]
    paused, _, full = words.of_summariser(outlook(requests_in=30), None, asked=5, ceiling=5)
    assert paused == "LogRocket asked us to wait: the next request goes in 30\N{NO-BREAK SPACE}s."
    assert "LOGROCKET_REQUESTS_PER_HOUR" in full


def test_a_hold_says_what_to_do() -> None:
    hold = Hold(service="Zendesk", reason="Zendesk refuses our credentials (401)", since=5)
    [said] = words.of_place("Zendesk", outlook(notes_in=60), hold)
    assert said.startswith("Zendesk refuses our credentials (401). Tickets wait, and nothing is lost: look at ZENDESK_")


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_words(state: State) -> None:
    entry = Entry(key=key(1), received_at=0, entered_at=0, state=state)
    assert words.STATES[state]
    waits = words.waiting_for(entry, 10, routes=services.routes())
    assert (waits is None) == (state in figures.SERIES.values())


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), ""),
        (("Zendesk",), "Zendesk"),
        (("Zendesk", "Slack"), "Zendesk or Slack"),
        (("Zendesk", "Slack", "Intercom"), "Zendesk, Slack or Intercom"),
    ],
)
def test_names_are_listed_as_people_do(names: tuple[str, ...], told: str) -> None:
    assert standing.listed(names, "or") == told


def test_results_that_are_kept_here_are_no_notes_elsewhere() -> None:
    places = {"zendesk": "Zendesk", "ask": "Ask", "survey": "Slack"}
    routes = replace(services.routes(), places=places, requests=frozenset({"ask"}))
    assert routes.elsewhere == ("Zendesk", "Slack")
    assert words.waits_for(State.READY, routes) == "for their note in Zendesk or Slack"
    alone = replace(routes, places={"ask": "Ask"})
    assert words.waits_for(State.READY, alone) == "for their result"
