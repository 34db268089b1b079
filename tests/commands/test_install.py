"""`python -m integration install` and `uninstall`, as an admin runs them: processes against a Zendesk."""

from __future__ import annotations

import functools
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.commands.install import read_settings
from integration.zendesk.settings import OPT_OUT
from integration.zendesk.setup.account import Admin
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.conditions import (
    CannotFilterError,
    Condition,
    Conditions,
    Filters,
    fires_on_creation,
    wanted,
)
from integration.zendesk.setup.plan import plan_install
from sandbox import Fault, Sandbox
from sandbox.zendesk.hooks import Hooks, Trigger, Webhook
from tests.conftest import ROOT, wait_for

pytestmark = pytest.mark.slow

PUBLIC_URL = "http://127.0.0.1:9"
ENDPOINT = f"{PUBLIC_URL}/zendesk/tickets"
BODY = (
    '{"ticket_id": "{{ticket.id}}", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}"}'
)
ASK = '{"ticket_id": "{{ticket.id}}", "on_demand": true}'
CREATED = {"field": "update_type", "operator": "is", "value": "Create"}
NOT_OPTED_OUT = {"field": "current_tags", "operator": "not_includes", "value": "no_highlights"}
OUTLET, BILLING, SUPPORT, RETURNS = 360001234574, 360002345685, 360002345678, 8646151517829


def no_wait(_seconds: float) -> None:
    """Let no time pass."""


Result = subprocess.CompletedProcess[str]


class Runner:
    """Runs commands in an empty folder, with Zendesk's settings and PUBLIC_URL and nothing else."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        own = {name: value for name, value in sandbox.environment().items() if name.startswith("ZENDESK")}
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "PUBLIC_URL": PUBLIC_URL,
            **own,
        }
        self.folder = folder
        self.stdin = subprocess.DEVNULL

    def here(self) -> None:
        """Install in this process, which takes no time."""
        admin, wait = Admin(read_settings(self.environ)[0], wait=no_wait), no_wait
        plan_for = functools.partial(plan_install, endpoint=ENDPOINT, filters=None)
        assert carry_out(admin, plan_for, agree=lambda _plan: True, tell=lambda _step: None, wait=wait)

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "integration", *arguments],
            env=self.environ | changes,
            cwd=self.folder,
            stdin=self.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, **changes: str) -> Result:
        process = self.start(*arguments, **changes)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        return Result(arguments, process.returncode, out, err)

    def well(self, *arguments: str) -> Result:
        done = self(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Runner:
    return Runner(sandbox, tmp_path)


@pytest.fixture
def hooks(sandbox: Sandbox) -> Hooks:
    return sandbox.zendesk.desk.hooks


def on_demand(hooks: Hooks) -> list[Trigger]:
    """The triggers that ask for highlights on demand."""
    return [trigger for trigger in hooks.triggers.values() if ASK in [body for _, body in trigger.notifications]]


def of_new_tickets(hooks: Hooks) -> list[Trigger]:
    """All other triggers."""
    return [trigger for trigger in hooks.triggers.values() if trigger not in on_demand(hooks)]


def the_pair(hooks: Hooks) -> tuple[Webhook, Trigger]:
    """The only webhook and the only trigger, but for one that asks for highlights on demand."""
    (webhook,), (trigger,) = hooks.webhooks.values(), of_new_tickets(hooks)
    assert len(on_demand(hooks)) <= 1
    return webhook, trigger


def assert_all_well(hooks: Hooks, *, filters: Sequence[Condition] = ()) -> tuple[Webhook, Trigger]:
    webhook, trigger = the_pair(hooks)
    assert (webhook.endpoint, webhook.status, webhook.http_method) == (ENDPOINT, "active", "POST")
    assert (webhook.request_format, webhook.for_triggers) == ("json", True)
    assert trigger.active
    assert trigger.notifications == [(webhook.id, BODY)]
    assert sorted(trigger.conditions["all"], key=str) == sorted((CREATED, NOT_OPTED_OUT, *filters), key=str)
    return webhook, trigger


def secret_of(done: Result) -> str:
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("ZENDESK_WEBHOOK_SECRET=")]
    return line.removeprefix("ZENDESK_WEBHOOK_SECRET=")


def writes(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [
        (request.method, request.path.removeprefix("/api/v2/").partition("/")[0].removesuffix(".json"))
        for request in sandbox.zendesk.requests
        if request.method != "GET" and request.path != "/oauth/tokens"
    ]


def told_of(sandbox: Sandbox) -> list[int]:
    return [delivery.ticket_id for delivery in sandbox.zendesk.all_deliveries]


@contextmanager
def somebody_types(answer: str, run: Runner) -> Iterator[None]:
    """Commands have a terminal, and somebody answers what they ask."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    run.stdin = theirs
    try:
        yield
    finally:
        os.close(ours)
        os.close(theirs)


