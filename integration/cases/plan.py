"""What the sweeper decided about cases whose time has come, until the ledger carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.cases.entry import State
from integration.cases.keys import Keys
from integration.facts import CaseKey

if TYPE_CHECKING:
    from redis.client import Pipeline


@dataclass(kw_only=True)
class Plan:
    """When to look again, who joins or leaves the line of notes, which jobs to queue."""

    due: dict[CaseKey, float] = field(default_factory=dict)
    line: dict[CaseKey, float] = field(default_factory=dict)
    queue: list[tuple[CaseKey, State]] = field(default_factory=list)
    gone: list[CaseKey] = field(default_factory=list)
    not_in_line: list[CaseKey] = field(default_factory=list)

    def write(self, pipe: Pipeline, *, keys: Keys, line_of: Callable[[CaseKey], str]) -> None:
        """Write into the indexes, as part of a transaction, who is looked at again and who stands in line."""
        if self.due:
            pipe.zadd(keys.due, {str(key): when for key, when in self.due.items()}, xx=True)
        for line in {line_of(key) for key in self.line}:
            pipe.zadd(line, {str(key): since for key, since in self.line.items() if line_of(key) == line})
        for key in self.gone:
            pipe.zrem(keys.due, key)
        for key in self.not_in_line:
            pipe.zrem(line_of(key), key)
