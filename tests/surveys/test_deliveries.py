"""Recorded deliveries of surveys: genuine ones are read, all others are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration import standard_webhooks
from integration.errors import MalformedDelivery, OutOfDate, RejectedDelivery, UnverifiedDelivery, WrongSignature
from integration.facts import CaseKey, NewCase, Person
from integration.json_body import parse_object
from integration.ports import Door
from integration.surveys import readers
from integration.surveys.answer import Answer
from tests.deliveries.recorded import delivery, names
from tests.surveys.sources import NOW, AnyDoor, configured, door

ADA = Person(email="ada@shop.example", external_id="u-7")
ADA_BY_MAIL, ADA_BY_ID = Person(email="ada@shop.example"), Person(external_id="u-7")
NAMES = names("surveys")
GIVEN_AT = 1_795_947_127.0  # 2026-11-29T10:12:07Z


def source_of(name: str) -> str:
    return name.partition("/")[2].partition("_")[0]


def door_of(name: str) -> AnyDoor:
    return door(source_of(name))


# -- It works


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_delivery_is_genuine(name: str) -> None:
    recorded = delivery(name)
    door_of(name).look_at(recorded.headers, now=NOW)
    door_of(name).verify(recorded.body, recorded.headers, now=NOW)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("plain_low", NewCase(key=CaseKey("survey-17"), person=ADA)),
        ("plain_comment_alone", None),
        ("plain_high", None),
        ("plain_of_another_scale", NewCase(key=CaseKey("survey-19"), person=Person(external_id="42"))),
        ("formbricks_created", NewCase(key=CaseKey("survey-formbricks-cm2resp0001abcd"), person=ADA)),
        ("formbricks_finished", NewCase(key=CaseKey("survey-formbricks-cm2resp0001abcd"), person=ADA)),
        ("formbricks_of_a_link_survey", NewCase(key=CaseKey("survey-formbricks-cm2resp0001abcd"))),
        ("formbricks_test", None),
        ("typeform_answer", NewCase(key=CaseKey("survey-typeform-a3a12ec67a1365927098a606107fac15"), person=ADA)),
        ("typeform_with_the_question_skipped", None),
        (
            "typeform_with_an_address_in_an_answer",
            NewCase(key=CaseKey("survey-typeform-a3a12ec67a1365927098a606107fac15"), person=ADA_BY_MAIL),
        ),
    ],
)
def test_a_low_score_is_a_case_and_nothing_else_is(name: str, case: NewCase | None) -> None:
    at: Door = door_of(f"surveys/{name}")
    told = at.read(delivery(f"surveys/{name}").body, {})
    if case is None:
        assert told is None or (isinstance(told, NewCase) and not told.begins)
    else:
        assert isinstance(told, NewCase)
        assert (told.key, told.person, told.begins) == (case.key, case.person, True)
        assert told.said is not None
        assert told.said.score is not None
        assert told.settle == 180


@pytest.mark.parametrize(
    ("name", "score", "comment", "given_at"),
    [
        ("plain_low", 3.0, "I could not pay", None),
        ("plain_as_zapier_sends_it", 3.0, None, None),
        ("plain_comment_alone", None, "The card was refused twice", None),
        ("plain_of_another_scale", 2.5, None, GIVEN_AT),
        ("formbricks_created", 2.0, None, GIVEN_AT),
        ("formbricks_finished", 2.0, "I could not pay", GIVEN_AT),
        ("typeform_answer", 4.0, "Ich konnte nicht bezahlen \u2013 zweimal", GIVEN_AT),
        ("typeform_with_the_question_skipped", None, "Ich konnte nicht bezahlen \u2013 zweimal", GIVEN_AT),
    ],
)
def test_what_was_said_and_when_is_read(
    name: str, score: float | None, comment: str | None, given_at: float | None
) -> None:
    answer = read(f"surveys/{name}")
    assert answer is not None
    assert (answer.score, answer.comment, answer.given_at) == (score, comment, given_at)


def read(name: str) -> Answer | None:
    payload = parse_object(delivery(name).body)
    return readers.answer(payload, configured(), source=source_of(name))


@pytest.mark.parametrize("name", [name for name in NAMES if "test" not in name])
def test_the_source_is_told_by_the_form_of_its_payload(name: str) -> None:
    assert readers.source_of(parse_object(delivery(name).body)) == source_of(name)


def test_the_events_of_one_answer_are_one_case() -> None:
    keys = {answer.key for name in ("created", "finished") if (answer := read(f"surveys/formbricks_{name}"))}
    assert len(keys) == 1


def test_an_id_that_no_key_can_hold_is_hashed_and_stays_the_same() -> None:
    answer = read("surveys/plain_as_zapier_sends_it")
    assert answer is not None
    assert answer.key.startswith("survey-")
    assert len(answer.key) == len("survey-") + 40
    assert answer == read("surveys/plain_as_zapier_sends_it")


def test_the_signature_is_the_one_that_the_libraries_of_standard_webhooks_are_tested_with() -> None:
    signed = standard_webhooks.signature(
        b'{"test": 2432232314}',
        key=standard_webhooks.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp="1614265330",
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


# -- It refuses


@pytest.mark.parametrize("name", NAMES)
def test_another_secret_is_refused(name: str) -> None:
    recorded = delivery(name)
    others = configured(
        SURVEY_TOKEN="another-hush",
        FORMBRICKS_WEBHOOK_SECRET="whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3Rz",
        TYPEFORM_WEBHOOK_SECRET="another-hush",
    )
    with pytest.raises(WrongSignature):
        door(source_of(name), others).verify(recorded.body, recorded.headers, now=NOW)


@pytest.mark.parametrize("name", [name for name in NAMES if "plain" not in name])
def test_a_body_that_was_changed_is_refused(name: str) -> None:
    recorded = delivery(name)
    for changed in (recorded.body + b" ", recorded.body[:-1], b""):
        with pytest.raises(WrongSignature):
            door_of(name).verify(changed, recorded.headers, now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301, 1e9])
def test_a_standard_webhook_of_another_time_is_refused(seconds: float) -> None:
    recorded = delivery("surveys/formbricks_finished")
    with pytest.raises(OutOfDate):
        door("formbricks").look_at(recorded.headers, now=NOW + seconds)


def test_one_of_several_signatures_is_enough_while_a_secret_is_changed() -> None:
    recorded = delivery("surveys/formbricks_finished")
    own = recorded.headers["webhook-signature"]
    recorded.headers["webhook-signature"] = f"v1a,AAAA v1,{'A' * 43}= {own}"
    door("formbricks").verify(recorded.body, recorded.headers, now=NOW)
    recorded.headers["webhook-signature"] = own.replace("v1,", "v1a,")
    with pytest.raises(WrongSignature):
        door("formbricks").verify(recorded.body, recorded.headers, now=NOW)


@pytest.mark.parametrize(
    ("source", "header", "value"),
    [
        ("plain", "Authorization", ""),
        ("plain", "Authorization", "survey-hush-1"),
        ("plain", "Authorization", "Basic survey-hush-1"),
        ("plain", "Authorization", "Bearer "),
        ("plain", "Authorization", "Bearer \xe4\xf6\xfc"),
        ("plain", "Authorization", "Bearer " + "x" * 5_000),
        ("formbricks", "webhook-signature", ""),
        ("formbricks", "webhook-signature", "v1,\xe4"),
        ("formbricks", "webhook-signature", "v1,x " * 1_000),
        ("formbricks", "webhook-timestamp", "\u0661\u0667"),
        ("formbricks", "webhook-timestamp", "-1"),
        ("formbricks", "webhook-timestamp", "9" * 400),
        ("formbricks", "webhook-id", ""),
        ("formbricks", "webhook-id", "a.b"),
        ("typeform", "Typeform-Signature", ""),
        ("typeform", "Typeform-Signature", "sha256=\xe4"),
        ("typeform", "Typeform-Signature", "A" * 43 + "="),
    ],
)
def test_headers_that_prove_nothing_are_refused_before_the_body_is_read(source: str, header: str, value: str) -> None:
    headers = dict(next(delivery(name).headers for name in NAMES if source_of(name) == source))
    headers[header] = value
    with pytest.raises(UnverifiedDelivery) as refused:
        door(source).look_at(headers, now=NOW)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"id": "1", "id": "2", "score": 1}',
        b'{"id": "1", "score": NaN}',
        b'{"id": "1", "score": ' + b"9" * 5_000 + b"}",
        *(
            json.dumps(document).encode()
            for document in (
                {},
                {"score": 1},
                {"id": "", "score": 1},
                {"id": " ", "score": 1},
                {"id": None, "score": 1},
                {"id": True, "score": 1},
                {"id": 1.5, "score": 1},
                {"id": ["1"], "score": 1},
                {"id": "x" * 501, "score": 1},
                {"id": "1", "score": True},
                {"id": "1", "score": "bad"},
                {"id": "1", "score": [3]},
                {"id": "1", "score": {"value": 3}},
                {"id": "1", "score": -1},
                {"id": "1", "score": 11},
                {"id": "1", "score": "1e1"},
                {"id": "1", "score": "\u0663"},
                {"id": "1", "score": 3, "scale": "5-1"},
                {"id": "1", "score": 3, "scale": 5},
                {"id": "1", "score": 6, "scale": "1-5"},
            )
        ),
        b'{"id": "1", "score": 1e999}',
    ],
)
def test_a_hostile_or_useless_body_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedDelivery) as refused:
        door("plain").read(body, {})
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize(
    ("source", "document"),
    [
        ("formbricks", {"event": "responseFinished"}),
        ("formbricks", {"event": "responseFinished", "data": []}),
        ("formbricks", {"event": "responseFinished", "data": {"id": None, "data": {"nps": 1}}}),
        ("formbricks", {"event": "responseFinished", "data": {"id": "1", "data": {"nps": "one"}}}),
        ("typeform", {"event_type": "form_response"}),
        ("typeform", {"event_type": "form_response", "form_response": {"answers": []}}),
    ],
)
def test_a_body_without_an_answer_is_refused(source: str, document: dict[str, Any]) -> None:
    with pytest.raises(MalformedDelivery):
        door(source).read(json.dumps(document).encode(), {})


@pytest.mark.parametrize(
    ("source", "document"),
    [
        ("formbricks", {"event": ["responseFinished"]}),
        ("formbricks", {"event": "responseFinished", "data": {"id": "1", "data": [], "contactAttributes": "x"}}),
        ("typeform", {"event_type": 7}),
        ("typeform", {"event_type": "form_response", "form_response": {"token": "1", "answers": {}, "hidden": []}}),
        ("typeform", {"event_type": "form_response", "form_response": {"token": "1", "answers": [7, {"field": 7}]}}),
        (
            "typeform",
            {
                "event_type": "form_response",
                "form_response": {"token": "1", "answers": [{"type": "text", "number": 1, "field": {"ref": "nps"}}]},
            },
        ),
    ],
)
def test_a_body_that_holds_no_score_is_no_case(source: str, document: dict[str, Any]) -> None:
    told = door(source).read(json.dumps(document).encode(), {})
    assert told is None or not told.begins


@given(
    document=st.dictionaries(
        st.sampled_from(["id", "score", "email", "user_id", "comment", "scale", "at", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("1-5"),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
            max_leaves=4,
        ),
    )
)
def test_whatever_a_body_holds_it_is_read_or_refused(document: dict[str, Any]) -> None:
    try:
        answer = readers.answer(document, configured(), source="plain")
    except RejectedDelivery:
        return
    assert answer is not None
    assert answer.key.startswith("survey-")
    assert answer.score is None or 0 <= answer.score <= 10
    assert answer.comment is None or 0 < len(answer.comment) <= 1_000
    assert answer.given_at is None or 0 < answer.given_at < 4e9


def test_nobody_is_in_what_is_printed_of_an_answer() -> None:
    answer = read("surveys/plain_low")
    assert "ada" not in repr(answer)
    assert "pay" not in repr(answer)
