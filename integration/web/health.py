"""The endpoints that tell whether this process lives (`/healthz`), and whether it can do its work (`/readyz`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import redis
from flask import Flask, request
from flask.typing import ResponseReturnValue

from integration import logs, services
from integration.cases import connections, overview, redis_trouble, standing
from integration.cases.owner import RefusedRedisError
from integration.cases.situation import Trouble
from integration.settings import Settings
from integration.web.answers import answer

if TYPE_CHECKING:
    from integration.web.status.login import Doorkeeper

log = logs.get(__name__)


def register(app: Flask, settings: Settings, for_pages: redis.Redis, doorkeeper: Doorkeeper | None) -> None:
    """Give the application the endpoints; those whom `doorkeeper` lets in are told what is wrong."""
    connection, routes = connections.for_readiness(settings), services.routes(settings)

    def tell_troubles() -> ResponseReturnValue:
        troubles = standing.troubles(overview.read(settings, for_pages, routes=routes).facts)
        return answer(200, "\n".join(["ok", *map(_in_a_line, troubles)]))

    for_admin = None if doorkeeper is None else doorkeeper.auth.login_required(tell_troubles)

    @app.get("/healthz")
    def alive() -> ResponseReturnValue:
        """Say that this process answers."""
        return answer(200, "ok")

    @app.get("/readyz")
    def ready() -> ResponseReturnValue:
        """Say whether Redis can be written, and to an admin what is wrong."""
        try:
            overview.try_to_write(connection, settings.keys)
        except RefusedRedisError as error:
            log.error("this Redis is not for us", why=str(error))  # noqa: TRY400 -- the text says it all
            return answer(503, "Redis cannot be used, the log says why")
        except redis.exceptions.RedisError as error:
            return answer(503, redis_trouble.away(error, desks=routes.desks).what)
        if for_admin is not None and request.authorization is not None:
            return cast("ResponseReturnValue", for_admin())
        return answer(200, "ok")


def _in_a_line(trouble: Trouble) -> str:
    return f"{trouble.name}: {trouble.what_since}; {trouble.severity}. {trouble.what_to_do}"
