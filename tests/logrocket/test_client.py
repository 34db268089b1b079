"""What LogRocket is asked, over real HTTP, and what its refusals mean."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import Held, Permanent, QuestionRefused, RemoteError, Temporary
from integration.facts import Person, Stretch
from integration.logrocket.client import LogRocket, _body
from integration.logrocket.settings import LogRocketSettings
from integration.settings import from_environment
from tests.logrocket.recording import REQUEST_ID, Recording, Reply, recording
from tests.variables import ENVIRON

ADA = Person(email="ada@shop.example")
CALLBACK = "https://highlights.acme.example/logrocket/highlights?ticket_id=1&token=t"
QUESTION = "Why can Ada Lovelace not pay?"
RULES = "brand:Acme Pro=acme/pro:acme:pro:hush-hush, brand:Acme EU=acme/eu:acme:eu:hush-hush"


@pytest.fixture
def service() -> Iterator[Recording]:
    with recording() as running:
        yield running


@pytest.fixture
def settings(service: Recording) -> LogRocketSettings:
    return from_environment({**ENVIRON, "LOGROCKET_API_URL": service.url, "LOGROCKET_PROJECTS": RULES}).of(
        LogRocketSettings
    )


@pytest.fixture
def logrocket(settings: LogRocketSettings) -> Iterator[LogRocket]:
    client = LogRocket(settings)
    yield client
    client.close()


# -- It works


def test_without_question_and_time_nothing_is_sent_but_the_person_and_the_callback(
    service: Recording, logrocket: LogRocket
) -> None:
    assert logrocket.ask(ADA, callback_url=CALLBACK) == REQUEST_ID
    assert logrocket.ask(Person(external_id="auth|7"), callback_url=CALLBACK, question="") == REQUEST_ID
    assert [request.body for request in service.asked] == [
        {"userEmail": "ada@shop.example", "webhookURL": CALLBACK},
        {"userID": "auth|7", "webhookURL": CALLBACK},
    ]


def test_a_question_and_a_stretch_of_time_are_sent_as_logrocket_documents_them(
    service: Recording, logrocket: LogRocket
) -> None:
    within = Stretch(start=1_795_515_127.25, end=1_795_515_727.5)
    assert logrocket.ask(ADA, callback_url=CALLBACK, question=QUESTION, within=within) == REQUEST_ID
    (request,) = service.asked
    assert request.path == "/v1/orgs/acme/apps/shop/highlights/"
    assert request.body == {
        "userEmail": "ada@shop.example",
        "webhookURL": CALLBACK,
        "question": QUESTION,
        "timeRange": {"startMs": 1_795_515_127_250, "endMs": 1_795_515_727_500},
    }


@given(start=st.floats(0, 1e10), lasts=st.floats(0, 1e7))
def test_a_time_range_is_never_empty_and_leaves_nothing_out(start: float, lasts: float) -> None:
    within = Stretch(start=start, end=start + lasts)
    sent = json.loads(json.dumps(_body(ADA, CALLBACK, None, within)["timeRange"]))
    assert type(sent["startMs"]) is type(sent["endMs"]) is int
    assert sent["startMs"] < sent["endMs"]
    assert sent["startMs"] <= within.start * 1000
    assert sent["endMs"] >= within.end * 1000


def test_each_project_is_asked_with_its_own_key(service: Recording, settings: LogRocketSettings) -> None:
    clients = [LogRocket(settings, project) for project in settings.projects]
    for client in clients:
        client.ask(ADA, callback_url=CALLBACK)
        client.close()
    assert [(request.path.split("/")[5], request.authorization) for request in service.asked] == [
        ("shop", f"token {ENVIRON['LOGROCKET_API_KEY']}"),
        ("pro", "token acme:pro:hush-hush"),
        ("eu", "token acme:eu:hush-hush"),
    ]
    assert [client.service for client in clients] == ["LogRocket", "LogRocket acme/pro", "LogRocket acme/eu"]


# -- It refuses


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"error": f"unknown field question: {QUESTION} of ada@shop.example"}), "application/json"),
        (f"unknown field question: {QUESTION} of ada@shop.example", "text/plain; charset=utf-8"),
    ],
)
def test_a_request_that_is_refused_with_its_question_says_so_and_nothing_of_it(
    service: Recording, logrocket: LogRocket, status: int, body: str, content_type: str
) -> None:
    service.reply = Reply(status=status, body=body, content_type=content_type)
    with pytest.raises(QuestionRefused) as refused:
        logrocket.ask(ADA, callback_url=CALLBACK, question=QUESTION)
    error = refused.value
    assert isinstance(error, Permanent)
    assert not error.outcome_unknown  # so it may be asked again at once
    assert (error.service, str(status) in str(error)) == ("LogRocket", True)
    shown = f"{error}{error!r}{error.args}{vars(error)}{''.join(traceback.format_exception(error))}"
    for secret in ("Lovelace", "ada@", "token=t", "logrocket-hush-6"):
        assert secret not in shown
    service.reply = Reply()
    assert logrocket.ask(ADA, callback_url=CALLBACK) == REQUEST_ID


@pytest.mark.parametrize("status", [400, 422])
def test_a_request_without_a_question_is_refused_as_ever(service: Recording, logrocket: LogRocket, status: int) -> None:
    service.reply = Reply(status=status, body='{"error": "no"}')
    for within in (None, Stretch(start=1.0, end=2.0)):
        with pytest.raises(Permanent, match=rf"LogRocket refuses the request \({status}\)") as refused:
            logrocket.ask(ADA, callback_url=CALLBACK, within=within)
        assert not isinstance(refused.value, QuestionRefused)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=400, body="<html>Bad request", content_type="text/html"), Held),  # something in front of it
        (Reply(status=401, body="{}"), Held),
        (Reply(status=404, body="{}"), Held),
        (Reply(status=413, body="{}"), Permanent),
        (Reply(status=429, body="{}"), Temporary),
        (Reply(status=500, body="{}"), Temporary),
        (Reply(status=200, body="{}"), Temporary),
    ],
)
def test_what_is_not_of_the_request_is_not_laid_to_the_question(
    service: Recording, logrocket: LogRocket, reply: Reply, kind: type[RemoteError]
) -> None:
    service.reply = reply
    with pytest.raises(kind) as refused:
        logrocket.ask(ADA, callback_url=CALLBACK, question=QUESTION)
    assert not isinstance(refused.value, QuestionRefused)


def test_a_project_whose_key_is_refused_is_told_by_its_own_name(
    service: Recording, settings: LogRocketSettings
) -> None:
    service.replies["acme/pro"] = Reply(status=401, body='{"error": "Invalid API key"}')
    service.replies["acme/eu"] = Reply(status=404, body="{}")
    default, pro, eu = (LogRocket(settings, project) for project in settings.projects)
    assert default.ask(ADA, callback_url=CALLBACK) == REQUEST_ID
    with pytest.raises(Held, match="LogRocket acme/pro refuses our credentials") as refused:
        pro.ask(ADA, callback_url=CALLBACK)
    assert refused.value.service == "LogRocket acme/pro"
    assert pro.denied(refused.value).startswith("LogRocket acme/pro denies")
    with pytest.raises(Held, match="LOGROCKET_PROJECTS") as unknown:
        eu.ask(ADA, callback_url=CALLBACK)
    assert unknown.value.service == "LogRocket acme/eu"
    for client in (default, pro, eu):
        client.close()


@pytest.mark.parametrize("body", ["{}", "[]", "no JSON", '{"id": "../etc"}'])
def test_an_answer_that_cannot_be_used_names_its_project(
    service: Recording, settings: LogRocketSettings, body: str
) -> None:
    service.reply = Reply(body=body)
    client = LogRocket(settings, settings.projects[1])
    for call in (lambda: client.ask(ADA, callback_url=CALLBACK), lambda: client.result(REQUEST_ID)):
        with pytest.raises(Temporary, match="LogRocket acme/pro") as useless:
            call()
        assert useless.value.service == "LogRocket acme/pro"
    client.close()


def test_time_that_runs_backwards_is_a_mistake_of_ours(service: Recording, logrocket: LogRocket) -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        logrocket.ask(ADA, callback_url=CALLBACK, within=Stretch(start=2.0, end=1.0))
    assert service.asked == []
