"""Users, tickets and comments of the stand-in for Zendesk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from sandbox import Sandbox

Call = Callable[..., requests.Response]


def note(text: str = "<p>A note</p>", **facts: object) -> dict[str, object]:
    return {"ticket": {"comment": {"html_body": text, "public": False} | facts}}


def test_an_internal_note_is_added_and_the_audit_tells_of_it(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    wish = note() | {}
    wish["ticket"] = {"comment": {"html_body": "<p>Hi</p>", "public": False}, "metadata": {"lr": "s1"}}
    answer = api("PUT", f"tickets/{number}.json", json=wish).json()
    [event] = [event for event in answer["audit"]["events"] if event["type"] == "Comment"]
    assert (event["public"], event["audit_id"]) == (False, answer["audit"]["id"])
    assert event["html_body"] == '<div class="zd-comment" dir="auto"><p>Hi</p></div>'
    assert answer["audit"]["metadata"]["custom"] == {"lr": "s1"}
    assert answer["ticket"]["id"] == number
    [stored] = sandbox.zendesk.internal_notes(number)
    assert (stored.id, stored.author_id, stored.plain_body) == (event["id"], event["author_id"], "Hi")


def test_comments_come_with_the_description_first(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(description="Help me")
    api("PUT", f"tickets/{number}", json=note())
    listed = api("GET", f"tickets/{number}/comments").json()
    first, second = listed["comments"]
    assert (first["public"], first["body"], second["public"]) == (True, "Help me", False)
    assert set(first) >= {"id", "type", "author_id", "plain_body", "created_at", "audit_id", "via", "metadata"}
    assert (listed["count"], listed["next_page"]) == (2, None)


def test_comments_are_paged_by_cursor(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    for place in range(5):
        api("PUT", f"tickets/{number}", json=note(f"note {place}"))
    seen, path = [], f"tickets/{number}/comments.json?page%5Bsize%5D=2"
    for _ in range(3):
        listed = api("GET", path).json()
        seen += [comment["plain_body"] for comment in listed["comments"]]
        following = listed["links"]["next"]
        assert listed["meta"]["has_more"] is (following is not None)
        path = f"tickets/{number}/comments?{urlsplit(following).query}" if following else ""
    assert seen[1:] == ["note 0", "note 1", "note 2", "note 3", "note 4"]
    assert not path


def test_comments_are_paged_by_offset(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    api("PUT", f"tickets/{number}", json=note())
    listed = api("GET", f"tickets/{number}/comments?per_page=1&page=2").json()
    assert [comment["public"] for comment in listed["comments"]] == [False]
    assert (listed["next_page"], "page=1" in listed["previous_page"]) == (None, True)


@pytest.mark.parametrize("query", ["page[size]=0", "page[size]=x", "page[after]=!&page[size]=2", "page=0"])
def test_a_page_that_cannot_be_is_refused(sandbox: Sandbox, api: Call, query: str) -> None:
    assert api("GET", f"tickets/{sandbox.zendesk.file_ticket()}/comments?{query}").status_code == 400


def test_a_comment_without_a_word_about_it_is_public_on_a_public_ticket(sandbox: Sandbox, api: Call) -> None:
    public, internal = sandbox.zendesk.file_ticket(), sandbox.zendesk.file_ticket(public=False)
    for number in (public, internal):
        api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "Hello"}}})
    assert sandbox.zendesk.comments(public)[-1].public
    assert not sandbox.zendesk.comments(internal)[-1].public


def test_a_public_note_can_be_made_private(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    api("PUT", f"tickets/{number}", json=note(public=True))
    comment = sandbox.zendesk.comments(number)[-1]
    assert api("PUT", f"tickets/{number}/comments/{comment.id}/make_private.json").status_code == 200
    assert [c.id for c in sandbox.zendesk.internal_notes(number)] == [comment.id]
    assert api("PUT", f"tickets/{number}/comments/1/make_private").status_code == 404


def test_a_closed_ticket_refuses_every_update(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    sandbox.zendesk.set_status(number, "closed")
    answer = api("PUT", f"tickets/{number}", json=note())
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": {"status": [{"description": "Status: closed prevents ticket update"}]},
    }
    assert api("GET", f"tickets/{number}").json()["ticket"]["status"] == "closed"


def test_a_deleted_ticket_cannot_be_told_from_one_that_never_was(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    sandbox.zendesk.delete_ticket(number)
    for answer in (api("GET", f"tickets/{number}"), api("PUT", f"tickets/{number}", json=note())):
        assert (answer.status_code, answer.json()) == (404, {"error": "RecordNotFound", "description": "Not found"})


def test_a_safe_update_of_a_changed_ticket_is_a_conflict(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    stamp = api("GET", f"tickets/{number}").json()["ticket"]["updated_at"]
    wish = {"safe_update": False, "updated_stamp": "2020-01-01T00:00:00Z", "status": "open"}
    assert api("PUT", f"tickets/{number}", json={"ticket": wish}).json()["error"] == "UpdateConflict"
    assert api("PUT", f"tickets/{number}", json={"ticket": wish | {"updated_stamp": stamp}}).status_code == 200


def test_tags_are_replaced_or_added(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(tags=("vip",))
    api("PUT", f"tickets/{number}", json={"ticket": {"additional_tags": ["a"]}})
    assert api("PUT", f"tickets/{number}/tags", json={"tags": ["b"]}).json()["tags"] == ["vip", "a", "b"]
    ticket = api("PUT", f"tickets/{number}", json={"ticket": {"tags": ["only"]}}).json()["ticket"]
    assert ticket["tags"] == ["only"]


def test_audits_tell_of_the_metadata(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    api("PUT", f"tickets/{number}", json={"ticket": {"status": "open", "metadata": {"k": "v"}}})
    created, audit = api("GET", f"tickets/{number}/audits").json()["audits"]
    assert (audit["metadata"]["custom"], audit["events"][0]["value"]) == ({"k": "v"}, "open")
    assert [each["type"] for each in created["events"][:2]] == ["Comment", "Create"]


def test_a_requester_is_known_by_email_and_may_have_none(sandbox: Sandbox, api: Call) -> None:
    numbers = [
        sandbox.zendesk.file_ticket(requester="ada@shop.example", external_id="u-1"),
        sandbox.zendesk.file_ticket(requester="ada@shop.example"),
        sandbox.zendesk.file_ticket(requester=None, name="Nobody", external_id='u"2'),
    ]
    tickets = [api("GET", f"tickets/{number}").json()["ticket"] for number in numbers]
    users = [api("GET", f"users/{ticket['requester_id']}.json").json()["user"] for ticket in tickets]
    assert [(user["email"], user["external_id"]) for user in users] == [
        ("ada@shop.example", "u-1"),
        ("ada@shop.example", "u-1"),
        (None, 'u"2'),
    ]
    assert tickets[0]["requester_id"] == tickets[1]["requester_id"]
    assert api("GET", "users/1").status_code == 404


def test_a_ticket_takes_no_more_than_5000_comments(
    sandbox: Sandbox, api: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.zendesk.account.MAX_COMMENTS", 2)
    number = sandbox.zendesk.file_ticket()
    assert [api("PUT", f"tickets/{number}", json=note()).status_code for _ in range(2)] == [200, 422]
    assert api("PUT", f"tickets/{number}", json={"ticket": {"status": "open"}}).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"\xff"])
def test_an_unreadable_update_is_refused(sandbox: Sandbox, api: Call, body: bytes) -> None:
    assert api("PUT", f"tickets/{sandbox.zendesk.file_ticket()}", data=body).status_code == 422


@pytest.mark.parametrize("wish", [{}, {"ticket": []}, {"ticket": {"comment": "x"}}])
def test_an_update_of_the_wrong_shape_is_refused(sandbox: Sandbox, api: Call, wish: object) -> None:
    assert api("PUT", f"tickets/{sandbox.zendesk.file_ticket()}", json=wish).status_code == 400


def test_an_unknown_path_is_an_invalid_endpoint(api: Call) -> None:
    answer = api("GET", "tickets/35436/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "InvalidEndpoint")


def test_updates_at_the_same_time_are_all_kept(sandbox: Sandbox, api: Call, token: Callable[..., str]) -> None:
    number, mine = sandbox.zendesk.file_ticket(), token()
    with ThreadPoolExecutor(8) as pool:
        wishes = [note(f"note {place}") for place in range(24)]
        answers = list(pool.map(lambda w: api("PUT", f"tickets/{number}", bearer=mine, json=w), wishes))
    assert {answer.status_code for answer in answers} == {200}
    assert len({comment.id for comment in sandbox.zendesk.internal_notes()}) == 24
