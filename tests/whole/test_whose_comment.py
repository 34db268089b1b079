"""A comment is our note when it holds a marker, our own user wrote it, and it is internal: others quote notes."""

from __future__ import annotations

import json

import pytest

from integration.cases.entry import State
from integration.errors import Held, RemoteError
from integration.note import marker
from sandbox import Fault, Sandbox
from tests.conftest import InProcess
from tests.steps import KNOWN, comment
from tests.tickets import key, new_ticket

ADA = "ada@shop.example"
UNKNOWN = marker.of("b" * 64)


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("marker", [KNOWN, UNKNOWN])
def test_what_another_author_quotes_is_not_our_note(
    marker: str,
    public: bool,  # noqa: FBT001 -- pytest passes parameters by name
    sandbox: Sandbox,
    product: InProcess,
) -> None:
    number = comment(sandbox, marker, public=public)
    assert product.desk.find_note(key(number), markers=[KNOWN]) is None
    assert product.desk.find_any_note(key(number), markers=[KNOWN]) is None


def test_a_public_note_of_our_own_user_that_looks_like_a_note_is_none(sandbox: Sandbox, product: InProcess) -> None:
    number = comment(sandbox, UNKNOWN, public=True, author=product.desk._author())
    assert product.desk.find_any_note(key(number), markers=[KNOWN]) is None


@pytest.mark.parametrize("public", [False, True])
def test_a_known_marker_of_our_own_user_is_our_note_and_told_as_public_when_it_is(
    public: bool,  # noqa: FBT001 -- pytest passes parameters by name
    sandbox: Sandbox,
    product: InProcess,
) -> None:
    number = comment(sandbox, KNOWN, public=public, author=product.desk._author())
    for found in (
        product.desk.find_note(key(number), markers=[KNOWN]),
        product.desk.find_any_note(key(number), markers=[KNOWN]),
    ):
        assert found is not None
        assert found.public is public


def test_an_internal_comment_of_our_own_user_with_any_marker_is_a_note_that_was_forgotten(
    sandbox: Sandbox, product: InProcess
) -> None:
    assert (
        product.desk.find_any_note(key(comment(sandbox, UNKNOWN, public=False, author=product.desk._author())))
        is not None
    )


def test_a_recovered_ticket_with_another_ones_quoted_note_gets_its_own(sandbox: Sandbox, product: InProcess) -> None:
    number = comment(sandbox, UNKNOWN, public=False)
    product.ledger.receive(new_ticket(number, email=ADA), recovered=True)
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 2


def test_who_we_are_is_asked_once(sandbox: Sandbox, product: InProcess) -> None:
    number = comment(sandbox, UNKNOWN, public=False, author=product.desk._author())
    for _ in range(3):
        product.desk.find_any_note(key(number))
    assert sum("/users/me" in each.path for each in sandbox.zendesk.requests) == 1


@pytest.mark.parametrize("answer", [{"user": {"id": None, "name": "Anonymous user"}}, {"user": {}}, {}])
def test_nobody_is_not_us(answer: dict[str, object], sandbox: Sandbox, product: InProcess) -> None:
    body = json.dumps(answer)
    sandbox.faults.add(Fault(service="zendesk", path="/users/me", status=200, body=body, times=None))
    number = comment(sandbox, UNKNOWN, public=False)
    with pytest.raises(RemoteError) as refused:
        product.desk.find_any_note(key(number))
    assert isinstance(refused.value, Held) is (answer == {"user": {"id": None, "name": "Anonymous user"}})
