"""A bad rating in Zendesk through the product's own processes: one message in Slack, whatever is told late or twice."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis

from sandbox import Sandbox
from sandbox.faults import Fault
from sandbox.slack import Slack
from tests.conftest import Processes, wait_for
from tests.deliver import signed
from tests.whole.test_kills import let_time_pass
from tests.whole.test_low_scores import command, posted, running, slack, status

__all__ = ["slack"]

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"


@pytest.fixture
def environ(environ: dict[str, str], slack: Slack) -> dict[str, str]:
    """Zendesk and Slack: no survey is set up."""
    return {**environ, **slack.environment(), "SURVEY_SETTLE_SECONDS": "2"}


@pytest.fixture
def product(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Processes]:
    for made in running(environ, port, tmp_path):
        installed(made)
        yield made


def installed(product: Processes) -> None:
    done = command(product, "install", "--ratings", "--yes")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def solved(sandbox: Sandbox) -> int:
    """A ticket of which the product was not told, and which is not missing: it is older than our trigger."""
    number = sandbox.zendesk.file_ticket(requester=ADA, status="solved", deliver=False)
    tickets = sandbox.zendesk.desk.account.tickets
    tickets[number] = replace(tickets[number], created_at=tickets[number].created_at - timedelta(hours=2))
    return number


def rating(number: int, comment: str = "I could not pay") -> bytes:
    """What the trigger sends, escaped or not: here it makes no difference."""
    return (
        f'{{"rated_ticket_id": "{number}", "rating": "bad", "requester_email": "{ADA}", '
        f'"requester_external_id": "", "comment": "{comment}"}}'
    ).encode()


def deliver(product: Processes, body: bytes, *, secret: str) -> requests.Response:
    url = f"{product.url}/zendesk/tickets"
    return requests.post(url, data=body, headers=signed(body, secret), timeout=10)


def answers(sandbox: Sandbox) -> list[int | None]:
    """What the product answered to each delivery, in order."""
    deliveries = sandbox.zendesk.all_deliveries
    assert wait_for(lambda: all(delivery.outcome for delivery in sandbox.zendesk.all_deliveries))
    assert len(deliveries) == len(sandbox.zendesk.all_deliveries)
    return [delivery.attempts[-1].status for delivery in sandbox.zendesk.all_deliveries]


# -- It works


def test_a_bad_rating_and_its_comment_are_one_message_and_a_later_one_changes_nothing(
    product: Processes, slack: Slack, sandbox: Sandbox, solved: int
) -> None:
    comment = 'It said "declined",\nthen "", "requester_email": "eve@shop.example'
    sandbox.zendesk.rate(solved, "bad")
    assert answers(sandbox) == [202]
    sandbox.zendesk.rate(solved, "bad", comment)
    text = posted(product, slack, f"survey-zendesk-{solved}")
    link = f"{sandbox.zendesk.url}/agent/tickets/{solved}"
    assert text.startswith(f'**[Bad rating of ticket {solved}]({link})**  \n\u201cIt said "declined", then "", ')
    assert f"**{ADA}**: 2 sessions" in text
    [message] = slack.own_messages()
    assert message["text"] == f"LogRocket Galileo Highlights: Bad rating of ticket {solved}"
    sandbox.zendesk.rate(solved, "good", "")
    sandbox.zendesk.rate(solved, "bad", "no, after all")
    assert answers(sandbox) == [202, 200, 200]
    assert len(slack.own_messages()) == 1
    assert sandbox.zendesk.internal_notes(solved) == []  # a rating makes no note, and no note fires the trigger
    for process in ("web", "worker"):
        assert ADA not in product.log(process)
        assert "declined" not in product.log(process)
    assert command(product, "forget", "--email", ADA).returncode == 0
    assert status(product, f"survey-zendesk-{solved}") == {}


@pytest.mark.usefixtures("product")
def test_a_ticket_that_was_deleted_or_merged_since_was_rated_all_the_same(slack: Slack, sandbox: Sandbox) -> None:
    deleted, merged, other = (sandbox.zendesk.file_ticket(requester=ADA, deliver=False) for _ in range(3))
    for number in (deleted, merged):
        sandbox.zendesk.rate(number, "bad")
    sandbox.zendesk.delete_ticket(deleted)
    sandbox.zendesk.merge(merged, into=other)
    assert wait_for(lambda: len(slack.own_messages()) == 2, seconds=30)
    subjects = {message["text"].rpartition(" ")[2] for message in slack.own_messages()}
    assert subjects == {str(deleted), str(merged)}


def test_the_ticket_gets_its_note_and_its_rating_gets_its_message(
    product: Processes, slack: Slack, sandbox: Sandbox
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    assert wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=30)
    sandbox.zendesk.rate(number, "bad", "I could not pay")
    posted(product, slack, f"survey-zendesk-{number}")
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert status(product, str(number))["state"] == "posted"


def test_check_tells_of_the_trigger_and_of_where_it_leads(product: Processes) -> None:
    told = json.loads(command(product, "check", "--json").stdout)
    results: dict[str, Any] = {check["name"]: check for check in told["checks"]}
    assert results["ratings"]["outcome"] == "ok"
    assert "tell of bad ratings" in results["ratings"]["found"]


# -- It refuses


def test_what_is_not_signed_with_our_webhooks_secret_or_is_no_rating_becomes_nothing(
    product: Processes, environ: dict[str, str], slack: Slack
) -> None:
    secret = environ["ZENDESK_WEBHOOK_SECRET"]
    assert deliver(product, rating(7), secret="another-accounts-secret").status_code == 401
    assert deliver(product, b'{"rated_ticket_id": "", "rating": "bad"}', secret=secret).status_code == 400
    assert deliver(product, b'{"rated_ticket_id": "7", "rating": "good"}', secret=secret).status_code == 400
    assert deliver(product, rating(7, "x" * 300_000), secret=secret).status_code == 413
    assert status(product, "survey-zendesk-7") == {}
    assert deliver(product, rating(7), secret=secret).status_code == 202
    posted(product, slack, "survey-zendesk-7")


def test_without_slack_a_rating_is_answered_and_the_log_says_why_nobody_is_told(
    environ: dict[str, str], port: int, tmp_path: Path, sandbox: Sandbox, solved: int
) -> None:
    alone = {name: value for name, value in environ.items() if not name.startswith(("SLACK_", "SURVEY_"))}
    with contextmanager(running)(alone, port, tmp_path) as product:
        installed(product)
        sandbox.zendesk.rate(solved, "bad", "I could not pay")
        assert answers(sandbox) == [200]
        assert wait_for(lambda: "a rating is told to nobody: set SLACK_BOT_TOKEN" in product.log("web"))
        assert status(product, f"survey-zendesk-{solved}") == {}
        assert status(product, str(solved)) == {}


# -- It survives


@pytest.mark.parametrize("is_posted", [False, True], ids=["while it waits for the comment", "while Slack answers"])
def test_a_worker_that_is_killed_leads_to_one_message(
    product: Processes, slack: Slack, sandbox: Sandbox, redis: Redis, solved: int, *, is_posted: bool
) -> None:
    sandbox.faults.add(Fault(service="slack", method="POST", path="/chat.postMessage", delay_after=10))
    sandbox.zendesk.rate(solved, "bad")
    assert answers(sandbox) == [202]
    assert not is_posted or wait_for(slack.own_messages, seconds=30)
    product.signal_tree("worker", signal.SIGKILL)
    product.running["worker"].wait()
    sandbox.zendesk.rate(solved, "bad", "I could not pay")
    assert answers(sandbox) == [202, 200]
    sandbox.faults.clear()
    let_time_pass(redis, 30)  # the killed job's lease
    product.start("worker")
    text = posted(product, slack, f"survey-zendesk-{solved}")
    assert ("I could not pay" in text) is not is_posted
