"""What a service says of its refusal reaches the admin in its machine words, and nothing else of it does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration import machine_words
from integration.cases.entry import State
from integration.cases.lanes import Hold
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for

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


def of_zendesk(answer: object) -> str:
    return machine_words.of_zendesk(json.dumps(answer).encode())


# -- It works


def test_a_required_field_that_is_empty_is_named_to_the_end(
    sandbox: Sandbox, product: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tickets/", status=422, body=json.dumps(REQUIRED)))
    entry = product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.FAILED)
    assert entry.reason == f"Zendesk refuses the request (422): {SAID}"
    [line] = [line for line in capsys.readouterr().out.splitlines() if "ticket failed" in line]
    assert SAID in line


def test_what_is_said_of_refused_credentials_is_told(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(
        Fault(service="logrocket", status=401, body='{"detail": "token signature is invalid"}', times=None)
    )
    sandbox.zendesk.file_ticket(requester=ADA)

    def held() -> list[Hold]:
        product.work()
        return product.ledger.lanes.holds()

    [hold] = wait_for(held)
    assert hold.reason == "LogRocket refuses our credentials (401): token signature is invalid"


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
    assert words in of_zendesk(answer)


@pytest.mark.parametrize("name", ["error", "message", "detail"])
def test_logrockets_known_sentences_are_kept_wherever_it_says_them(name: str) -> None:
    said = json.dumps({name: "token signature is invalid"}).encode()
    assert machine_words.of_logrocket(said) == "token signature is invalid"
    assert machine_words.of_logrocket(b"Missing request authorization\n") == "Missing request authorization"


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
    assert of_zendesk(answer) == ""


@pytest.mark.parametrize(
    "said", [b"", b"Not for ada@shop.example", b'{"error": "userEmail ada@shop.example"}', b"\xff"]
)
def test_other_sentences_of_logrockets_are_not_told(said: bytes) -> None:
    assert machine_words.of_logrocket(said) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(error=JSON, details=st.dictionaries(st.text(), JSON, max_size=4) | JSON, body=st.binary())
def test_whatever_is_said_the_words_are_few_and_plain(error: object, details: object, body: bytes) -> None:
    for said in (of_zendesk({"error": error, "details": details}), machine_words.of_zendesk(body)):
        assert said.isascii()
        assert len(said) < 1000
        assert "@" not in said
    assert machine_words.of_logrocket(body) == ""


def test_many_words_are_cut_short() -> None:
    details = {f"field_{number}": [{"error": "BlankValue", "ticket_field_id": number}] * 99 for number in range(1, 999)}
    assert len(of_zendesk({"error": "RecordInvalid", "details": details})) < 500
