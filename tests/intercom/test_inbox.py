"""Notes in a conversation of Intercom's, over real HTTP: written once, found again, proven; and who is at fault."""

from __future__ import annotations

import json
import time
import traceback

import pytest

from integration.errors import Held, NoAddress, NoNotePossible, NotThere, Permanent, RemoteError, StillPublic, Temporary
from integration.facts import CaseKey, Highlights, Person, Receipt, case_key, reference_of
from integration.intercom import client
from integration.intercom.inbox import Inbox
from integration.intercom.settings import IntercomSettings
from integration.note import Note, compose, marker
from sandbox.faults import Fault, Faults
from sandbox.intercom import Intercom
from sandbox.intercom.shapes import conversation_part
from tests.note.notes import ADA, LINKS, REPLAY, REQUEST_ID, session

MARKERS = [marker.of(REQUEST_ID)]
OTHER_REQUEST = "f" * 64


def note(summary: str = "Ada could not **pay**.", *, request_id: str = REQUEST_ID) -> Note:
    highlights = Highlights(summary=summary, sessions=(session(),))
    return compose(highlights, request_id=request_id, links=LINKS, person=ADA)


def who(inbox: Inbox, key: CaseKey) -> Person:
    """Who is looked for first."""
    return inbox.details(key).people[0]


def writes(intercom: Intercom) -> int:
    return sum(request.path.endswith("/reply") for request in intercom.requests)


@pytest.fixture
def ada(intercom: Intercom) -> str:
    return intercom.add_contact(email="ada@shop.example", external_id="cus_4711")


@pytest.fixture
def number(intercom: Intercom, ada: str) -> str:
    return intercom.start_conversation(ada, told=False)


@pytest.fixture
def key(number: str) -> CaseKey:
    return case_key("intercom", number)


# -- Whose conversation it is


def test_a_person_is_looked_for_by_their_address(inbox: Inbox, key: CaseKey) -> None:
    assert who(inbox, key) == Person(email="ada@shop.example")


def test_a_user_without_an_address_is_looked_for_by_the_products_own_id(inbox: Inbox, intercom: Intercom) -> None:
    number = intercom.start_conversation(intercom.add_contact(external_id="cus_4711"), told=False)
    assert who(inbox, case_key("intercom", number)) == Person(external_id="cus_4711")


def test_a_lead_has_no_id_that_the_product_knows(inbox: Inbox, intercom: Intercom) -> None:
    lead = intercom.add_contact(role="lead")
    key = case_key("intercom", intercom.start_conversation(lead, told=False))
    with pytest.raises(NoAddress):
        who(inbox, key)
    intercom.add_email(lead, "lin@shop.example")
    assert who(inbox, key) == Person(email="lin@shop.example")


def test_who_was_merged_into_another_contact_is_followed(inbox: Inbox, intercom: Intercom) -> None:
    lead, between = intercom.add_contact(role="lead"), intercom.add_contact(role="lead")
    key = case_key("intercom", intercom.start_conversation(lead, told=False))
    intercom.merge(lead, between)
    intercom.merge(between, intercom.add_contact(email="lin@shop.example"))
    assert who(inbox, key) == Person(email="lin@shop.example")


def test_contacts_that_are_merged_in_a_circle_come_to_an_end(inbox: Inbox, intercom: Intercom) -> None:
    one, other = intercom.add_contact(), intercom.add_contact()
    key = case_key("intercom", intercom.start_conversation(one, told=False))
    intercom.merge(one, other)
    intercom.merge(other, one)
    with pytest.raises(NotThere):
        who(inbox, key)


@pytest.mark.parametrize("body", ["{}", '{"type": "contact"}', '{"id": 7}'])
def test_what_is_no_contact_is_not_taken_for_a_lead_without_an_address(
    body: str, inbox: Inbox, key: CaseKey, faults: Faults
) -> None:
    faults.add(Fault(service="intercom", path="/contacts/", status=200, body=body))
    with pytest.raises(Temporary, match="cannot be read"):
        who(inbox, key)
    assert who(inbox, key).known


def test_a_link_to_a_merged_contact_leads_nowhere_else(inbox: Inbox, key: CaseKey, faults: Faults) -> None:
    body = '{"type": "error.list", "errors": [{"code": "contact_merged"}]}'
    link = {"Link": '<https://evil.example/contacts/1>; rel="canonical"'}
    faults.add(Fault(service="intercom", path="/contacts/", status=410, body=body, headers=link))
    with pytest.raises(NotThere):
        who(inbox, key)


