"""How customers rated tickets, as Zendesk's trigger tells it: what is read, whatever they wrote with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integration.errors import MalformedDelivery, RejectedDelivery
from integration.facts import CaseKey, NewCase, Person, Rating, Said
from integration.surveys import ratings as surveys
from integration.surveys.settings import SurveySettings
from integration.zendesk import ratings
from integration.zendesk.ratings import PAYLOAD, Told, is_one, is_ours, read, told
from integration.zendesk.settings import OAuthClient, ZendeskSettings
from integration.zendesk.webhook import TicketDoor
from sandbox.zendesk.placeholders import render
from tests.deliveries.recorded import SECRET, delivery
from tests.zendesk.test_webhook import NOW

ACME = ZendeskSettings(
    subdomain="acme",
    url="https://acme.zendesk.com",
    credentials=OAuthClient(client_id="", client_secret=""),
    webhook_secrets=(SECRET,),
)
ADA = Person(email="ada@shop.example", external_id="u-7")
RATED = Rating(
    of=CaseKey("zendesk-35436"),
    score=0.0,
    person=ADA,
    comment="I could not pay",
    url="https://acme.zendesk.com/agent/tickets/35436",
)


def body(*, escaped: bool = False, number: str = "35436", **values: str) -> bytes:
    """What Zendesk sends: whether it escapes what it fills in is not known."""
    known = {
        "ticket.id": number,
        "ticket.requester.email": "ada@shop.example",
        "ticket.requester.external_id": "u-7",
        "satisfaction.current_comment": "I could not pay",
    }
    known |= {f"ticket.requester.{name}" if name != "comment" else "satisfaction.current_comment": value
              for name, value in values.items()}  # fmt: skip
    if escaped:
        return render(PAYLOAD, known, escape=lambda value: json.dumps(value)[1:-1]).encode()
    return render(PAYLOAD, known).encode("utf-8", "surrogatepass")


# -- It works


@pytest.mark.parametrize(
    ("name", "comment"),
    [
        ("rating", ""),
        ("rating_with_comment", "I could not pay"),
        ("rating_with_escaped_comment", 'It said "declined".\nTwice.'),
        ("rating_broken_by_its_comment", 'It said "declined".\nTwice.'),
        ("rating_with_an_injected_field", 'x", "requester_email": "eve@shop.example'),
    ],
)
def test_a_recorded_rating_is_genuine_and_tells_of_its_ticket(name: str, comment: str) -> None:
    recorded, door = delivery(f"zendesk/{name}"), TicketDoor(ACME)
    door.look_at(recorded.headers, now=NOW.timestamp())
    door.verify(recorded.body, recorded.headers, now=NOW.timestamp())
    assert door.read(recorded.body, recorded.headers) == replace(RATED, comment=comment)


COMMENTS = st.text(st.characters(codec="utf-8"), max_size=80) | st.lists(
    st.sampled_from(
        ['"', "\\", "\n", '", "', '"}', "{", ": ", "requester_email", "comment", "eve@x.example", "\x00", "é"]
    )
).map("".join)


@given(COMMENTS)
@example('", "requester_email": "eve@shop.example", "comment": "')
@example('x", "said": "y')
@example('"}')
@example('", "rated_ticket_id": "7')
@example("\\")
@example('\\"')
def test_a_comment_says_nothing_but_what_it_says(comment: str) -> None:
    escaped, plain = told(body(escaped=True, comment=comment)), told(body(comment=comment))
    assert escaped == Told(number=35436, email="ada@shop.example", external_id="u-7", comment=comment)
    assert replace(plain, comment="") == replace(escaped, comment="")
    if "\\" not in comment:  # which cannot be told from an escape
        assert plain.comment == comment


@given(COMMENTS, COMMENTS)
@example('u-1", "comment": "mine', "theirs")
@example('"', "")
def test_an_external_id_never_names_another_address_or_ticket(external_id: str, comment: str) -> None:
    for escaped in (True, False):
        rated = told(body(escaped=escaped, external_id=external_id, comment=comment))
        assert (rated.number, rated.email) in ((35436, "ada@shop.example"), (35436, None))


def test_the_trigger_of_new_tickets_tells_of_no_rating_whatever_is_filled_in() -> None:
    assert is_one(body())
    for other in (b'{"ticket_id": "7", "rated_ticket_id": "8", "rating": "bad"}', b"", b"[]", b'{"rated_ticket_id"'):
        assert not is_one(other)


@pytest.mark.parametrize(
    ("changes", "person"),
    [
        ({}, ADA),
        ({"identify_by": ("external_id", "email")}, ADA),
        ({"identify_by": ("email",)}, Person(email="ada@shop.example")),
        ({"identify_by": ("field:17", "external_id")}, Person(external_id="u-7")),
        ({"identify_by": ("field:17",)}, Person()),
        ({"skip_domains": ("shop.example",)}, Person()),
    ],
)
def test_whoever_rated_it_is_looked_for_as_the_settings_say(changes: dict[str, Any], person: Person) -> None:
    assert read(body(), replace(ACME, **changes)).person == person


def test_a_body_that_names_nobody_is_a_rating_of_nobody() -> None:
    assert read(b'{"rated_ticket_id": 7, "rating": "bad"}', ACME) == Rating(
        of=CaseKey("zendesk-7"), score=0.0, url="https://acme.zendesk.com/agent/tickets/7"
    )
    assert read(body(email="", external_id=""), ACME).person == Person()


# -- It refuses


@pytest.mark.parametrize(
    "bad",
    [
        b'{"rated_ticket_id": "0", "rating": "bad"}',
        b'{"rated_ticket_id": "", "rating": "bad"}',
        b'{"rated_ticket_id": "x", "rating": "bad"}',
        b'{"rated_ticket_id": "7"}',
        b'{"rated_ticket_id": "7", "rating": "good"}',
        b'{"rated_ticket_id": "7", "rating": "badly"}',
        b'{"rated_ticket_id": "7", "comment": "x", "rating": "bad"}',
        b'{"rated_ticket_id": "1234567890123456789", "rating": "bad"}',
        b'{"rated_ticket_id": -7, "rating": "bad"}',
        b'{"rated_ticket_id": 7.5, "rating": "bad"}',
        b'{"rated_ticket_id": ["7"], "rating": "bad"}',
        b'{"rated_ticket_id":',
    ],
)
def test_what_names_no_ticket_or_no_bad_rating_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedDelivery):
        read(bad, ACME)


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_else_comes_is_read_or_refused_and_breaks_nothing(rest: bytes) -> None:
    for begun in (
        b'{"rated_ticket_id":',
        b'{"rated_ticket_id": "7", "rating": "bad"',
        b'{"rated_ticket_id": "7", "rating": "bad", ',
    ):
        try:
            rating = read(begun + rest, ACME)
        except RejectedDelivery:
            continue
        assert rating.of == "zendesk-7"


def test_fields_of_another_form_are_none() -> None:
    for rest in (
        b', "comment": "mine"}',
        b', "requester_email": "eve@shop.example"}',
        b', "requester_email": ["a@b.c"], "requester_external_id": 7, "comment": {}}',
    ):
        rating = read(b'{"rated_ticket_id": "7", "rating": "bad"' + rest, ACME)
        assert (rating.person.email, rating.comment) == (None, None)


# -- What becomes of it


@pytest.mark.parametrize("max_score", [0.0, 6.0])
def test_a_bad_rating_is_a_low_score_of_the_ticket(max_score: float) -> None:
    case = surveys.as_cases(SurveySettings(max_score=max_score, settle_seconds=180))(RATED)
    said = Said(score=0.0, comment="I could not pay", rated="35436", url=RATED.url)
    assert case == NewCase(key=CaseKey("survey-zendesk-35436"), person=ADA, said=said, settle=180, begins=True)


def test_a_rating_is_named_by_its_ticket_and_a_long_comment_is_cut() -> None:
    again = surveys.answer(replace(RATED, comment="word " * 900))
    assert again.key == surveys.answer(RATED).key
    assert len(again.comment or "") <= 1_000


def test_a_body_is_ours_however_it_is_spaced_and_no_other_is() -> None:
    assert is_ours(PAYLOAD)
    assert is_ours(json.dumps(json.loads(PAYLOAD), indent=4))
    swapped = dict(reversed(json.loads(PAYLOAD).items()))
    for other in (json.dumps(swapped), PAYLOAD.replace("bad", "good"), "", "{", "[" * 100_000, None, 7, "null"):
        assert not is_ours(other)


def test_the_start_of_the_body_is_the_triggers_own() -> None:
    assert PAYLOAD.startswith('{"rated_ticket_id": "{{ticket.id}}", "rating": "bad", ')
    assert PAYLOAD.endswith('"comment": "{{satisfaction.current_comment}}"}')
    assert tuple(json.loads(PAYLOAD)) == ratings._FIELDS
