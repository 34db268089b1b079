"""Counts the requests that this process makes to remote services, until the counts are written to Redis.

What sends requests knows no Redis: `integration.cases.counters` takes the counts from here and writes them.
"""

from __future__ import annotations

from collections import Counter

made: Counter[tuple[str, str]] = Counter()  # by the name of the service and what came of it


def count(service: str, how: str) -> None:
    """Count a request, by the status of its answer or by why there is none: `unreachable`, `unanswered`."""
    made[service, how] += 1