def test_who_answers_to_a_campaign_is_the_person_and_not_who_sent_it(
    inbox: Inbox, intercom: Intercom, ada: str
) -> None:
    number = intercom.start_conversation(ada, told=False)
    author = {"type": "admin", "id": intercom.own_id, "email": "bot@acme.example"}
    intercom.conversations[number]["source"]["author"] = author
    assert who(inbox, case_key("intercom", number)) == Person(email="ada@shop.example")


def test_a_conversation_of_nobody_gets_no_note(inbox: Inbox, intercom: Intercom, number: str, key: CaseKey) -> None:
    intercom.conversations[number]["contacts"]["contacts"] = []
    with pytest.raises(NoNotePossible):
        who(inbox, key)


def test_a_conversation_that_intercom_does_not_show_us_may_come_or_not(inbox: Inbox) -> None:
    with pytest.raises(NotThere) as error:
        who(inbox, CaseKey("intercom-999"))
    assert error.value.said == "not_found"


# -- The note


def test_a_note_is_written_once_as_a_note_of_the_tokens_teammate(
    inbox: Inbox, intercom: Intercom, number: str, key: CaseKey
) -> None:
    receipt = inbox.write(key, note())
    [part] = intercom.notes(number)
    assert receipt == Receipt(id=part["id"], public=False, pace=receipt.pace)
    assert receipt.pace is not None
    assert part["author"]["id"] == intercom.own_id
    assert "could not <b>pay</b>" in part["body"]
    assert f'<a href="{REPLAY}">' in part["body"]
    assert MARKERS[0] in part["body"]
    assert intercom.seen_by_customers(number) == []
    sent = json.loads(intercom.requests[-1].body)
    assert (sent["message_type"], sent["type"], sent["skip_notifications"]) == ("note", "admin", True)
    assert writes(intercom) == 1


def test_the_author_can_be_another_teammate(intercom: Intercom, number: str, key: CaseKey) -> None:
    other = intercom.add_admin("Highlights")
    place = Inbox(_with_admin(intercom, other))
    receipt = place.write(key, note())
    assert intercom.notes(number)[0]["author"]["id"] == other
    assert place.find_note(key, markers=MARKERS) == receipt
    assert not any(request.path == "/me" for request in intercom.requests)
    place.close()


def _with_admin(intercom: Intercom, admin_id: str) -> IntercomSettings:
    own = intercom.environment()
    return IntercomSettings(
        token=own["INTERCOM_ACCESS_TOKEN"],
        client_secret=own["INTERCOM_CLIENT_SECRET"],
        region="us",
        admin_id=admin_id,
        url=own["INTERCOM_URL"],
    )


def test_every_request_names_the_version_of_the_api(inbox: Inbox, intercom: Intercom, key: CaseKey) -> None:
    who(inbox, key)
    inbox.write(key, note())
    assert {request.headers["Intercom-Version"] for request in intercom.requests} == {"2.16"}


def test_only_tags_are_sent_that_notes_are_known_to_keep(inbox: Inbox, intercom: Intercom, key: CaseKey) -> None:
    inbox.write(key, note("> said\n\n1. one\n2. `two` <script>\n\n&lt;strong&gt; <b>x</b> *y* **z**"))
    body = json.loads(intercom.requests[-1].body)["body"]
    assert not any(tag in body for tag in ("<strong", "<em", "<code", "<blockquote", "<script", "<!--"))
    assert "<b>z</b>" in body
    assert "<i>y</i>" in body
    assert "<ul><li>" in body


def test_a_long_note_is_cut_where_it_can_be_seen(inbox: Inbox, intercom: Intercom, number: str, key: CaseKey) -> None:
    inbox.write(key, note("\n\n".join(f"Paragraph {count} with some words." for count in range(2000))))
    sent = json.loads(intercom.requests[-1].body)["body"]
    assert len(sent.encode()) <= 10_000
    assert MARKERS[0] in intercom.notes(number)[0]["body"]


def test_a_note_is_found_by_its_marker_among_what_others_wrote(
    inbox: Inbox, intercom: Intercom, number: str, key: CaseKey
) -> None:
    receipt = inbox.write(key, note())
    for _ in range(30):
        intercom.reply(number)
    found = inbox.find_note(key, markers=MARKERS)
    assert found is not None
    assert (found.id, found.public) == (receipt.id, False)
    assert inbox.find_note(key, markers=["Highlights request ffffffffffff"]) is None


