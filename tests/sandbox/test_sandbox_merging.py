"""Merged tickets of the stand-in for Zendesk: what is left on both sides, and how one finds from one to the other."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests

from sandbox import Sandbox
from sandbox.server import LoopbackServer

Call = Callable[..., requests.Response]


@pytest.fixture
def tickets(sandbox: Sandbox) -> tuple[int, int, int]:
    """Two tickets to be merged, and the one that they are merged into."""
    first = sandbox.zendesk.file_ticket(subject="It <broke>", description="I cannot pay.")
    second = sandbox.zendesk.file_ticket(subject="Still broken")
    return first, second, sandbox.zendesk.file_ticket(subject="The checkout")


def test_a_merged_ticket_is_closed_and_its_last_comment_names_the_other(
    sandbox: Sandbox, api: Call, tickets: tuple[int, int, int]
) -> None:
    source, _, target = tickets
    sandbox.zendesk.merge(source, into=target)
    ticket = api("GET", f"tickets/{source}").json()["ticket"]
    assert (ticket["status"], ticket["tags"], ticket["followup_ids"]) == ("closed", ["closed_by_merge"], [])
    comment = api("GET", f"tickets/{source}/comments").json()["comments"][-1]
    assert comment["plain_body"] == f'This request was closed and merged into request #{target} "The checkout".'
    assert f'<a href="{sandbox.zendesk.url}/agent/tickets/{target}">#{target}</a>' in comment["html_body"]
    assert (comment["public"], comment["via"]["source"]["rel"]) == (False, None)
    assert api("PUT", f"tickets/{source}", json={"ticket": {"comment": {"body": "x"}}}).status_code == 422


def test_the_target_has_the_last_words_of_the_source_and_an_audit_of_the_merge(
    sandbox: Sandbox, api: Call, tickets: tuple[int, int, int]
) -> None:
    source, _, target = tickets
    sandbox.zendesk.merge(source, into=target)
    comment = api("GET", f"tickets/{target}/comments").json()["comments"][-1]
    said = f'Request #{source} "It <broke>" was closed and merged into this request. Last comment in request #{source}:'
    assert comment["plain_body"] == f"{said}\n\nI cannot pay."
    assert not comment["public"]
    merged = {"from": {"ticket_id": source, "subject": "It <broke>"}, "to": {}, "rel": "merge"}
    assert comment["via"]["source"] == merged
    assert api("GET", f"tickets/{target}/audits").json()["audits"][-1]["via"]["source"] == merged
    assert api("GET", f"tickets/{target}").json()["ticket"]["status"] == "new"


def test_several_tickets_are_named_together(sandbox: Sandbox, api: Call, tickets: tuple[int, int, int]) -> None:
    first, second, target = tickets
    sandbox.zendesk.merge(first, second, into=target)
    comment = api("GET", f"tickets/{target}/comments").json()["comments"][-1]
    assert comment["plain_body"] == f"Requests #{first}, #{second} were closed and merged into this request."
    assert comment["via"]["source"]["from"] == {"ticket_ids": [first, second]}


def test_an_agent_may_write_something_else_on_the_source(sandbox: Sandbox, tickets: tuple[int, int, int]) -> None:
    source, _, target = tickets
    sandbox.zendesk.merge(source, into=target, source_comment="See the other one")
    assert sandbox.zendesk.comments(source)[-1].plain_body == "See the other one"


def test_the_api_merges_as_a_job_with_the_comments_that_it_is_given(
    sandbox: Sandbox, api: Call, tickets: tuple[int, int, int]
) -> None:
    first, second, target = tickets
    wish = {"ids": [first, second], "source_comment": "Closing in favour of another", "source_comment_is_public": True}
    job = api("POST", f"tickets/{target}/merge", json=wish).json()["job_status"]
    assert (job["status"], job["results"]) == ("queued", None)
    done = api("GET", f"job_statuses/{job['id']}").json()["job_status"]
    assert (done["status"], done["total"], [result["id"] for result in done["results"]]) == (
        "completed",
        2,
        [first, second],
    )
    assert sandbox.zendesk.comments(first)[-1].public
    assert len(sandbox.zendesk.comments(target)) == 1  # no comment was given for it
    assert api("GET", "job_statuses/00").status_code == 404


def test_a_comment_is_private_when_one_of_the_tickets_is(sandbox: Sandbox, api: Call) -> None:
    source, target = sandbox.zendesk.file_ticket(), sandbox.zendesk.file_ticket(public=False)
    wish = {"ids": [source], "source_comment": "Closed", "source_comment_is_public": True}
    assert api("POST", f"tickets/{target}/merge", json=wish).ok
    assert not sandbox.zendesk.comments(source)[-1].public


def test_a_merge_that_cannot_be_is_refused_whole(sandbox: Sandbox, api: Call, tickets: tuple[int, int, int]) -> None:
    first, second, target = tickets
    sandbox.zendesk.set_status(second, "closed")
    assert api("POST", f"tickets/{target}/merge", json={"ids": [first, second]}).status_code == 422
    assert api("POST", f"tickets/{target}/merge", json={"ids": [first, 1]}).status_code == 404
    assert api("POST", f"tickets/{target}/merge", json={"ids": [target]}).status_code == 400
    assert api("POST", f"tickets/{target}/merge", json={"ids": "all"}).status_code == 400
    assert api("POST", f"tickets/{target}/merge", json={"ids": [first]}, scope="read").status_code == 403
    assert sandbox.zendesk.ticket(first).status == "new"


def test_tickets_are_merged_over_the_sandboxs_own_interface(sandbox: Sandbox, tickets: tuple[int, int, int]) -> None:
    source, _, target = tickets
    url = f"{sandbox.zendesk.url}/sandbox/api/tickets/{source}/merge"
    assert requests.post(url, json={"into": target}, timeout=5).status_code == 204
    assert re.search(rf"merged into request #{target}\b", sandbox.zendesk.comments(source)[-1].body)
    again = requests.post(url, json={"into": target}, timeout=5)
    assert (again.status_code, "closed" in again.json()["error"]) == (400, True)
    assert requests.post(url, json={"into": "x"}, timeout=5).status_code == 400


def test_triggers_see_a_merge_as_a_change_of_the_target(
    sandbox: Sandbox, target: LoopbackServer, tickets: tuple[int, int, int], until: Callable[..., None]
) -> None:
    sandbox.zendesk.install_webhook(target.url)
    [trigger] = sandbox.zendesk.desk.hooks.triggers.values()
    trigger.conditions["all"][0]["value"] = "Change"
    source, _, into = tickets
    sandbox.zendesk.merge(source, into=into)
    until(lambda: sandbox.zendesk.deliveries)
    assert [delivery.ticket_id for delivery in sandbox.zendesk.all_deliveries] == [into]
