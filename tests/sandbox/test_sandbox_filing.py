"""Who files tickets at the stand-in for Zendesk, where and when; what the API shows of them beside."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.customers import CUSTOMERS
from sandbox.server import LoopbackServer
from sandbox.zendesk.records import BRANDS, CUSTOMER_NUMBER, FIELDS, FORMS, LOGROCKET_USER

Call = Callable[..., requests.Response]

OUTLET, RETURNS = list(BRANDS)[1], list(FORMS)[1]


def shown(api: Call, number: int) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """A ticket, and the users beside it by their ids, in one request."""
    answer = api("GET", f"tickets/{number}?include=users").json()
    return answer["ticket"], {user["id"]: user for user in answer["users"]}


def test_a_ticket_comes_with_its_requester_when_that_is_asked_for(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(external_id="u-1", subject="Hm", description="It broke.")
    ticket, users = shown(api, number)
    assert (ticket["subject"], ticket["description"]) == ("Hm", "It broke.")
    assert [(user["email"], user["external_id"]) for user in users.values()] == [("ada@shop.example", "u-1")]
    assert ticket["submitter_id"] == ticket["requester_id"] == next(iter(users))
    assert list(api("GET", f"tickets/{number}").json()) == ["ticket"]


def test_comments_come_with_their_authors_when_that_is_asked_for(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "Hm", "public": False}}})
    listed = api("GET", f"tickets/{number}/comments?include=users").json()
    assert [user["role"] for user in listed["users"]] == ["end-user", "admin"]
    assert "users" not in api("GET", f"tickets/{number}/comments").json()


def test_a_ticket_that_an_agent_files_for_somebody_is_submitted_by_the_agent(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(submitter="sam@acme.example")
    ticket, users = shown(api, number)
    assert users[ticket["requester_id"]]["email"] == "ada@shop.example"
    assert (users[ticket["submitter_id"]]["role"], len(users)) == ("agent", 2)
    assert sandbox.zendesk.comments(number)[0].author_id == ticket["submitter_id"]


def test_an_agent_may_file_for_themself_and_stays_who_they_are(sandbox: Sandbox, api: Call) -> None:
    ticket, users = shown(api, sandbox.zendesk.file_ticket(requester="sam@acme.example"))
    [user] = users.values()
    assert (user["name"], user["role"]) == ("Sam Agent", "agent")
    assert ticket["submitter_id"] == ticket["requester_id"]


def test_nobody_but_agents_files_for_others(sandbox: Sandbox) -> None:
    sandbox.zendesk.file_ticket(requester="bob@shop.example")
    for email in ("bob@shop.example", "nobody@acme.example"):
        with pytest.raises(ValueError, match=email):
            sandbox.zendesk.file_ticket(submitter=email)


def test_a_requester_may_be_suspended_and_stays_so(sandbox: Sandbox, api: Call) -> None:
    for number in (sandbox.zendesk.file_ticket(suspended=True), sandbox.zendesk.file_ticket()):
        _, users = shown(api, number)
        assert [user["suspended"] for user in users.values()] == [True]
    sandbox.zendesk.know("ada@shop.example", suspended=False)
    assert [user["suspended"] for user in shown(api, number)[1].values()] == [False]


def test_people_are_made_known_with_their_roles(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.know("kim@acme.example", name="Kim", role="admin", external_id="k-1")
    user = api("GET", f"users/{number}").json()["user"]
    assert (user["name"], user["role"], user["external_id"], user["suspended"]) == ("Kim", "admin", "k-1", False)


def test_a_ticket_has_its_brand_its_form_and_its_fields(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(brand_id=OUTLET, form_id=RETURNS, custom_fields={LOGROCKET_USER: "u-7"})
    ticket, _ = shown(api, number)
    assert (ticket["brand_id"], ticket["ticket_form_id"]) == (OUTLET, RETURNS)
    assert ticket["custom_fields"] == [{"id": CUSTOMER_NUMBER, "value": None}, {"id": LOGROCKET_USER, "value": "u-7"}]


@pytest.mark.parametrize(("path", "known"), [("brands", BRANDS), ("ticket_forms", FORMS)])
def test_brands_and_forms_are_listed(api: Call, path: str, known: dict[int, str]) -> None:
    assert {record["id"]: record["name"] for record in api("GET", path).json()[path]} == known
    assert api("GET", path, scope="tickets:read").status_code == 403


def test_the_accounts_own_fields_are_listed(api: Call) -> None:
    listed = api("GET", "ticket_fields").json()["ticket_fields"]
    assert {field["id"]: field["title"] for field in listed} == FIELDS


def test_a_ticket_may_have_been_filed_in_the_past(sandbox: Sandbox, api: Call) -> None:
    moment = datetime.now(UTC) - timedelta(days=3)
    number = sandbox.zendesk.file_ticket(created_at=moment)
    written = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    ticket, _ = shown(api, number)
    [comment] = api("GET", f"tickets/{number}/comments").json()["comments"]
    [audit] = api("GET", f"tickets/{number}/audits").json()["audits"]
    assert [record["created_at"] for record in (ticket, comment, audit)] == [written] * 3


def test_a_payload_may_tell_of_brand_submitter_and_fields(
    sandbox: Sandbox, target: LoopbackServer, until: Callable[..., None]
) -> None:
    wanted = {
        "brand": "{{ticket.brand.name}}",
        "by": "{{ticket.submitter.email}}",
        "for": "{{ticket.requester.email}}",
        "field": f"{{{{ticket.ticket_field_{LOGROCKET_USER}}}}}",
    }
    sandbox.zendesk.install_webhook(target.url, payload=json.dumps(wanted))
    sandbox.zendesk.file_ticket(submitter="sam@acme.example", brand_id=OUTLET, custom_fields={LOGROCKET_USER: "u-7"})
    until(lambda: target.requests)
    assert json.loads(target.requests[0].body) == {
        "brand": "Acme Outlet",
        "by": "sam@acme.example",
        "for": "ada@shop.example",
        "field": "u-7",
    }


def test_an_event_tells_who_submitted_the_ticket(
    sandbox: Sandbox, target: LoopbackServer, until: Callable[..., None]
) -> None:
    sandbox.zendesk.install_webhook(target.url, subscription="event")
    number = sandbox.zendesk.file_ticket(submitter="sam@acme.example")
    until(lambda: target.requests)
    detail = json.loads(target.requests[0].body)["detail"]
    ticket = sandbox.zendesk.ticket(number)
    assert (detail["requester_id"], detail["submitter_id"]) == (str(ticket.requester_id), str(ticket.submitter_id))


@pytest.mark.parametrize(("key", "words"), [("jan", ("Guten Tag", "Mit freundlichen Grüßen", "> Nur diese Woche")),
                                            ("lola", ("Hola", "Un saludo", "escribió:"))])  # fmt: skip
def test_some_customers_write_another_language_with_signature_and_quoted_text(
    sandbox: Sandbox, key: str, words: tuple[str, ...]
) -> None:
    number = sandbox.zendesk.file_ticket(**CUSTOMERS[key].ticket())
    assert all(word in sandbox.zendesk.comments(number)[0].body for word in words)


def test_all_of_it_can_be_said_over_the_sandboxs_own_interface(sandbox: Sandbox) -> None:
    wish = {
        "requester": "bob@shop.example",
        "submitter": "sam@acme.example",
        "suspended": True,
        "brand_id": OUTLET,
        "form_id": RETURNS,
        "custom_fields": {str(CUSTOMER_NUMBER): "4711"},
        "tags": ["vip"],
        "via": "mail",
        "created_at": "2026-11-01T10:00:00+01:00",
    }
    url = f"{sandbox.zendesk.url}/sandbox/api/tickets"
    number = requests.post(url, json=wish, timeout=5).json()["id"]
    ticket = sandbox.zendesk.ticket(number)
    assert (ticket.brand_id, ticket.form_id, ticket.tags, ticket.via) == (OUTLET, RETURNS, ("vip",), "mail")
    assert (ticket.custom_fields, ticket.created_at) == (
        {CUSTOMER_NUMBER: "4711"},
        datetime(2026, 11, 1, 9, tzinfo=UTC),
    )
    assert ticket.submitter_id == sandbox.zendesk.desk.account.agent.id
    assert sandbox.zendesk.desk.account.user(ticket.requester_id).suspended


@pytest.mark.parametrize(
    ("wish", "named"),
    [({"brand_id": 1}, "brand_id"), ({"brand_id": True}, "brand_id"), ({"via": "pigeon"}, "via"),
     ({"custom_fields": {"1": "x"}}, "custom_fields"), ({"custom_fields": {str(CUSTOMER_NUMBER): 7}}, "custom_fields"),
     ({"tags": [1]}, "tags"), ({"created_at": "yesterday"}, "created_at"), ({"created_at": "2026-11-01"}, "created_at"),
     ({"submitter": "ada@shop.example"}, "ada@shop.example")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_the_reason(sandbox: Sandbox, wish: object, named: str) -> None:
    answer = requests.post(f"{sandbox.zendesk.url}/sandbox/api/tickets", json=wish, timeout=5)
    assert (answer.status_code, named in answer.json()["error"]) == (400, True)
    assert sandbox.zendesk.tickets() == []
