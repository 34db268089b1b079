"""Of what LogRocket says of its refusal the known sentences reach the admin, and nothing else does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.cases.lanes import Hold
from integration.logrocket.refusal_words import refusal_words
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for

ADA = "ada@shop.example"


# -- It works


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


@pytest.mark.parametrize("name", ["error", "message", "detail"])
def test_logrockets_known_sentences_are_kept_wherever_it_says_them(name: str) -> None:
    said = json.dumps({name: "token signature is invalid"}).encode()
    assert refusal_words(said) == "token signature is invalid"
    assert refusal_words(b"Missing request authorization\n") == "Missing request authorization"


# -- It refuses


@pytest.mark.parametrize(
    "said", [b"", b"Not for ada@shop.example", b'{"error": "userEmail ada@shop.example"}', b"\xff"]
)
def test_other_sentences_of_logrockets_are_not_told(said: bytes) -> None:
    assert refusal_words(said) == ""


@given(body=st.binary())
def test_bytes_that_are_no_known_sentence_are_not_told(body: bytes) -> None:
    assert refusal_words(body) == ""
