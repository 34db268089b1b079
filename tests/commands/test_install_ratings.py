"""What `install --ratings` makes: a trigger that tells of bad ratings, and of nothing else; as an admin runs it."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given

from integration.commands.install import read_settings
from integration.zendesk.ratings import PAYLOAD
from integration.zendesk.setup.account import Admin
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.conditions import CannotFilterError, Condition, Conditions
from integration.zendesk.setup.plan import Ratings, plan_install
from integration.zendesk.setup.rating_conditions import (
    fires_on_bad_ratings,
    fires_on_every_update,
    only_ours,
    require_ratings,
    wanted,
)
from sandbox import Sandbox
from sandbox.zendesk import triggers
from sandbox.zendesk.hooks import Hooks, Trigger
from tests.commands.test_install import (
    BILLING,
    CONDITIONS,
    ENDPOINT,
    OUTLET,
    SUPPORT,
    Runner,
    assert_all_well,
    hooks,
    made_by_hand,
    no_wait,
    run,
    told_of,
    writes,
)

__all__ = ["hooks", "run"]

pytestmark = pytest.mark.slow

CHANGED = {"field": "update_type", "operator": "is", "value": "Change"}
BECOMES_BAD = [
    {"field": "satisfaction_score", "operator": "value", "value": value} for value in ("bad", "bad_with_comment")
]
ACME = 360001234567


def install(run: Runner, *, ratings: bool | None = None) -> None:
    """Install in this process, which takes no time."""
    admin = Admin(read_settings(run.environ)[0], wait=no_wait)
    wish = Ratings(wanted=ratings, choices=admin.choices() if ratings else {})
    plan_for = functools.partial(plan_install, endpoint=ENDPOINT, filters=None, ratings=wish)
    assert carry_out(admin, plan_for, agree=lambda _plan: True, tell=lambda _step: None, wait=no_wait)


def of_ratings(hooks: Hooks) -> list[Trigger]:
    """The triggers that tell of ratings; the others are put aside."""
    return [trigger for trigger in hooks.triggers.values() if PAYLOAD in [body for _, body in trigger.notifications]]


def the_one(hooks: Hooks) -> Trigger:
    (trigger,) = of_ratings(hooks)
    return trigger


def without_ratings(hooks: Hooks) -> Hooks:
    """The account as it is without its triggers for ratings."""
    rest = Hooks()
    rest.webhooks = dict(hooks.webhooks)
    rest.triggers = {number: one for number, one in hooks.triggers.items() if one not in of_ratings(hooks)}
    return rest


def told(sandbox: Sandbox) -> list[str]:
    """What comments with ratings were told."""
    payloads = [json.loads(delivery.payload) for delivery in sandbox.zendesk.all_deliveries]
    return [payload["comment"] for payload in payloads if "rated_ticket_id" in payload]


# -- It works


def test_a_bad_rating_is_told_with_its_comment_and_no_other_update_is(run: Runner, sandbox: Sandbox) -> None:
    install(run, ratings=True)
    zendesk = sandbox.zendesk
    number = zendesk.file_ticket(deliver=False, external_id="u-7")
    zendesk.rate(number, "bad")
    (delivery,) = zendesk.all_deliveries
    assert json.loads(delivery.payload) == {
        "rated_ticket_id": str(number),
        "rating": "bad",
        "requester_email": "ada@shop.example",
        "requester_external_id": "u-7",
        "comment": "",
    }
    zendesk.rate(number, "bad", "I could not pay")
    zendesk.add_tags(number, "vip")  # as any update of ours or of an agent's: the rating stays bad
    zendesk.rate(number, "bad", "I could not pay")
    assert told(sandbox) == ["", "I could not pay"]
    zendesk.rate(number, "good", "")
    assert told_of(sandbox) == [number, number]
    zendesk.rate(number, "bad", "no, after all")
    assert told(sandbox) == ["", "I could not pay", "no, after all"]


def test_the_trigger_is_as_it_should_be_and_carries_its_own_mark(run: Runner, hooks: Hooks, sandbox: Sandbox) -> None:
    done = run.well("install", "--ratings")
    webhook, _ = assert_all_well(without_ratings(hooks))
    trigger = the_one(hooks)
    assert (trigger.active, trigger.notifications) == (True, [(webhook.id, PAYLOAD)])
    assert trigger.conditions == {"all": [CHANGED], "any": BECOMES_BAD}
    assert trigger.description.endswith(f"[helpdesk-highlights-ratings {ENDPOINT} id={trigger.id}]")
    for words in ("the ticket is updated", "rating changed to Bad (bad); rating changed to Bad with comment"):
        assert words in done.stdout
    sandbox.zendesk.forget_requests()
    for again in (("install", "--ratings"), ("install",)):
        assert "as they should be" in run.well(*again).stdout
    assert writes(sandbox) == []


def test_what_the_messages_need_is_said(run: Runner) -> None:
    assert "Not set here: SLACK_BOT_TOKEN, SLACK_CHANNEL." in run.well("install", "--ratings").stdout
    told = run("install", "--ratings", SLACK_BOT_TOKEN="xoxb-1", SLACK_CHANNEL="C0123456789").stdout
    assert "Slack" not in told
    assert "Slack" not in run.well("install").stdout


def test_without_being_asked_none_is_made_and_one_that_is_there_stays(run: Runner, hooks: Hooks) -> None:
    install(run)
    assert of_ratings(hooks) == []
    install(run, ratings=True)
    hooks.keep_trigger(replace(the_one(hooks), active=False))
    install(run)
    assert the_one(hooks).active
    install(run, ratings=False)
    assert of_ratings(hooks) == []
    assert_all_well(hooks)


def test_it_is_narrowed_by_brand_and_group_as_the_first_one(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    run.well("install", "--ratings", "--brand", str(OUTLET), "--tag", "vip", "--channel", "Email")
    brand = {"field": "brand_id", "operator": "is", "value": str(OUTLET)}
    assert the_one(hooks).conditions == {"all": [CHANGED, brand], "any": BECOMES_BAD}
    other, ours = (sandbox.zendesk.file_ticket(brand_id=number, deliver=False) for number in (ACME, OUTLET))
    for number in (other, ours):
        sandbox.zendesk.rate(number, "bad")
    assert told_of(sandbox) == [ours]
    run.well("install", "--no-filters")
    assert the_one(hooks).conditions == {"all": [CHANGED], "any": BECOMES_BAD}


def test_where_the_list_of_alternatives_is_taken_it_fires_just_so(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    run.well("install", "--ratings", "--group", "Billing", "--group", "Support")
    assert [condition["field"] for condition in the_one(hooks).conditions["any"]] == ["group_id", "group_id"]
    numbers = [sandbox.zendesk.file_ticket(group_id=group, deliver=False) for group in (BILLING, SUPPORT, 1)]
    for number in numbers:
        sandbox.zendesk.rate(number, "good")
        sandbox.zendesk.rate(number, "bad")
        sandbox.zendesk.add_tags(number, "vip")
        sandbox.zendesk.rate(number, "bad", "I could not pay")
        sandbox.zendesk.rate(number, "good")
    assert told_of(sandbox) == [number for number in numbers[:2] for _ in range(2)]
    assert "as they should be" in run.well("install", "--ratings").stdout


@pytest.mark.parametrize(
    "damage",
    [
        {"active": False},
        {"conditions": {"all": [CHANGED], "any": []}},
        {"conditions": {"all": [], "any": BECOMES_BAD[:1]}},
        {"actions": ({"field": "notification_webhook", "value": ["01GONE", PAYLOAD]},)},
        {"description": "[helpdesk-highlights-ratings ENDPOINT]"},
    ],
)
def test_a_damaged_trigger_is_repaired(run: Runner, hooks: Hooks, damage: dict[str, Any]) -> None:
    install(run, ratings=True)
    trigger = the_one(hooks)
    if "description" in damage:
        damage = {"description": trigger.description.replace(f" id={trigger.id}", "")}
    hooks.keep_trigger(replace(trigger, **damage))
    install(run)
    repaired = the_one(hooks)
    assert replace(repaired, updated_at=trigger.updated_at) == trigger


def test_what_an_admin_added_to_it_stays_and_uninstall_takes_out_ours_alone(run: Runner, hooks: Hooks) -> None:
    install(run, ratings=True)
    trigger = the_one(hooks)
    own, seen = {"field": "priority", "operator": "is_not", "value": "low"}, {"field": "current_tags", "value": "seen"}
    lists = {"all": [*trigger.conditions["all"], own], "any": trigger.conditions["any"]}
    hooks.keep_trigger(replace(trigger, title="Mine", conditions=lists, actions=(seen, *trigger.actions)))
    run.well("install", "--brand", str(OUTLET))
    changed = the_one(hooks)
    assert own in changed.conditions["all"]
    assert (changed.title, changed.actions[0]) == ("Mine", seen)
    run.well("uninstall", "--yes")
    (left,) = hooks.triggers.values()
    assert (left.actions, left.description, left.active) == ((seen,), "", True)


def test_uninstall_removes_it(run: Runner, hooks: Hooks) -> None:
    install(run, ratings=True)
    shown = run.well("uninstall", "--dry-run").stdout
    assert 'delete the ratings trigger "Highlights: tell of bad ratings"' in shown
    run.well("uninstall", "--yes")
    assert (hooks.triggers, hooks.webhooks) == ({}, {})


def test_a_dry_run_changes_nothing(run: Runner, sandbox: Sandbox) -> None:
    done = run.well("install", "--ratings", "--dry-run")
    assert 'create the ratings trigger "Highlights: tell of bad ratings"' in done.stdout
    assert writes(sandbox) == []


def test_a_second_one_of_ours_is_removed_and_a_copy_stays(run: Runner, hooks: Hooks) -> None:
    install(run, ratings=True)
    trigger = the_one(hooks)
    made = replace(trigger, id=hooks.new_trigger_id())
    hooks.keep_trigger(replace(made, description=trigger.description.replace(str(trigger.id), str(made.id))))
    copy = hooks.keep_trigger(replace(trigger, id=hooks.new_trigger_id()))
    done = run.well("install")
    assert [one.id for one in of_ratings(hooks)] == [trigger.id, copy.id]
    assert f"({copy.id}) is a copy of ours" in done.stdout


def test_one_that_was_made_by_hand_is_taken_over_when_it_is_asked_for_and_with_consent(
    run: Runner, hooks: Hooks
) -> None:
    webhook, _ = made_by_hand(hooks)
    notify = {"field": "notification_webhook", "value": [webhook.id, PAYLOAD]}
    is_bad = {"field": "satisfaction_score", "operator": "is", "value": "bad"}
    by_hand = Trigger(
        id=hooks.new_trigger_id(), title="Bad", conditions={"all": [CHANGED, is_bad], "any": []}, actions=(notify,)
    )
    hooks.keep_trigger(by_hand)
    run.well("install", "--yes")
    assert the_one(hooks) == by_hand
    assert run("install", "--ratings").returncode == 1
    run.well("install", "--ratings", "--yes")
    taken = the_one(hooks)
    assert (taken.id, taken.conditions) == (by_hand.id, {"all": [CHANGED], "any": BECOMES_BAD})


def test_one_for_another_installation_is_left_alone(run: Runner, hooks: Hooks) -> None:
    run("install", "--ratings", PUBLIC_URL="http://127.0.0.1:10")
    (other,) = of_ratings(hooks)
    install(run)
    run.well("uninstall", "--yes")
    assert of_ratings(hooks) == [other]


# -- It refuses


def test_an_account_without_ratings_is_told_so_and_nothing_is_changed(
    run: Runner, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(triggers.FIELDS, "satisfaction_score")
    done = run("install", "--ratings")
    assert (done.returncode, writes(sandbox)) == (2, [])
    assert "know no bad satisfaction rating" in done.stderr


# -- Conditions


@pytest.mark.parametrize(
    ("listed", "bad"),
    [
        ({"bad": "Bad", "bad_with_comment": "Bad with comment", "good": "Good"}, ["bad", "bad_with_comment"]),
        ({"badwithcomment": "x", "bad": "y", "": "-"}, ["badwithcomment", "bad"]),
        ({"1": "Unoffered", "4": "Bad", "5": "Bad with comment"}, ["4", "5"]),
    ],
)
def test_the_values_are_spelled_as_the_account_spells_them(listed: dict[str, str], bad: list[str]) -> None:
    choices = {"satisfaction_score": listed}
    require_ratings(choices)
    made = wanted(None, of_new_tickets=Conditions(), choices=choices)
    assert [condition["value"] for condition in made.any] == bad


@pytest.mark.parametrize("choices", [{}, {"satisfaction_score": {}}, {"satisfaction_score": {"good": "Good"}}])
def test_an_account_that_lists_no_bad_rating_is_refused(choices: dict[str, dict[str, str]]) -> None:
    with pytest.raises(CannotFilterError):
        require_ratings(choices)


def test_an_accounts_own_spelling_stays_when_nobody_asks_it() -> None:
    spelled = {"satisfaction_score": {"bad": "Bad", "badWithComment": "Bad with comment", "Good": "Good"}}
    for of_new in (
        Conditions(),
        Conditions(any=tuple({"field": "brand_id", "operator": "is", "value": n} for n in "12")),
    ):
        made = wanted(None, of_new_tickets=of_new, choices=spelled)
        assert fires_on_bad_ratings(made) or of_new.any  # "good with comment" is none of its values
        assert not fires_on_every_update(made)
    made = wanted(None, of_new_tickets=Conditions(), choices=spelled)
    assert wanted(made, of_new_tickets=Conditions(), choices={}) == made


BECOMES: Condition = BECOMES_BAD[0]


@given(CONDITIONS, CONDITIONS, CONDITIONS, CONDITIONS)
@example((BECOMES,), (BECOMES,), (), ())
@example((), (), (), ({"field": "group_id", "operator": "is", "value": "1"},))
def test_conditions_that_are_as_wanted_are_not_changed_again(
    every: tuple[Condition, ...],
    some: tuple[Condition, ...],
    mirrored: tuple[Condition, ...],
    alternatives: tuple[Condition, ...],
) -> None:
    of_new = Conditions(all=mirrored, any=alternatives)
    once = wanted(Conditions(all=every, any=some), of_new_tickets=of_new, choices={})
    assert wanted(once, of_new_tickets=of_new, choices={}) == once
    assert fires_on_bad_ratings(once)
    assert not fires_on_every_update(once)
    assert {"field": "update_type", "operator": "is", "value": "Create"} not in once.all


@pytest.mark.parametrize(
    ("every", "some", "fires", "often"),
    [
        ((CHANGED,), tuple(BECOMES_BAD), True, False),
        ((), tuple(BECOMES_BAD), False, False),
        ((CHANGED,), (BECOMES,), False, False),
        ((CHANGED, {"field": "satisfaction_score", "operator": "is", "value": "bad"}), (), False, True),
        ((CHANGED,), (BECOMES, {"field": "status", "operator": "is", "value": "open"}), False, True),
        ((CHANGED, {"field": "satisfaction_score", "operator": "changed", "value": None}), (), False, False),
    ],
)
def test_what_fires_upon_bad_ratings_alone_is_told_from_what_does_not(
    every: tuple[Condition, ...], some: tuple[Condition, ...], *, fires: bool, often: bool
) -> None:
    conditions = Conditions(all=every, any=some)
    assert (fires_on_bad_ratings(conditions), fires_on_every_update(conditions)) == (fires, often)


def test_only_what_we_make_counts_as_ours() -> None:
    assert only_ours(Conditions(all=(CHANGED,), any=tuple(BECOMES_BAD)))
    assert not only_ours(Conditions(all=(CHANGED, {"field": "status", "operator": "is", "value": "open"})))
