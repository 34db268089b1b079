"""Users and their roles over HTTP."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.zendesk import refusals, shapes
from sandbox.zendesk.asking import agent, desk, me, require_scope

blueprint = Blueprint("people", __name__)


@blueprint.get("/users/me")
def show_me() -> ResponseReturnValue:
    """Show who is asking. Wrong Basic credentials get 200 and the anonymous user, as in reality."""
    user = me()
    if user is None:
        return jsonify(user=shapes.anonymous())
    if user.role != "end-user":
        require_scope("read", "users:read")
    return jsonify(user=shapes.user(user))


@blueprint.get("/users/<int:user_id>")
def show_user(user_id: int) -> ResponseReturnValue:
    """Show a user."""
    require_scope("read", "users:read")
    return jsonify(user=shapes.user(desk().account.user(user_id)))


@blueprint.get("/custom_roles/<int:role_id>")
def show_custom_role(role_id: int) -> ResponseReturnValue:
    """Show what a custom role may do, to admins and to agents who may manage roles."""
    require_scope("read")
    roles = desk().account.custom_roles
    if agent().role != "admin" and "manage_roles" not in roles.get(agent().custom_role_id or 0, {}):
        raise refusals.not_an_agent()
    configuration = roles.get(role_id)
    if configuration is None:
        raise refusals.not_found()
    return jsonify(custom_role={"id": role_id, "name": "Custom", "role_type": 0, "configuration": configuration})