def test_a_note_for_another_request_is_found_when_any_will_do(inbox: Inbox, key: CaseKey) -> None:
    receipt = inbox.write(key, note(request_id=OTHER_REQUEST))
    assert inbox.find_note(key, markers=MARKERS) is None
    found = inbox.find_any_note(key, markers=MARKERS)
    assert found is not None
    assert found.id == receipt.id


def test_a_note_of_before_a_time_counts_for_a_request_that_is_known_alone(inbox: Inbox, key: CaseKey) -> None:
    inbox.write(key, note(request_id=OTHER_REQUEST))
    assert inbox.find_any_note(key, markers=MARKERS, since=time.time() - 60) is not None
    assert inbox.find_any_note(key, markers=MARKERS, since=time.time() + 60) is None
    inbox.write(key, note())
    assert inbox.find_any_note(key, markers=MARKERS, since=time.time() + 60) is not None


def test_how_a_conversation_began_is_known_with_its_person(
    inbox: Inbox, intercom: Intercom, number: str, key: CaseKey
) -> None:
    intercom.conversations[number]["title"] = "Checkout"
    known = inbox._known(key)
    assert known.people == (Person(email="ada@shop.example"), Person(external_id="cus_4711"))
    assert (known.name, known.subject, known.text) == ("Ada", "Checkout", "Checkout does not work")
    assert known.created == intercom.conversations[number]["created_at"]
    assert not any(personal in repr(known) for personal in ("ada@", "4711", "Ada", "Checkout"))


@pytest.mark.parametrize("kind", ["note", "comment"])
def test_what_others_quote_of_a_note_is_none_of_ours(
    kind: str, inbox: Inbox, intercom: Intercom, number: str, key: CaseKey
) -> None:
    inbox.write(key, note())
    [ours] = intercom.conversations[number]["parts"]
    teammate = intercom.admins[intercom.add_admin("Somebody")]
    quoted = conversation_part(kind, ours["body"], teammate)
    customer = conversation_part("comment", ours["body"], {"type": "user", "id": intercom.own_id})
    intercom.conversations[number]["parts"] = [quoted, customer]
    assert inbox.find_note(key, markers=MARKERS) is None
    assert inbox.find_any_note(key, markers=MARKERS) is None


def test_our_own_teammates_quote_for_a_customer_is_not_taken_for_the_note(
    inbox: Inbox, intercom: Intercom, number: str, key: CaseKey
) -> None:
    receipt = inbox.write(key, note())
    [ours] = intercom.conversations[number]["parts"]
    intercom.conversations[number]["parts"].append(conversation_part("comment", ours["body"], ours["author"]))
    found = inbox.find_note(key, markers=MARKERS)
    assert found is not None
    assert (found.id, found.public) == (receipt.id, False)


# -- It refuses


def test_a_reply_that_is_no_note_never_leaves(inbox: Inbox, intercom: Intercom, number: str) -> None:
    session_of = inbox._intercom._session
    url = f"{intercom.url}/conversations/{number}"
    for path, body in (
        ("reply", {"message_type": "comment", "type": "admin", "body": "hello"}),
        ("reply", {"message_type": "note", "type": "user", "body": "hello"}),
        ("reply", {"type": "admin", "body": "hello"}),
        ("reply", ["note"]),
        ("parts", {"message_type": "note", "type": "admin", "body": "hello"}),
    ):
        with pytest.raises(Permanent, match="no internal note"):
            session_of.post(f"{url}/{path}", json=body)
        with pytest.raises(Permanent, match="no internal note"):
            session_of.put(f"{url}/{path}", json=body)
    with pytest.raises(Permanent, match="no internal note"):
        session_of.post(
            f"{intercom.url}/conversations/last/reply", json={"message_type": "note", "type": "admin", "body": "x"}
        )
    assert intercom.requests == []


@pytest.mark.parametrize("reference", ["last", "0", "ada", "524_", "-5"])
def test_no_word_is_sent_in_the_place_of_a_conversations_number(
    reference: str, inbox: Inbox, intercom: Intercom, number: str
) -> None:
    key = CaseKey(f"intercom-{reference}")
    for call in (
        inbox.details,
        lambda key: inbox.write(key, note()),
        lambda key: inbox.find_note(key, markers=MARKERS),
    ):
        with pytest.raises(Permanent):
            call(key)
    assert intercom.parts(number) == []
    assert writes(intercom) == 0


