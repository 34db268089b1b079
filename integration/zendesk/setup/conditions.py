"""A trigger's conditions: for which new tickets Zendesk calls us, and for which changed ones (pure).

All conditions under `all` have to hold, and one of those under `any` when there are some. So at most one kind of filter
can have several values: there is one list of alternatives.
https://developer.zendesk.com/documentation/ticketing/reference-guides/conditions-reference/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration.safe_text import printable
from integration.zendesk.settings import ON_DEMAND, OPT_OUT

Condition = Mapping[str, Any]
Choices = Mapping[str, Mapping[str, str]]
"""For each field that the account's triggers know: its values, with their titles."""

FIELDS: Final = {"brand": "brand_id", "form": "ticket_form_id", "group": "group_id", "channel": "via_id"}
"""The kinds of filters that name something of the account, with their fields."""

RATING: Final = "satisfaction_score"
"""The field for how a customer rated a ticket."""
_TAGS: Final = "current_tags"
_UPDATE: Final = "update_type"
_CREATED: Final = {"field": _UPDATE, "operator": "is", "value": "Create"}
CHANGED: Final = {"field": _UPDATE, "operator": "is", "value": "Change"}
"""That a ticket is updated."""
_ASKED: Final = {"field": _TAGS, "operator": "includes", "value": ON_DEMAND}
_MIRRORED: Final = tuple(FIELDS[kind] for kind in ("brand", "form", "group"))
"""What the triggers for highlights on demand and for ratings are narrowed by as the first one is."""
_LONGEST_LIST: Final = 30


