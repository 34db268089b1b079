"""What `install` makes for highlights on demand: a second trigger, and a macro; as an admin runs it."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from integration.commands.install import read_settings
from integration.zendesk.setup.account import Admin
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.conditions import Condition, Conditions, fires_on_demand, wanted_on_demand
from integration.zendesk.setup.macros import MacroAdmin, plan_macro
from integration.zendesk.setup.plan import plan_install
from sandbox import Fault, Sandbox
from sandbox.zendesk.hooks import Hooks, Trigger, Webhook
from sandbox.zendesk.macros import Macro
from tests.commands.test_install import (
    ASK,
    BODY,
    CONDITIONS,
    ENDPOINT,
    NOT_OPTED_OUT,
    OUTLET,
    RETURNS,
    Runner,
    assert_all_well,
    hooks,
    made_by_hand,
    no_wait,
    of_new_tickets,
    on_demand,
    run,
    the_pair,
    told_of,
    writes,
)

__all__ = ["hooks", "run"]

pytestmark = pytest.mark.slow

CHANGED = {"field": "update_type", "operator": "is", "value": "Change"}
TAGGED = {"field": "current_tags", "operator": "includes", "value": "highlights"}
OFF = {"field": "remove_tags", "value": "highlights"}
ADD = {"field": "current_tags", "value": "highlights"}


def install(run: Runner, *, wanted: bool | None = None) -> None:
    """Install in this process, which takes no time."""
    admin = Admin(read_settings(run.environ)[0], wait=no_wait)
    plan_for = functools.partial(plan_install, endpoint=ENDPOINT, filters=None, on_demand=wanted)
    assert carry_out(admin, plan_for, agree=lambda _plan: True, tell=lambda _step: None, wait=no_wait)


def make_macro(run: Runner) -> None:
    """Make the macro in this process."""
    admin = MacroAdmin(read_settings(run.environ)[0], wait=no_wait)
    plan_for = functools.partial(plan_macro, endpoint=ENDPOINT)
    assert carry_out(admin, plan_for, agree=lambda _plan: True, tell=lambda _step: None, wait=no_wait)


def the_one(hooks: Hooks) -> Trigger:
    """The only trigger for highlights on demand."""
    (trigger,) = on_demand(hooks)
    return trigger


def macros(sandbox: Sandbox) -> list[Macro]:
    return sandbox.zendesk.desk.macros.all()


# -- The trigger


def test_adding_the_tag_asks_for_highlights_and_the_tag_is_taken_off(run: Runner, sandbox: Sandbox) -> None:
    install(run)
    number = sandbox.zendesk.file_ticket(deliver=False)
    sandbox.zendesk.add_tags(number, "vip", "highlights")
    (delivery,) = sandbox.zendesk.all_deliveries
    assert delivery.payload == f'{{"ticket_id": "{number}", "on_demand": true}}'
    assert sandbox.zendesk.ticket(number).tags == ("vip",)
    sandbox.zendesk.add_tags(number, "another")
    assert told_of(sandbox) == [number]


def test_an_opted_out_ticket_may_be_asked_for(run: Runner, sandbox: Sandbox) -> None:
    install(run)
    number = sandbox.zendesk.file_ticket(tags=("no_highlights",))
    sandbox.zendesk.add_tags(number, "highlights")
    assert told_of(sandbox) == [number]


def test_the_trigger_is_as_it_should_be_and_carries_its_own_mark(run: Runner, hooks: Hooks) -> None:
    done = run.well("install")
    webhook, _ = assert_all_well(hooks)
    trigger = the_one(hooks)
    assert trigger.notifications == [(webhook.id, ASK)]
    assert OFF in trigger.actions
    assert trigger.conditions == {"all": [CHANGED, TAGGED], "any": []}
    assert trigger.description.endswith(f"[helpdesk-highlights-on-demand {ENDPOINT} id={trigger.id}]")
    assert "when the ticket is updated" in done.stdout
    assert "as they should be" in run.well("install").stdout


def test_the_trigger_is_narrowed_by_brand_form_and_group_as_the_first_one(run: Runner, hooks: Hooks) -> None:
    run.well(
        *("install", "--brand", str(OUTLET), "--form", str(RETURNS), "--tag", "vip", "--without-tag", "spam"),
        *("--channel", "Email", "--group", "Billing", "--group", "Support"),
    )
    lists = the_one(hooks).conditions
    assert {condition["field"] for condition in lists["all"]} == {
        *("update_type", "current_tags", "brand_id", "ticket_form_id"),
    }
    assert [condition["field"] for condition in lists["any"]] == ["group_id", "group_id"]
    assert [condition for condition in lists["all"] if condition["field"] == "current_tags"] == [TAGGED]
    run.well("install", "--no-filters")
    assert the_one(hooks).conditions == {"all": [CHANGED, TAGGED], "any": []}


@pytest.mark.parametrize(
    "damage",
    [
        {"active": False},
        {"conditions": {"all": [CHANGED], "any": []}},
        {"conditions": {"all": [TAGGED], "any": []}},
        {"actions": ({"field": "notification_webhook", "value": ["01GONE", ASK]},)},
        {"description": "[helpdesk-highlights-on-demand ENDPOINT]"},
    ],
)
def test_a_damaged_trigger_is_repaired(run: Runner, hooks: Hooks, damage: dict[str, Any]) -> None:
    install(run)
    trigger = the_one(hooks)
    if "description" in damage:
        damage = {"description": trigger.description.replace(f" id={trigger.id}", "")}
    hooks.keep_trigger(replace(trigger, **damage))
    install(run)
    repaired = the_one(hooks)
    assert (repaired.id, repaired.active, repaired.description) == (trigger.id, True, trigger.description)
    assert (repaired.conditions, sorted(repaired.actions, key=str)) == (
        trigger.conditions,
        sorted(trigger.actions, key=str),
    )


def test_without_it_ours_is_taken_away_and_the_choice_is_remembered(run: Runner, hooks: Hooks) -> None:
    install(run)
    run.well("install", "--no-on-demand")
    assert on_demand(hooks) == []
    assert_all_well(hooks)
    again = run.well("install")
    assert on_demand(hooks) == []
    assert "--on-demand makes it" in again.stdout
    assert "as they should be" in again.stdout
    run.well("install", "--on-demand")
    the_one(hooks)
    assert_all_well(hooks)[1].description.endswith(f"[helpdesk-highlights {ENDPOINT} id={the_pair(hooks)[1].id}]")


def test_a_trigger_that_was_left_out_on_purpose_leaves_nothing_to_give_back(run: Runner, hooks: Hooks) -> None:
    install(run, wanted=False)
    run.well("uninstall", "--yes")
    assert (hooks.webhooks, hooks.triggers) == ({}, {})


def test_what_an_admin_added_to_it_stays(run: Runner, hooks: Hooks) -> None:
    install(run)
    trigger = the_one(hooks)
    own, seen = {"field": "priority", "operator": "is_not", "value": "low"}, {"field": "current_tags", "value": "seen"}
    lists = {"all": [*trigger.conditions["all"], own], "any": []}
    hooks.keep_trigger(replace(trigger, title="Mine", conditions=lists, actions=(seen, *trigger.actions)))
    run.well("install", "--brand", str(OUTLET))
    changed = the_one(hooks)
    assert own in changed.conditions["all"]
    assert (changed.title, changed.actions[0]) == ("Mine", seen)
    run.well("uninstall", "--yes")
    (left,) = hooks.triggers.values()
    assert (left.actions, left.description, left.active) == ((seen,), "", True)


def test_a_second_one_of_ours_is_removed_and_a_copy_stays(run: Runner, hooks: Hooks) -> None:
    install(run)
    trigger = the_one(hooks)
    made = replace(trigger, id=hooks.new_trigger_id())
    hooks.keep_trigger(replace(made, description=trigger.description.replace(str(trigger.id), str(made.id))))
    copy = hooks.keep_trigger(replace(trigger, id=hooks.new_trigger_id()))
    done = run.well("install")
    assert [found.id for found in on_demand(hooks)] == [trigger.id, copy.id]
    assert f"({copy.id}) is a copy of ours" in done.stdout


def test_one_that_was_made_by_hand_is_taken_over_with_consent(run: Runner, hooks: Hooks) -> None:
    webhook, _ = made_by_hand(hooks)
    notify = {"field": "notification_webhook", "value": [webhook.id, '{"ticket_id": "{{ticket.id}}","on_demand":true}']}
    lists = {"all": [CHANGED, TAGGED], "any": []}
    by_hand = Trigger(id=hooks.new_trigger_id(), title="Ask", conditions=lists, actions=(notify,))
    hooks.keep_trigger(by_hand)
    assert run("install").returncode == 1
    run.well("install", "--yes")
    assert (the_one(hooks).id, len(of_new_tickets(hooks))) == (by_hand.id, 1)
    assert [body for _, body in the_pair(hooks)[1].notifications] == [BODY]


def test_one_for_another_installation_is_left_alone(run: Runner, hooks: Hooks) -> None:
    run("install", PUBLIC_URL="http://127.0.0.1:10")
    (other,) = on_demand(hooks)
    install(run)
    run.well("uninstall", "--yes")
    assert on_demand(hooks) == [other]


@given(CONDITIONS, CONDITIONS, CONDITIONS)
def test_conditions_that_are_as_wanted_are_not_changed_again(
    every: tuple[Condition, ...], some: tuple[Condition, ...], mirrored: tuple[Condition, ...]
) -> None:
    of_new = Conditions(all=mirrored, any=())
    once = wanted_on_demand(Conditions(all=every, any=some), of_new_tickets=of_new)
    assert wanted_on_demand(once, of_new_tickets=of_new) == once
    assert fires_on_demand(once)
    assert {"field": "update_type", "operator": "is", "value": "Create"} not in once.all


# -- The macro


def test_no_macro_is_made_unasked(run: Runner, sandbox: Sandbox) -> None:
    run.well("install")
    assert macros(sandbox) == []
    assert not any("macros" in request.path for request in sandbox.zendesk.requests)


def test_the_macro_adds_the_tag_that_asks(run: Runner, sandbox: Sandbox) -> None:
    done = run.well("install", "--macro")
    (macro,) = macros(sandbox)
    assert (macro.title, macro.actions, macro.active) == ("Ask for highlights", (ADD,), True)
    assert (macro.description or "").endswith(f"[helpdesk-highlights-macro {ENDPOINT} id={macro.id}]")
    assert 'done: create the macro "Ask for highlights"' in done.stdout
    number = sandbox.zendesk.file_ticket(deliver=False)
    sandbox.zendesk.apply_macro(number, macro.id)
    assert told_of(sandbox) == [number]
    sandbox.zendesk.forget_requests()
    assert "The macro is as it should be" in run.well("install", "--macro").stdout
    assert writes(sandbox) == []


def test_a_damaged_macro_is_repaired_and_what_was_added_stays(run: Runner, sandbox: Sandbox) -> None:
    make_macro(run)
    (macro,) = macros(sandbox)
    note = {"field": "status", "value": "open"}
    sandbox.zendesk.desk.macros.keep(replace(macro, active=False, title="Mine", actions=(note,)))
    run.well("install", "--macro")
    (repaired,) = macros(sandbox)
    assert (repaired.active, repaired.title, repaired.actions) == (True, "Mine", (note, ADD))


def test_uninstall_removes_the_macro_and_no_other(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    install(run)
    make_macro(run)
    theirs = sandbox.zendesk.desk.macros.keep(Macro(id=7, title="Ask for highlights", actions=(ADD,)))
    shown = run.well("uninstall", "--dry-run").stdout
    assert 'To do: delete the macro "Ask for highlights"' in shown
    run.well("uninstall", "--yes")
    assert (macros(sandbox), hooks.triggers, hooks.webhooks) == ([theirs], {}, {})
    assert "nothing of ours" in run.well("uninstall").stdout


def test_a_macro_that_does_more_than_ours_is_given_back(run: Runner, sandbox: Sandbox) -> None:
    make_macro(run)
    (macro,) = macros(sandbox)
    note = {"field": "status", "value": "open"}
    sandbox.zendesk.desk.macros.keep(replace(macro, actions=(note, ADD)))
    done = run.well("uninstall", "--yes")
    (left,) = macros(sandbox)
    assert (left.actions, left.description) == ((note,), "")
    assert "let go of the macro" in done.stdout


def test_without_the_right_to_make_macros_the_rest_is_installed(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    refused = json.dumps({"error": "Forbidden", "description": "You are missing the following required scopes: write"})
    sandbox.faults.add(Fault(service="zendesk", method="POST", path="/macros", status=403, body=refused, times=None))
    done = run.well("install", "--macro")
    assert_all_well(hooks)
    assert "Note: the macro is left as it is. " in done.stdout
    assert "macros:write" in done.stdout
    assert "Now run" in done.stdout.splitlines()[-1]


def test_a_client_without_the_scope_for_macros_is_told_which_one_is_needed(
    run: Runner, sandbox: Sandbox, hooks: Hooks
) -> None:
    sandbox.zendesk.desk.tokens.allowed_scopes = frozenset(("read", "webhooks:write", "triggers:write"))
    done = run.well("install", "--macro")
    assert_all_well(hooks)
    assert "read and macros:write" in done.stdout
    assert macros(sandbox) == []


def test_a_macro_that_cannot_be_removed_does_not_keep_the_rest(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    install(run)
    make_macro(run)
    sandbox.faults.add(Fault(service="zendesk", method="DELETE", path="/macros", status=403, body="{}", times=None))
    done = run("uninstall", "--yes")
    assert (done.returncode, hooks.triggers, hooks.webhooks) == (1, {}, {})
    assert "the macro stays" in done.stderr
    assert "manage macros" in done.stderr


def test_a_macro_for_a_tag_that_nothing_sees_is_refused_and_ours_is_taken_away(run: Runner, sandbox: Sandbox) -> None:
    done = run("install", "--macro", "--no-on-demand")
    assert (done.returncode, writes(sandbox)) == (2, [])
    install(run)
    make_macro(run)
    run.well("install", "--no-on-demand")
    assert macros(sandbox) == []


def test_a_webhook_of_somebody_else_is_none_of_ours(run: Runner, hooks: Hooks) -> None:
    foreign = hooks.keep_webhook(Webhook(name="Theirs", endpoint="http://127.0.0.1:8/other"))
    notify = {"field": "notification_webhook", "value": [foreign.id, ASK]}
    lists = {"all": [CHANGED, TAGGED, NOT_OPTED_OUT], "any": []}
    theirs = Trigger(id=hooks.new_trigger_id(), title="Theirs", conditions=lists, actions=(notify,))
    hooks.keep_trigger(theirs)
    install(run)
    run.well("uninstall", "--yes")
    assert list(hooks.triggers.values()) == [theirs]