def test_what_customers_can_read_is_told_and_cannot_be_hidden(inbox: Inbox, intercom: Intercom, key: CaseKey) -> None:
    intercom.note_becomes = "comment"
    receipt = inbox.write(key, note())
    assert receipt.public
    found = inbox.find_note(key, markers=MARKERS)
    assert found is not None
    assert found.public
    with pytest.raises(StillPublic) as error:
        inbox.make_private(key, receipt.id)
    assert error.value.note_id == receipt.id


def test_a_note_under_another_teammates_name_is_not_written_again(
    inbox: Inbox, intercom: Intercom, key: CaseKey
) -> None:
    intercom.note_author = intercom.add_admin("Somebody")
    with pytest.raises(Permanent, match="INTERCOM_ADMIN_ID"):
        inbox.write(key, note())
    intercom.note_becomes = "comment"
    with pytest.raises(StillPublic, match="INTERCOM_ADMIN_ID"):
        inbox.write(key, note(request_id=OTHER_REQUEST))


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ((401, "unauthorized"), Held),
        ((403, "api_plan_restricted"), Held),
        ((404, "not_found"), NotThere),
        ((400, "parameter_invalid"), Permanent),
        ((422, "parameter_invalid"), Permanent),
        ((429, "rate_limit_exceeded"), Temporary),
    ],
)
def test_a_refusal_of_intercoms_own_says_that_nothing_was_written(
    refusal: tuple[int, str], kind: type[RemoteError], inbox: Inbox, key: CaseKey, faults: Faults
) -> None:
    status, code = refusal
    body = json.dumps({"type": "error.list", "errors": [{"code": code, "message": "of ada@shop.example"}]})
    faults.add(Fault(service="intercom", path="/reply", status=status, body=body))
    with pytest.raises(kind) as refused:
        inbox.write(key, note())
    assert not refused.value.outcome_unknown
    assert refused.value.said == code
    shown = f"{refused.value}{vars(refused.value)}{''.join(traceback.format_exception(refused.value))}"
    assert "ada@shop.example" not in shown


def test_a_teammate_who_is_gone_is_the_accounts_trouble_and_no_conversation_is_taken_for_deleted(
    intercom: Intercom, number: str, key: CaseKey
) -> None:
    place = Inbox(_with_admin(intercom, "404"))
    with pytest.raises(Held, match="INTERCOM_ADMIN_ID") as refused:
        place.write(key, note())
    assert refused.value.of_account
    assert not refused.value.outcome_unknown
    assert intercom.parts(number) == []
    place.close()


def test_a_429_is_waited_for_until_the_window_ends(inbox: Inbox, key: CaseKey, faults: Faults) -> None:
    body = '{"type": "error.list", "errors": [{"code": "rate_limit_exceeded"}]}'
    headers = {"X-RateLimit-Limit": "167", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 6)}
    faults.add(Fault(service="intercom", path="/reply", status=429, body=body, headers=headers))
    with pytest.raises(Temporary) as refused:
        inbox.write(key, note())
    assert refused.value.too_many
    assert refused.value.limit_used_up is True
    assert refused.value.retry_after is not None
    assert 3 < refused.value.retry_after <= 7


# -- It survives: an unknown outcome


@pytest.mark.parametrize(
    "fault",
    [
        Fault(service="intercom", path="/reply", drop="after"),
        Fault(service="intercom", path="/reply", drop="after", reset=True),
        Fault(service="intercom", path="/reply", status=500, handle=True),
        Fault(service="intercom", path="/reply", status=503, body='{"errors": []}', handle=True),
        Fault(service="intercom", path="/reply", status=408, body='{"errors": []}', handle=True),
        Fault(service="intercom", path="/reply", status=409, body='{"errors": []}', handle=True),
        Fault(service="intercom", path="/reply", status=404, body="<html>gateway</html>", handle=True),
        Fault(service="intercom", path="/reply", status=403, body='{"message": "blocked"}', handle=True),
        Fault(service="intercom", path="/reply", status=302, handle=True),
        Fault(service="intercom", path="/reply", status=200, body="<html>ok</html>", handle=True),
        Fault(service="intercom", path="/reply", status=200, body="{}", handle=True),
        Fault(service="intercom", path="/reply", status=200, body='{"id": "7", "conversation_parts": {}}', handle=True),
    ],
)
def test_a_note_whose_answer_proves_nothing_is_looked_for_and_found(
    fault: Fault, inbox: Inbox, intercom: Intercom, key: CaseKey, faults: Faults
) -> None:
    faults.add(fault)
    with pytest.raises(RemoteError) as unknown:
        inbox.write(key, note())
    assert unknown.value.outcome_unknown
    assert isinstance(unknown.value, Temporary | Held)
    [part] = intercom.notes(reference_of(key))
    found = inbox.find_note(key, markers=MARKERS)
    assert found is not None
    assert (found.id, found.public) == (part["id"], False)
    assert writes(intercom) == 1


