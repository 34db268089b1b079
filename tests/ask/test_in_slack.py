"""A summary that is posted in Slack, too: once, whatever fails, and never in the way of what can be looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from integration.cases.entry import State
from integration.facts import CaseKey, Highlights
from integration.note import compose
from sandbox import Sandbox
from sandbox.faults import Fault
from sandbox.slack import Slack
from tests.ask.conftest import ADA, Asking, Client, Hook
from tests.conftest import wait_for
from tests.note import notes

IN_SLACK = {**ADA, "slack": True}


@pytest.fixture
def slack(sandbox: Sandbox) -> Iterator[Slack]:
    running = Slack(faults=sandbox.faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def environ(environ: dict[str, str], slack: Slack) -> dict[str, str]:
    return {**environ, **slack.environment()}


def posts(slack: Slack) -> int:
    return sum("chat.postMessage" in request.path for request in slack.requests)


def work_until_kept(product: Asking, client: Client, case_id: str) -> None:
    """Work until the result can be looked at."""

    def kept() -> bool:
        product.work()
        return bool(client.look(case_id).json()["status"] == "ready")

    wait_for(kept)


# -- It works


def test_a_summary_is_one_message_and_is_kept_and_sent_all_the_same(
    product: Asking, client: Client, slack: Slack, hook: Hook
) -> None:
    case_id = client.ask({**IN_SLACK, "callback_url": hook.url}, key="call-7").json()["id"]
    assert product.work_on(case_id).state is State.POSTED
    assert client.ask({**IN_SLACK, "callback_url": hook.url}, key="call-7").status_code == 200
    product.work()
    [message] = slack.own_messages()
    [(_, told)] = hook.taken
    result = client.look(case_id).json()
    assert result["status"] == "ready"
    assert json.loads(told)["data"] == result
    text = message["blocks"][0]["text"]
    assert text.startswith("**ada@shop.example**: 2 sessions")
    assert "ticket" not in text
    assert "Highlights request" in text
    assert "ada@" not in json.dumps({**message, "blocks": []})
    assert case_id not in json.dumps(message)


def test_the_reference_stands_in_the_message_and_does_nothing_there(
    product: Asking, client: Client, slack: Slack
) -> None:
    for reference in ("deal 7", "<!here> @channel *x* https://evil.example/a"):
        product.work_on(client.ask({**IN_SLACK, "reference": reference}).json()["id"])
    plain, hostile = slack.own_messages()
    assert "\n\nReference: deal 7\n\n" in plain["blocks"][0]["text"]
    assert (
        "Reference: &lt; !here&gt; @ channel \\*x\\* https\\[:\\]//evil\\[.\\]example/a" in hostile["blocks"][0]["text"]
    )
    assert slack.called() == []
    assert "deal 7" not in plain["text"]


def test_who_does_not_ask_for_it_gets_no_message(product: Asking, client: Client, slack: Slack) -> None:
    for body in (ADA, {**ADA, "slack": False}):
        product.work_on(client.ask(body).json()["id"])
    assert slack.requests == []


def test_messages_go_as_far_apart_as_slack_wants(product: Asking, client: Client, slack: Slack) -> None:
    slack.limited = True  # to one a second
    ids = [client.ask(IN_SLACK).json()["id"] for _ in range(3)]
    for case_id in ids:
        assert product.work_on(case_id).state is State.POSTED
    assert len(slack.own_messages()) == posts(slack) == 3


# -- Never twice


@pytest.mark.parametrize(
    "fault",
    [
        Fault(service="slack", method="POST", drop="after"),
        Fault(service="slack", method="POST", status=500, handle=True),
        Fault(service="slack", method="POST", status=200, body='{"ok": false, "error": "fatal_error"}', handle=True),
    ],
)
def test_a_message_whose_answer_was_lost_is_not_posted_again(
    sandbox: Sandbox, product: Asking, client: Client, slack: Slack, hook: Hook, *, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    case_id = client.ask({**IN_SLACK, "callback_url": hook.url}).json()["id"]
    assert product.work_on(case_id).state is State.POSTED
    assert len(slack.own_messages()) == posts(slack) == len(hook.taken) == 1


def test_a_message_that_was_not_posted_after_all_comes_later(product: Asking, client: Client, slack: Slack) -> None:
    slack.answer("chat.postMessage", "internal_error")
    assert product.work_on(client.ask(IN_SLACK).json()["id"]).state is State.POSTED
    assert (len(slack.own_messages()), posts(slack)) == (1, 2)


def test_a_message_of_which_redis_has_forgotten_is_looked_for(product: Asking, client: Client, slack: Slack) -> None:
    case_id = client.ask(IN_SLACK).json()["id"]
    product.work_on(case_id)
    key = CaseKey(f"ask-{case_id}")
    product.redis.hdel(product.settings.keys.kept(key), "told", "end:copy", "posting")
    assert product.place.find_any_note(key, markers=[]) is None
    told = Highlights(summary="Something else.", sessions=(notes.session(),))
    note = compose(told, request_id="f" * 64, links=notes.LINKS, person=notes.ADA)
    product.redis.hdel(product.settings.keys.lane("Slack"), "note_at")  # the pace after the first one
    product.place.write(key, note)
    assert len(slack.own_messages()) == posts(slack) == 1
    assert product.place.find_note(key, markers=[]) is not None


def test_where_the_channel_cannot_be_read_a_lost_answer_ends_with_a_person(
    product: Asking, client: Client, slack: Slack
) -> None:
    slack.scopes -= {"channels:history"}
    slack.answer("chat.postMessage", "internal_error", done=True)
    case_id = client.ask(IN_SLACK).json()["id"]
    entry = product.work_on(case_id)
    assert entry.state is State.FAILED
    assert "cannot be looked up: our Slack app may not read the channel" in str(entry.reason)
    assert client.look(case_id).json()["status"] == "ready"
    slack.scopes |= {"channels:history"}
    assert product.ledger.retry(entry.key)
    product.work_on(case_id)  # whom it is about is known no more
    assert len(slack.own_messages()) == posts(slack) == 1
    assert client.look(case_id).json()["status"] == "ready"


# -- A retry


def test_a_message_that_slack_would_not_take_is_posted_by_a_retry_as_it_would_have_been(
    product: Asking, client: Client, slack: Slack, sandbox: Sandbox
) -> None:
    slack.answer("chat.postMessage", "invalid_arguments")
    body = {**IN_SLACK, "reference": "deal 7"}
    other = product.work_on(client.ask(body).json()["id"])
    assert other.state is State.FAILED
    asked = len(sandbox.logrocket.requests)
    assert product.ledger.retry(other.key)
    entry = product.work_on(other.key.removeprefix("ask-"))
    assert (entry.state, entry.note.id) == (State.POSTED, other.key.removeprefix("ask-"))
    assert len(sandbox.logrocket.requests) == asked
    again = client.ask(body).json()["id"]
    product.work_on(again)
    [posted, usual] = [message["blocks"][0]["text"] for message in slack.own_messages()]
    assert "deal 7" in posted
    assert in_form(posted) == in_form(usual)
    kept = product.redis.hgetall(product.settings.keys.kept(entry.key))
    assert b"copy" not in kept
    assert not product.ledger.retry(entry.key)


def in_form(text: str) -> str:
    """A message without what differs between two: the request's id, and times."""
    return re.sub(r"\d+", "#", text.rpartition("Highlights request")[0])