class CannotFilterError(Exception):
    """The wanted filters cannot be had; the text says why, for the person who wants them."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """A trigger's two lists."""

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()

    def as_json(self) -> dict[str, list[Condition]]:
        """As Zendesk's API has them."""
        return {"all": list(self.all), "any": list(self.any)}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which new tickets get a note: `named` has the wanted values of `FIELDS` by field."""

    named: Mapping[str, Sequence[str]]
    tags: Sequence[str] = ()
    without_tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        several = [kind for kind, field in FIELDS.items() if len(set(self.named.get(field, ()))) > 1]
        if len(several) > 1:
            options = " and ".join(f"--{kind}" for kind in several)
            raise CannotFilterError(
                f"{options} cannot have several values each: a Zendesk trigger has one list of alternatives. "
                "Give several values to one of them only"
            )
        both = sorted(set(self.tags) & {OPT_OUT, *self.without_tags})
        if both:
            raise CannotFilterError(f"no ticket has the tag {both[0]} and does not have it")


def wanted(present: Conditions | None, filters: Filters | None) -> Conditions:
    """The conditions that our trigger should have: its present ones, or these filters, and always ours.

    Conditions of other kinds, which an admin added by hand, stay. `CannotFilterError` when they stand in the way.
    """
    base = present or Conditions()
    if filters is not None:
        base = _replaced(base, filters)
    return Conditions(all=_for_new_tickets(_with_opt_out(base.all)), any=base.any)


def wanted_on_demand(present: Conditions | None, *, of_new_tickets: Conditions) -> Conditions:
    """The conditions of the trigger for highlights on demand: the tag is added, and the ticket's brand, form, group.

    By the latter it is narrowed as the trigger for new tickets is. Tags and channels are not: who adds the tag by hand
    wants a note. What an admin added by hand stays.
    """
    base = present or Conditions()
    own = tuple(condition for condition in base.all if not is_mirrored(condition) and not _is_of_demands(condition))
    mirrored = tuple(condition for condition in of_new_tickets.all if is_mirrored(condition))
    alternatives = of_new_tickets.any if all(map(is_mirrored, of_new_tickets.any)) else ()
    made = Conditions(
        all=(CHANGED, _ASKED, *mirrored, *own),
        any=alternatives if all(map(is_mirrored, base.any)) else base.any,
    )
    return base if alike(base, made) else made


def fires_on_demand(conditions: Conditions) -> bool:
    """Whether a trigger is about changed tickets with the tag that asks for highlights."""
    return fires_on_changes(conditions) and any(same(condition, _ASKED) for condition in conditions.all)


def only_ours_on_demand(conditions: Conditions) -> bool:
    """Whether a trigger for highlights on demand has no conditions but those that we make."""
    return all(
        _is_of_demands(condition) or (is_mirrored(condition) and condition.get("operator") == "is")
        for condition in (*conditions.all, *conditions.any)
    )


def fires_on_creation(conditions: Conditions) -> bool:
    """Whether a trigger is about new tickets only."""
    return any(same(condition, _CREATED) for condition in conditions.all)


def fires_on_changes(conditions: Conditions) -> bool:
    """Whether a trigger is about changed tickets only."""
    return any(same(condition, CHANGED) for condition in conditions.all)


def only_ours(conditions: Conditions) -> bool:
    """Whether a trigger has no conditions but those that we make: of new tickets, and filters."""
    filters = {(_TAGS, "includes"), (_TAGS, "not_includes"), *((field, "is") for field in FIELDS.values())}
    every = (*conditions.all, *conditions.any)
    return all(
        same(condition, _CREATED) or (condition.get("field"), condition.get("operator")) in filters
        for condition in every
    )


def resolve(kind: str, named: str, choices: Choices) -> str:
    """The id of a brand, form, group or channel by its id or its name."""
    known = choices.get(FIELDS[kind], {})
    ids = [value for value, title in known.items() if title.strip().casefold() == named.strip().casefold()]
    if (named and named in known) or (not known and named.isascii() and named.isdecimal()):
        return named
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise CannotFilterError(f'there are several of the name --{kind} "{named}": give the id, {_listed(ids)}')
    if not known:
        raise CannotFilterError(f"this account's triggers list no values for --{kind}: give an id")
    names = _listed([f"{title} ({value})" for value, title in known.items() if value])
    raise CannotFilterError(f'--{kind} "{named}" is not known to this account, which has: {names}')


def in_words(conditions: Conditions, choices: Choices) -> list[str]:
    """The conditions as a person reads them, one line each."""
    lines = [_told(condition, choices) for condition in conditions.all]
    if conditions.any:
        lines.append("one of these: " + "; ".join(_told(condition, choices) for condition in conditions.any))
    return lines


def _replaced(base: Conditions, filters: Filters) -> Conditions:
    new, alternatives = _filter_conditions(filters)
    kept = tuple(condition for condition in base.all if not _is_filter(condition))
    if all(_is_filter(condition) for condition in base.any):
        made = Conditions(all=(*kept, *new), any=alternatives)
    elif alternatives:
        raise CannotFilterError(
            "the trigger has alternatives of its own (conditions under 'any'), so no filter can have several values"
        )
    else:
        made = Conditions(all=(*kept, *new), any=base.any)
    return base if alike(_as_installed(base), _as_installed(made)) else made


def _as_installed(conditions: Conditions) -> Conditions:
    """With the tag of ours that every trigger of ours has, for a comparison."""
    return Conditions(all=_with_opt_out(conditions.all), any=conditions.any)


def _filter_conditions(filters: Filters) -> tuple[list[Condition], tuple[Condition, ...]]:
    """What has to hold, and the alternatives."""
    new: list[Condition] = []
    alternatives: tuple[Condition, ...] = ()
    for field in FIELDS.values():
        values = list(dict.fromkeys(filters.named.get(field, ())))
        made = [{"field": field, "operator": "is", "value": value} for value in values]
        if len(made) > 1:
            alternatives = tuple(made)
        else:
            new += made
    if filters.tags:
        new.append({"field": _TAGS, "operator": "includes", "value": " ".join(dict.fromkeys(filters.tags))})
    if filters.without_tags:
        tags = " ".join(dict.fromkeys((OPT_OUT, *filters.without_tags)))
        new.append({"field": _TAGS, "operator": "not_includes", "value": tags})
    return new, alternatives


def _for_new_tickets(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """With the condition that the ticket is created, and none that contradicts it."""
    if any(same(condition, _CREATED) for condition in conditions):
        return tuple(
            condition
            for condition in conditions
            if condition.get("field") != "update_type" or same(condition, _CREATED)
        )
    return (_CREATED, *(condition for condition in conditions if condition.get("field") != "update_type"))


def _with_opt_out(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """With the condition that the ticket is not tagged with `OPT_OUT`: in one that there is, or as a new one."""
    at = [
        n
        for n, condition in enumerate(conditions)
        if (condition.get("field"), condition.get("operator")) == (_TAGS, "not_includes")
    ]
    if any(OPT_OUT in _tags(conditions[n]) for n in at):
        return tuple(conditions)
    if not at:
        return (*conditions, {"field": _TAGS, "operator": "not_includes", "value": OPT_OUT})
    first = conditions[at[0]]
    more: Condition = {**first, "value": " ".join((*_tags(first), OPT_OUT))}
    return tuple(more if n == at[0] else condition for n, condition in enumerate(conditions))


def is_mirrored(condition: Condition) -> bool:
    """Whether a condition is one by which our other triggers are narrowed as the first one is."""
    return condition.get("field") in _MIRRORED


def _is_of_demands(condition: Condition) -> bool:
    """Whether a condition says when highlights are asked for: the kind of update, or the tag."""
    return condition.get("field") == _UPDATE or same(condition, _ASKED)


def _is_filter(condition: Condition) -> bool:
    return condition.get("field") in (_TAGS, *FIELDS.values())


def alike(one: Conditions, other: Conditions) -> bool:
    """Whether two conditions say the same, whatever the order of their values."""
    return all(
        sorted(map(_key, first)) == sorted(map(_key, second))
        for first, second in ((one.all, other.all), (one.any, other.any))
    )


def same(one: Condition, other: Condition) -> bool:
    """Whether two conditions are one, whatever the order of the tags in them."""
    return _key(one) == _key(other)


def _key(condition: Condition) -> tuple[str, str, str]:
    value = " ".join(sorted(_tags(condition))) if condition.get("field") == _TAGS else condition.get("value")
    return str(condition.get("field")), str(condition.get("operator")), str(value)


def _tags(condition: Condition) -> list[str]:
    value = condition.get("value")
    return [str(tag) for tag in value] if isinstance(value, list) else str(value or "").split()


def _told(condition: Condition, choices: Choices) -> str:
    field, operator, value = str(condition.get("field")), str(condition.get("operator")), condition.get("value")
    if same(condition, _CREATED):
        return "the ticket is created"
    if same(condition, CHANGED):
        return "the ticket is updated"
    if field == _TAGS and operator in ("includes", "not_includes"):
        what = "one" if operator == "includes" else "none"
        return printable(f"it has {what} of these tags: {', '.join(_tags(condition))}")
    kinds = [kind for kind, name in (*FIELDS.items(), ("rating", RATING)) if name == field]
    title = choices.get(field, {}).get(str(value))
    shown = f" {title} ({value})" if title else f" {value}" if value is not None else ""
    told = {"value": "changed to"}.get(operator, operator.replace("_", " "))
    return printable(f"{kinds[0] if kinds else field} {told}{shown}")


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - _LONGEST_LIST} more" if len(names) > _LONGEST_LIST else ""
    return printable(", ".join(names[:_LONGEST_LIST]) + more)
