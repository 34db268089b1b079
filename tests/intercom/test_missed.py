"""The conversations that Intercom could not tell us about are found by a search, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from integration.errors import Held, Temporary
from integration.facts import CaseKey, Stretch
from integration.intercom.missed import PAGES, MissedConversations
from integration.intercom.settings import IntercomSettings
from integration.missed_cases import Candidate
from sandbox.faults import Fault, Faults
from sandbox.intercom import Intercom


def no_wait(_: float) -> bool:
    return True


def found(
    settings: IntercomSettings, *, hours: float = 2.0, wait: Callable[[float], bool] = no_wait
) -> list[tuple[Candidate, bool | None]]:
    """All that a look brings, and whether it was meant."""
    now = time.time()
    missed = MissedConversations(settings, wait=wait)
    assert missed.sources() is None
    look = missed.look(since=now - hours * 3600, now=now)
    assert look.missed is None
    parts = list(look.created(look.stretches, now=now).parts)
    assert parts[-1].until == now
    return [(candidate, look.was_meant(candidate)) for part in parts for candidate in part.cases]


def searches(intercom: Intercom) -> int:
    return sum(request.path == "/conversations/search" for request in intercom.requests)


# -- It works


def test_conversations_of_the_time_are_found_and_no_older_ones(
    intercom: Intercom, configured: IntercomSettings
) -> None:
    ada = intercom.add_contact(email="ada@shop.example")
    intercom.start_conversation(ada, told=False, ago=3 * 3600)
    number = intercom.start_conversation(ada, told=False, ago=90 * 60)
    newest = intercom.start_conversation(ada, told=False)
    brought = {candidate.id: candidate for candidate, meant in found(configured) if meant}
    assert brought.keys() == {number, newest}
    case = brought[number].case
    assert case is not None
    assert (case.key, case.contact, case.person.known) == (CaseKey(f"intercom-{number}"), ada, False)
    assert brought[number].created == intercom.conversations[number]["created_at"]


def test_more_than_a_page_of_them_is_read_to_its_end(intercom: Intercom, configured: IntercomSettings) -> None:
    ada = intercom.add_contact(email="ada@shop.example")
    numbers = {intercom.start_conversation(ada, told=False, ago=60) for _ in range(310)}
    assert {candidate.id for candidate, _ in found(configured, hours=0.5)} == numbers
    assert searches(intercom) == 3


def test_what_is_looked_through_is_told_an_hour_at_a_time(intercom: Intercom, configured: IntercomSettings) -> None:
    now = time.time()
    look = MissedConversations(configured, wait=no_wait).look(since=now - 3 * 3600, now=now)
    stretches = (Stretch(start=now - 3 * 3600, end=now - 3600 - 1), Stretch(start=now - 60, end=now))
    untils = [part.until for part in look.created(stretches, now=now).parts if part.until is not None]
    assert untils == [now - 2 * 3600, now - 3600 - 1, now]
    assert searches(intercom) == 3


@pytest.mark.parametrize(
    ("author", "replied", "meant"),
    [
        ("user", None, True),
        ("lead", None, True),
        ("admin", None, False),
        ("admin", 1734537559, True),
        ("bot", None, False),
        ("bot", 1734537559, True),
        (None, None, None),
        ({}, 1734537559, None),
    ],
)
def test_those_that_a_customer_started_or_answered_to_are_meant(
    author: object,
    replied: int | None,
    meant: bool | None,  # noqa: FBT001 -- pytest gives it
    intercom: Intercom,
    configured: IntercomSettings,
) -> None:
    number = intercom.start_conversation(intercom.add_contact(), told=False)
    intercom.conversations[number]["source"]["author"]["type"] = author
    intercom.conversations[number]["statistics"]["first_contact_reply_at"] = replied
    assert [was_meant for _, was_meant in found(configured)] == [meant]


def test_the_limit_is_left_to_others_when_little_of_it_is_left(
    intercom: Intercom, configured: IntercomSettings
) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return True

    found(configured, hours=0.5, wait=wait)
    intercom.left, intercom.resets_in = 100, 6
    found(configured, hours=0.5, wait=wait)
    assert waited[0] == 0
    assert 4 <= waited[1] <= 7


# -- It refuses, and survives


def test_a_look_ends_when_it_is_told_to(intercom: Intercom, configured: IntercomSettings) -> None:
    with pytest.raises(Temporary, match="stopped"):
        found(configured, wait=lambda _: False)
    assert searches(intercom) == 1


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"conversations": {}}',
        '{"conversations": [7]}',
        '{"conversations": [], "pages": {"next": 7}}',
        '{"conversations": [], "pages": {"next": {"starting_after": ""}}}',
        '{"conversations": [], "pages": {"next": {"starting_after": "same"}}}',
    ],
)
def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(
    body: str, configured: IntercomSettings, faults: Faults
) -> None:
    faults.add(Fault(service="intercom", path="/search", status=200, body=body, times=None))
    with pytest.raises(Temporary, match="cannot be read"):
        found(configured)


def test_a_list_without_an_end_comes_to_one(configured: IntercomSettings, faults: Faults) -> None:
    for number in range(PAGES):
        body = f'{{"conversations": [], "pages": {{"next": {{"starting_after": "{number}"}}}}}}'
        faults.add(Fault(service="intercom", path="/search", status=200, body=body))
    with pytest.raises(Temporary, match="more conversations than can be read"):
        found(configured)


@pytest.mark.parametrize(
    "record",
    [
        '{"id": "last", "created_at": 1}',
        '{"id": "7"}',
        '{"id": "7", "created_at": true}',
        '{"id": "7", "created_at": NaN}',
        '{"id": "7", "created_at": 1e999}',
        f'{{"id": "7", "created_at": {10**400}}}',
    ],
)
def test_a_conversation_that_cannot_be_read_is_told_as_one(
    record: str, configured: IntercomSettings, faults: Faults
) -> None:
    faults.add(Fault(service="intercom", path="/search", status=200, body=f'{{"conversations": [{record}]}}'))
    [(candidate, meant)] = found(configured, hours=0.5)
    assert candidate.case is None
    assert meant is None


def test_a_missing_permission_is_told_with_what_to_do(intercom: Intercom, configured: IntercomSettings) -> None:
    intercom.permissions.remove("read_conversations")
    with pytest.raises(Held) as refused:
        found(configured)
    assert "permission to read conversations" in MissedConversations(configured, wait=no_wait).in_words(refused.value)


def test_a_search_that_was_broken_off_wrote_nothing(configured: IntercomSettings, faults: Faults) -> None:
    faults.add(Fault(service="intercom", path="/search", status=503))
    with pytest.raises(Temporary) as error:
        found(configured)
    assert not error.value.outcome_unknown
