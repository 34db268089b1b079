"""Which sessions the stand-in for LogRocket tells of: whose, of which time, in which project, upon which question."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.customers import CUSTOMERS
from sandbox.logrocket import Session, Story

Call = Callable[..., requests.Response]
Highlights = Callable[..., dict[str, Any]]

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ADA, HAL, IVY = "ada@shop.example", "hal@shop.example", "ivy@shop.example"


def now_ms() -> int:
    return int(time.time() * 1000)


def between(start: int, end: int) -> dict[str, int]:
    """A range by how many milliseconds ago it began and ended."""
    return {"startMs": now_ms() - start, "endMs": now_ms() - end}


def moments(text: str) -> list[int]:
    return [int(moment) for moment in re.findall(r"\?t=(\d{13})\)", text)]


@pytest.fixture
def told(sandbox: Sandbox, ask: Call) -> Highlights:
    """Asks for highlights and returns the result, also in another project."""

    def get(person: str, *, app: str = "acme/shop", **asked: object) -> dict[str, Any]:
        key = f"token {sandbox.logrocket.keys[app]}"
        answer = ask({"userEmail" if "@" in person else "userID": person} | asked, key=key, app=app)
        assert answer.status_code == 200, answer.text
        result = sandbox.logrocket.results[answer.json()["id"]]["payload"]["result"]
        assert isinstance(result, dict)
        return result

    return get


def test_adas_last_session_ended_some_minutes_ago_with_an_error_and_there_is_one_of_yesterday(told: Highlights) -> None:
    newest, before = told(ADA)["sessions"]
    assert 11 * MINUTE < now_ms() - moments(newest["highlights"])[-1] < 13 * MINUTE
    assert DAY < now_ms() - moments(before["highlights"])[-1] < DAY + HOUR
    assert "[fails with status 500]" in newest["highlights"]


def test_every_link_leads_to_a_moment_of_a_session_that_is_told(told: Highlights) -> None:
    for customer in CUSTOMERS.values():
        if not customer.person or customer.outcome:
            continue
        result = told(customer.person)
        spans = {}
        for session in result["sessions"]:
            times = moments(session["highlights"])
            assert times == sorted(times)
            spans[f"/s/{session['recordingID']}/{session['sessionID']}?t="] = (times[0] - 20 * MINUTE, times[-1])
        linked = re.findall(r"\(https://app\.logrocket\.com/acme/shop(/s/\S+/0\?t=)(\d{13})\)", result["highlights"])
        assert linked
        assert all(spans[place][0] <= int(moment) <= spans[place][1] for place, moment in linked)


@pytest.mark.parametrize(
    ("person", "start", "end", "count"),
    [
        (ADA, 72 * HOUR, -10 * MINUTE, 2),
        (ADA, HOUR, 0, 1),
        (ADA, 30 * MINUTE, 0, 0),  # it began before
        (ADA, HOUR, 13 * MINUTE, 0),  # it went on afterwards
        (ADA, 48 * HOUR, HOUR, 1),
        (ADA, 96 * HOUR, 72 * HOUR, 0),
        (HAL, 72 * HOUR, 0, 0),
        (HAL, 22 * DAY, 20 * DAY, 1),
        (IVY, 72 * HOUR, 0, 10),
        (IVY, 10 * HOUR, 0, 2),
    ],
)
def test_only_sessions_inside_of_the_range_are_told(
    told: Highlights, person: str, start: int, end: int, count: int
) -> None:
    result = told(person, timeRange=between(start, end))
    assert len(result["sessions"]) == count
    assert bool(result["highlights"]) is bool(count)
    recordings = {session["recordingID"] for session in result["sessions"]}
    assert set(re.findall(r"/s/(5-[0-9a-f-]{36})/", result["highlights"])) <= recordings


def test_no_session_in_the_range_is_told_as_no_session_at_all(told: Highlights) -> None:
    none = {"highlights": "", "sessions": []}
    assert told(HAL, timeRange=between(72 * HOUR, 0)) == told("cleo@shop.example") == none


def test_without_a_range_the_last_thirty_days_count(sandbox: Sandbox, told: Highlights) -> None:
    assert len(told(HAL)["sessions"]) == 1
    old = Session(text="The user [looks around].", ended=timedelta(days=31))
    sandbox.logrocket.stories["old@shop.example"] = Story(summary="", sessions=(old,))
    assert told("old@shop.example")["sessions"] == []
    assert len(told("old@shop.example", timeRange=between(32 * DAY, 0))["sessions"]) == 1


def test_the_ten_newest_are_told(sandbox: Sandbox, told: Highlights) -> None:
    often = tuple(Session(text=f"Number [{n}].", ended=timedelta(hours=n)) for n in range(12))
    sandbox.logrocket.stories["often@shop.example"] = Story(summary="", sessions=often)
    sessions = told("often@shop.example")["sessions"]
    assert [re.findall(r"\[(\d+)\]", session["highlights"]) for session in sessions] == [[str(n)] for n in range(10)]


def test_somebody_unknown_has_sessions_in_every_range(told: Highlights) -> None:
    for start, end in ((72 * HOUR, 0), (90 * DAY, 80 * DAY)):
        time_range = between(start, end)
        result = told("stranger@shop.example", timeRange=time_range)
        assert result["sessions"]
        assert all(time_range["startMs"] <= moment <= time_range["endMs"] for moment in moments(result["highlights"]))


def test_somebody_may_be_known_by_user_id_alone(told: Highlights) -> None:
    assert len(told("shopper-1042")["sessions"]) == 3
    assert CUSTOMERS["bo"].email is None


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Why is my voucher refused?", "As to the discount: The shopper"),
        ("Der Gutschein geht nicht", "As to the discount: The shopper"),
        ("No puedo pagar", "As to the payment: The shopper"),
        ("Hm?", "As to the question: The shopper"),
        ("", "The shopper"),
        (None, "The shopper"),
    ],
)
def test_a_question_shapes_the_first_sentence_and_is_not_repeated(
    told: Highlights, question: str | None, first: str
) -> None:
    result = told(ADA, **({} if question is None else {"question": question}))
    assert result["highlights"].startswith(first)
    assert not question or question not in result["highlights"]


def test_an_older_api_refuses_the_field_and_takes_the_rest(sandbox: Sandbox, ask: Call) -> None:
    assert ask({"userEmail": ADA, "question": "Why?"}).status_code == 200
    sandbox.logrocket.knows_question = False
    refused = ask({"userEmail": ADA, "question": "Why?"})
    assert (refused.status_code, refused.json()) == (400, {"error": "unknown field: question"})
    assert ask({"userEmail": ADA}).status_code == 200


def test_each_project_has_its_key_and_its_links(sandbox: Sandbox, told: Highlights) -> None:
    result = told(ADA, app="acme/outlet")
    assert "https://app.logrocket.com/acme/outlet/s/" in result["highlights"]
    assert "acme/shop" not in result["highlights"]
    [record] = sandbox.logrocket.results.values()
    assert record["payload"]["appID"] == "acme/outlet"


def test_a_key_opens_its_own_project_alone(sandbox: Sandbox, ask: Call) -> None:
    outlet = f"token {sandbox.logrocket.keys['acme/outlet']}"
    assert ask({"userEmail": ADA}, key=outlet).status_code == 404
    request_id = ask({"userEmail": ADA}, key=outlet, app="acme/outlet").json()["id"]
    url = f"{sandbox.logrocket.url}/v1/orgs/acme/apps"
    own, other = (
        requests.get(f"{url}/{name}/highlights?id={request_id}", headers={"Authorization": key}, timeout=5)
        for name, key in (("outlet", outlet), ("shop", f"token {sandbox.logrocket.api_key}"))
    )
    assert (own.status_code, other.status_code) == (200, 404)


def test_one_projects_key_can_be_wrong_while_the_other_is_fine(sandbox: Sandbox, ask: Call) -> None:
    answer = requests.post(
        f"{sandbox.zendesk.url}/sandbox/api/logrocket", json={"refused_projects": ["acme/outlet"]}, timeout=5
    )
    assert answer.json()["refused_projects"] == ["acme/outlet"]
    outlet = f"token {sandbox.logrocket.keys['acme/outlet']}"
    assert ask({"userEmail": ADA}, key=outlet, app="acme/outlet").status_code == 401
    assert ask({"userEmail": ADA}).status_code == 200


def test_what_was_asked_is_told_over_http_also_when_it_was_refused(sandbox: Sandbox, ask: Call) -> None:
    time_range = between(HOUR, 0)
    asked = {"userEmail": ADA, "question": "Why?", "timeRange": time_range}
    ask(asked | {"webhookURL": "http://127.0.0.1:1/?token=secret"})
    ask({"userID": "u-1", "timeRange": {"startMs": 2, "endMs": 1}})
    ask({"userID": "u-1"}, key="token wrong")
    answer = requests.get(f"{sandbox.zendesk.url}/sandbox/api/asked", timeout=5)
    assert answer.json()["asked"] == [
        {"project": "acme/shop", "status": 200} | asked,
        {"project": "acme/shop", "status": 400, "userID": "u-1", "timeRange": {"startMs": 2, "endMs": 1}},
        {"project": "acme/shop", "status": 401, "userID": "u-1"},
    ]
    assert "secret" not in answer.text


def test_the_projects_and_their_keys_are_told_over_http(sandbox: Sandbox) -> None:
    shown = requests.get(f"{sandbox.zendesk.url}/sandbox/api/logrocket", timeout=5).json()
    assert shown["projects"] == sandbox.logrocket.keys
    assert all(key.startswith(f"{name.replace('/', ':')}:") for name, key in shown["projects"].items())
