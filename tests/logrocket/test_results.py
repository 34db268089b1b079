"""What LogRocket says of a request, by either version of its page, and what it could say instead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.errors import MalformedDelivery
from integration.logrocket.results import Highlights, Result, Session, Status, is_request_id, read
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
    found = read(body(result={"highlights": highlights, "sessions": listed}))
    assert found.status is Status.READY
    assert found.highlights is not None
    return found.highlights


def recorded(name: str) -> Result:
    return read(delivery(f"logrocket/{name}").body)


# -- It works


def test_the_example_of_the_first_page_is_read() -> None:
    found = recorded("ready_first_page")
    assert (found.request_id, found.status) == (REQUEST_ID, Status.READY)
    assert found.highlights is not None
    assert found.highlights.summary.startswith("The user [checks out their cart](https://app.logrocket.com/orgID/")
    assert [(each.recording_id, each.session_id) for each in found.highlights.sessions] == [
        ("5-3cde95d6-a5b8-4a62-9b3a-6aa834f8747c", 0),
        ("5-14de95d6-d5b8-1a62-0a3a-4858caf874b0", 0),
    ]
    assert not found.highlights.empty


@pytest.mark.parametrize("name", ["ready_newest_page", "complete_with_result"])
def test_the_newest_page_is_read_and_what_is_unknown_is_ignored(name: str) -> None:
    found = recorded(name)
    assert (found.request_id, found.status) == (REQUEST_ID, Status.READY)
    assert found.highlights is not None
    assert found.highlights.summary.startswith("**Summary**")
    assert len(found.highlights.sessions) == 1


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
        {"sessions": []},
        {"highlights": " \n", "sessions": [{**SESSION, "highlights": ""}]},
        {"highlights": None, "sessions": [{**SESSION, "highlights": None}]},
    ],
)
def test_ready_without_sessions_or_without_text_is_empty(result: object) -> None:
    found = read(body(result=result))
    assert found.status is Status.READY
    assert found.highlights is not None
    assert found.highlights.empty


def test_a_recorded_result_without_sessions_is_empty() -> None:
    found = recorded("ready_without_sessions").highlights
    assert found is not None
    assert found.empty


@pytest.mark.parametrize(("summary", "text"), [("The user shops", ""), ("", "The user pays"), ("x", "y")])
def test_text_in_one_place_is_enough_to_tell(summary: str, text: str) -> None:
    assert not ready(summary, [{**SESSION, "highlights": text}]).empty


@pytest.mark.parametrize("session_id", [0, 7, "0", "12", 10**18 - 1])
def test_a_session_id_may_be_quoted(session_id: object) -> None:
    (found,) = ready(sessions=[{**SESSION, "sessionID": session_id}]).sessions
    assert found == Session(
        recording_id="5-14de95d6-d5b8-1a62-0a3a-4858caf874b0",
        session_id=int(str(session_id)),
        text="The user pays",
    )


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


@pytest.mark.parametrize("name", ["error_as_plain_text", "ready_hostile_recording"])
def test_a_recorded_nonsense_is_malformed(name: str) -> None:
    with pytest.raises(MalformedDelivery):
        recorded(name)


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": value} for value in (None, 7, True, EMPTY_LIST, EMPTY_OBJECT, ["READY"])),
        *(
            {"requestID": value}
            for value in (7, True, EMPTY_LIST, EMPTY_OBJECT, "", "../x", "a b", "x" * 129, "a\n", "\ud800")
        ),
        *({"result": value} for value in (7, "text", EMPTY_LIST, True, [READY["result"]])),
        *(
            {"result": {"highlights": value, "sessions": [SESSION]}}
            for value in (7, True, EMPTY_LIST, EMPTY_OBJECT, ["x"])
        ),
        *({"result": {"highlights": "x", "sessions": value}} for value in (7, True, EMPTY_OBJECT, "x", {"0": SESSION})),
        *(
            {"result": {"highlights": "x", "sessions": [value]}}
            for value in (None, 7, "x", EMPTY_LIST, EMPTY_OBJECT, True)
        ),
        *(
            {"result": {"highlights": "x", "sessions": [{**SESSION, "recordingID": value}]}}
            for value in (
                None,
                7,
                "",
                ".",
                "..",
                "a/b",
                "../..",
                "a b",
                "a?b",
                "a#b",
                "a\\b",
                "a%2fb",
                "caf\u00e9",
                "a\n",
            )
        ),
        *(
            {"result": {"highlights": "x", "sessions": [{**SESSION, "sessionID": value}]}}
            for value in (
                None,
                True,
                -1,
                "",
                "x",
                1.5,
                10**18,
                "0/../1",
                "0\n",
                "\u0661",
                EMPTY_LIST,
                EMPTY_OBJECT,
                "1?t=1",
            )
        ),
        *(
            {"result": {"highlights": "x", "sessions": [{**SESSION, "highlights": value}]}}
            for value in (7, True, EMPTY_LIST, EMPTY_OBJECT, ["x"])
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
        found = read(sent)
    except MalformedDelivery:
        return
    assert (found.highlights is not None) == (found.status is Status.READY)
    assert found.request_id is None or is_request_id(found.request_id)
    if found.highlights is not None:
        found.highlights.summary.encode()
        for session in found.highlights.sessions:
            session.text.encode()
            assert session.recording_id.isascii()
            assert not set(session.recording_id) & set("/?#%\\: ")
            assert session.session_id >= 0


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
