"""The exports of the stand-in for Zendesk: which tickets there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import requests

from sandbox import Sandbox
from sandbox.zendesk.records import now

Call = Callable[..., requests.Response]


def filed_ago(sandbox: Sandbox, seconds: float) -> int:
    """A ticket that was filed some seconds ago."""
    number = sandbox.zendesk.file_ticket()
    account, then = sandbox.zendesk.desk.account, now() - timedelta(seconds=seconds)
    account.put(replace(account.ticket(number), created_at=then, updated_at=then))
    return number


def search(api: Call, query: str, **options: str) -> requests.Response:
    return api("GET", f"search/export?filter[type]=ticket&query={quote(query)}", **options)


def test_a_search_finds_the_tickets_of_a_stretch_of_time(sandbox: Sandbox, api: Call) -> None:
    filed_ago(sandbox, 7200)
    number = filed_ago(sandbox, 3600)
    filed_ago(sandbox, 60)
    first, last = (now() - timedelta(seconds=each) for each in (4000, 3000))
    stretch = f"created>={first:%Y-%m-%dT%H:%M:%SZ} created<={last:%Y-%m-%dT%H:%M:%SZ}"
    [found] = search(api, stretch).json()["results"]
    assert (found["id"], found["result_type"]) == (number, "ticket")
    assert search(api, stretch, scope="tickets:read").status_code == 403
    assert search(api, "status:open").status_code == 400


def test_a_search_shows_new_tickets_late(sandbox: Sandbox, api: Call) -> None:
    sandbox.zendesk.desk.index_lag = 600
    filed_ago(sandbox, 500)
    number = filed_ago(sandbox, 700)
    assert [each["id"] for each in search(api, "").json()["results"]] == [number]


def test_what_changed_is_exported_in_pages_ten_times_a_minute(sandbox: Sandbox, api: Call) -> None:
    numbers = [filed_ago(sandbox, 900 - each) for each in range(5)]
    path, seen = f"incremental/tickets/cursor?start_time={int(now().timestamp()) - 1000}", []
    for _ in range(3):
        answer = api("GET", f"{path}&per_page=2").json()
        seen += [each["id"] for each in answer["tickets"]]
        path = f"incremental/tickets/cursor?cursor={answer['after_cursor']}"
    assert (seen, answer["end_of_stream"]) == (numbers, True)
    statuses = [api("GET", path).status_code for _ in range(8)]
    assert statuses == [200] * 7 + [429]


def test_what_changed_is_exported_to_admins_and_not_of_the_last_minute(sandbox: Sandbox, api: Call) -> None:
    path = "incremental/tickets/cursor?start_time="
    assert api("GET", f"{path}{int(now().timestamp()) - 10}").status_code == 400
    asker = (f"{sandbox.zendesk.agent_email}/token", sandbox.zendesk.api_token)
    assert requests.get(f"{sandbox.zendesk.url}/api/v2/{path}1", auth=asker, timeout=5).status_code == 403


def test_an_account_that_was_renamed_is_no_help_desk(sandbox: Sandbox, api: Call, token: Callable[..., str]) -> None:
    bearer = token()
    sandbox.zendesk.desk.renamed = True
    answer = api("GET", "users/me", bearer=bearer)
    assert (answer.status_code, answer.json()["error"]["title"]) == (404, "No help desk at acme.zendesk.com")
