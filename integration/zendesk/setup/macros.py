"""The macro that asks for highlights with a click: what it should be, and the calls that make it.

It is looked at apart from webhooks and triggers, for it needs a scope of its own, and nothing else depends on it.
https://developer.zendesk.com/api-reference/ticketing/business-rules/macros/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integration.http import ServiceSession
from integration.zendesk import lists
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.setup.account import AdminAdapter, Wait
from integration.zendesk.setup.inventory import Inventory, described
from integration.zendesk.setup.objects import Account, Action, Macro, first
from integration.zendesk.setup.plan import Plan, Step
from integration.zendesk.setup.wording import ADD_TAG, NAMES, without_mark
from integration.zendesk.zenpy_client import understood

SCOPES: Final = "read macros:write"
_MOST_PAGES: Final = 50


def plan_macro(account: Account, *, endpoint: str) -> Plan:
    """The steps to exactly one macro of ours."""
    inventory = Inventory(account, endpoint)
    macro = first(inventory.macros)
    step = _step(macro, inventory)
    others = tuple(_removal(other, inventory) for other in inventory.macros[1:])
    return Plan(steps=((step,) if step else ()) + others)


def plan_no_macro(account: Account, *, endpoint: str) -> Plan:
    """The steps to none of ours."""
    inventory = Inventory(account, endpoint)
    return Plan(steps=tuple(_removal(macro, inventory) for macro in inventory.macros))


def _step(macro: Macro | None, inventory: Inventory) -> Step | None:
    body: dict[str, Any] = {"active": True, "description": described(macro, "macro", inventory)}
    if macro is None:
        new = {"title": NAMES["macro"], "actions": [ADD_TAG]}
        return Step(action="create", kind="macro", name=NAMES["macro"], body=new | body)
    body = {name: value for name, value in body.items() if getattr(macro, name) != value}
    if not any(inventory.is_our_action(action, "macro") for action in macro.actions):
        body["actions"] = [*macro.actions, ADD_TAG]
    return Step(action="change", kind="macro", name=macro.name, id=macro.id, body=body) if body else None


def _removal(macro: Macro, inventory: Inventory) -> Step:
    """Delete a macro of ours; when it does more than ours, take our action and our mark out."""
    if inventory.is_all_ours(macro, "macro"):
        return Step(action="delete", kind="macro", name=macro.name, id=macro.id)
    others = [action for action in macro.actions if not inventory.is_our_action(action, "macro")]
    body: dict[str, Any] = {"description": without_mark(macro, "macro")}
    body |= {"actions": others} if others else {"active": False}
    return Step(action="change", kind="macro", name=macro.name, id=macro.id, body=body, lets_go=True)


class MacroAdmin:
    """The macros of one account. Raises `RemoteError`; the scope to write is asked for when something is written."""

    def __init__(self, settings: ZendeskSettings, *, wait: Wait) -> None:
        reading = AdminAdapter(settings, wait=wait, scopes="read")
        writing = AdminAdapter(settings, wait=wait, scopes=SCOPES)
        self._reading, self._writing = ServiceSession(reading), ServiceSession(writing)
        self._url = f"{reading.asked_url}/api/v2/macros"

    def look(self) -> Account:
        """The macros that there are now."""
        with understood(write=False):
            records = lists.records(self._reading, self._url, "macros", most_pages=_MOST_PAGES)
            return Account(macros=tuple(_read(record) for record in records))

    def do(self, step: Step) -> None:
        """Carry out a step. `Gone` when another run was faster, `Refused` when Zendesk does not want it."""
        match step.action:
            case "create":
                self._writing.post(self._url, json={"macro": dict(step.body)})
            case "change":
                self._writing.put(f"{self._url}/{step.id}", json={"macro": dict(step.body)})
            case "delete":
                self._writing.delete(f"{self._url}/{step.id}")


def _read(record: Mapping[str, Any]) -> Macro:
    """A macro in our words."""
    return Macro(
        id=str(int(record["id"])),
        name=_text(record.get("title")),
        description=_text(record.get("description")),
        active=record.get("active") is True,
        actions=tuple(_action(action) for action in record.get("actions") or ()),
        created_at=_text(record.get("created_at")),
    )


def _action(record: object) -> Action:
    """An action; one that cannot be read is none to leave out: it would be lost when the macro is changed."""
    if not isinstance(record, dict):
        raise TypeError("an action is no object")
    value = record.get("value")
    joined = " ".join(map(str, value)) if record.get("field") == ADD_TAG["field"] and isinstance(value, list) else value
    return {**record, "value": joined}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
