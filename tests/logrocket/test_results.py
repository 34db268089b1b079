"""What LogRocket says of a request, by either version of its page, and what it could say instead."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.errors import MalformedDelivery
from integration.facts import Highlights, Result, Session, Status
from integration.logrocket.results import is_request_id, read
from tests.deliveries.recorded import delivery, names

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

REQUEST_ID = "0cc12cad4b5b8b93760edf7fb5731ac66fbc8a766f9431df6c1e72b214ed6a65"
SESSION = {"recordingID": "5-14de95d6-d5b8-1a62-0a3a-4858caf874b0", "sessionID": 0, "highlights": "The user pays"}
READY: dict[str, Any] = {
    "result": {"highlights": "The user shops", "sessions": [SESSION]},
    "status": "READY",
    "appID": "acme/shop",
    "requestID": REQUEST_ID,
}


def body(**changes: object) -> bytes:
    return json.dumps({**READY, **changes}).encode()


def ready(highlights: object = "The user shops", sessions: object = None) -> Highlights:
    """The highlights of a READY result with these parts."""
    listed = [SESSION] if sessions is None else sessions
    result = read(body(result={"highlights": highlights, "sessions": listed}))
    assert result.status is Status.READY
    assert result.highlights is not None
    return result.highlights


def recorded(name: str) -> Result:
    return read(delivery(f"logrocket/{name}").body)


# -- It works


def test_the_example_of_the_first_page_is_read() -> None:
    result = recorded("ready_first_page")
    assert (result.request_id, result.status) == (REQUEST_ID, Status.READY)
    assert result.highlights is not None
    assert result.highlights.summary.startswith("The user [checks out their cart](https://app.logrocket.com/orgID/")
    assert [session.place for session in result.highlights.sessions] == [
        "5-3cde95d6-a5b8-4a62-9b3a-6aa834f8747c/0",
        "5-14de95d6-d5b8-1a62-0a3a-4858caf874b0/0",
    ]
    assert not result.highlights.empty


@pytest.mark.parametrize("name", ["ready_newest_page", "complete_with_result"])
def test_the_newest_page_is_read_and_what_is_unknown_is_ignored(name: str) -> None:
    result = recorded(name)
    assert (result.request_id, result.status) == (REQUEST_ID, Status.READY)
    assert result.highlights is not None
    assert result.highlights.summary.startswith("**Summary**")
    assert len(result.highlights.sessions) == 1


def test_failed_is_failed() -> None:
    assert recorded("failed_first_page") == Result(request_id=REQUEST_ID, status=Status.FAILED)


@pytest.mark.parametrize("name", ["pending_newest_page", "complete_without_result"])
def test_a_result_that_is_not_there_yet_is_pending(name: str) -> None:
    assert recorded(name) == Result(request_id=REQUEST_ID, status=Status.PENDING)


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING", "", "ready", "Ready", "constructor", "\u0000", "READY "])
def test_an_unknown_status_counts_as_not_there_yet(status: str) -> None:
    assert read(body(status=status)) == Result(request_id=REQUEST_ID, status=Status.PENDING)


def test_a_result_may_come_without_a_request_id_or_app_id() -> None:
    for changes in ({"requestID": None}, {"requestID": None, "appID": 7}):
        assert read(body(**changes)).request_id is None
    assert read(b'{"status": "FAILED"}') == Result(request_id=None, status=Status.FAILED)


@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        {"highlights": None, "sessions": None},
        {"highlights": "", "sessions": []},
        {"highlights": "Nothing was found", "sessions": []},
        {"highlights": "Opens /s/5-14de/0, and https://app.logrocket.com/acme/shop/sessions?u=7", "sessions": []},
        {"highlights": "https://app.logrocket.com/acme/shop/s/../0", "sessions": []},
        {"sessions": []},
        {"highlights": " \n", "sessions": [{**SESSION, "highlights": ""}]},
        {"highlights": None, "sessions": [{**SESSION, "highlights": None}]},
    ],
)
def test_ready_without_sessions_or_without_text_is_empty(result: object) -> None:
    answer = read(body(result=result))
    assert answer.status is Status.READY
    assert answer.highlights is not None
    assert answer.highlights.empty


def test_a_recorded_result_without_sessions_is_empty() -> None:
    highlights = recorded("ready_without_sessions").highlights
    assert highlights is not None
    assert highlights.empty


@pytest.mark.parametrize(("summary", "text"), [("The user shops", ""), ("", "The user pays"), ("x", "y")])
def test_text_in_one_place_is_enough_to_tell(summary: str, text: str) -> None:
    assert not ready(summary, [{**SESSION, "highlights": text}]).empty


@pytest.mark.parametrize(
    "summary",
    [
        "The user [pays](https://app.logrocket.com/acme/shop/s/5-14de/7?t=1715564734801)",
        "See <https://lr.acme.example/rocket/acme/shop/s/5-14de/7>, [then](https://lr.acme.example/a/b/s/6-1/0)",
        "https://app.logrocket.com/acme/shop/s/5-14de/07",
    ],
)
@pytest.mark.parametrize("listed", [{"sessions": []}, {"sessions": None}, {}])
def test_a_summary_that_links_to_sessions_is_told_though_none_is_listed(
    summary: str, listed: dict[str, object]
) -> None:
    highlights = read(body(result={"highlights": summary, **listed})).highlights
    assert highlights is not None
    assert (highlights.empty, highlights.replay) == (False, "5-14de/7")


def test_the_replay_is_that_of_the_first_session_that_has_a_place() -> None:
    other = {"recordingID": "6-1", "sessionID": 2, "highlights": ""}
    link = "[x](https://app.logrocket.com/acme/shop/s/7-1/3)"
    assert ready(link, [{"highlights": "x"}, other, SESSION]).replay == "6-1/2"
    assert ready(link, [{"highlights": "x"}]).replay == "7-1/3"
    assert ready("x", [{"highlights": "x"}]).replay is None


@pytest.mark.parametrize("session_id", [0, 7, "0", "12", 10**18 - 1])
def test_a_session_id_may_be_quoted(session_id: object) -> None:
    (session,) = ready(sessions=[{**SESSION, "sessionID": session_id}]).sessions
    assert session == Session(place=f"5-14de95d6-d5b8-1a62-0a3a-4858caf874b0/{session_id}", text="The user pays")


def test_text_of_any_script_is_kept() -> None:
    text = "\u0627\u0644\u0633\u0644\u0627\u0645 \u4f60\u597d \U0001f469\u200d\U0001f4bb"
    assert ready(text).summary == text


@pytest.mark.parametrize("value", [REQUEST_ID, "a", "5-1_x", "A" * 128])
def test_a_request_id_is_told_from_what_is_none(value: str) -> None:
    assert is_request_id(value)
    for other in (f"{value} ", f"{value}\n", f"{value}/", "", None, 7, True, [value], "A" * 129, "caf\u00e9"):
        assert not is_request_id(other)


# -- It refuses

EMPTY_LIST: list[object] = []
EMPTY_OBJECT: dict[str, object] = {}


def test_a_recorded_nonsense_is_malformed() -> None:
    with pytest.raises(MalformedDelivery):
        recorded("error_as_plain_text")


NO_RECORDING_IDS = (
    *(None, 7, True, EMPTY_LIST, EMPTY_OBJECT, "", ".", "..", "a/b", "../..", "a b", "a?b", "a#b", "a\\b", "a%2fb"),
    *("caf\u00e9", "a\n", "x" * 129),
)
NO_SESSION_IDS = (None, True, -1, "", "x", 1.5, 10**18, "0/../1", "0\n", "\u0661", EMPTY_LIST, EMPTY_OBJECT, "1?t=1")
NO_TEXTS = (7, True, EMPTY_LIST, EMPTY_OBJECT, ["x"])


@pytest.mark.parametrize(
    "session",
    [
        {"highlights": "The user pays"},
        *({**SESSION, "recordingID": value} for value in NO_RECORDING_IDS),
        *({**SESSION, "sessionID": value} for value in NO_SESSION_IDS),
        "The user pays",
    ],
)
def test_a_session_without_usable_ids_keeps_its_text_and_has_no_place(session: object) -> None:
    first, second = ready("", [session, {**SESSION, "title": {"new": ["field"]}}]).sessions
    assert (first.text, first.place) == ("The user pays", None)
    assert (second.text, second.place) == ("The user pays", f"{SESSION['recordingID']}/0")


def test_a_recorded_session_whose_id_is_no_id_has_no_place() -> None:
    highlights = recorded("ready_hostile_recording").highlights
    assert highlights is not None
    assert [(session.text, session.place) for session in highlights.sessions] == [("x", None)]


@pytest.mark.parametrize("value", NO_TEXTS)
def test_a_text_of_the_wrong_type_does_not_cost_the_others(value: object) -> None:
    assert ready(value).sessions[0].text == "The user pays"
    highlights = ready("The user shops", [{**SESSION, "highlights": value}])
    assert (highlights.summary, highlights.sessions[0].text, highlights.empty) == ("The user shops", "", False)
    assert highlights.replay == f"{SESSION['recordingID']}/0"


@pytest.mark.parametrize("sessions", [7, True, EMPTY_OBJECT, "", {"0": SESSION}, [None], [7], [EMPTY_LIST]])
def test_sessions_of_an_unknown_shape_do_not_cost_the_summary(sessions: object) -> None:
    highlights = ready("The user shops", sessions)
    assert (highlights.summary, highlights.empty, highlights.replay) == ("The user shops", False, None)


@pytest.mark.parametrize(
    "result",
    [
        *(7, "text", EMPTY_LIST, True, [READY["result"]]),
        *({"highlights": value, "sessions": EMPTY_LIST} for value in NO_TEXTS),
        *({"highlights": "", "sessions": value} for value in (7, True, EMPTY_OBJECT, {"0": SESSION}, [None], [7])),
        *({"highlights": "", "sessions": [{**SESSION, "highlights": value}]} for value in NO_TEXTS),
        {"highlights": "", "sessions": [{"recordingID": "5-14de", "highlights": ""}]},
    ],
    ids=lambda result: json.dumps(result)[:80],
)
def test_a_result_of_which_nothing_can_be_read_is_malformed_rather_than_empty(result: object) -> None:
    with pytest.raises(MalformedDelivery):
        read(body(result=result))


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": value} for value in (None, 7, True, EMPTY_LIST, EMPTY_OBJECT, ["READY"])),
        *(
            {"requestID": value}
            for value in (7, True, EMPTY_LIST, EMPTY_OBJECT, "", "../x", "a b", "x" * 129, "a\n", "\ud800")
        ),
    ],
    ids=lambda changes: json.dumps(changes)[:80].encode("unicode_escape").decode(),
)
def test_a_result_of_the_wrong_shape_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedDelivery):
        read(body(**changes))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"null",
        b"[]",
        b'"READY"',
        b"READY",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"status":' * 20_000,
        b'{"status": "READY", "status": "FAILED"}',
        b'{"status": "READY", "result": {"highlights": "a", "highlights": "b", "sessions": []}}',
        b'{"status": "PENDING", "x": NaN}',
        b'{"status": "PENDING", "x": ' + b"9" * 10_000 + b"}",
        b'{"status": "READY", "result": {"sessions": [{"recordingID": "x", "sessionID": ' + b"9" * 4000 + b"}]}}",
        body()[:-1],
        b"<html>502 Bad Gateway</html>",
        body().decode().encode("utf-16"),
    ],
)
def test_what_is_no_result_is_malformed(sent: bytes) -> None:
    with pytest.raises(MalformedDelivery):
        read(sent)


# -- It survives

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
STATUSES = st.sampled_from(["READY", "FAILED", "PENDING", "COMPLETE", "QUEUED"]) | JSON
SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "recordingID": st.just("5-14de") | JSON,
        "sessionID": st.integers(0, 9) | JSON,
        "highlights": st.text(max_size=9) | JSON,
    },
)
RESULTS = st.fixed_dictionaries(
    {},
    optional={
        "status": STATUSES,
        "requestID": st.just(REQUEST_ID) | JSON,
        "result": JSON
        | st.fixed_dictionaries(
            {}, optional={"highlights": st.text() | JSON, "sessions": JSON | st.lists(SESSIONS | JSON, max_size=3)}
        ),
    },
)


def check(sent: bytes) -> None:
    """Reads to a Result that can be stored, or to MalformedDelivery."""
    try:
        result = read(sent)
    except MalformedDelivery:
        return
    assert (result.highlights is not None) == (result.status is Status.READY)
    assert result.request_id is None or is_request_id(result.request_id)
    if result.highlights is not None:
        result.highlights.summary.encode()
        for session in result.highlights.sessions:
            session.text.encode()
            assert session.place is None or re.fullmatch(r"[A-Za-z0-9._-]+/[0-9]+", session.place)
        assert result.highlights.replay is None or re.fullmatch(r"[A-Za-z0-9._-]+/[0-9]+", result.highlights.replay)


@unhurried
@given(sent=st.binary(max_size=200))
@example(sent=b'{"status": "READY", "result": {"highlights": "\\ud800", "sessions": []}}')
def test_any_bytes_are_a_result_or_malformed(sent: bytes) -> None:
    check(sent)


@unhurried
@given(payload=JSON | RESULTS)
def test_any_json_is_a_result_or_malformed(payload: object) -> None:
    check(json.dumps(payload).encode())


@pytest.mark.parametrize("name", names("logrocket"))
def test_every_recorded_delivery_is_a_result_or_malformed(name: str) -> None:
    check(delivery(name).body)


def test_what_a_person_did_is_in_no_repr() -> None:
    assert "The user" not in repr(read(body()))