def test_an_answer_without_the_note_proves_nothing(inbox: Inbox, intercom: Intercom, key: CaseKey) -> None:
    intercom.keeps_parts = False
    with pytest.raises(Temporary, match="does not show the note") as unknown:
        inbox.write(key, note())
    assert unknown.value.outcome_unknown


def test_a_note_that_never_left_is_no_unknown_outcome(inbox: Inbox, intercom: Intercom, key: CaseKey) -> None:
    inbox.takes_our_credentials()
    inbox._admin_id = intercom.own_id
    intercom.stop()
    place = Inbox(_with_admin(intercom, intercom.own_id))
    with pytest.raises(Temporary, match="cannot be reached") as error:
        place.write(key, note())
    assert not error.value.outcome_unknown
    place.close()


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"id": "%s"}', '{"id": "%s", "conversation_parts": {"conversation_parts": {}}}']
)
def test_an_answer_that_cannot_be_read_is_not_taken_for_a_conversation_without_notes(
    body: str, inbox: Inbox, number: str, key: CaseKey, faults: Faults
) -> None:
    inbox.write(key, note())
    told = body.replace("%s", number)
    faults.add(Fault(service="intercom", path=f"/conversations/{number}", status=200, body=told, times=None))
    with pytest.raises(Temporary, match="cannot be read"):
        inbox.find_note(key, markers=MARKERS)
    with pytest.raises(Temporary, match="cannot be read"):
        inbox.find_any_note(key, markers=MARKERS)


@pytest.mark.parametrize("created", ["null", "NaN", "1e999", "-1e999", str(10**400)])
def test_a_conversation_of_no_time_that_can_be_meant_is_read_again(
    created: str, inbox: Inbox, number: str, key: CaseKey, faults: Faults
) -> None:
    contacts = json.dumps({"contacts": [{"id": inbox._intercom.contacts()["data"][0]["id"]}]})
    told = f'{{"id": "{number}", "created_at": {created}, "contacts": {contacts}}}'
    faults.add(Fault(service="intercom", path=f"/conversations/{number}", status=200, body=told))
    with pytest.raises(Temporary, match="cannot be read"):
        inbox.details(key)
    assert who(inbox, key).known


# -- Whose trouble it is


def test_whether_our_token_is_accepted_is_asked_where_no_conversation_is_concerned(
    inbox: Inbox, intercom: Intercom, faults: Faults
) -> None:
    assert inbox.takes_our_credentials() is True
    faults.add(Fault(service="intercom", path="/me", status=500))
    assert inbox.takes_our_credentials() is None
    intercom.token = "another"
    assert inbox.takes_our_credentials() is False
    assert "accepts our token" in inbox.denied(Held("no", status=403, said="api_plan_restricted"))


def test_our_own_workspace_is_told_from_others_in_one_call(
    inbox: Inbox, intercom: Intercom, configured: IntercomSettings, faults: Faults
) -> None:
    assert inbox.is_of(intercom.app_id)
    assert not inbox.is_of("another")
    assert len(intercom.requests) == 1
    faults.add(Fault(service="intercom", path="/me", status=200, body='{"id": "7", "app": null}'))
    unknown = Inbox(configured)
    with pytest.raises(Temporary, match="does not tell which workspace"):
        unknown.is_of(intercom.app_id)
    assert unknown.is_of(intercom.app_id)  # it is asked again


def test_nothing_is_sent_to_another_host(configured: IntercomSettings) -> None:
    intercom = client.Intercom(configured)
    with pytest.raises(Permanent, match="another host"):
        intercom._session.get("https://evil.example/me")
    intercom.close()
