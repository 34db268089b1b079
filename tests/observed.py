"""What the stand-ins were asked, and what Redis holds."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from redis import Redis

from sandbox import Recorded, Sandbox


def updates(sandbox: Sandbox) -> list[Recorded]:
    return [request for request in sandbox.zendesk.requests if request.method == "PUT" and "/tickets/" in request.path]


def looks_at_comments(sandbox: Sandbox) -> list[Recorded]:
    return [request for request in sandbox.zendesk.requests if request.method == "GET" and "/comments" in request.path]


def asked(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in sandbox.logrocket.requests if request.method == "POST"]


def polls(sandbox: Sandbox) -> list[Recorded]:
    return [request for request in sandbox.logrocket.requests if request.method == "GET"]


def everything(redis: Redis, *, besides: Collection[str] = ()) -> str:
    """All that Redis holds, as text."""
    values: list[object] = []
    for key in redis.keys("*"):
        if key in {name.encode() for name in besides}:
            continue
        values.append(key)
        match redis.type(key):
            case b"string":
                values.append(redis.get(key))
            case b"hash":
                values.append(redis.hgetall(key))
            case b"list":
                values.append(redis.lrange(key, 0, -1))
            case b"zset":
                values.append(redis.zrange(key, 0, -1))
            case b"set":
                values.append(redis.smembers(key))
            case other:
                values.append((other, redis.dump(key)))
    return repr(values)
