"""Macros: changes that agents make to a ticket with one click."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sandbox.zendesk import refusals
from sandbox.zendesk.records import User, now

ACTIONS: Final = ("current_tags", "remove_tags", "set_tags", "status", "priority", "type", "subject", "group_id",
                  "assignee_id", "comment_value", "comment_value_html", "comment_mode_is_public")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A macro; without a restriction everybody in the account has it, else a user or a group."""

    id: int
    title: str
    actions: tuple[dict[str, Any], ...]
    description: str | None = None
    active: bool = True
    position: int = 9999
    restriction: dict[str, Any] | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    def is_seen_by(self, user: User) -> bool:
        """Tell whether somebody's list shows it: an admin's shows all."""
        return user.role == "admin" or self.restriction is None or self.is_own_of(user)

    def is_own_of(self, user: User) -> bool:
        """Tell whether it is somebody's personal macro."""
        return (self.restriction or {}).get("type") == "User" and (self.restriction or {}).get("id") == user.id


class Macros:
    """Keeps the macros, in the order in which they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(360111062754)
        self._kept: dict[int, Macro] = {}

    def all(self) -> list[Macro]:
        """Return every macro."""
        with self._lock:
            return list(self._kept.values())

    def seen_by(self, user: User, macro_id: int) -> Macro:
        """Return a macro that somebody may see, or refuse."""
        macro = self._kept.get(macro_id)
        if macro is None or not macro.is_seen_by(user):
            raise refusals.not_found()
        return macro

    def new_id(self) -> int:
        """Return an id that no macro has."""
        return next(self._ids)

    def keep(self, macro: Macro) -> Macro:
        """Keep a macro, new or changed."""
        with self._lock:
            self._kept[macro.id] = macro
        return macro

    def delete(self, macro: Macro) -> None:
        """Delete a macro."""
        with self._lock:
            self._kept.pop(macro.id, None)
