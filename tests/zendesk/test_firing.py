"""Whether a trigger would have told us of a ticket, and when deliveries were missed: pure, from Zendesk's records."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.facts import Stretch, merged
from integration.zendesk import ratings
from integration.zendesk.delivery_log import LONGEST_DELIVERY_SECONDS, missed_in
from integration.zendesk.setup.conditions import Conditions
from integration.zendesk.trigger_match import Rule, as_created, rules_of, would_fire

CREATED, LATER = "2026-11-25T10:00:00Z", "2026-11-25T10:20:00Z"
NOW = 1_795_600_000.0
TICKET: dict[str, Any] = {
    "id": 7,
    "created_at": CREATED,
    "updated_at": CREATED,
    "status": "open",
    "priority": "high",
    "type": None,
    "tags": ["vip", "de"],
    "brand_id": 11,
    "ticket_form_id": 12,
    "group_id": 13,
    "assignee_id": None,
    "organization_id": None,
    "is_public": True,
    "via": {"channel": "email"},
}


def fires(field: str, operator: str, value: object, **changes: object) -> bool | None:
    """What comes of a trigger with this one condition."""
    conditions = Conditions(all=({"field": field, "operator": operator, "value": value},))
    return would_fire([Rule(conditions=conditions, since=0.0)], TICKET | changes)


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("update_type", "is", "Create", True),
        ("update_type", "is", "Change", False),
        ("status", "is", "open", True),
        ("status", "is_not", "open", False),
        ("status", "less_than", "solved", True),
        ("status", "greater_than", "open", False),
        ("priority", "greater_than", "normal", True),
        ("priority", "less_than", "high", False),
        ("type", "is", "", True),
        ("type", "is", None, True),
        ("current_tags", "includes", "gold vip", True),
        ("current_tags", "includes", ["gold"], False),
        ("current_tags", "not_includes", "gold", True),
        ("current_tags", "not_includes", "de", False),
        ("brand_id", "is", "11", True),
        ("brand_id", "is", 11, True),
        ("brand_id", "is_not", "11", False),
        ("group_id", "is", "", False),
        ("organization_id", "is", "", True),
        ("via_id", "is", "4", True),
        ("via_id", "is", "5", False),
        ("ticket_is_public", "is", "public", True),
        ("comment_is_public", "is", "false", False),
        ("comment_is_public", "is", True, True),
        # what a record does not show
        ("assignee_id", "is", "current_user", None),
        ("requester_role", "is", "4", None),
        ("custom_fields_77", "is", "x", None),
        ("status", "changed", None, None),
        ("status", "less_than", "on-hold", None),
        ("current_tags", "is", "vip", None),
        ("brand_id", "is", ["11"], None),
        ("nonsense", "is", "x", None),
    ],
)
def test_a_condition_holds_or_not_or_nobody_knows(
    field: str,
    operator: str,
    value: object,
    expected: bool | None,  # noqa: FBT001 -- a parameter
) -> None:
    assert fires(field, operator, value) is expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("status", "new", None), ("group_id", "99", None), ("brand_id", "99", False), ("via_id", "5", False)],
)
def test_what_may_have_changed_since_proves_nothing(field: str, value: str, expected: bool | None) -> None:  # noqa: FBT001 -- a parameter
    assert fires(field, "is", value, updated_at=LATER) is expected
    assert fires(field, "is", value) is False


def test_who_wants_no_note_gets_none_whenever_that_was_said() -> None:
    assert fires("current_tags", "not_includes", "no_highlights x", tags=["no_highlights"], updated_at=LATER) is False
    assert fires("current_tags", "not_includes", "x", tags=["x"], updated_at=LATER) is None


def test_all_have_to_hold_and_one_of_the_alternatives() -> None:
    holds, fails, unknown = (
        {"field": "brand_id", "operator": "is", "value": "11"},
        {"field": "brand_id", "operator": "is", "value": "12"},
        {"field": "nonsense", "operator": "is", "value": "x"},
    )

    def both(every: list[dict[str, str]], some: list[dict[str, str]]) -> bool | None:
        return would_fire([Rule(conditions=Conditions(all=tuple(every), any=tuple(some)), since=0.0)], TICKET)

    assert both([], []) is True
    assert both([holds, fails, unknown], []) is False
    assert both([holds, unknown], []) is None
    assert both([], [fails, holds, unknown]) is True
    assert both([], [fails, unknown]) is None
    assert both([holds], [fails]) is False


def test_one_rule_of_several_is_enough_and_none_is_of_older_tickets() -> None:
    never = Conditions(all=({"field": "brand_id", "operator": "is", "value": "12"},))
    assert would_fire([], TICKET) is False
    assert would_fire([Rule(conditions=never, since=0.0), Rule(conditions=Conditions(), since=0.0)], TICKET) is True
    assert would_fire([Rule(conditions=never, since=0.0), Rule(conditions=None, since=0.0)], TICKET) is None
    assert would_fire([Rule(conditions=Conditions(), since=NOW + 86400)], TICKET) is False


def test_rules_are_those_of_our_webhooks() -> None:
    webhooks = [{"id": "A", "subscriptions": ["conditional_ticket_events"]}]
    event = {"id": "B", "subscriptions": ["zen:event-type:ticket.created"], "created_at": CREATED}
    calls = {field: [{"field": "notification_webhook", "value": [field, "{}"]}] for field in "AC"}
    triggers = [
        {"id": 1, "actions": calls["A"], "conditions": {"all": [], "any": []}},
        {"id": 2, "actions": calls["C"], "conditions": {"all": [], "any": []}},
        {"id": 3, "actions": calls["A"], "conditions": "x"},
        {"id": 4, "actions": [{"field": "notification_webhook", "value": "A"}]},
    ]
    assert [rule.conditions for rule in rules_of([*webhooks, event], triggers)] == [Conditions(), Conditions(), None]


def test_a_ticket_as_it_was_created() -> None:
    events = [
        {"type": "Comment", "public": False},
        {"type": "Create", "field_name": "status", "value": "new"},
        {"type": "Create", "field_name": "group_id", "value": "99"},
        {"type": "Change", "field_name": "tags", "value": ["auto"]},
    ]
    first, then = as_created(TICKET | {"updated_at": LATER}, {"events": events})
    assert (first["status"], first["group_id"], first["tags"], first["is_public"]) == ("new", "99", None, False)
    assert (first["brand_id"], then["tags"]) == (11, ["auto"])
    assert as_created(TICKET, {"events": events[:1]}) == []


# -- When deliveries were missed


def row(status: str, *, ago: float | None) -> dict[str, Any]:
    return {"id": "X", "status": status, "latest_completed_at": None if ago is None else _iso(NOW - ago)}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("status", ["terminated", "throttled", "circuit broken", "client error", "unknown", "", "new"])
def test_whatever_is_no_success_was_missed(status: str) -> None:
    missed = missed_in([row(status, ago=5000)], since=0, now=NOW)
    [stretch] = missed.stretches
    assert NOW - 5000 in stretch
    assert NOW - 5000 - LONGEST_DELIVERY_SECONDS in stretch
    assert stretch.end - stretch.start < 2 * LONGEST_DELIVERY_SECONDS


def test_what_is_under_way_is_left_until_it_should_have_ended() -> None:
    assert missed_in([row("accepted", ago=60), row("accepted", ago=None)], since=0, now=NOW).stretches == ()
    assert missed_in([row("accepted", ago=5000)], since=0, now=NOW).deliveries == 1


def test_without_a_time_it_may_be_any() -> None:
    [stretch] = missed_in([row("throttled", ago=None), row("throttled", ago=60)], since=NOW - 7200, now=NOW).stretches
    assert stretch.start <= NOW - 7200
    assert NOW in stretch


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=12))
def test_merged_stretches_are_the_same_time(pairs: list[tuple[int, int]]) -> None:
    stretches = [Stretch(start=start, end=start + length) for start, length in pairs]
    done = merged(stretches)
    for moment in range(62):
        assert any(moment in stretch for stretch in done) is any(moment in stretch for stretch in stretches)
    assert all(one.end < other.start for one, other in pairwise(done))


def test_what_fires_upon_changes_alone_tells_of_no_new_ticket() -> None:
    def trigger(kind: str, created: str) -> dict[str, Any]:
        condition = {"field": "update_type", "operator": "is", "value": kind}
        action = {"field": "notification_webhook", "value": ["W", "{}"]}
        return {"created_at": created, "conditions": {"all": [condition], "any": []}, "actions": [action]}

    on_demand, of_new_tickets = trigger("Change", "2026-11-01T10:00:00Z"), trigger("Create", CREATED)
    (rule,) = rules_of([{"id": "W"}], [on_demand, of_new_tickets])
    assert rule.since == datetime.fromisoformat(CREATED).timestamp()
    assert rules_of([{"id": "W"}], [on_demand]) == []


def test_what_tells_of_ratings_tells_of_no_new_ticket() -> None:
    becomes_bad = {"field": "satisfaction_score", "operator": "value", "value": "bad"}
    action = {"field": "notification_webhook", "value": ["W", ratings.PAYLOAD]}
    by_hand = {"created_at": CREATED, "conditions": {"all": [becomes_bad], "any": []}, "actions": [action]}
    assert rules_of([{"id": "W"}], [by_hand]) == []
