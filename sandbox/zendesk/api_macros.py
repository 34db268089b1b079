"""Macros over HTTP: shared ones are made and changed by admins, an agent's own by the agent, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.zendesk import refusals, shapes
from sandbox.zendesk.asking import agent, desk, require_scope, sent_object
from sandbox.zendesk.macros import ACTIONS, Macro
from sandbox.zendesk.paging import page
from sandbox.zendesk.records import now

blueprint = Blueprint("macros", __name__)

_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "title": (str,),
    "active": (bool,),
    "description": (str, type(None)),
    "restriction": (dict, type(None)),
}


@blueprint.get("/macros")
def list_macros() -> ResponseReturnValue:
    """List the macros that the caller may see; `active=true` or `false` narrows."""
    require_scope("read", "macros:read")
    active = request.args.get("active")
    macros = [macro for macro in desk().macros.all() if macro.is_seen_by(agent())]
    wanted = [macro for macro in macros if active in (None, str(macro.active).lower())]
    return jsonify(page("macros", wanted, shapes.macro))


@blueprint.post("/macros")
def create_macro() -> ResponseReturnValue:
    """Create a macro."""
    require_scope("write", "macros:write")
    sent = sent_object("macro")
    for name in ("title", "actions"):
        if not sent.get(name):
            raise refusals.invalid_record(name, f"{name.capitalize()}: cannot be blank", error="BlankValue")
    macro = Macro(**{"id": desk().macros.new_id()} | _checked(sent))
    _require_own_or_admin(macro)
    return jsonify(macro=shapes.macro(desk().macros.keep(macro)))


@blueprint.get("/macros/<int:macro_id>")
def show_macro(macro_id: int) -> ResponseReturnValue:
    """Show a macro."""
    require_scope("read", "macros:read")
    return jsonify(macro=shapes.macro(desk().macros.seen_by(agent(), macro_id)))


@blueprint.put("/macros/<int:macro_id>")
def change_macro(macro_id: int) -> ResponseReturnValue:
    """Change a macro; its actions are replaced as a whole."""
    require_scope("write", "macros:write")
    known = desk().macros.seen_by(agent(), macro_id)
    changed = replace(known, **_checked(sent_object("macro")), updated_at=now())
    for macro in (known, changed):
        _require_own_or_admin(macro)
    return jsonify(macro=shapes.macro(desk().macros.keep(changed)))


@blueprint.delete("/macros/<int:macro_id>")
def delete_macro(macro_id: int) -> ResponseReturnValue:
    """Delete a macro."""
    require_scope("write", "macros:write")
    macro = desk().macros.seen_by(agent(), macro_id)
    _require_own_or_admin(macro)
    desk().macros.delete(macro)
    return "", 204


def _require_own_or_admin(macro: Macro) -> None:
    if agent().role != "admin" and not macro.is_own_of(agent()):
        raise refusals.not_an_agent()


def _checked(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that were sent, or refuse."""
    given = {name: sent[name] for name in _KINDS if name in sent}
    for name, value in given.items():
        if not isinstance(value, _KINDS[name]):
            raise refusals.invalid_record(name, f"{name.capitalize()}: is invalid")
    if "actions" in sent:
        actions = sent["actions"]
        if not isinstance(actions, list) or not all(_is_action(action) for action in actions):
            raise refusals.invalid_record("actions", "Actions: not known to this account")
        given["actions"] = tuple(actions)
    return given


def _is_action(action: object) -> bool:
    return isinstance(action, dict) and action.get("field") in ACTIONS and isinstance(action.get("value"), str | list)
