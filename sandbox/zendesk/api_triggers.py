"""Triggers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.zendesk import refusals, shapes
from sandbox.zendesk.asking import desk, require_admin, require_scope, sent_object
from sandbox.zendesk.hooks import Trigger
from sandbox.zendesk.paging import page
from sandbox.zendesk.records import now
from sandbox.zendesk.triggers import FIELDS, VALUES

blueprint = Blueprint("triggers", __name__)

_PLAIN: Final = {"title": str, "description": str, "active": bool, "position": int, "category_id": str}
_ACTIONS: Final = ("notification_webhook", "current_tags", "remove_tags", "set_tags", "status", "priority")


@blueprint.get("/triggers")
def list_triggers() -> ResponseReturnValue:
    """List triggers; `active=true` or `false` narrows."""
    require_scope("read", "triggers:read")
    return jsonify(page("triggers", _wanted(), shapes.trigger, links="also at the end"))


@blueprint.get("/triggers/active")
def list_active() -> ResponseReturnValue:
    """List the triggers that are switched on."""
    require_scope("read", "triggers:read")
    return jsonify(page("triggers", [t for t in _wanted() if t.active], shapes.trigger, links="also at the end"))


@blueprint.get("/triggers/search")
def search_triggers() -> ResponseReturnValue:
    """Find triggers by `query` in the title, and by `filter` in other attributes."""
    require_scope("read", "triggers:read")
    query = request.args.get("query", "").lower()
    triggers = [t for t in _wanted() if query in t.title.lower() and _fits(t, request.args.get("filter"))]
    return jsonify(page("triggers", triggers, shapes.trigger, links="also at the end"))


@blueprint.get("/triggers/definitions")
def show_definitions() -> ResponseReturnValue:
    """List the conditions and actions that this account knows."""
    require_scope("read", "triggers:read")
    conditions = [
        {
            "subject": name,
            "title": name.replace("_", " ").capitalize(),
            "group": "ticket",
            "type": "list" if name in VALUES else "text",
            "nullable": False,
            "repeatable": name == "current_tags",
            "operators": [
                {"value": operator, "title": operator.replace("_", " "), "terminal": False} for operator in operators
            ],
        }
        | ({"values": _titled(VALUES[name])} if name in VALUES else {})
        for name, operators in FIELDS.items()
    ]
    actions = [{"subject": name, "title": name.replace("_", " ").capitalize()} for name in _ACTIONS]
    return jsonify(definitions={"conditions_all": conditions, "conditions_any": conditions, "actions": actions})


@blueprint.get("/trigger_categories")
def list_categories() -> ResponseReturnValue:
    """List the one category that there is."""
    require_scope("read", "triggers:read")
    if not desk().hooks.categories:
        raise refusals.no_trigger_categories()
    stamp = "2023-01-01T00:00:00Z"
    known = [{"id": "10026", "name": "Notifications", "position": 1, "created_at": stamp, "updated_at": stamp}]
    return jsonify(page("trigger_categories", known, dict, by_cursor_unasked=True))


@blueprint.post("/triggers")
def create_trigger() -> ResponseReturnValue:
    """Create a trigger."""
    require_scope("write", "triggers:write")
    require_admin()
    sent = sent_object("trigger")
    for name in ("title", "conditions", "actions"):
        if not sent.get(name):
            raise refusals.invalid_record(name, f"{name.capitalize()}: cannot be blank", error="BlankValue")
    if desk().hooks.categories_needed and "category_id" not in sent:
        raise refusals.invalid_record("category_id", "Category: cannot be blank", error="BlankValue")
    made = Trigger(id=desk().hooks.new_trigger_id(), **_plain(sent), **_rules(sent))
    return jsonify(trigger=shapes.trigger(desk().hooks.keep_trigger(made))), 201


@blueprint.get("/triggers/<int:trigger_id>")
def show_trigger(trigger_id: int) -> ResponseReturnValue:
    """Show a trigger."""
    require_scope("read", "triggers:read")
    return jsonify(trigger=shapes.trigger(desk().hooks.trigger(trigger_id)))


@blueprint.put("/triggers/<int:trigger_id>")
def change_trigger(trigger_id: int) -> ResponseReturnValue:
    """Change a trigger; sending conditions or actions replaces both: what is not sent again is gone."""
    require_scope("write", "triggers:write")
    require_admin()
    known, sent = desk().hooks.trigger(trigger_id), sent_object("trigger")
    rules = _rules({"conditions": {}, "actions": []} | sent) if {"conditions", "actions"} & set(sent) else {}
    changed = replace(known, **_plain(sent), **rules, updated_at=now())
    return jsonify(trigger=shapes.trigger(desk().hooks.keep_trigger(changed)))


@blueprint.delete("/triggers/<int:trigger_id>")
def delete_trigger(trigger_id: int) -> ResponseReturnValue:
    """Delete a trigger."""
    require_scope("write", "triggers:write")
    require_admin()
    desk().hooks.delete_trigger(trigger_id)
    return "", 204


def _wanted() -> list[Trigger]:
    active = request.args.get("active")
    return [t for t in desk().hooks.listed_triggers() if active in (None, str(t.active).lower())]


def _titled(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"value": value, "title": title, "enabled": True} for value, title in values.items()]


def _fits(trigger: Trigger, wanted: str | None) -> bool:
    """Tell whether a trigger has the attributes named by a search's `filter`."""
    if not wanted:
        return True
    try:
        attributes = json.loads(wanted)["json"].items()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise refusals.invalid_attribute('filter must be {"json": {...}}') from None
    written = shapes.trigger(trigger)
    return all(written.get(name) == value for name, value in attributes)


