"""How it stands, in the same words as the status page, `status` and `/readyz`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from integration import overview, standing
from integration.checks import Result, ok, skipped, warning
from integration.settings import Settings
from integration.situation import Trouble

STANDING: Final = "how it stands"


def of_standing(settings: Settings, redis: Redis) -> Iterator[Result]:
    """One result for each trouble, by its name; one when all is well."""
    try:
        found = standing.troubles(overview.facts(settings, redis))
    except RedisError:
        yield skipped(STANDING, "Redis could not be asked")
        return
    if not found:
        yield ok(STANDING, standing.WELL)
    yield from map(_result, found)


def _result(trouble: Trouble) -> Result:
    command = "" if trouble.command is None else f" {trouble.command.elsewhere} (on Heroku: {trouble.command.heroku})"
    return warning(trouble.name, f"{trouble.what} ({trouble.severity})", f"{trouble.do}{command}")