def test_a_retry_that_slack_will_not_take_either_can_be_repeated(product: Asking, client: Client, slack: Slack) -> None:
    slack.answer("chat.postMessage", "invalid_arguments", times=2)
    case_id = client.ask(IN_SLACK).json()["id"]
    entry = product.work_on(case_id)
    for state in (State.FAILED, State.POSTED):
        assert product.ledger.retry(entry.key)
        assert product.work_on(case_id).state is state
    assert (len(slack.own_messages()), posts(slack)) == (1, 3)


def test_a_retry_of_a_message_whose_answer_was_lost_looks_for_it_first(
    product: Asking, client: Client, slack: Slack
) -> None:
    slack.scopes -= {"channels:history"}
    slack.answer("chat.postMessage", "internal_error", done=True)
    case_id = client.ask(IN_SLACK).json()["id"]
    entry = product.work_on(case_id)
    assert product.ledger.retry(entry.key)
    assert product.work_on(case_id).state is State.FAILED  # it cannot look yet
    slack.scopes |= {"channels:history"}
    assert product.ledger.retry(entry.key)
    assert product.work_on(case_id).state is State.POSTED
    assert len(slack.own_messages()) == posts(slack) == 1


def test_a_retry_waits_for_slack_as_the_first_try_does(product: Asking, client: Client, slack: Slack) -> None:
    slack.answer("chat.postMessage", "invalid_arguments")
    case_id = client.ask(IN_SLACK).json()["id"]
    entry = product.work_on(case_id)
    slack.answer("chat.postMessage", "internal_error", done=True)
    assert product.ledger.retry(entry.key)
    assert product.work_on(case_id).state is State.POSTED
    assert (len(slack.own_messages()), posts(slack)) == (1, 2)


