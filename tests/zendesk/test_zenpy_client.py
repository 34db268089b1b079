"""zenpy makes objects of what is read of the answer to a note, and of nothing else: a ticket may be large."""

from __future__ import annotations

import json

import pytest

from integration.zendesk.zenpy_client import shortened

TICKET = {"id": 7, "custom_fields": [{"id": number, "value": "ada@shop.example"} for number in range(500)]}
COMMENT = {"id": 70, "type": "Comment", "public": False, "html_body": "<p>A note</p>", "attachments": [], "via": {}}


def answer(**audit: object) -> bytes:
    return json.dumps({"ticket": TICKET, "audit": {"ticket_id": 7, "metadata": {}, **audit}}).encode()


def test_what_is_read_of_an_answer_is_left_of_it() -> None:
    change = {"id": 71, "type": "Change", "field_name": "status", "value": "open"}
    short = json.loads(shortened(answer(events=[COMMENT, change, {"id": 72}, "an event", None])))
    assert short["audit"] == {
        "ticket_id": 7,
        "events": [{"id": 70, "type": "Comment", "public": False}, {"id": 71, "type": "Change"}, {"id": 72}],
    }
    assert b"ada@shop.example" not in shortened(answer(events=[COMMENT]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        json.dumps({"ticket": TICKET}).encode(),
        json.dumps({"audit": {"events": [COMMENT]}}).encode(),
        json.dumps({"ticket": TICKET, "audit": [COMMENT]}).encode(),
        answer(),
        answer(events={"0": COMMENT}),
        json.dumps({"tags": ["highlights"]}).encode(),
    ],
)
def test_any_other_answer_stays_as_it_is(body: bytes) -> None:
    assert shortened(body) == body
