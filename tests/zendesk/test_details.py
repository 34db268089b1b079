"""What a ticket and its requester say of a case: read in one request, over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integration.errors import NoAddress, NoNotePossible, NotThere, RemoteError
from integration.facts import Details, Person
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings
from integration.zendesk import labels, people, ticket
from integration.zendesk.desk import Desk
from integration.zendesk.labels import BRANDS, FORMS, Labels
from integration.zendesk.settings import ZendeskSettings
from sandbox import Fault, Sandbox
from sandbox.zendesk.records import BRAND_ID, CUSTOMER_NUMBER, FORM_ID, LOGROCKET_USER
from tests.tickets import key
from tests.variables import with_zendesk

ADA = "ada@shop.example"


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    made = Desk(settings.of(ZendeskSettings))
    yield made
    made.close()


def details(settings: Settings, number: int, **changes: Any) -> Details:  # noqa: ANN401 -- any of Zendesk's settings
    """What a desk with these settings says of a ticket."""
    return Desk(with_zendesk(settings, **changes).of(ZendeskSettings)).details(key(number))


def asked(sandbox: Sandbox) -> list[str]:
    """What was asked of the API since the record was begun anew."""
    paths = [request.path.partition("?")[0] for request in sandbox.zendesk.requests]
    return [path for path in paths if path.startswith("/api/")]


# -- It reads


def test_ticket_and_requester_are_read_in_one_request(desk: Desk, sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket(
        requester=ADA, name="Ada L.", external_id="u-7", subject="No discount", description="The code fails.",
        tags=("vip", "highlights"), deliver=False,
    )  # fmt: skip
    sandbox.zendesk.forget_requests()
    told = desk.details(key(number))
    assert told == Details(
        people=(Person(email=ADA), Person(external_id="u-7")),
        name="Ada L.",
        subject="No discount",
        text="The code fails.",
        created=sandbox.zendesk.ticket(number).created_at.replace(microsecond=0).timestamp(),
        brand=(str(BRAND_ID), None),
        form=(str(FORM_ID), None),
        tagged=True,
    )
    assert asked(sandbox) == [f"/api/v2/tickets/{number}"]


def test_nothing_personal_is_in_what_a_log_could_show_of_it(desk: Desk, sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, name="Ada L.", external_id="u-7", deliver=False)
    assert not re.search(r"Ada|ada@|u-7|discount", repr(desk.details(key(number))))


def test_a_ticket_that_an_agent_files_for_somebody_is_that_somebodys(desk: Desk, sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, submitter=sandbox.zendesk.agent_email, deliver=False)
    assert desk.details(key(number)).people == (Person(email=ADA),)


@pytest.mark.parametrize(
    ("ways", "found"),
    [
        (("external_id",), [Person(external_id="u-7")]),
        (("external_id", "email"), [Person(external_id="u-7"), Person(email=ADA)]),
        ((f"field:{LOGROCKET_USER}", "email"), [Person(external_id="lr-1"), Person(email=ADA)]),
        ((f"field:{CUSTOMER_NUMBER}", "external_id"), [Person(external_id="u-7")]),
        (("field:1", "email"), [Person(email=ADA)]),
    ],
)
def test_people_are_identified_in_the_order_that_is_set_and_none_twice(
    settings: Settings, sandbox: Sandbox, ways: tuple[str, ...], found: list[Person]
) -> None:
    fields = {LOGROCKET_USER: "lr-1", CUSTOMER_NUMBER: "u-7"}
    number = sandbox.zendesk.file_ticket(requester=ADA, external_id="u-7", custom_fields=fields, deliver=False)
    assert details(settings, number, identify_by=ways).people == tuple(found)


# -- It refuses


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_an_agents_own_ticket_gets_no_note(desk: Desk, sandbox: Sandbox, role: Any) -> None:  # noqa: ANN401 -- a literal
    sandbox.zendesk.know(ADA, role=role)
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    with pytest.raises(NoNotePossible, match="agent" if role == "agent" else "admin"):
        desk.details(key(number))


def test_a_suspended_requesters_ticket_gets_no_note(desk: Desk, sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, suspended=True, deliver=False)
    with pytest.raises(NoNotePossible, match="suspended"):
        desk.details(key(number))


@pytest.mark.parametrize(
    ("address", "domains", "skipped"),
    [
        ("ada@acme.example", ("acme.example",), True),
        ("ada@ACME.example", ("other.example", "acme.example"), True),
        ("ada@mail.acme.example", ("acme.example",), True),
        ("ada@notacme.example", ("acme.example",), False),
        ("ada@acme.example.org", ("acme.example",), False),
        ("acme.example@shop.example", ("acme.example",), False),
        ("ada@acme.example", (), False),
    ],
)
def test_our_own_peoples_domains_are_skipped(
    settings: Settings, sandbox: Sandbox, address: str, domains: tuple[str, ...], *, skipped: bool
) -> None:
    number = sandbox.zendesk.file_ticket(requester=address, deliver=False)
    if not skipped:
        assert details(settings, number, skip_domains=domains).people == (Person(email=address),)
        return
    with pytest.raises(NoNotePossible, match="SKIP_DOMAINS") as refused:
        details(settings, number, skip_domains=domains)
    assert "acme" not in str(refused.value).lower()


@pytest.mark.parametrize("status", ["closed", "deleted"])
def test_a_ticket_that_is_over_gets_no_note(desk: Desk, sandbox: Sandbox, status: str) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    sandbox.zendesk.set_status(number, status)
    with pytest.raises(NoNotePossible, match=status):
        desk.details(key(number))


@pytest.mark.parametrize(
    ("ways", "lacks"),
    [
        (("email", "external_id"), "no e-mail address and no external id"),
        (("external_id", f"field:{LOGROCKET_USER}"), f"no external id, and the ticket's field {LOGROCKET_USER}"),
    ],
)
def test_nobody_to_look_for_is_told_by_what_was_looked_for(
    settings: Settings, sandbox: Sandbox, ways: tuple[str, ...], lacks: str
) -> None:
    number = sandbox.zendesk.file_ticket(requester=None, deliver=False)
    with pytest.raises(NoAddress, match=lacks):
        details(settings, number, identify_by=ways)


def test_a_ticket_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(NotThere):
        desk.details(key(4711))


# -- It survives


def test_a_requester_who_was_not_brought_along_is_asked_for(desk: Desk, sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    record = {"id": number, "requester_id": sandbox.zendesk.ticket(number).requester_id, "status": "new"}
    sandbox.faults.add(
        Fault(service="zendesk", path=f"/tickets/{number}", status=200, body=json.dumps({"ticket": record}))
    )
    assert desk.details(key(number)).people == (Person(email=ADA),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
TICKET_FIELDS = ("subject", "description", "created_at", "brand_id", "ticket_form_id", "tags", "custom_fields")
USER_FIELDS = ("name", "email", "external_id", "role", "suspended")


@hypothesis_settings(suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from(TICKET_FIELDS), JSON),
    st.dictionaries(st.sampled_from(USER_FIELDS), JSON),
    st.lists(st.sampled_from(["email", "external_id", "field:7"]), min_size=1, unique=True),
)
def test_no_field_of_a_ticket_or_its_requester_loses_it(
    record: Mapping[str, Any], user: Mapping[str, Any], ways: list[str]
) -> None:
    try:
        told = ticket.details(record, user, settings_with(ways), now=17.0)
    except NoAddress:
        return
    assert told.people
    assert len(set(told.people)) == len(told.people)
    assert all((person.email is None) != (person.external_id is None) for person in told.people)
    assert isinstance(told.subject + told.text + (told.name or ""), str)
    assert isinstance(told.created, float)


def settings_with(ways: list[str]) -> Any:  # noqa: ANN401 -- as much of them as is needed
    class _Settings:
        identify_by = tuple(ways)
        skip_domains = ("acme.example",)

    return _Settings()


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"ticket": 3}', '{"ticket": {}}', '{"ticket": {"status": "new"}}'])
def test_an_answer_that_cannot_be_read_is_an_error_of_ours(desk: Desk, sandbox: Sandbox, body: str) -> None:
    sandbox.faults.add(Fault(service="zendesk", path=r"/tickets/1\b", status=200, body=body))
    with pytest.raises(RemoteError, match="cannot be read"):
        desk.details(key(1))


# -- What a delivery tells of the requester


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, Person(email=ADA, external_id="u-7")),
        ({"identify_by": ("email",)}, Person(email=ADA)),
        ({"identify_by": ("external_id",)}, Person(external_id="u-7")),
        ({"identify_by": ("external_id", "email")}, Person()),
        ({"identify_by": ("field:7", "email")}, Person()),
        ({"skip_domains": ("shop.example",)}, Person()),
        ({"skip_domains": ("acme.example",)}, Person(email=ADA, external_id="u-7")),
    ],
)
def test_a_delivery_tells_who_is_meant_unless_the_ticket_has_to_be_asked(
    settings: Settings, changes: dict[str, Any], told: Person
) -> None:
    assert people.as_delivered(ADA, "u-7", replace(settings.of(ZendeskSettings), **changes)) == told


# -- Names of brands and forms


def test_names_are_read_once_where_rules_go_by_names(settings: Settings, sandbox: Sandbox) -> None:
    desk = Desk(settings.of(ZendeskSettings), named=[BRANDS, FORMS])
    numbers = [sandbox.zendesk.file_ticket(requester=ADA, deliver=False) for _ in range(3)]
    sandbox.zendesk.forget_requests()
    found = {(told.brand, told.form) for number in numbers for told in [desk.details(key(number))]}
    assert found == {((str(BRAND_ID), "Acme"), (str(FORM_ID), "Default Ticket Form"))}
    assert sorted(asked(sandbox))[:2] == ["/api/v2/brands", "/api/v2/ticket_forms"]
    assert len(asked(sandbox)) == 5


@pytest.mark.parametrize("answer", [{"status": 403}, {"status": 500}, {"status": 200, "body": '{"brands": 3}'}])
def test_a_list_that_cannot_be_read_loses_no_ticket(
    settings: Settings, sandbox: Sandbox, answer: dict[str, Any]
) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/brands", times=None, **answer))
    desk = Desk(settings.of(ZendeskSettings), named=[BRANDS])
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    sandbox.zendesk.forget_requests()
    for _ in range(2):
        assert desk.details(key(number)).brand == (str(BRAND_ID), None)
    assert asked(sandbox).count("/api/v2/brands") == 1


def test_names_are_read_anew_after_an_hour_and_old_ones_outlast_trouble(settings: Settings, sandbox: Sandbox) -> None:
    desk, now = Desk(settings.of(ZendeskSettings)), [0.0]
    known = Labels(desk._session, desk._zendesk.asked_url, BRANDS, monotonic=lambda: now[0])
    label = (str(BRAND_ID), None)
    assert known.named(label) == (str(BRAND_ID), "Acme")
    sandbox.faults.add(Fault(service="zendesk", path="/brands", status=500))
    for now[0], count in ((labels.KEPT_SECONDS - 1, 1), (labels.KEPT_SECONDS, 2), (labels.KEPT_SECONDS + 1, 2)):
        assert known.named(label) == (str(BRAND_ID), "Acme")
        assert asked(sandbox).count("/api/v2/brands") == count
    now[0] += labels.AGAIN_SECONDS
    assert known.named(label) == (str(BRAND_ID), "Acme")
    assert asked(sandbox).count("/api/v2/brands") == 3


def test_rules_say_whether_names_are_needed(environ: dict[str, str]) -> None:
    from integration.settings import from_environment  # noqa: PLC0415 -- of this test alone

    rules = "brand:Acme=acme/pro:acme:pro:hush-hush,form:360001=acme/pro:acme:pro:hush-hush"
    assert from_environment(environ).of(LogRocketSettings).named_kinds == frozenset()
    assert from_environment({**environ, "LOGROCKET_PROJECTS": rules}).of(LogRocketSettings).named_kinds == {"brand"}
