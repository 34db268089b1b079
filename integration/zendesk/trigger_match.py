"""Whether Zendesk would have told us of a ticket when it was created: our triggers' conditions, after the fact (pure).

A ticket may have been different then. `would_fire` says None where it cannot tell: because a condition is of
a kind that a ticket's record does not show, or because what it is about may have changed since. The audit of the
ticket's creation settles the latter (`as_created`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration.zendesk import ratings
from integration.zendesk.settings import OPT_OUT
from integration.zendesk.setup.conditions import Condition, Conditions, fires_on_changes
from integration.zendesk.times import unix

CREATED_EVENT: Final = "zen:event-type:ticket.created"
_SKEW_SECONDS: Final = 60.0
_STATUSES: Final = ("new", "open", "pending", "hold", "solved", "closed")
_PRIORITIES: Final = ("", "low", "normal", "high", "urgent")
_CHANNELS: Final = {"web": "0", "mail": "4", "email": "4", "api": "5", "chat": "29"}
"""Those of a record's `via.channel` of which we know the number that conditions have."""

_TAGS: Final = "current_tags"
_IDS: Final = ("brand_id", "ticket_form_id", "group_id", "assignee_id", "organization_id", "requester_id")
_LASTING: Final = ("update_type", "via_id", "current_via_id", "brand_id", "ticket_form_id", "requester_id")
"""What a condition can be about that stays as it was when the ticket was created."""

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What makes Zendesk call us: for tickets since a Unix time; `conditions` None when they cannot be read."""

    conditions: Conditions | None
    since: float


def rules_of(webhooks: Iterable[Record], triggers: Iterable[Record]) -> list[Rule]:
    """The rules of these webhooks: their subscription, and the triggers that call them.

    What fires upon changes alone tells of no new ticket, as the trigger for highlights on demand; nor does what tells
    of ratings.
    """
    ids, subscriptions = set(), []
    for webhook in webhooks:
        ids.add(str(webhook.get("id")))
        if CREATED_EVENT in (webhook.get("subscriptions") or ()):
            subscriptions.append(Rule(conditions=Conditions(), since=unix(webhook.get("created_at")) or 0.0))
    called = [rule_of(trigger) for trigger in triggers if ids & set(_called(trigger))]
    return subscriptions + [rule for rule in called if rule.conditions is None or not fires_on_changes(rule.conditions)]


def rule_of(trigger: Record) -> Rule:
    """A trigger as a rule."""
    lists = trigger.get("conditions")
    every, some = (lists.get(name) or [] for name in ("all", "any")) if isinstance(lists, dict) else (None, None)
    readable = all(
        isinstance(part, list) and all(isinstance(condition, dict) for condition in part) for part in (every, some)
    )
    conditions = Conditions(all=tuple(every or ()), any=tuple(some or ())) if readable else None
    return Rule(conditions=conditions, since=unix(trigger.get("created_at")) or 0.0)


def earliest(rules: Sequence[Rule]) -> float:
    """The Unix time before which no ticket was created that one of the rules holds for."""
    return min((rule.since for rule in rules), default=0.0) - _SKEW_SECONDS


def would_fire(rules: Sequence[Rule], ticket: Record) -> bool | None:
    """Whether one of the rules holds for a new ticket; None when that cannot be known."""
    created = unix(ticket.get("created_at")) or 0.0
    in_time = [rule for rule in rules if created >= rule.since - _SKEW_SECONDS]
    return _one_of(None if rule.conditions is None else _fires(rule.conditions, ticket) for rule in in_time)


def as_created(ticket: Record, audit: Record) -> list[Record]:
    """The ticket as it was when it was created, before and after other triggers; none when the audit does not say."""
    events = [event for event in audit.get("events") or () if isinstance(event, dict)]
    made = {str(event.get("field_name")): event.get("value") for event in events if event.get("type") == "Create"}
    changed = {str(event.get("field_name")): event.get("value") for event in events if event.get("type") == "Change"}
    if not made or "status" not in made:
        return []
    empty = dict.fromkeys((*_IDS[2:5], "priority", "type", "tags"))
    lasting = {name: ticket.get(name) for name in ("id", "via", "created_at", *_LASTING)}
    public = next((event.get("public") for event in events if event.get("type") == "Comment"), None)
    first = lasting | empty | made | {"is_public": public, "updated_at": ticket.get("created_at")}
    return [_with_listed_tags(state) for state in (first, first | changed)]


def _with_listed_tags(ticket: Record) -> Record:
    tags = ticket.get("tags")
    return {**ticket, "tags": tags.split() if isinstance(tags, str) else tags}


def _called(trigger: Record) -> Iterator[str]:
    """The webhooks that a trigger calls, but with ratings."""
    for action in trigger.get("actions") or ():
        value = action.get("value") if isinstance(action, dict) else None
        if not isinstance(value, list) or not value or action.get("field") != "notification_webhook":
            continue
        if not ratings.is_one(str(value[-1]).encode(errors="replace")):
            yield str(value[0])


def _fires(conditions: Conditions, ticket: Record) -> bool | None:
    every = [_holds(condition, ticket) for condition in conditions.all]
    if conditions.any:
        every.append(_one_of(_holds(condition, ticket) for condition in conditions.any))
    return False if False in every else None if None in every else True


def _one_of(answers: Iterable[bool | None]) -> bool | None:
    listed = list(answers)
    return True if True in listed else None if None in listed else False


def _holds(condition: Condition, ticket: Record) -> bool | None:
    """Whether a condition held; that it does not hold now proves nothing when its field may have changed since."""
    field = str(condition.get("field"))
    holds = _holds_now(field, str(condition.get("operator")), condition.get("value"), ticket)
    lasting = field in _LASTING or (field == _TAGS and OPT_OUT in (ticket.get("tags") or ()))
    untouched = ticket.get("updated_at") == ticket.get("created_at") is not None
    return holds if holds is not False or lasting or untouched else None


def _holds_now(field: str, operator: str, value: object, ticket: Record) -> bool | None:
    if field == _TAGS:
        return _tagged(operator, value, ticket.get("tags"))
    actual = _actual(field, ticket)
    wanted = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if actual is None or isinstance(value, list | dict) or (field in _IDS and wanted and not wanted.isdecimal()):
        return None  # "the current user" and the like
    ranks = {"status": _STATUSES, "priority": _PRIORITIES}.get(field, ())
    match operator:
        case "is":
            return actual == wanted
        case "is_not":
            return actual != wanted
        case "less_than" | "greater_than" if actual in ranks and wanted in ranks:
            before, after = ranks.index(actual), ranks.index(wanted)
            return before < after if operator == "less_than" else before > after
    return None


def _tagged(operator: str, value: object, tags: object) -> bool | None:
    if tags is not None and not isinstance(tags, list):
        return None
    wanted = set(map(str, value)) if isinstance(value, list) else set(str(value or "").split())
    common = bool(wanted & set(map(str, tags or ())))
    return {"includes": common, "not_includes": not common}.get(operator)


def _actual(field: str, ticket: Record) -> str | None:
    """The value that a condition compares, as the ticket has it; None when its record does not show it."""
    if field == "update_type":
        return "Create"
    if field in ("via_id", "current_via_id"):
        via = ticket.get("via")
        return _CHANNELS.get(str(via.get("channel"))) if isinstance(via, dict) else None
    if field in ("ticket_is_public", "comment_is_public"):
        public = ticket.get("is_public")
        words = ("public", "private") if field == "ticket_is_public" else ("true", "false")
        return None if not isinstance(public, bool) else words[0] if public else words[1]
    if field in (*_IDS, "status", "priority", "type") and field in ticket:
        return "" if ticket[field] is None else str(ticket[field])
    return None