def test_a_retry_posts_the_message_and_tells_of_the_callback_that_was_refused(
    product: Asking, client: Client, slack: Slack, hook: Hook
) -> None:
    slack.answer("chat.postMessage", "invalid_arguments")
    hook.answers = [410]
    case_id = client.ask({**IN_SLACK, "callback_url": hook.url}).json()["id"]
    entry = product.work_on(case_id)
    assert product.ledger.retry(entry.key)
    entry = product.work_on(case_id)
    assert (entry.state, len(slack.own_messages()), len(hook.taken)) == (State.FAILED, 1, 1)
    assert "410" in str(entry.reason)
    assert "invalid_arguments" not in str(entry.reason)


# -- Slack's trouble is its own


def test_a_token_that_is_refused_holds_slacks_lane_and_neither_result_nor_callback(
    product: Asking, client: Client, slack: Slack, hook: Hook
) -> None:
    slack.token_refusal = "token_revoked"
    case_id = client.ask({**IN_SLACK, "callback_url": hook.url}).json()["id"]
    work_until_kept(product, client, case_id)
    assert [hold.service for hold in product.ledger.lanes.holds()] == ["Slack"]
    assert client.look(case_id).json()["status"] == "ready"
    other = client.ask(ADA).json()["id"]
    assert product.work_on(other).state is State.POSTED  # who wants no message does not wait
    slack.token_refusal = None
    assert product.work_on(case_id).state is State.POSTED
    assert product.ledger.lanes.holds() == []
    assert len(slack.own_messages()) == len(hook.taken) == 1


def test_what_is_refused_in_front_of_slack_is_slacks_trouble_and_nobody_elses(
    sandbox: Sandbox, product: Asking, client: Client, slack: Slack
) -> None:
    sandbox.faults.add(Fault(service="slack", method="POST", status=403, times=2))
    case_id = client.ask(IN_SLACK).json()["id"]
    work_until_kept(product, client, case_id)
    assert [hold.service for hold in product.ledger.lanes.holds()] == ["Slack"]
    asked = len(sandbox.logrocket.requests)
    assert product.work_on(case_id).state is State.POSTED
    assert product.ledger.lanes.holds() == []
    assert len(sandbox.logrocket.requests) == asked  # whose credentials are not in doubt
    assert len(slack.own_messages()) == 1


def test_while_the_lane_is_closed_slack_is_not_asked_and_nothing_counts_as_an_attempt(
    product: Asking, client: Client, slack: Slack
) -> None:
    product.ledger.lanes.pause("Slack", 60)
    case_id = client.ask(IN_SLACK).json()["id"]
    work_until_kept(product, client, case_id)
    product.work()
    entry = product.case(case_id)
    assert entry is not None
    assert (entry.state, entry.claim.attempts) == (State.READY, 0)
    assert entry.claim.not_before > entry.entered_at + 50
    assert slack.requests == []


def test_slack_that_is_down_is_told_as_slacks_trouble(product: Asking, client: Client, slack: Slack) -> None:
    slack.answer("chat.postMessage", "service_unavailable", times=2)
    case_id = client.ask(IN_SLACK).json()["id"]
    work_until_kept(product, client, case_id)
    keys = product.settings.keys
    assert product.redis.hget(keys.lane("Slack"), "failing")
    assert not product.redis.hget(keys.lane("Ask"), "failing")
    assert product.work_on(case_id).state is State.POSTED
    assert len(slack.own_messages()) == 1


def test_a_message_that_slack_will_not_take_is_the_end_of_it_and_not_of_the_callback(
    product: Asking, client: Client, slack: Slack, hook: Hook
) -> None:
    slack.answer("chat.postMessage", "invalid_arguments")
    hook.answers = [500, 500]
    case_id = client.ask({**IN_SLACK, "callback_url": hook.url}).json()["id"]
    entry = product.work_on(case_id)
    assert entry.state is State.FAILED
    assert "invalid_arguments" in str(entry.reason)
    assert (len(hook.taken), posts(slack)) == (3, 1)
    assert slack.own_messages() == []
    assert client.look(case_id).json()["status"] == "ready"


def test_a_callback_that_is_refused_is_not_in_the_way_of_the_message_and_not_repeated_with_it(
    product: Asking, client: Client, slack: Slack, hook: Hook
) -> None:
    slack.answer("chat.postMessage", "internal_error")
    hook.answers = [410, 410]
    entry = product.work_on(client.ask({**IN_SLACK, "callback_url": hook.url}).json()["id"])
    assert entry.state is State.FAILED
    assert "410" in str(entry.reason)
    assert len(slack.own_messages()) == len(hook.taken) == 1