def made_by_hand(hooks: Hooks, conditions: dict[str, Any] | None = None) -> tuple[Webhook, Trigger]:
    """A webhook and a trigger as the README's way by hand leaves them, and a condition of the admin's own."""
    webhook = hooks.keep_webhook(Webhook(name="Mine", endpoint=ENDPOINT + "/", description="by hand"))
    usual = {"all": [CREATED, {"field": "priority", "operator": "is_not", "value": "low"}], "any": []}
    actions = (
        {"field": "current_tags", "value": "seen"},
        {"field": "notification_webhook", "value": [webhook.id, '{"ticket_id": "{{ticket.id}}"}']},
    )
    made = Trigger(id=hooks.new_trigger_id(), title="Mine", conditions=conditions or usual, actions=actions)
    return webhook, hooks.keep_trigger(made)


# -- It installs


def test_one_webhook_and_one_trigger_are_made_and_the_secret_is_told(run: Runner, hooks: Hooks) -> None:
    done = run.well("install")
    webhook, _ = assert_all_well(hooks)
    assert secret_of(done) == webhook.secret
    assert f"\nZENDESK_WEBHOOK_SECRET={webhook.secret}\n" in done.stdout
    assert f"\nheroku config:set ZENDESK_WEBHOOK_SECRET={webhook.secret}\n" in done.stdout
    assert done.stdout.endswith(f"\nNow run `{sys.executable} -m integration check`.\n")
    shown = done.stdout.index('create the webhook "Highlights"')
    assert shown < done.stdout.index("the ticket is created") < done.stdout.index("done: create the webhook")


def test_a_new_ticket_is_told_with_ids_and_identities(run: Runner, sandbox: Sandbox) -> None:
    run.here()
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example", external_id="u-7")
    (delivery,) = sandbox.zendesk.all_deliveries
    expected = f'{{"ticket_id": "{number}", "requester_email": "ada@shop.example", "requester_external_id": "u-7"}}'
    assert delivery.payload == expected


def test_neither_updates_nor_opted_out_tickets_are_told(run: Runner, sandbox: Sandbox) -> None:
    run.here()
    sandbox.zendesk.file_ticket(tags=("vip", "no_highlights"))
    number = sandbox.zendesk.file_ticket()
    sandbox.zendesk.desk.fire(sandbox.zendesk.desk.account.ticket(number), "Change")
    assert told_of(sandbox) == [number]


def test_a_second_run_changes_nothing_and_tells_the_same_secret(run: Runner, sandbox: Sandbox) -> None:
    first = run.well("install")
    sandbox.zendesk.forget_requests()
    second = run.well("install")
    assert (writes(sandbox), secret_of(second)) == ([], secret_of(first))
    assert "as they should be" in second.stdout


def test_a_run_with_the_right_secret_asks_for_nothing_and_shows_no_secret(run: Runner, hooks: Hooks) -> None:
    run.here()
    ((secret,), asked) = ({webhook.secret for webhook in hooks.webhooks.values()}, "heroku config:set")
    for right in (secret, f" {secret} ", f"an-earlier-secret,{secret}"):
        done = run("install", ZENDESK_WEBHOOK_SECRET=right)
        assert (done.returncode, done.stderr) == (0, "")
        assert secret not in done.stdout
        assert asked not in done.stdout
        assert "there is nothing to set" in done.stdout
        assert "Now run" in done.stdout.splitlines()[-1]
    for wrong in ("an-earlier-secret", "<the secret>", f'"{secret}"', secret[:-1]):
        done = run("install", ZENDESK_WEBHOOK_SECRET=wrong)
        assert secret_of(done) == secret
        assert asked in done.stdout
        assert "is not the webhook's" in done.stdout


