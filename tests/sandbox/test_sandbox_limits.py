"""The limits of the stand-in for Zendesk."""

from __future__ import annotations

from collections.abc import Callable

import requests

from sandbox import Sandbox

Call = Callable[..., requests.Response]

NOTE = {"ticket": {"comment": {"html_body": "x", "public": False}}}


def test_every_answer_tells_what_is_left(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    first, second = (api("PUT", f"tickets/{number}", json=NOTE).headers for _ in range(2))
    assert int(first["X-Rate-Limit-Remaining"]) - int(second["X-Rate-Limit-Remaining"]) == 1
    assert second["X-Rate-Limit"] == second["ratelimit-limit"] == "700"
    assert second["ratelimit-remaining"] == "698"
    assert 0 < int(second["ratelimit-reset"]) <= 60
    assert second["zendesk-ratelimit-tickets-update"].startswith("total=100; remaining=98; resets=")


def test_the_updates_of_one_ticket_are_limited(sandbox: Sandbox, api: Call) -> None:
    sandbox.zendesk.desk.limits.ticket_updates = 2
    number, other = sandbox.zendesk.file_ticket(), sandbox.zendesk.file_ticket()
    answers = [api("PUT", f"tickets/{number}", json=NOTE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 590 <= int(answers[2].headers["Retry-After"]) <= 600
    assert answers[2].headers["zendesk-ratelimit-tickets-update"].startswith("total=100; remaining=98; resets=")
    assert answers[2].json()["error"] == "APIRateLimitExceeded"
    assert api("PUT", f"tickets/{other}", json=NOTE).status_code == 200
    assert len(sandbox.zendesk.internal_notes(number)) == 2


def test_the_updates_of_the_account_are_limited(sandbox: Sandbox, api: Call) -> None:
    sandbox.zendesk.desk.limits.account_updates = 1
    numbers = [sandbox.zendesk.file_ticket() for _ in range(2)]
    answers = [api("PUT", f"tickets/{number}", json=NOTE) for number in numbers]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 60
    assert "remaining=0" in answers[1].headers["zendesk-ratelimit-tickets-update"]


def test_a_limit_ends_with_its_window(sandbox: Sandbox, api: Call, until: Callable[..., None]) -> None:
    sandbox.zendesk.desk.limits.account_updates = 1
    sandbox.zendesk.desk.limits.account_window = 0.2
    number = sandbox.zendesk.file_ticket()
    assert [api("PUT", f"tickets/{number}", json=NOTE).status_code for _ in range(2)] == [200, 429]
    until(lambda: api("PUT", f"tickets/{number}", json=NOTE).ok)


def test_requests_are_limited_and_webhooks_have_a_limit_of_their_own(sandbox: Sandbox, api: Call) -> None:
    sandbox.zendesk.desk.limits.requests = 1
    answers = [api("GET", "users/me") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "Retry-After" in answers[1].headers
    webhooks = api("GET", "webhooks")
    assert (webhooks.status_code, webhooks.headers["X-Rate-Limit"]) == (200, "100")
    assert not [name for name in webhooks.headers if name.lower().startswith("ratelimit")]


def test_a_trial_allows_twenty_updates_a_minute(sandbox: Sandbox, api: Call) -> None:
    sandbox.zendesk.be_a_trial()
    number = sandbox.zendesk.file_ticket()
    told = api("PUT", f"tickets/{number}", json=NOTE).headers["zendesk-ratelimit-tickets-update"]
    assert told.startswith("total=20; remaining=19; resets=")
