"""The desk's tags, where a merged ticket went, and which of our notes are new enough; over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integration.errors import NoNotePossible
from integration.settings import Settings
from integration.zendesk import merges
from integration.zendesk.desk import Desk
from integration.zendesk.settings import ZendeskSettings
from sandbox import Fault, Sandbox
from tests.steps import KNOWN
from tests.tickets import key
from tests.variables import with_zendesk


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    made = Desk(with_zendesk(settings, tag_posted="has_highlights").of(ZendeskSettings))
    yield made
    made.close()


@pytest.fixture
def number(sandbox: Sandbox) -> int:
    return sandbox.zendesk.file_ticket(tags=("vip", "highlights"), deliver=False)


# -- Tags


def test_the_tag_that_asks_is_taken_off_and_others_stay(desk: Desk, sandbox: Sandbox, number: int) -> None:
    for _ in range(2):
        desk.take_tag_off(key(number))
        assert sandbox.zendesk.ticket(number).tags == ("vip",)


def test_the_tag_of_a_posted_note_is_added_and_others_stay(desk: Desk, sandbox: Sandbox, number: int) -> None:
    for _ in range(2):
        desk.tag(key(number))
        assert sandbox.zendesk.ticket(number).tags == ("vip", "highlights", "has_highlights")


def test_without_a_tag_to_add_nobody_is_asked(settings: Settings, sandbox: Sandbox, number: int) -> None:
    sandbox.zendesk.forget_requests()
    Desk(settings.of(ZendeskSettings)).tag(key(number))
    assert sandbox.zendesk.requests == []


def test_a_closed_ticket_takes_no_tag(desk: Desk, sandbox: Sandbox, number: int) -> None:
    sandbox.zendesk.set_status(number, "closed")
    for change in (desk.tag, desk.take_tag_off):
        with pytest.raises(NoNotePossible):
            change(key(number))


# -- Merges


def tickets(sandbox: Sandbox, count: int) -> list[int]:
    return [sandbox.zendesk.file_ticket(deliver=False) for _ in range(count)]


@pytest.mark.parametrize("public", [False, True])
def test_a_merged_ticket_is_followed(desk: Desk, sandbox: Sandbox, *, public: bool) -> None:
    source, target = tickets(sandbox, 2)
    sandbox.zendesk.merge(source, into=target, public=public)
    assert desk.merged_into(key(source)) == key(target)
    assert desk.merged_into(key(target)) is None


def test_each_of_several_merged_tickets_is_followed(desk: Desk, sandbox: Sandbox) -> None:
    *sources, target = tickets(sandbox, 3)
    sandbox.zendesk.merge(*sources, into=target)
    assert [desk.merged_into(key(source)) for source in sources] == [key(target)] * 2


def test_the_words_may_be_of_any_language(desk: Desk, sandbox: Sandbox) -> None:
    source, target = tickets(sandbox, 2)
    said = f"Diese Anfrage wurde geschlossen und mit der Anfrage #{target} zusammengeführt."
    sandbox.zendesk.merge(source, into=target, source_comment=said)
    assert desk.merged_into(key(source)) == key(target)


def test_words_alone_lead_nowhere(desk: Desk, sandbox: Sandbox) -> None:
    other = sandbox.zendesk.file_ticket(deliver=False)
    said = f"This request was closed and merged into request #{other}. See also #999999 and #{other + 1}"
    number = sandbox.zendesk.file_ticket(description=said, deliver=False)
    sandbox.zendesk.set_status(number, "closed")
    assert desk.merged_into(key(number)) is None


def test_a_ticket_that_was_merged_into_another_one_is_not_taken_for_this(desk: Desk, sandbox: Sandbox) -> None:
    first, target = tickets(sandbox, 2)
    sandbox.zendesk.merge(first, into=target)
    said = f"merged into request #{target}"
    number = sandbox.zendesk.file_ticket(description=said, deliver=False)
    assert desk.merged_into(key(number)) is None


@pytest.mark.parametrize(
    ("via", "tells"),
    [
        ({"source": {"rel": "merge", "from": {"ticket_id": 7}}}, True),
        ({"source": {"rel": "merge", "from": {"ticket_id": "7"}}}, True),
        ({"source": {"rel": "merge", "from": {"ticket_ids": [6, 7]}}}, True),
        ({"source": {"rel": "merge", "from": {"ticket_ids": [6], "ticket_id": 8}}}, False),
        ({"source": {"rel": "follow_up", "from": {"ticket_id": 7}}}, False),
        ({"source": {"rel": "merge", "from": [7]}}, False),
        ({"source": {"rel": "merge", "from": {"ticket_id": [7], "ticket_ids": 7}}}, False),
        ({"source": None}, False),
        (None, False),
    ],
)
def test_what_proves_a_merge(via: object, *, tells: bool) -> None:
    assert merges.tells_of_merge({"via": via}, merged=7) is tells


def test_the_numbers_that_comments_name_are_few_and_none_is_the_ticket_itself() -> None:
    said: list[dict[str, Any]] = [
        {"body": "#7 #0 #8"},
        {"html_body": '<a href="https://a.example/agent/tickets/9">#9</a>'},
        {"body": 3},
    ]
    assert merges.candidates(said, besides=7) == [8, 9]
    many: list[dict[str, Any]] = [{"body": " ".join(f"#{number}" for number in range(1, 100))}]
    assert len(merges.candidates(many, besides=7)) == merges.MOST_TARGETS


# -- Notes of a round


@pytest.mark.parametrize(
    ("since", "found"), [(0.0, True), (1795687200.0, True), (1795687200.9, True), (1795687201.0, False)]
)
def test_notes_for_requests_that_are_not_known_count_when_they_are_new_enough(
    desk: Desk, sandbox: Sandbox, number: int, since: float, *, found: bool
) -> None:
    note = {"id": 41, "type": "Comment", "author_id": desk._author(), "public": False, "attachments": []}
    forms = {"body": KNOWN, "html_body": KNOWN, "plain_body": KNOWN, "audit_id": 141, "metadata": {}}
    via = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}
    said = [{**note, **forms, "via": via, "created_at": "2026-11-26T10:00:00Z"}]
    sandbox.faults.add(
        Fault(service="zendesk", path="/comments", status=200, body=json.dumps({"comments": said}), times=2)
    )
    assert (desk.find_any_note(key(number), markers=["Highlights request 0"], since=since) is not None) is found
    assert desk.find_any_note(key(number), markers=[KNOWN], since=since) is not None  # ours, whatever the clocks say
