"""What a view asks about its request: for which account, by whom, with which scopes, what was sent."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import current_app, g, request

from sandbox.zendesk import oauth, refusals
from sandbox.zendesk.desk import Desk
from sandbox.zendesk.records import User

EXTENSION: Final = "sandbox.zendesk"


def desk() -> Desk:
    """Return the account that the application serves."""
    return cast("Desk", current_app.extensions[EXTENSION])


def me() -> User | None:
    """Return who is asking; None for somebody with wrong credentials, or none, at `users/me`."""
    return cast("User | None", g.user)


def agent() -> User:
    """Return who is asking, or refuse customers."""
    user = me()
    if user is None:
        raise refusals.unauthenticated()
    if user.role == "end-user":
        raise refusals.not_an_agent()
    return user


def require_scope(*accepted: str) -> None:
    """Refuse unless the caller is an agent and the token has one of these scopes; the first one is named."""
    agent()
    oauth.require_scope(g.scopes, *accepted)


def require_admin() -> None:
    """Refuse agents: webhooks and triggers are for admins (and for roles that this account does not have)."""
    if agent().role != "admin":
        raise refusals.not_an_agent()


def sent_object(key: str | None = None) -> dict[str, Any]:
    """Return the JSON object that was sent, or the object under one of its keys."""
    data = request.get_json(force=True, silent=True)
    if not isinstance(data, dict):
        raise refusals.unreadable()
    if key is None:
        return data
    if not isinstance(data.get(key), dict):
        raise refusals.invalid_attribute(f"You passed an invalid value for the {key} attribute. Must be an object")
    return cast("dict[str, Any]", data[key])
