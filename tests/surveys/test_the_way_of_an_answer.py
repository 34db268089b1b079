"""From a survey's answer to a message in Slack: an installation without Zendesk, in this process, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from integration import services
from integration.cases import connections, overview, standing
from integration.cases.entry import Entry, State
from integration.facts import CaseKey, Person, Said
from integration.settings import Settings, from_environment
from integration.web.app import create_app
from sandbox import Sandbox
from sandbox.faults import Fault, Faults
from sandbox.slack import Slack
from tests.conftest import _Quiet, wait_for
from tests.surveys.sources import ENVIRON
from worker import sweeper
from worker.jobs import Jobs
from worker.rq_classes import open_worker

LOW: dict[str, Any] = {"id": "17", "score": 3, "email": "ada@shop.example", "comment": "I could not pay"}
SCORE = {"id": "17", "score": 3}
KEY = CaseKey("survey-17")


class Product:
    """The product, its web application over real HTTP, its jobs run by real RQ workers."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.redis = settings, connections.for_worker(settings)
        self.ledger = services.open_ledger(settings, self.redis, jitter=lambda: 0.0)
        self._places, self._logrocket = services.places(settings, self.redis), services.summariser(settings)
        self._jobs = Jobs(
            ledger=self.ledger,
            places=self._places,
            summariser=self._logrocket,
            callback=services.callback(settings),
            links=services.links(settings),
            wishes=settings.cases,
            style=settings.note_style,
        )
        self._app = create_app(settings)
        self._server = make_server("127.0.0.1", port, self._app, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def end(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._app.extensions["deliveries"].close()
        for client in (*self._places.values(), self._logrocket):
            client.close()  # type: ignore[attr-defined]  # each has one
        self.redis.close()

    def deliver(self, body: object, *, token: str = ENVIRON["SURVEY_TOKEN"]) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url, headers = f"{self.settings.public_url}/surveys/plain", {"Authorization": f"Bearer {token}"}
        return requests.post(url, data=content, headers=headers, timeout=10).status_code

    def work_until(self, *states: State) -> Entry:
        def reached() -> Entry | None:
            sweeper.sweep(self.ledger)
            for queue in self.settings.keys.queues:
                open_worker(self.redis, self._jobs.by_name(), keys=self.ledger.keys, queues=(queue,)).work(
                    burst=True, logging_level="WARNING"
                )
            entry = self.ledger.reader.find(KEY)
            return entry if entry is not None and entry.state in states else None

        return wait_for(reached)


@pytest.fixture
def slack(sandbox: Sandbox) -> Iterator[Slack]:
    running = Slack(faults=sandbox.faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def faults(sandbox: Sandbox) -> Faults:
    return sandbox.faults


@pytest.fixture
def environ(environ: dict[str, str], slack: Slack) -> dict[str, str]:
    """Surveys, LogRocket and Slack: nothing of Zendesk's."""
    others = {name: value for name, value in environ.items() if not name.startswith("ZENDESK_")}
    survey = {"SURVEY_TOKEN": ENVIRON["SURVEY_TOKEN"], "SURVEY_SETTLE_SECONDS": "0"}
    return {**others, **slack.environment(), **survey}


@pytest.fixture
def product(settings: Settings, port: int) -> Iterator[Product]:
    made = Product(settings, port)
    yield made
    made.end()


def test_a_low_score_becomes_one_message_however_often_it_is_told(product: Product, slack: Slack) -> None:
    assert [product.deliver(LOW) for _ in range(3)] == [202, 200, 200]
    entry = product.work_until(State.POSTED)
    [message] = slack.own_messages()
    assert entry.note.id == f"{slack.channel.id}:{message['ts']}"
    assert "Highlights request" in message["blocks"][0]["text"]
    assert "ada@" not in json.dumps({**message, "blocks": []})
    assert product.deliver(LOW) == 200
    assert len(slack.own_messages()) == 1


def test_what_is_not_low_not_ours_or_not_usable_becomes_nothing(product: Product, slack: Slack) -> None:
    assert product.deliver(LOW | {"score": 9}) == 200
    assert product.deliver({"id": "17", "comment": "only that"}) == 200
    assert product.deliver(LOW, token="another-token") == 401
    assert product.deliver({"score": 3}) == 400
    assert product.deliver(b"\xff") == 400
    assert product.deliver(b'"' + b"x" * 70_000 + b'"') == 413
    assert product.ledger.reader.find(KEY) is None
    assert slack.own_messages() == []


def test_a_token_that_is_not_ours_is_told_by_its_name(product: Product) -> None:
    assert product.deliver(LOW, token="another-token") == 401

    def told() -> str | None:
        facts = overview.read(product.settings, product.redis, routes=services.routes(product.settings)).facts
        return {trouble.name: trouble.what for trouble in standing.troubles(facts)}.get("surveys_signature_mismatch")

    assert "the bearer token does not match SURVEY_TOKEN" in wait_for(told)


def waiting(environ: dict[str, str], port: int, *, seconds: str) -> Product:
    """The product with a time in which more may be told of an answer."""
    return Product(from_environment({**environ, "SURVEY_SETTLE_SECONDS": seconds}), port)


def test_what_comes_after_the_score_is_in_the_same_message(environ: dict[str, str], port: int, slack: Slack) -> None:
    product = waiting(environ, port, seconds="1.5")
    try:
        assert product.deliver(SCORE) == 202
        assert product.deliver({"id": "17", "comment": "I could not pay", "email": "ada@shop.example"}) == 200
        entry = product.ledger.reader.find(KEY)
        assert entry is not None
        assert (entry.state, entry.tries) == (State.RECEIVED, 0)
        assert entry.said == Said(score=3.0, comment="I could not pay")
        assert entry.person == Person(email="ada@shop.example")
        posted = product.work_until(State.POSTED)
        assert posted.entered_at - posted.received_at >= 1.5
        assert (posted.said, posted.person) == (None, Person())
    finally:
        product.end()
    [message] = slack.own_messages()
    text = message["blocks"][0]["text"]
    assert text.startswith("**Score: 3 of 10**  \n\u201cI could not pay\u201d  \n**ada@shop.example**: 2 sessions")
    assert message["text"] == "LogRocket Galileo Highlights: Score: 3 of 10"


def test_a_score_that_is_corrected_before_anybody_was_told_becomes_nothing(
    environ: dict[str, str], port: int, slack: Slack
) -> None:
    product = waiting(environ, port, seconds="60")
    try:
        assert [product.deliver(LOW), product.deliver(LOW | {"score": 9})] == [202, 200]
        entry = product.ledger.reader.find(KEY)
    finally:
        product.end()
    assert entry is not None
    assert (entry.state, entry.said, entry.person) == (State.SKIPPED, None, Person())
    assert "not low any more" in str(entry.reason)
    assert slack.own_messages() == []


def test_an_answer_whose_note_failed_can_be_told_after_a_retry(product: Product, slack: Slack) -> None:
    slack.scopes -= {"channels:history"}
    slack.answer("chat.postMessage", "internal_error")  # nobody can tell whether it was posted
    product.deliver(LOW)
    failed = product.work_until(State.FAILED)
    assert failed.said is not None
    slack.scopes |= {"channels:history"}
    assert product.ledger.retry(KEY)
    product.work_until(State.POSTED)
    [message] = slack.own_messages()
    assert "I could not pay" in message["blocks"][0]["text"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(service="slack", method="POST", drop="after"),
        Fault(service="slack", method="POST", status=500, handle=True, times=1),
        Fault(service="slack", method="POST", status=200, body='{"ok": false, "error": "fatal_error"}', handle=True),
    ],
)
def test_a_message_whose_answer_was_lost_is_not_posted_again(
    fault: Fault, product: Product, slack: Slack, faults: Faults
) -> None:
    faults.add(fault)
    product.deliver(LOW)
    entry = product.work_until(State.POSTED)
    [message] = slack.own_messages()
    assert entry.note.id == f"{slack.channel.id}:{message['ts']}"


def test_where_the_channel_cannot_be_read_a_lost_answer_ends_with_a_person(product: Product, slack: Slack) -> None:
    slack.scopes -= {"channels:history"}
    slack.answer("chat.postMessage", "internal_error", done=True)
    product.deliver(LOW)
    entry = product.work_until(State.POSTED, State.FAILED)
    assert entry.state is State.FAILED
    assert "cannot be looked up: our Slack app may not read the channel" in str(entry.reason)
    assert len(slack.own_messages()) == 1


def test_a_token_that_is_refused_holds_the_case_until_it_is_accepted(product: Product, slack: Slack) -> None:
    slack.token_refusal = "account_inactive"
    product.deliver(LOW)
    wait_for(lambda: product.work_until(State.READY).last_error or None)
    assert slack.own_messages() == []
    slack.token_refusal = None
    product.work_until(State.POSTED)
    assert len(slack.own_messages()) == 1


def test_nobody_who_can_be_looked_for_is_the_end_of_a_case(product: Product, slack: Slack) -> None:
    assert product.deliver({"id": "17", "score": 3}) == 202
    entry = product.work_until(State.SKIPPED)
    assert "nothing tells whom this case is about" in str(entry.reason)
    assert slack.requests == []
