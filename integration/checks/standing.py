"""How the installation stands, in the words of the status page, `status` and `/readyz`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from integration import services
from integration.cases import overview, standing
from integration.findings import Result, ok, skipped, warning
from integration.settings import Settings

STANDING: Final = "how it stands"


def of_standing(settings: Settings, redis: Redis) -> Iterator[Result]:
    """One line, with the name of each trouble."""
    try:
        troubles = standing.troubles(overview.read(settings, redis, routes=services.routes(settings)).facts)
    except RedisError:
        yield skipped(STANDING, "Redis could not be asked")
        return
    if not troubles:
        yield ok(STANDING, standing.WELL)
        return
    told = "; ".join(f"{trouble.name}: {trouble.what_since} ({trouble.severity})" for trouble in troubles)
    yield warning(STANDING, told, " ".join(trouble.what_to_do for trouble in troubles))