def test_the_command_to_run_next_is_named_as_this_one_was_called(run: Runner) -> None:
    run.here()
    assert run("install", DYNO="run.1234").stdout.endswith(f"`heroku run -- {sys.executable} -m integration check`.\n")
    command = ["sh", "-c", f"PATH={Path(sys.executable).parent}:$PATH; python -X utf8 -m integration install"]
    done = subprocess.run(command, env=run.environ, cwd=run.folder, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nNow run `python -X utf8 -m integration check`.\n")


def test_a_dry_run_shows_the_steps_and_changes_nothing(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    done = run.well("install", "--dry-run", "--tag", "vip")
    assert (writes(sandbox), hooks.webhooks, hooks.triggers) == ([], {}, {})
    for part in ("create the webhook", "create the trigger", "one of these tags: vip", "(--dry-run)"):
        assert part in done.stdout
    assert "SECRET" not in done.stdout


def test_the_legacy_token_works_too_with_a_warning(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    email = str(sandbox.zendesk.desk.account.service_user.email)
    changes = {"ZENDESK_CLIENT_ID": "", "ZENDESK_CLIENT_SECRET": "", "ZENDESK_EMAIL": email}
    done = run("install", ZENDESK_API_TOKEN=sandbox.zendesk.api_token, **changes)
    assert done.returncode == 0
    assert "30 April 2027" in done.stderr
    assert_all_well(hooks)


def test_an_account_that_wants_categories_gets_one(run: Runner, hooks: Hooks) -> None:
    hooks.categories_needed = True
    run.well("install")
    assert_all_well(hooks)


def test_a_refused_trigger_is_no_missing_permission_in_an_account_without_categories(
    run: Runner, hooks: Hooks, sandbox: Sandbox
) -> None:
    hooks.categories = False
    refused = '{"error": "RecordInvalid", "description": "Record validation errors", "details": {}}'
    path = r"^/api/v2/triggers(\.json)?$"
    sandbox.faults.add(Fault(service="zendesk", method="POST", path=path, status=422, body=refused, times=None))
    done = run("install")
    assert done.returncode == 1
    assert "refuses the trigger (422)" in done.stderr
    assert "permission" not in done.stderr


def test_ours_are_found_beyond_the_first_page(run: Runner, hooks: Hooks) -> None:
    for number in range(150):
        webhook = hooks.keep_webhook(Webhook(name="Highlights", endpoint=f"http://127.0.0.1:8/{number}"))
        notify = {"field": "notification_webhook", "value": [webhook.id, "{}"]}
        rules = {"all": [CREATED], "any": []}
        hooks.keep_trigger(Trigger(id=hooks.new_trigger_id(), title="Highlights", conditions=rules, actions=(notify,)))
    run.here()
    run.well("install")
    assert (len(hooks.webhooks), len(of_new_tickets(hooks)), len(on_demand(hooks))) == (151, 151, 1)


# -- Filters


def test_filters_become_conditions(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    run.well(
        *("install", "--brand", "acme outlet", "--form", str(RETURNS), "--channel", "Email"),
        *("--group", "Billing", "--group", str(SUPPORT), "--tag", "vip", "--tag", "Gold", "--without-tag", "spam"),
    )
    _, trigger = the_pair(hooks)
    assert trigger.conditions["any"] == [
        {"field": "group_id", "operator": "is", "value": str(BILLING)},
        {"field": "group_id", "operator": "is", "value": str(SUPPORT)},
    ]
    fit: dict[str, Any] = {
        "brand_id": OUTLET,
        "form_id": RETURNS,
        "via": "mail",
        "group_id": BILLING,
        "tags": ("gold",),
    }
    numbers = [sandbox.zendesk.file_ticket(**fit), sandbox.zendesk.file_ticket(**fit | {"group_id": SUPPORT})]
    for tags in ((), ("gold", "spam"), ("gold", "no_highlights")):
        sandbox.zendesk.file_ticket(**fit | {"tags": tags})
    for other in ({"brand_id": 360001234567}, {"form_id": 8646151517822}, {"via": "web"}, {"group_id": 1}):
        sandbox.zendesk.file_ticket(**fit | other)
    assert told_of(sandbox) == numbers


def test_filters_stay_are_replaced_and_are_removed(run: Runner, hooks: Hooks) -> None:
    vip = {"field": "current_tags", "operator": "includes", "value": "vip"}
    outlet = {"field": "brand_id", "operator": "is", "value": str(OUTLET)}
    run.well("install", "--tag", "vip")
    run.well("install")
    assert_all_well(hooks, filters=[vip])
    run.well("install", "--brand", str(OUTLET))
    assert_all_well(hooks, filters=[outlet])
    run.well("install", "--no-filters")
    assert_all_well(hooks)


def test_what_an_admin_added_by_hand_stays_when_filters_change(run: Runner, hooks: Hooks) -> None:
    run.well("install", "--tag", "vip")
    _, trigger = the_pair(hooks)
    own = {"field": "priority", "operator": "is", "value": "urgent"}
    lists = {"all": [*trigger.conditions["all"], own], "any": []}
    tagging = {"field": "current_tags", "value": "seen"}
    hooks.keep_trigger(
        replace(trigger, title="New name", description=f"{trigger.description} Mine.", conditions=lists,
                actions=(tagging, *trigger.actions))
    )  # fmt: skip
    run.well("install", "--without-tag", "spam")
    _, changed = the_pair(hooks)
    assert own in changed.conditions["all"]
    assert "no_highlights spam" in [condition["value"] for condition in changed.conditions["all"]]
    assert (changed.title, tagging in changed.actions) == ("New name", True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("--brand 360001234574 --brand Acme --group Billing --group Support", "--brand and --group"),
        ("--tag vip --without-tag vip", "vip"),
        ("--tag no_highlights", "no_highlights"),
        ("--brand Nowhere", "Acme (360001234567), Acme Outlet (360001234574)"),
        ("--group 1", "Billing"),
        ("--no-filters --tag vip", "--no-filters"),
        ("--tag a,b", "usage:"),
        ("--status new", "usage:"),
    ],
)
def test_filters_that_cannot_be_had_exit_2_and_change_nothing(
    run: Runner, sandbox: Sandbox, arguments: str, reason: str
) -> None:
    done = run("install", *arguments.split())
    assert done.returncode == 2
    assert reason in done.stderr
    assert writes(sandbox) == []


def test_alternatives_of_an_admin_are_not_mixed_with_ours(run: Runner, hooks: Hooks) -> None:
    run.here()
    _, trigger = the_pair(hooks)
    own = [{"field": "priority", "operator": "is", "value": value} for value in ("high", "urgent")]
    hooks.keep_trigger(replace(trigger, conditions=trigger.conditions | {"any": own}))
    done = run("install", "--group", "Billing", "--group", "Support")
    assert (done.returncode, "alternatives of its own" in done.stderr) == (2, True)
    run.well("install", "--group", "Billing")
    _, changed = the_pair(hooks)
    assert changed.conditions["any"] == own
    assert {"field": "group_id", "operator": "is", "value": str(BILLING)} in changed.conditions["all"]


# -- It repairs


@pytest.mark.parametrize(
    "damage",
    [
        {"status": "inactive"},
        {"http_method": "PUT"},
        {"request_format": "xml"},
        {"endpoint": "http://127.0.0.1:8/elsewhere"},
        {"endpoint": ENDPOINT + "/"},
    ],
)
def test_a_damaged_webhook_is_repaired(run: Runner, hooks: Hooks, damage: dict[str, Any]) -> None:
    run.here()
    webhook, _ = the_pair(hooks)
    hooks.keep_webhook(replace(webhook, name="New name", **damage))
    assert secret_of(run.well("install")) == webhook.secret
    repaired, _ = assert_all_well(hooks)
    assert repaired.name == "New name"


@pytest.mark.parametrize(
    "damage",
    [
        {"active": False},
        {"conditions": {"all": [], "any": []}},
        {"conditions": {"all": [{**CREATED, "value": "Change"}, NOT_OPTED_OUT], "any": []}},
        {"actions": ()},
        {"actions": ({"field": "notification_webhook", "value": ["01GONE", BODY]},)},
    ],
)
def test_a_damaged_trigger_is_repaired(run: Runner, hooks: Hooks, damage: dict[str, Any]) -> None:
    run.here()
    _, trigger = the_pair(hooks)
    hooks.keep_trigger(replace(trigger, **damage))
    run.well("install")
    _, repaired = assert_all_well(hooks)
    assert repaired.id == trigger.id


def test_a_trigger_whose_payload_was_changed_is_repaired(run: Runner, hooks: Hooks) -> None:
    run.here()
    webhook, trigger = the_pair(hooks)
    wrong = {"field": "notification_webhook", "value": [webhook.id, '{"requester_email": "x"}']}
    hooks.keep_trigger(replace(trigger, actions=(wrong, wrong)))
    run.well("install")
    assert_all_well(hooks)


def test_a_webhook_that_was_deleted_is_made_anew_and_the_trigger_calls_it(run: Runner, hooks: Hooks) -> None:
    run.well("install", "--tag", "vip")
    webhook, trigger = the_pair(hooks)
    hooks.webhooks.clear()
    assert secret_of(run.well("install")) != webhook.secret
    vip = {"field": "current_tags", "operator": "includes", "value": "vip"}
    assert assert_all_well(hooks, filters=[vip])[1].id == trigger.id


# -- What it did not make


def test_what_was_made_by_hand_is_not_touched_when_nobody_can_be_asked(
    run: Runner, sandbox: Sandbox, hooks: Hooks
) -> None:
    made_by_hand(hooks)
    done = run("install")
    assert (done.returncode, writes(sandbox)) == (1, [])
    assert 'the webhook "Mine"' in done.stderr
    assert "--yes" in done.stderr
    assert "SECRET" not in done.stdout


@pytest.mark.parametrize("answer", ["n", "", "what?"])
def test_what_was_made_by_hand_is_not_touched_against_an_admins_will(
    run: Runner, sandbox: Sandbox, hooks: Hooks, answer: str
) -> None:
    made_by_hand(hooks)
    with somebody_types(answer, run):
        assert run("install").returncode == 1
    assert writes(sandbox) == []


@pytest.mark.parametrize("how", ["asked", "told"])
def test_what_was_made_by_hand_is_taken_over_with_consent(run: Runner, hooks: Hooks, how: str) -> None:
    by_hand = made_by_hand(hooks)
    with somebody_types("y", run):
        done = run("install") if how == "asked" else run("install", "--yes")
    assert done.returncode == 0
    own = {"field": "priority", "operator": "is_not", "value": "low"}
    webhook, trigger = (the_pair(hooks)[0], the_pair(hooks)[1])
    assert (webhook.id, trigger.id) == (by_hand[0].id, by_hand[1].id)
    assert (webhook.endpoint, webhook.description.startswith("by hand")) == (ENDPOINT, True)
    assert trigger.actions[0] == {"field": "current_tags", "value": "seen"}
    assert trigger.notifications == [(webhook.id, BODY)]
    assert own in trigger.conditions["all"]
    assert NOT_OPTED_OUT in trigger.conditions["all"]
    assert secret_of(done) == webhook.secret
    assert "as they should be" in run.well("install").stdout


def test_a_trigger_for_updates_is_not_taken_over(run: Runner, hooks: Hooks) -> None:
    webhook, other = made_by_hand(hooks, conditions={"all": [{**CREATED, "value": "Change"}], "any": []})
    done = run("install", "--yes")
    assert done.returncode == 0
    assert hooks.triggers[other.id] == other
    assert (list(hooks.webhooks), len(of_new_tickets(hooks)), len(on_demand(hooks))) == ([webhook.id], 2, 1)
    assert f'The trigger "Mine" ({other.id}) calls the webhook too' in done.stdout


def test_another_installation_in_the_same_account_is_left_alone(run: Runner, hooks: Hooks) -> None:
    run("install", PUBLIC_URL="http://127.0.0.1:10")
    other = the_pair(hooks)
    done = run.well("install")
    assert "belongs to another installation, for http://127.0.0.1:10/zendesk/tickets" in done.stdout
    assert (len(hooks.webhooks), len(of_new_tickets(hooks)), len(on_demand(hooks))) == (2, 2, 2)
    run.well("uninstall", "--yes")
    assert the_pair(hooks) == other


# -- Again, interrupted, at once


MARK = f"[helpdesk-highlights {ENDPOINT}"


def doubled(hooks: Hooks, *, bound: bool = True) -> tuple[Webhook, Trigger]:
    """A second pair of ours, as two runs leave it that knew nothing of each other, or ended before they were done."""
    webhook, trigger = the_pair(hooks)
    made = Webhook(name="Highlights", endpoint=ENDPOINT)
    description = webhook.description.replace(webhook.id, made.id)
    hooks.keep_webhook(replace(made, description=description if bound else _unbound(description)))
    notify = {"field": "notification_webhook", "value": [made.id, BODY]}
    other = replace(trigger, id=hooks.new_trigger_id(), actions=(notify,))
    description = trigger.description.replace(str(trigger.id), str(other.id))
    return hooks.webhooks[made.id], hooks.keep_trigger(
        replace(other, description=description if bound else _unbound(description))
    )


def _unbound(description: str) -> str:
    return re.sub(r" id=[^]]+", "", description)


def copied(hooks: Hooks, endpoint: str = ENDPOINT) -> tuple[Webhook, Trigger]:
    """Copies of our two, as Zendesk makes them: all is the same but the id."""
    webhook, trigger = the_pair(hooks)
    copy = Webhook(name=webhook.name, endpoint=endpoint, description=webhook.description)
    return hooks.keep_webhook(copy), hooks.keep_trigger(replace(trigger, id=hooks.new_trigger_id()))


@pytest.mark.parametrize("bound", [True, False])
def test_duplicates_of_ours_are_removed_triggers_first(
    run: Runner, sandbox: Sandbox, hooks: Hooks, *, bound: bool
) -> None:
    run.here()
    before = the_pair(hooks)
    doubled(hooks, bound=bound)
    sandbox.zendesk.forget_requests()
    assert secret_of(run.well("install")) == before[0].secret
    assert assert_all_well(hooks) == before
    assert writes(sandbox) == [("DELETE", "triggers"), ("DELETE", "webhooks")]


@pytest.mark.parametrize(("method", "path"), [("POST", "webhooks"), ("POST", "triggers")])
def test_a_run_whose_answer_was_lost_says_so_and_the_next_one_finishes(
    run: Runner, sandbox: Sandbox, hooks: Hooks, method: str, path: str
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method=method, path=path, drop="after"))
    done = run("install")
    assert done.returncode == 1
    assert "Run the same command again" in done.stderr
    run.well("install")
    assert_all_well(hooks)


@pytest.mark.parametrize("path", ["webhooks", "triggers"])
def test_a_run_that_was_killed_in_the_middle_is_finished_by_the_next(
    run: Runner, sandbox: Sandbox, hooks: Hooks, path: str
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="POST", path=path, delay_after=30.0))
    process = run.start("install")
    made = hooks.webhooks if path == "webhooks" else hooks.triggers
    wait_for(lambda: len(made))
    process.kill()
    process.communicate()
    run.well("install")
    assert_all_well(hooks)


@pytest.mark.parametrize("lag", [0.0, 0.4])
def test_runs_at_once_leave_one_of_each_and_tell_its_secret(run: Runner, hooks: Hooks, lag: float) -> None:
    hooks.list_lag = lag
    processes = [run.start("install", "--tag", "vip") for _ in range(4)]
    # four of them together may meet the account's limit of a minute, and wait for it
    results = [(process.communicate(timeout=150), process.returncode) for process in processes]
    assert [code for _, code in results] == [0] * 4, [err for ((_, err), code) in results if code]
    vip = {"field": "current_tags", "operator": "includes", "value": "vip"}
    webhook, _ = assert_all_well(hooks, filters=[vip])
    assert {secret_of(Result("", 0, out)) for (out, _), _ in results} == {webhook.secret}


def test_uninstalls_at_once_leave_nothing(run: Runner, hooks: Hooks) -> None:
    run.here()
    doubled(hooks)
    processes = [run.start("uninstall", "--yes") for _ in range(3)]
    results = [(process.communicate(timeout=60), process.returncode) for process in processes]
    assert [code for _, code in results] == [0] * 3, results
    assert (hooks.webhooks, hooks.triggers) == ({}, {})


def test_a_list_that_lags_makes_no_second_one(run: Runner, hooks: Hooks) -> None:
    hooks.list_lag = 3600.0
    run.well("install")
    assert_all_well(hooks)


def test_a_limit_is_waited_for(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    again = {"Retry-After": "1"}
    sandbox.faults.add(Fault(service="zendesk", method="POST", path="webhooks", status=429, headers=again))
    run.well("install")
    assert_all_well(hooks)


# -- Whose it is: a mark is worth something on the object whose id it names


def test_the_marks_name_the_ids_of_what_carries_them(run: Runner, hooks: Hooks) -> None:
    run.here()
    for item in the_pair(hooks):
        assert item.description.endswith(f" by {MARK} id={item.id}]")


def test_a_mark_whose_id_was_not_written_yet_is_finished_by_the_next_run(
    run: Runner, sandbox: Sandbox, hooks: Hooks
) -> None:
    run.here()
    before = webhook, trigger = the_pair(hooks)
    hooks.keep_webhook(replace(webhook, description=_unbound(webhook.description)))
    hooks.keep_trigger(replace(trigger, description=_unbound(trigger.description)))
    sandbox.zendesk.forget_requests()
    run.well("install")
    assert [(item.id, item.description) for item in the_pair(hooks)] == [(item.id, item.description) for item in before]
    assert writes(sandbox) == [("PATCH", "webhooks"), ("PUT", "triggers")]


@pytest.mark.parametrize("endpoint", [ENDPOINT, "http://127.0.0.1:8/elsewhere"])
@pytest.mark.parametrize("arguments", [["install"], ["uninstall", "--yes"]])
def test_copies_of_ours_are_left_alone_and_told_of(
    run: Runner, hooks: Hooks, endpoint: str, arguments: list[str]
) -> None:
    run.here()
    webhook, trigger = the_pair(hooks)
    copies = copied(hooks, endpoint)
    done = run(*arguments)
    assert (hooks.webhooks[copies[0].id], hooks.triggers[copies[1].id]) == copies
    for copy in copies:
        assert f"({copy.id}) is a copy of ours" in done.stdout + done.stderr
    installed = arguments == ["install"]
    assert (trigger.id in hooks.triggers, done.returncode) == (installed, 0 if installed else 1)
    assert webhook.id in hooks.webhooks  # the copied trigger calls it


def test_a_copy_is_not_taken_over_when_what_it_was_copied_from_is_gone(run: Runner, hooks: Hooks) -> None:
    run.here()
    originals = the_pair(hooks)
    copies = copied(hooks)
    del hooks.webhooks[originals[0].id], hooks.triggers[originals[1].id]
    run.well("install", "--yes")
    assert (hooks.webhooks[copies[0].id], hooks.triggers[copies[1].id]) == copies
    assert (len(hooks.webhooks), len(of_new_tickets(hooks)), len(on_demand(hooks))) == (2, 2, 1)


def test_what_resembles_ours_but_was_never_given_its_id_is_not_deleted(run: Runner, hooks: Hooks) -> None:
    run.here()
    _, trigger = the_pair(hooks)
    webhook, other = doubled(hooks, bound=False)
    theirs = (
        hooks.keep_webhook(replace(webhook, name="Highlights (copy)")),
        hooks.keep_trigger(replace(other, actions=({"field": "current_tags", "value": "seen"}, *other.actions))),
    )
    run("install", "--yes")
    assert (hooks.webhooks[webhook.id], hooks.triggers[other.id]) == theirs
    run("uninstall", "--yes")
    assert (hooks.webhooks[webhook.id], hooks.triggers[other.id]) == theirs
    assert trigger.id not in hooks.triggers


def test_a_webhook_of_ours_that_calls_another_address_is_not_deleted(run: Runner, hooks: Hooks) -> None:
    run.here()
    webhook, _ = doubled(hooks)
    elsewhere = hooks.keep_webhook(replace(webhook, endpoint="http://127.0.0.1:8/elsewhere"))
    assert f"({webhook.id}) carries our mark but calls http://127.0.0.1:8/elsewhere" in run("install").stdout
    assert hooks.webhooks[webhook.id] == elsewhere
    run.well("uninstall", "--yes")
    assert [(webhook.id, webhook.endpoint, webhook.description) for webhook in hooks.webhooks.values()] == [
        (webhook.id, elsewhere.endpoint, "")
    ]


MORE_THAN_OURS = [
    {"description": "Mine."},
    {"actions": [{"field": "current_tags", "value": "seen"}]},
    {"all": [{"field": "priority", "operator": "is_not", "value": "low"}]},
    {"any": [{"field": "priority", "operator": "is", "value": "urgent"}]},
]


@pytest.mark.parametrize("more", MORE_THAN_OURS)
@pytest.mark.parametrize("arguments", [["install", "--yes"], ["uninstall", "--yes"]])
def test_of_a_trigger_that_carries_more_than_ours_the_rest_stays(
    run: Runner, hooks: Hooks, more: dict[str, Any], arguments: list[str]
) -> None:
    run.here()
    _, trigger = the_pair(hooks) if arguments[0] == "uninstall" else doubled(hooks)
    lists = {name: [*listed, *more.get(name, [])] for name, listed in trigger.conditions.items()}
    others = more.get("actions", [])
    description = " ".join((trigger.description, more.get("description", ""))).strip()
    actions = (*others, *trigger.actions)
    hooks.keep_trigger(replace(trigger, description=description, conditions=lists, actions=actions))
    done = run(*arguments)
    left = hooks.triggers[trigger.id]
    assert (left.conditions, left.description) == (lists, more.get("description", ""))
    if others:
        assert (left.actions, left.active) == (tuple(others), True)
    else:
        assert (left.actions, left.active) == (actions, False)  # there is no trigger without an action
    assert "let go of the trigger" in done.stdout
    again = run(*arguments)
    assert (hooks.triggers[trigger.id], "let go" in again.stdout) == (left, False)


def test_what_carries_more_than_ours_is_not_touched_when_nobody_can_be_asked(
    run: Runner, sandbox: Sandbox, hooks: Hooks
) -> None:
    run.here()
    _, other = doubled(hooks)
    hooks.keep_trigger(replace(other, actions=({"field": "current_tags", "value": "seen"}, *other.actions)))
    sandbox.zendesk.forget_requests()
    done = run("install")
    assert (done.returncode, writes(sandbox)) == (1, [])
    assert "--yes" in done.stderr


# -- Uninstall


def test_uninstall_removes_ours_the_trigger_first_and_nothing_else(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    run.here()
    foreign = hooks.keep_webhook(Webhook(name="Highlights", endpoint="http://127.0.0.1:8/other"))
    sandbox.zendesk.forget_requests()
    assert "To do: delete the trigger" in run.well("uninstall", "--dry-run").stdout
    assert writes(sandbox) == []
    run.well("uninstall", "--yes")
    assert (list(hooks.webhooks.values()), hooks.triggers) == ([foreign], {})
    assert writes(sandbox) == [("DELETE", "triggers"), ("DELETE", "triggers"), ("DELETE", "webhooks")]
    assert "nothing of ours" in run.well("uninstall").stdout


@pytest.mark.parametrize(("answer", "removed"), [("y", True), ("n", False), ("", False), ("what?", False)])
def test_uninstall_asks_once(run: Runner, sandbox: Sandbox, hooks: Hooks, answer: str, *, removed: bool) -> None:
    run.here()
    sandbox.zendesk.forget_requests()
    with somebody_types(answer, run):
        done = run("uninstall")
    assert (done.returncode, hooks.triggers == {}) == (0 if removed else 1, removed)
    assert bool(writes(sandbox)) is removed
    assert done.stdout.count("[y/N]") == 1


def test_uninstall_does_nothing_when_nobody_can_be_asked(run: Runner, sandbox: Sandbox) -> None:
    run.here()
    sandbox.zendesk.forget_requests()
    done = run("uninstall")
    assert (done.returncode, writes(sandbox)) == (1, [])
    assert "--yes" in done.stderr


def test_uninstall_leaves_a_webhook_that_a_foreign_trigger_calls_and_says_so(run: Runner, hooks: Hooks) -> None:
    run.here()
    webhook, trigger = the_pair(hooks)
    foreign = hooks.keep_trigger(replace(trigger, id=hooks.new_trigger_id(), title="Theirs", description=""))
    done = run("uninstall", "--yes")
    assert done.returncode == 1
    assert '"Theirs"' in done.stderr
    assert (list(hooks.webhooks), list(hooks.triggers)) == ([webhook.id], [foreign.id])


def test_uninstall_leaves_what_was_made_by_hand(run: Runner, hooks: Hooks) -> None:
    by_hand = made_by_hand(hooks)
    run.well("uninstall", "--yes")
    assert the_pair(hooks) == by_hand


@pytest.mark.parametrize("other_actions", [1, 0])
def test_what_was_made_by_hand_and_taken_over_is_given_back(run: Runner, hooks: Hooks, other_actions: int) -> None:
    webhook, trigger = made_by_hand(hooks)
    hooks.keep_trigger(replace(trigger, actions=trigger.actions[1 - other_actions :]))
    run.well("install", "--yes")
    run.well("uninstall", "--yes")
    left = the_pair(hooks)
    assert (left[0].id, left[0].description) == (webhook.id, "by hand")
    assert (left[1].id, left[1].description, left[1].active) == (trigger.id, "", bool(other_actions))
    assert left[1].active is False or left[1].actions == trigger.actions[:1]
    assert all(condition in left[1].conditions["all"] for condition in trigger.conditions["all"])


# -- It says what is wrong


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_missing_settings_are_named_at_once_and_only_those_that_are_needed(run: Runner, command: str) -> None:
    missing = dict.fromkeys(("PUBLIC_URL", "ZENDESK_SUBDOMAIN", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), "")
    done = run(command, **missing)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(name in done.stderr for name in missing)
    assert not any(name in done.stderr for name in ("REDIS_URL", "LOGROCKET", "SECRET_KEY"))


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_who_may_not_manage_webhooks_is_told_in_plain_words(run: Runner, sandbox: Sandbox, command: str) -> None:
    agent = {"ZENDESK_EMAIL": sandbox.zendesk.agent_email, "ZENDESK_API_TOKEN": sandbox.zendesk.api_token}
    done = run(command, ZENDESK_CLIENT_ID="", ZENDESK_CLIENT_SECRET="", **agent)
    assert done.returncode == 1
    assert "lacks the permission to manage webhooks" in done.stderr


def test_who_may_not_manage_triggers_is_told_in_plain_words(run: Runner, sandbox: Sandbox, hooks: Hooks) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="POST", path="triggers", status=403, body="{}"))
    done = run("install")
    assert done.returncode == 1
    assert "lacks the permission to manage triggers" in done.stderr
    run.well("install")
    assert_all_well(hooks)


def test_a_scope_that_is_missing_is_named(run: Runner, sandbox: Sandbox) -> None:
    body = json.dumps({"error": "Forbidden", "description": "You are missing the following required scopes: write"})
    sandbox.faults.add(Fault(service="zendesk", method="POST", path="webhooks", status=403, body=body))
    done = run("install")
    assert done.returncode == 1
    assert "read, webhooks:write, triggers:write" in done.stderr


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ZENDESK_CLIENT_SECRET": "another-clients-secret-5f0c"}, "refuses our credentials (401)"),
        ({"ZENDESK_URL": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_a_zendesk_that_does_not_serve_us_is_an_error_of_one_line(
    run: Runner, changes: dict[str, str], reason: str
) -> None:
    done = run("install", **changes)
    assert done.returncode == 1
    assert reason in done.stderr


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"webhooks": 3}', '{"webhooks": [{"id": null}]}'])
def test_an_answer_that_cannot_be_read_changes_nothing(run: Runner, sandbox: Sandbox, body: str) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="GET", path="webhooks", status=200, body=body))
    done = run("install")
    assert (done.returncode, writes(sandbox)) == (1, [])
    assert "cannot be read" in done.stderr


