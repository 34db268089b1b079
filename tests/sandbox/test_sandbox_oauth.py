"""Who may do what in the stand-in for Zendesk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from sandbox import Sandbox

Call = Callable[..., requests.Response]


def post_wish(sandbox: Sandbox, **changes: object) -> requests.Response:
    wish = {
        "grant_type": "client_credentials",
        "client_id": sandbox.zendesk.client_id,
        "client_secret": sandbox.zendesk.client_secret,
        "scope": "read",
    } | changes
    return requests.post(f"{sandbox.zendesk.url}/oauth/tokens", json=wish, timeout=5)


def test_the_client_gets_a_token_that_works(sandbox: Sandbox) -> None:
    answer = post_wish(sandbox, scope="tickets:write read", expires_in=7200).json()
    assert answer | {"access_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "scope": "tickets:write read",
        "expires_in": 7200,
    }
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    me = requests.get(f"{sandbox.zendesk.url}/api/v2/users/me.json", headers=headers, timeout=5)
    assert (me.status_code, me.json()["user"]["role"]) == (200, "admin")


def test_the_life_of_a_token_is_told_only_to_those_who_asked_for_one(sandbox: Sandbox) -> None:
    assert "expires_in" not in post_wish(sandbox).json()


@pytest.mark.parametrize("life", [300, 172_800, 0, -1, "3600", True, 1.5])
def test_a_life_out_of_range_is_refused(sandbox: Sandbox, life: object) -> None:
    answer = post_wish(sandbox, expires_in=life)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "wrong", [{"client_secret": "x"}, {"client_id": "x"}, {"client_secret": None}, {"client_id": "ü"}]
)
def test_a_wrong_client_gets_no_token(sandbox: Sandbox, wrong: dict[str, Any]) -> None:
    answer = post_wish(sandbox, **wrong)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_another_grant_is_refused(sandbox: Sandbox) -> None:
    answer = post_wish(sandbox, grant_type="password")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_token_ends_after_its_life(
    sandbox: Sandbox, api: Call, token: Callable[..., str], until: Callable[..., None]
) -> None:
    sandbox.zendesk.desk.tokens.life = 1
    mine = token()
    assert api("GET", "users/me", bearer=mine).status_code == 200
    until(lambda: api("GET", "users/me", bearer=mine).status_code == 401)


def test_a_revoked_token_is_refused_in_zendesks_words_and_a_new_one_works(
    sandbox: Sandbox, api: Call, token: Callable[..., str]
) -> None:
    mine = token()
    sandbox.zendesk.revoke_tokens()
    answer = api("GET", "users/me", bearer=mine)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_token",
        "error_description": ("The access token provided is expired, revoked, malformed or invalid for other reasons."),
    }
    assert api("GET", "users/me").status_code == 200


@pytest.mark.parametrize(
    ("scope", "method", "path", "fine"),
    [
        ("read", "GET", "tickets/{n}", True),
        ("tickets:read", "GET", "tickets/{n}", True),
        ("users:read", "GET", "tickets/{n}", False),
        ("write", "GET", "tickets/{n}", False),
        ("tickets:read", "GET", "tickets/{n}/comments", True),
        ("tickets:read", "GET", "tickets/{n}/audits", False),
        ("read", "GET", "tickets/{n}/audits", True),
        ("tickets:write", "PUT", "tickets/{n}", True),
        ("write", "PUT", "tickets/{n}", True),
        ("read", "PUT", "tickets/{n}", False),
        ("tickets:write", "GET", "users/me", False),
        ("users:read", "GET", "users/me", True),
        ("webhooks:read", "GET", "webhooks", True),
        ("tickets:write", "GET", "webhooks", False),
        ("triggers:read", "GET", "triggers", True),
        ("webhooks:write", "GET", "triggers", False),
    ],
)
def test_a_token_may_do_what_its_scope_says(
    sandbox: Sandbox, api: Call, scope: str, method: str, path: str, *, fine: bool
) -> None:
    number = sandbox.zendesk.file_ticket()
    answer = api(method, path.format(n=number), scope=scope, json={"ticket": {}} if method == "PUT" else None)
    assert answer.status_code == (200 if fine else 403)
    assert fine or "You are missing the following required scopes: " in answer.json()["description"]


def test_the_api_token_works_with_the_email_of_an_agent(sandbox: Sandbox) -> None:
    auth = (f"{sandbox.zendesk.agent_email}/token", sandbox.zendesk.api_token)
    me = requests.get(f"{sandbox.zendesk.url}/api/v2/users/me", auth=auth, timeout=5)
    assert me.json()["user"]["email"] == sandbox.zendesk.agent_email


def test_wrong_basic_credentials_are_anonymous_with_status_200(sandbox: Sandbox) -> None:
    for auth in ((f"{sandbox.zendesk.agent_email}/token", "x"), (sandbox.zendesk.agent_email, "password")):
        me = requests.get(f"{sandbox.zendesk.url}/api/v2/users/me", auth=auth, timeout=5)
        assert me.status_code == 200
        assert (me.json()["user"]["id"], me.json()["user"]["name"]) == (None, "Anonymous user")
        tickets = requests.get(f"{sandbox.zendesk.url}/api/v2/tickets", auth=auth, timeout=5)
        assert (tickets.status_code, tickets.json()) == (401, {"error": "Couldn't authenticate you"})


def test_a_customer_with_the_api_token_is_no_agent(sandbox: Sandbox) -> None:
    sandbox.zendesk.file_ticket(requester="ada@shop.example")
    auth = ("ada@shop.example/token", sandbox.zendesk.api_token)
    assert requests.get(f"{sandbox.zendesk.url}/api/v2/tickets", auth=auth, timeout=5).status_code == 403


def test_a_token_tells_its_scopes_and_only_its_beginning(
    sandbox: Sandbox, api: Call, token: Callable[..., str]
) -> None:
    mine = token("tickets:write read")
    told = api("GET", "oauth/tokens/current", bearer=mine).json()["token"]
    assert (told["scopes"], told["token"]) == (["read", "tickets:write"], mine[:10])
    assert told["user_id"] == api("GET", "users/me", bearer=mine).json()["user"]["id"]
    sandbox.zendesk.revoke_tokens()
    assert api("GET", "oauth/tokens/current", bearer=mine).status_code == 401


def test_an_api_token_is_none_that_can_tell(sandbox: Sandbox) -> None:
    auth = (f"{sandbox.zendesk.agent_email}/token", sandbox.zendesk.api_token)
    url = f"{sandbox.zendesk.url}/api/v2/oauth/tokens/current"
    assert requests.get(url, auth=auth, timeout=5).status_code == 404
    assert requests.get(url, timeout=5).status_code == 401


def test_a_client_with_allowed_scopes_gets_no_token_for_others(sandbox: Sandbox) -> None:
    sandbox.zendesk.desk.tokens.allowed_scopes = frozenset({"read", "tickets:write"})
    assert post_wish(sandbox, scope="read").status_code == 201
    assert post_wish(sandbox, scope="tickets:write read").status_code == 201
    answer = post_wish(sandbox, scope="read webhooks:write")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_answers_have_a_date_and_the_clock_may_be_wrong(sandbox: Sandbox, api: Call) -> None:
    def ahead() -> float:
        date = parsedate_to_datetime(api("GET", "users/me").headers["Date"])
        return (date - datetime.now(UTC)).total_seconds()

    assert -2 <= ahead() <= 1
    sandbox.zendesk.desk.clock_ahead = 3600
    assert 3598 <= ahead() <= 3601


def test_a_custom_role_is_shown_to_admins_and_to_those_who_manage_roles(sandbox: Sandbox, api: Call) -> None:
    account = sandbox.zendesk.desk.account
    account.custom_roles[7] = {"ticket_access": "within-groups"}
    assert api("GET", "custom_roles/7").json()["custom_role"]["configuration"] == {"ticket_access": "within-groups"}
    assert api("GET", "custom_roles/8").status_code == 404
    account.service_user = account.add_user(replace(account.service_user, role="agent", custom_role_id=7))
    me = api("GET", "users/me").json()["user"]
    assert (me["role"], me["custom_role_id"], me["restricted_agent"]) == ("agent", 7, True)
    assert api("GET", "custom_roles/7").status_code == 403
    account.custom_roles[7]["manage_roles"] = "all-except-self"
    assert api("GET", "custom_roles/7").status_code == 200