def _plain(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the plain attributes that were sent, or refuse."""
    given = {name: sent[name] for name in _PLAIN if sent.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, _PLAIN[name]):
            raise refusals.invalid_record(name, f"{name.capitalize()}: is invalid")
    return given


def _rules(sent: dict[str, Any]) -> dict[str, Any]:
    """Return conditions and actions, or refuse those that nobody could carry out."""
    conditions, actions = sent["conditions"], sent["actions"]
    if not isinstance(conditions, dict) or not isinstance(actions, list):
        raise refusals.invalid_record("conditions", "Conditions and actions: must be an object and an array")
    every, some = conditions.get("all") or [], conditions.get("any") or []
    for condition in (*every, *some):
        _require_condition(condition)
    for action in actions:
        _require_action(action)
    return {"conditions": {"all": every, "any": some}, "actions": tuple(actions)}


def _require_condition(condition: object) -> None:
    known = isinstance(condition, dict) and condition.get("operator") in FIELDS.get(str(condition.get("field")), ())
    if not isinstance(condition, dict) or not known:
        raise refusals.invalid_record("conditions", f"Conditions: not known to this account: {condition!r}")
    values = VALUES.get(str(condition["field"]))
    if condition["operator"] in ("changed", "not_changed"):  # they compare with no value
        return
    if values is not None and str(condition.get("value")) not in values:
        raise refusals.invalid_record("conditions", f"Conditions: there is no such value: {condition!r}")


def _require_action(action: object) -> None:
    if not isinstance(action, dict) or action.get("field") not in _ACTIONS:
        raise refusals.invalid_record("actions", f"Actions: not known to this account: {action!r}")
    if action["field"] != "notification_webhook":
        return
    value = action.get("value")
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], str | list):
        reason = "Actions: the value of notification_webhook must be an array of the webhook's id and its payload"
        raise refusals.invalid_record("actions", reason)
    webhook = desk().hooks.webhooks.get(str(value[0]))
    if webhook is None or not webhook.for_triggers:
        raise refusals.invalid_record("actions", "Actions: the webhook does not exist or is not for triggers")
