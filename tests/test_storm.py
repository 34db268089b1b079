"""The storm in its short form, and that its verdict can fail: `make storm` is the long one."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.entry import Entry, State
from sandbox import Comment
from sandbox.logrocket import HighlightsRecord, Outcome
from tests.storm.evidence import Ticket
from tests.storm.storm import Plan, run
from tests.storm.tickets import BY_EMAIL, CLOSED, DELETED_LATER, NOBODY, Kind
from tests.storm.verdict import Evidence, failures


def test_a_short_storm_breaks_no_promise(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    plan = Plan(
        seed=seed,
        tickets=120,
        filing_seconds=40,
        calm_between_squalls=0.3,
        seconds_between_blows=4.0,
        redis_restarts_at=(15.0,),
        patience_seconds=300,
    )
    outcome = run(plan, tmp_path, say=lambda _line: None)
    table = "\n".join(f"{name}: {value}" for name, value in outcome.figures)
    assert outcome.failures == [], f"seed {seed}\n{table}"
    assert "SIGKILL" in table


# -- The verdict


def note(*, public: bool = False) -> Comment:
    return Comment(id=1, author_id=1, public=public, html_body="", plain_body="", body="", audit_id=1)


def result(outcome: Outcome = "READY") -> tuple[str, HighlightsRecord]:
    record = HighlightsRecord(
        request={}, webhookURL=None, outcome=outcome, ready=True, asked_at=datetime.now(UTC), payload={}
    )
    return outcome, record


def evidence(kind: Kind = BY_EMAIL, *, ticket: dict[str, Any] | None = None, **changes: Any) -> Evidence:  # noqa: ANN401 -- fields of both
    """Of one ticket that went well, but for the changes."""
    entry = Entry(ticket_id=1, received_at=0, entered_at=0, state=State.POSTED)
    usual: dict[str, Any] = {
        "entry": entry, "raw": "", "deleted": False, "notes": [note()], "results": [result()], "asked": [(0.0, 200)]
    }  # fmt: skip
    found = Ticket(number=1, **usual | (ticket or {}))
    return Evidence(tickets={1: found}, kinds={1: kind}, **changes)


def entry(state: State, reason: str | None = None) -> Entry:
    return Entry(ticket_id=1, received_at=0, entered_at=0, state=state, reason=reason)


def test_a_ticket_that_went_well_breaks_no_promise() -> None:
    assert failures(evidence()) == []
    assert failures(evidence(NOBODY, ticket={"entry": entry(State.SKIPPED, "who?"), "notes": [], "results": []})) == []
    assert failures(evidence(DELETED_LATER, ticket={"deleted": True, "notes": []})) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (evidence(ticket={"entry": None, "notes": []}), "lost"),
        (evidence(ticket={"notes": [note(), note()]}), "2 notes"),
        (evidence(ticket={"notes": [note(public=True)]}), "a public note"),
        (evidence(ticket={"notes": []}), "posted without a note"),
        (evidence(ticket={"entry": entry(State.READY)}), "stuck"),
        (evidence(ticket={"entry": entry(State.FAILED, "x")}), "failed without need"),
        (evidence(ticket={"entry": entry(State.EMPTY, "x"), "notes": []}), "empty although"),
        (evidence(ticket={"entry": entry(State.SKIPPED, "x"), "notes": []}), "skipped without need"),
        (evidence(CLOSED, ticket={"entry": entry(State.SKIPPED), "notes": []}), "no reason"),
        (evidence(CLOSED), "a note where none can be"),
        (evidence(ticket={"entry": entry(State.FAILED, "x")}), "a note that the ledger does not know"),
        (evidence(ticket={"results": [result(), result()], "asked": [(0.0, 200)] * 2}), "1 extra requests"),
        (evidence(own_429=1), "429"),
        (evidence(trapped=1), "redirect"),
        (evidence(exit_codes=["web ended by itself with 1"]), "web ended"),
        (evidence(unexplained_keys=["x: holds an address"]), "holds an address"),
        (evidence(leaks=["web: the value of SECRET_KEY"]), "SECRET_KEY"),
        (evidence(crashes=["internal error ticket_id=1"]), "internal error"),
    ],
)
def test_each_broken_promise_is_named(found: Evidence, told: str) -> None:
    assert any(told in each for each in failures(found)), failures(found)


def test_a_kill_may_cost_a_request_and_a_lost_answer_too() -> None:
    twice = {"results": [result(), result()]}
    assert failures(evidence(ticket={**twice, "asked": [(0.0, 200)] * 2}, kill_cost=1)) == []
    assert failures(evidence(ticket={**twice, "asked": [(0.0, 500), (1.0, 200)]})) == []
    assert failures(evidence(ticket={"results": [result("FAILED"), result()], "asked": [(0.0, 200)] * 2})) == []
