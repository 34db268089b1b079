"""The conditions of the trigger for ratings: a ticket's rating has become a bad one (pure).

It fires when the rating changes, and upon no other update of a ticket that was rated: neither upon a note of ours nor
upon a reply. A bad rating without a comment and one with a comment are two values, so that the comment is told, too.

How an account spells the values is read from what its triggers can be made of (`triggers/definitions`).
https://developer.zendesk.com/documentation/ticketing/reference-guides/conditions-reference/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from integration.zendesk.setup.conditions import (
    CHANGED,
    RATING,
    CannotFilterError,
    Choices,
    Condition,
    Conditions,
    alike,
    fires_on_changes,
    is_mirrored,
)

_BECOMES: Final = "value"  # what the API calls "Changed to"
_CHANGES: Final = {"field": RATING, "operator": "changed", "value": None}
_BAD: Final = ("bad", "badwithcomment")
_GOOD: Final = ("good", "goodwithcomment")
_USUAL: Final = ("bad", "bad_with_comment", "good", "good_with_comment", "offered", "unoffered")


@dataclass(frozen=True, kw_only=True)
class _Ratings:
    """The values that a rating can have, as an account spells them."""

    bad: tuple[str, ...]
    others: tuple[str, ...]


def require_ratings(choices: Choices) -> None:
    """Raise `CannotFilterError` when an account's triggers cannot fire upon bad ratings."""
    listed = choices.get(RATING)
    if listed is None or not _of(choices, ()).bad:
        raise CannotFilterError(
            "this account's triggers know no bad satisfaction rating: switch customer satisfaction on in Admin Center "
            "(its plan has to include it), then run `install --ratings` again"
        )


def wanted(present: Conditions | None, *, of_new_tickets: Conditions, choices: Choices) -> Conditions:
    """The conditions of the trigger for ratings: one has become bad; and the ticket's brand, form, group.

    By the latter it is narrowed as the trigger for new tickets is. What an admin added by hand stays. There is one list
    of alternatives: where it is taken, what a rating has not become says the same.
    """
    base = present or Conditions()
    ratings = _of(choices, (*base.all, *base.any))
    own = tuple(condition for condition in base.all if not is_mirrored(condition) and not _is_ours(condition))
    mirrored = tuple(condition for condition in of_new_tickets.all if is_mirrored(condition))
    narrowed = of_new_tickets.any if all(map(is_mirrored, of_new_tickets.any)) else ()
    replaceable = all(is_mirrored(condition) or _is_ours(condition) for condition in base.any)
    alternatives = narrowed if replaceable else base.any
    if alternatives:
        made = Conditions(all=(CHANGED, *_neither(ratings.others), *mirrored, *own), any=alternatives)
    else:
        made = Conditions(all=(CHANGED, *mirrored, *own), any=tuple(_becomes(rating) for rating in ratings.bad))
    return base if alike(base, made) else made


def only_ours(conditions: Conditions) -> bool:
    """Whether a trigger for ratings has no conditions but those that we make."""
    return all(
        _is_ours(condition) or (is_mirrored(condition) and condition.get("operator") == "is")
        for condition in (*conditions.all, *conditions.any)
    )


def fires_on_every_update(conditions: Conditions) -> bool:
    """Whether a trigger fires upon updates that leave the rating as it is."""
    by_one = any(map(_is_change, conditions.all))
    return not (by_one or (conditions.any and all(map(_is_change, conditions.any))))


def fires_on_bad_ratings(conditions: Conditions) -> bool:
    """Whether a trigger is about tickets whose rating has become a bad one, with a comment or without."""
    if not fires_on_changes(conditions) or fires_on_every_update(conditions):
        return False
    become = _words(conditions.any, _BECOMES)
    left_out = _words(conditions.all, "is_not")
    return become >= {*_BAD} or (left_out >= {*_GOOD} and not left_out & {*_BAD})


def _of(choices: Choices, present: Iterable[Condition]) -> _Ratings:
    """The values that the account lists; when nobody asked it, those that the trigger has, or the usual ones."""
    listed = choices.get(RATING)
    if listed is None:
        kept = [str(condition.get("value")) for condition in present if condition.get("field") == RATING]
        spelled = {_word(value): value for value in (*_USUAL, *kept)}
        listed = {value: value for word, value in spelled.items() if word in map(_word, _USUAL)}
    bad = tuple(value for value, title in listed.items() if {_word(value), _word(title)} & {*_BAD})
    return _Ratings(bad=bad, others=tuple(value for value in listed if value and value not in bad))


def _neither(others: Iterable[str]) -> Iterator[Condition]:
    """The rating changes, and not to one of these."""
    yield _CHANGES
    yield from ({"field": RATING, "operator": "is_not", "value": other} for other in others)


def _becomes(rating: str) -> Condition:
    return {"field": RATING, "operator": _BECOMES, "value": rating}


def _is_ours(condition: Condition) -> bool:
    """Whether a condition says when a rating is told of: the kind of update, or the rating."""
    return condition.get("field") in ("update_type", RATING)


def _is_change(condition: Condition) -> bool:
    """Whether a condition says that the rating has changed."""
    return condition.get("field") == RATING and condition.get("operator") in ("changed", _BECOMES)


def _words(conditions: Iterable[Condition], operator: str) -> set[str]:
    """The ratings that conditions with this operator name, as words."""
    return {
        _word(condition.get("value"))
        for condition in conditions
        if condition.get("field") == RATING and condition.get("operator") == operator
    }


def _word(value: object) -> str:
    """How a value reads, however it is spelled: `bad_with_comment`, `Bad with comment`."""
    return re.sub(r"[^a-z]", "", str(value).lower())
