"""What Zendesk says of its refusal reaches the admin in its machine words, and nothing else of it does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.cases.entry import State
from integration.zendesk.refusal_words import refusal_words
from sandbox import Fault, Sandbox
from tests.conftest import InProcess

ADA = "ada@shop.example"
REQUIRED = {
    "error": "RecordInvalid",
    "description": "Record validation errors",
    "details": {
        "base": [
            {
                "description": "Order of ada@shop.example: is required when solving a ticket",
                "error": "BlankValue",
                "ticket_field_id": 12345657,
            }
        ]
    },
}
SAID = "a required field is empty: 12345657 (RecordInvalid, base BlankValue ticket_field_id 12345657)"


def words_of(answer: object) -> str:
    return refusal_words(json.dumps(answer).encode())


# -- It works


def test_a_required_field_that_is_empty_is_named_to_the_end(
    sandbox: Sandbox, product: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tickets/", status=422, body=json.dumps(REQUIRED)))
    entry = product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.FAILED)
    assert entry.reason == f"Zendesk refuses the request (422): {SAID}"
    [line] = [line for line in capsys.readouterr().err.splitlines() if "ticket failed" in line]
    assert SAID in line


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (REQUIRED, SAID),
        ({"error": "RecordInvalid", "details": {"subject": [{"error": "BlankValue"}]}}, "field is empty: subject ("),
        (
            {"error": "RecordInvalid", "details": {"priority": [{"error": "InvalidValue"}]}},
            "RecordInvalid, priority Inv",
        ),
        ({"error": "invalid_client", "error_description": "Client ..."}, "invalid_client"),
        ({"error": {"title": "Forbidden", "message": "You do not have access"}}, "Forbidden"),
        (
            {"error": "RecordInvalid", "details": {"base": [], "status": "x", "tags": [1]}},
            "RecordInvalid, base, status, t",
        ),
    ],
)
def test_zendesks_words_are_kept(answer: object, words: str) -> None:
    assert words in words_of(answer)


# -- It refuses


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "ada@shop.example"},
        {"error": "Ada Lovelace"},
        {"error": "x" * 51},
        {"error": 7},
        {"error": {"title": "No help desk at acme.zendesk.com"}},
        {"details": {"ada@shop.example": [{"error": "Ada Lovelace"}], "x" * 51: []}},
        {"details": "ada@shop.example"},
        {"description": "RecordInvalid"},
        [],
        None,
    ],
)
def test_what_is_no_word_of_a_machine_is_not_told(answer: object) -> None:
    assert words_of(answer) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(error=JSON, details=st.dictionaries(st.text(), JSON, max_size=4) | JSON, body=st.binary())
def test_whatever_is_said_the_words_are_few_and_plain(error: object, details: object, body: bytes) -> None:
    for said in (words_of({"error": error, "details": details}), refusal_words(body)):
        assert said.isascii()
        assert len(said) < 1000
        assert "@" not in said


def test_many_words_are_cut_short() -> None:
    details = {f"field_{number}": [{"error": "BlankValue", "ticket_field_id": number}] * 99 for number in range(1, 999)}
    assert len(words_of({"error": "RecordInvalid", "details": details})) < 500
