"""What Intercom delivers is verified and read: recorded deliveries, and hostile ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from integration.errors import MalformedDelivery, UnverifiedDelivery, WrongSignature
from integration.facts import CaseKey, Identified, NewCase
from integration.intercom import settings, webhook
from integration.intercom.webhook import SIGNATURE, ConversationDoor, signature
from integration.variables import Reader
from tests.deliveries.recorded import delivery, names

SECRET = "7d1e0f4c-9a35-4b0e-8a53-2f6d51c0b9e4"
ADA, LIN = "6762f1621bb69f9f2193bbfc", "6762f1661bb69f9f2193bc04"
NOW = 1734537562.0
UNUSABLE = ("intercom/id_that_is_a_word", "intercom/no_item")


@pytest.fixture
def door() -> ConversationDoor:
    environ = {"INTERCOM_ACCESS_TOKEN": "dG9rOmh1c2gtMQ==", "INTERCOM_CLIENT_SECRET": SECRET}
    read = settings.read(Reader(environ))
    assert read is not None
    return ConversationDoor(read)


def told(topic: object, item: object, **more: object) -> bytes:
    return json.dumps({"topic": topic, "data": {"item": item}, **more}).encode()


# -- It works


@pytest.mark.parametrize("name", names("intercom"))
def test_every_recorded_delivery_is_genuine(name: str, door: ConversationDoor) -> None:
    recorded = delivery(name)
    door.look_at(recorded.headers, now=NOW)
    door.verify(recorded.body, recorded.headers, now=NOW)


@pytest.mark.parametrize(
    ("name", "key", "contact"),
    [
        ("created_as_text", "intercom-21321941764", ADA),
        ("created_as_html", "intercom-21321941764", ADA),
        ("created_by_a_lead", "intercom-21321941765", LIN),
        ("created_in_answer_to_a_campaign", "intercom-21321941766", ADA),
        ("created_of_nobody", "intercom-21321941764", None),
        ("created_as_api_1", "intercom-14216547", ADA),
        ("created_as_api_1_by_a_lead", "intercom-14216548", LIN),
    ],
)
def test_a_new_conversation_is_a_case_by_its_own_number(
    name: str, key: str, contact: str | None, door: ConversationDoor
) -> None:
    assert door.read(delivery(f"intercom/{name}").body, {}) == NewCase(
        key=CaseKey(key), contact=contact, account="a86dr8yl"
    )


@pytest.mark.parametrize("name", ["replied_by_a_lead", "lead_added_email", "lead_added_email_as_api_1"])
def test_a_lead_who_may_be_known_now_is_told_of(name: str, door: ConversationDoor) -> None:
    assert door.read(delivery(f"intercom/{name}").body, {}) == Identified(desk="intercom", contact=LIN)


@pytest.mark.parametrize("name", ["ping", "admin_noted"])
def test_what_is_of_no_use_to_us_is_taken_and_nothing_follows(name: str, door: ConversationDoor) -> None:
    assert door.read(delivery(f"intercom/{name}").body, {}) is None


@pytest.mark.parametrize(
    "topic",
    [
        *("conversation.admin.replied", "conversation.admin.single.created", "conversation.operator.replied"),
        *("conversation.user.created.x", "CONVERSATION.USER.CREATED", "", "ticket.created", None, 7, ["ping"]),
    ],
)
def test_every_other_topic_is_of_no_use_to_us(topic: object, door: ConversationDoor) -> None:
    assert door.read(told(topic, {"type": "conversation", "id": "524"}), {}) is None


def test_nobodys_address_and_nothing_that_was_written_is_kept_of_a_delivery(door: ConversationDoor) -> None:
    case = door.read(delivery("intercom/created_as_text").body, {})
    assert isinstance(case, NewCase)
    assert not case.person.known
    assert ADA not in repr(case)


@pytest.mark.parametrize("topic", ["ping", "conversation.admin.noted"])
def test_what_is_no_conversation_needs_no_workspace(topic: str, door: ConversationDoor) -> None:
    assert door.read(told(topic, {"type": "ping"}), {}) is None


# -- It refuses


@pytest.mark.parametrize("app_id", [None, 7, "", "a b", "x" * 65, ["a86dr8yl"]])
def test_a_conversation_is_not_taken_in_when_nothing_says_whose_it_is(app_id: object, door: ConversationDoor) -> None:
    item = {"type": "conversation", "id": "524"}
    for more in ({"app_id": app_id}, {}):
        with pytest.raises(MalformedDelivery, match="app_id"):
            door.read(told("conversation.user.created", item, **more), {})


@pytest.mark.parametrize(
    "headers",
    [
        Headers(),
        Headers({SIGNATURE: ""}),
        Headers({SIGNATURE: "0" * 40}),
        Headers({SIGNATURE: "sha256=" + "0" * 64}),
        Headers({SIGNATURE: "sha1=" + "0" * 39}),
        Headers({SIGNATURE: "sha1=" + "0" * 40 + "\u0660"}),
        Headers({SIGNATURE: "sha1=" + "G" * 40}),
        Headers({SIGNATURE: "sha1=" + "é" * 40}),
    ],
)
def test_headers_alone_show_that_nobody_signed_it(headers: Headers, door: ConversationDoor) -> None:
    with pytest.raises(UnverifiedDelivery):
        door.look_at(headers, now=NOW)
    with pytest.raises(UnverifiedDelivery):
        door.verify(b"{}", headers, now=NOW)


def test_what_another_secret_signed_or_was_changed_on_its_way_is_refused(door: ConversationDoor) -> None:
    recorded = delivery("intercom/created_as_text")
    with pytest.raises(WrongSignature):
        door.verify(recorded.body + b" ", recorded.headers, now=NOW)
    with pytest.raises(WrongSignature):
        door.verify(b"{}", Headers({SIGNATURE: signature(b"{}", SECRET + "x")}), now=NOW)


@given(body=st.binary(max_size=200), other=st.binary(max_size=200))
def test_a_signature_is_of_one_body_alone(body: bytes, other: bytes) -> None:
    assert (signature(body, SECRET) == signature(other, SECRET)) is (body == other)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_conversation_that_is_not_named_is_unusable(name: str, door: ConversationDoor) -> None:
    with pytest.raises(MalformedDelivery):
        door.read(delivery(name).body, {})


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"[]",
            b"null",
            b'"x"',
            b"\xff\xfe",
            b'{"topic": "ping", "topic": "ping"}',
            b"[" * 20_000,
            b'{"a": NaN}',
        ),
    ],
)
def test_what_is_no_json_object_is_unusable(body: bytes, door: ConversationDoor) -> None:
    with pytest.raises(MalformedDelivery):
        door.read(body, {})


@pytest.mark.parametrize(
    "number", ["last", "", "0", "-1", "1.5", "524/reply", "..", "٥٢٤", "1" * 19, None, True, 1.5, [], {}, " 524"]
)
def test_no_id_but_a_number_is_believed(number: object, door: ConversationDoor) -> None:
    with pytest.raises(MalformedDelivery):
        door.read(told("conversation.user.created", {"type": "conversation", "id": number}), {})


def test_what_is_no_conversation_is_none(door: ConversationDoor) -> None:
    with pytest.raises(MalformedDelivery):
        door.read(told("conversation.user.created", {"type": "contact", "id": "524"}), {})


# -- It survives

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(item=JSON, contacts=JSON, user=JSON, topic=st.sampled_from([webhook.CREATED, *sorted(webhook.LATER), "ping"]))
def test_a_body_of_any_shape_is_read_or_refused(item: Any, contacts: Any, user: Any, topic: str) -> None:  # noqa: ANN401 -- JSON
    if isinstance(item, dict):
        item |= {"contacts": contacts, "user": user, "type": "conversation"}
    try:
        read = webhook.read(told(topic, item))
    except MalformedDelivery:
        return
    assert read is None or isinstance(read, NewCase | Identified)


@pytest.mark.parametrize("contact", ["../admins/1", "a/b", "a?b", "", " ", "x" * 65, 7, None, "é", "a\n"])
def test_no_contact_leads_elsewhere_in_the_api(contact: object, door: ConversationDoor) -> None:
    item = {"type": "conversation", "id": "524", "contacts": {"contacts": [{"id": contact}]}}
    case = NewCase(key=CaseKey("intercom-524"), account="a86dr8yl")
    assert door.read(told("conversation.user.created", item, app_id="a86dr8yl"), {}) == case
    assert door.read(told("conversation.user.replied", item), {}) is None
