"""From a survey's answer to a message in Slack: our own endpoint, the engine, LogRocket and Slack, over real HTTP.

The product does not put these pieces together yet: this test does, out of the engine's own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from integration import services
from integration.cases import connections
from integration.cases.deliveries import Deliveries
from integration.cases.entry import Entry, State
from integration.cases.steps import Routes
from integration.facts import CaseKey
from integration.logrocket.client import LogRocket
from integration.ports import Service
from integration.settings import Settings
from integration.slack import settings as slack_settings
from integration.slack.channel import INTERVAL, Channel
from integration.surveys.plain import PlainDoor
from integration.variables import Reader
from integration.web import deliveries, errors
from sandbox import Sandbox
from sandbox.faults import Fault, Faults
from sandbox.slack import Slack
from tests.conftest import _Quiet, wait_for
from tests.surveys.sources import ENVIRON, configured
from worker import sweeper
from worker.jobs import Jobs
from worker.rq_classes import open_worker

LOW: dict[str, Any] = {"id": "17", "score": 3, "email": "ada@shop.example", "comment": "I could not pay"}
KEY = CaseKey("survey-17")
ROUTES = Routes(
    summariser="LogRocket",
    places={"survey": "Slack"},
    intervals={"Slack": INTERVAL},
    credentials={"Slack": "SLACK_BOT_TOKEN", "LogRocket": "LOGROCKET_API_KEY"},
    doors=(Service(name="Surveys", credentials="SURVEY_TOKEN", desk="survey"),),
    ceiling="LOGROCKET_REQUESTS_PER_HOUR",
)


class Product:
    """The pieces, put together for surveys and Slack alone."""

    def __init__(self, settings: Settings, slack: Slack, port: int) -> None:
        read = slack_settings.read(Reader(slack.environment()))
        assert read is not None
        self.settings, self._redis = settings, connections.for_worker(settings)
        self.ledger = connections.open_ledger(settings, self._redis, routes=ROUTES, random=lambda: 0.0)
        self._channel, self._logrocket = Channel(read), LogRocket(settings.logrocket)
        callback = services.callback(settings)
        self._jobs = Jobs(
            ledger=self.ledger,
            policy=self.ledger.policy,
            places={"survey": self._channel},
            summariser=self._logrocket,
            callback=callback,
            links=services.links(settings),
        )
        app, door = Flask("surveys"), PlainDoor(configured())
        self._counted = Deliveries(self._redis, settings.keys, ROUTES.endpoints)
        deliveries.register_doors(app, {"surveys": door}, self.ledger, self._counted)
        deliveries.register_callback(app, ROUTES.callback, callback, self.ledger, self._counted)
        endpoints = {door.path: "surveys", callback.path: ROUTES.callback}
        errors.register(app, self._counted, endpoints=endpoints, callback=callback)
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def end(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._counted.close()
        self._channel.close()
        self._logrocket.close()
        self._redis.close()

    def deliver(self, body: object, *, token: str = ENVIRON["SURVEY_TOKEN"]) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url, headers = f"{self.settings.public_url}/surveys/plain", {"Authorization": f"Bearer {token}"}
        return requests.post(url, data=content, headers=headers, timeout=10).status_code

    def work_until(self, *states: State) -> Entry:
        def reached() -> Entry | None:
            sweeper.sweep(self.ledger)
            for queue in self.settings.keys.queues:
                open_worker(queue, self._redis, self._jobs.by_name()).work(burst=True, logging_level="WARNING")
            entry = self.ledger.find(KEY)
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
def product(settings: Settings, slack: Slack, port: int) -> Iterator[Product]:
    made = Product(settings, slack, port)
    yield made
    made.end()


def test_a_low_score_becomes_one_message_however_often_it_is_told(product: Product, slack: Slack) -> None:
    assert [product.deliver(LOW) for _ in range(3)] == [202, 200, 200]
    entry = product.work_until(State.POSTED)
    [message] = slack.own_messages()
    assert entry.note_id == f"{slack.channel.id}:{message['ts']}"
    assert "Highlights request" in message["blocks"][0]["text"]
    assert "ada@" not in json.dumps({**message, "blocks": []})
    assert product.deliver(LOW) == 200
    assert len(slack.own_messages()) == 1


def test_what_is_not_low_not_ours_or_not_usable_becomes_nothing(product: Product, slack: Slack) -> None:
    assert product.deliver(LOW | {"score": 9}) == 204
    assert product.deliver({"id": "17", "comment": "only that"}) == 204
    assert product.deliver(LOW, token="another-token") == 401
    assert product.deliver({"score": 3}) == 400
    assert product.deliver(b"\xff") == 400
    assert product.deliver(b'"' + b"x" * 70_000 + b'"') == 413
    assert product.ledger.find(KEY) is None
    assert slack.own_messages() == []


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
    assert entry.note_id == f"{slack.channel.id}:{message['ts']}"


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