def test_the_endpoint_of_a_refused_webhook_is_no_secret_and_the_refusal_is_told(
    run: Runner, sandbox: Sandbox, hooks: Hooks
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="POST", path="webhooks", status=400, times=None, body="{}"))
    done = run("install")
    assert (done.returncode, hooks.webhooks) == (1, {})
    assert "Zendesk refuses the webhook (400)" in done.stderr
    assert sandbox.zendesk.client_secret not in done.stdout + done.stderr


# -- Conditions, whatever there was

VALUES = st.sampled_from(["Create", "Change", "vip", "no_highlights", "no_highlights vip", "1", "2", "", None])
CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {
            "field": st.sampled_from(["update_type", "current_tags", "brand_id", "group_id", "priority"]),
            "operator": st.sampled_from(["is", "is_not", "includes", "not_includes"]),
            "value": VALUES,
        }
    ),
    max_size=5,
).map(tuple)
FILTERS = st.none() | st.builds(
    Filters,
    named=st.fixed_dictionaries({"brand_id": st.lists(st.sampled_from("12"), max_size=2)}),
    tags=st.lists(st.sampled_from(["vip", "gold"]), max_size=2),
    without_tags=st.lists(st.sampled_from(["spam", "bot"]), max_size=2),
)


@given(CONDITIONS, CONDITIONS, FILTERS)
def test_conditions_that_are_as_wanted_are_not_changed_again(
    every: tuple[Condition, ...], some: tuple[Condition, ...], filters: Filters | None
) -> None:
    try:
        once = wanted(Conditions(all=every, any=some), filters)
    except CannotFilterError:
        return
    assert wanted(once, filters) == once
    assert wanted(once, None) == once
    assert fires_on_creation(once)
    assert [condition for condition in once.all if condition["field"] == "update_type"] == [CREATED] * max(
        1, every.count(CREATED)
    )
    assert any(
        OPT_OUT in str(condition["value"]).split() for condition in once.all if condition["operator"] == "not_includes"
    )
