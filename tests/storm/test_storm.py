"""The storm in its short form, and that its verdict can fail. `make storm` is the long one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.cases.entry import Entry, State
from integration.facts import CaseKey, Person
from sandbox import Comment
from sandbox.logrocket import HighlightsRecord, Outcome
from tests.storm import forecast, storm, table, verdict
from tests.storm.blows import AWAY, Blow
from tests.storm.doors import ASKED, CONVERSATIONS, LOW, NAMELESS, NOT_LOW, SCORES, TOLD, TOLD_AGAIN
from tests.storm.evidence import Evidence, Keys, Ticket
from tests.storm.squalls import Outage
from tests.storm.tickets import ALWAYS_FAILED, BY_EMAIL, CLOSED_LATER, DELETED_LATER, LIMITED, NOBODY, REFUSED, Kind
from tests.tickets import key

SEED = 9  # the same in each run; `make storm` draws one and prints it


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_comes_twice_in_a_storm(tmp_path: Path) -> None:
    aftermath = storm.rage(forecast.short(seed=SEED, tickets=150), tmp_path, lambda _: None)
    assert verdict.problems(aftermath) == [], table.table(aftermath)
    assert sum(aftermath.faults.values()) > 0
    assert any(blow.kind.startswith("SIGKILL") for blow in aftermath.blows)
    assert {"Intercom: at a certain request", "Slack: at a certain request", "Client: at a certain request"} <= set(
        +aftermath.faults
    )
    for kinds in (CONVERSATIONS, SCORES, ASKED):
        assert set(kinds) <= set(aftermath.other_kinds.values())


# -- The verdict on one ticket that went well, but for some changes


def note(*, public: bool = False) -> Comment:
    return Comment(id=1, author_id=1, public=public, html_body="", plain_body="", body="", audit_id=1)


def result(outcome: Outcome) -> tuple[str, HighlightsRecord]:
    record = HighlightsRecord(
        request={}, webhookURL=None, outcome=outcome, ready=True, asked_at=datetime.now(UTC), payload={}
    )
    return outcome, record


def evidence(
    kind: Kind = BY_EMAIL,
    *,
    state: State | None = State.POSTED,
    reason: str | None = None,
    external_id: str | None = None,
    notes: tuple[Comment, ...] = (note(),),
    deleted: bool = False,
    accepted: bool = True,
    outcomes: tuple[Outcome, ...] = ("READY",),
    taken: int = 1,
    tried_at: float | None = None,
    **changes: Any,  # noqa: ANN401 -- fields of Evidence
) -> Evidence:
    entry = Entry(
        key=key(1),
        received_at=0,
        entered_at=0,
        state=state or State.POSTED,
        reason=reason,
        person=Person(external_id=external_id),
    )
    ticket = Ticket(
        number=1,
        entry=None if state is None else entry,
        raw="",
        deleted=deleted,
        accepted=accepted,
        notes=list(notes),
        results=[result(outcome) for outcome in outcomes],
        asked=[(0.0, 200)] * taken,
        tried_at=tried_at,
    )
    nothing: Mapping[str, int] = {}
    usual: dict[str, Any] = {
        "seed": 1,
        "seconds": 60.0,
        "settled_seconds": 6.0,
        "kinds": {1: kind},
        "filed_at": {1: 100.0},
        "forgotten": [],
        "vanished": 0,
        "tickets": {1: ticket},
        "others": {},
        "other_kinds": {},
        "taken_at": {},
        "outages": [],
        "told_again": 0,
        "erased": frozenset(),
        "keys": Keys(kinds=Counter(), unexplained=[]),
        "leaks": [],
        "blows": [],
        "own_429": 0,
        "wrong": [],
        "faults": Counter(),
        **dict.fromkeys(("polled", "deliveries", "recovered", "repeated", "strangers", "requests"), nothing),
    }
    return Evidence(**usual | changes)


def other(kind: Kind, *, taken_at: float = 100.0, **changes: Any) -> Evidence:  # noqa: ANN401 -- of `evidence`
    """What is left of one case of another door, and of no ticket."""
    aftermath = evidence(kind, **changes)
    name = CaseKey("intercom-1")
    return replace(
        aftermath,
        kinds={},
        tickets={},
        others={name: aftermath.tickets[1]},
        other_kinds={name: kind},
        taken_at={name: taken_at},
    )


def away(service: str) -> Outage:
    return Outage(service=service, began=100.0, ended=150.0)


def kill(cost: int) -> Blow:
    return Blow(kind="SIGKILL worker child", began=0, ended=0, cost=cost)


@pytest.mark.parametrize(
    "aftermath",
    [
        evidence(),
        evidence(NOBODY, state=State.SKIPPED, reason="nobody", notes=(), outcomes=(), taken=0),
        evidence(CLOSED_LATER),
        evidence(CLOSED_LATER, state=State.SKIPPED, reason="closed", notes=()),
        evidence(DELETED_LATER, deleted=True, notes=()),
        evidence(state=State.EMPTY, reason="no session", notes=(), outcomes=("EMPTY",)),
        evidence(ALWAYS_FAILED, state=State.FAILED, reason="5 times", notes=(), outcomes=("FAILED",) * 5, taken=5),
        evidence(outcomes=("FAILED", "READY"), taken=2),
        evidence(outcomes=("READY", "READY"), taken=1),  # the answer to the other request was lost
        evidence(outcomes=("READY", "READY"), taken=2, blows=[kill(1)]),
        evidence(state=None, erased=frozenset({1})),
        evidence(tried_at=160.0),
        evidence(LIMITED, tried_at=400.0),
        evidence(tried_at=400.0, blows=[Blow(kind=AWAY, began=150.0, ended=210.0, cost=2)]),
        evidence(REFUSED, state=State.FAILED, reason="403", notes=()),
        evidence(DELETED_LATER, state=None, deleted=True, notes=(), forgotten=[(99.0, 101.0)]),
        evidence(DELETED_LATER, state=None, deleted=True, accepted=False, notes=()),
        other(LOW, tried_at=160.0),
        other(NOT_LOW, state=None, notes=(), outcomes=(), taken=0),
        other(NAMELESS, state=State.SKIPPED, reason="no address", notes=(), outcomes=(), taken=0),
        other(TOLD_AGAIN, tried_at=400.0),
        other(LOW, tried_at=400.0, forgotten=[(99.0, 101.0)]),
        other(TOLD, tried_at=300.0, outages=[replace(away("Intercom"), ended=105.0)]),
        evidence(tried_at=120.0, outages=[away("Slack")]),
        evidence(tried_at=160.0, outages=[away("Slack")], blows=[Blow(kind=AWAY, began=90.0, ended=150.0, cost=2)]),
        other(LOW, tried_at=120.0, outages=[away("Slack"), replace(away("Client"), ended=105.0)]),
    ],
)
def test_a_promise_that_was_kept_is_no_problem(aftermath: Evidence) -> None:
    assert verdict.problems(aftermath) == []
    assert "The storm of seed 1" in table.table(aftermath)
    assert not any(line.split() == ["lost", "1"] for line in table.table(aftermath).splitlines())


@pytest.mark.parametrize(
    ("aftermath", "told"),
    [
        (evidence(notes=(note(), note())), "2 notes"),
        (evidence(notes=(note(public=True),)), "its note is public"),
        (evidence(notes=()), "posted, and has no note"),
        (evidence(state=None, notes=()), "lost"),
        (evidence(state=None, accepted=False, notes=()), "lost"),
        (evidence(DELETED_LATER, state=None, deleted=True, notes=()), "lost"),
        (evidence(state=State.READY, notes=()), "stuck"),
        (evidence(state=State.FAILED, reason="why"), "failed, and has a note"),
        (evidence(state=State.FAILED, reason="why", notes=()), "could have had a note"),
        (evidence(state=State.FAILED, reason="4 times", notes=(), outcomes=("FAILED",) * 4), "could have had a note"),
        (evidence(state=State.EMPTY, reason="why", notes=()), "could have had a note"),
        (evidence(state=State.SKIPPED, reason="why", notes=()), "could have had a note"),
        (evidence(NOBODY, state=State.SKIPPED, notes=()), "without a reason"),
        (evidence(external_id="shopper-1"), "still holds who asked"),
        (evidence(NOBODY), "nobody could know what to tell"),
        (evidence(outcomes=("READY", "READY"), taken=2), "1 extra requests"),
        (evidence(outcomes=("READY",) * 3, taken=3, blows=[kill(1)]), "2 extra requests"),
        (evidence(erased=frozenset({1})), "came back"),
        (evidence(state=None, notes=(), erased=frozenset({1})), "has none"),
        (evidence(tried_at=400.0), "waited for 300 s"),
        (evidence(tried_at=400.0, blows=[Blow(kind=AWAY, began=20.0, ended=80.0, cost=2)]), "waited for 300 s"),
        (evidence(tried_at=400.0, blows=[kill(1)]), "waited for 300 s"),
        (evidence(REFUSED, state=State.FAILED, notes=(), outcomes=("READY",)), "without a reason"),
        (evidence(state=None, notes=(), forgotten=[(99.0, 101.0)]), "lost"),
        (evidence(state=None, notes=(), deleted=True, forgotten=[(140.0, 200.0), (30.0, 99.0)]), "lost"),
        (evidence(state=None, notes=(note(), note()), forgotten=[(99.0, 101.0)]), "2 notes"),
        (evidence(own_429=1), "429"),
        (other(TOLD, notes=(note(), note())), "intercom-1 (conversation): 2 notes"),
        (other(TOLD, notes=(note(public=True),)), "its note is public"),
        (other(LOW, state=None, notes=()), "lost"),
        (other(LOW, state=State.REQUESTED, notes=()), "stuck"),
        (other(LOW, notes=()), "posted, and has no note"),
        (other(NAMELESS, outcomes=(), taken=0), "nobody could know what to tell"),
        (other(NOT_LOW), "nobody needs to know"),
        (other(LOW, outcomes=("READY", "READY"), taken=2), "1 extra requests"),
        (other(LOW, tried_at=400.0), "intercom-1: waited for 300 s"),
        (other(TOLD, tried_at=400.0, outages=[replace(away("Slack"), ended=105.0)]), "intercom-1: waited for 300 s"),
        (other(TOLD, tried_at=400.0, outages=[replace(away("Intercom"), ended=105.0)]), "intercom-1: waited for 289 s"),
        (evidence(tried_at=160.0, outages=[away("Slack")]), "Slack was away for 50 s"),
        (other(TOLD, tried_at=120.0, outages=[away("Intercom")]), "Intercom was away for 50 s"),
        (evidence(keys=Keys(kinds=Counter(), unexplained=["x: holds an address"])), "x: holds an address"),
        (evidence(leaks=["the value of SECRET_KEY, in that of web"]), "SECRET_KEY"),
        (evidence(wrong=["web ended by itself with 1"]), "web ended by itself"),
    ],
)
def test_a_promise_that_was_broken_is_named(aftermath: Evidence, told: str) -> None:
    assert any(told in problem for problem in verdict.problems(aftermath)), verdict.problems(aftermath)
