"""Connections to Redis, each with the patience that its user can afford.

A Redis that answers "read only" has been demoted in a failover: its name may lead to another one by now, so that
a new connection is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from redis import BlockingConnectionPool, Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from integration.cases import owner, redis_url
from integration.cases.entry import Policy
from integration.cases.in_turn import InTurn
from integration.cases.ledger import Ledger
from integration.cases.steps import Routes
from integration.errors import SettingsError
from integration.settings import Settings

WEB_CONNECTIONS = 4  # of one process, however many requests there are: small plans allow 20 in all
WEB_SECONDS = 1.0  # a delivery is answered, or refused with 503, well before a desk stops waiting
PAGE_SECONDS = 3.0  # that a page waits for its turn
CHECK_SECONDS = 5.0
WORKER_SECONDS = 10.0


def for_web(settings: Settings) -> Redis:
    """For requests: a dropped connection is opened once more, a slow Redis is not waited for."""
    once_more = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError, ReadOnlyError))
    options = _options(settings, seconds=WEB_SECONDS, retry=once_more)
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            settings.redis_url,
            max_connections=WEB_CONNECTIONS,
            timeout=WEB_SECONDS,
            queue_class=InTurn,
            **options,
        )
    )


def for_pages(settings: Settings) -> Redis:
    """For the status page and `/metrics`: one connection of a process, so that they never take those of deliveries."""
    once_more = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError, ReadOnlyError))
    options = _options(settings, seconds=WEB_SECONDS, retry=once_more)
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            settings.redis_url, max_connections=1, timeout=PAGE_SECONDS, queue_class=InTurn, **options
        )
    )


def for_readiness(settings: Settings) -> Redis:
    """For `/readyz`: one second, one connection of a process, however many ask: anybody may."""
    once_more = Retry(NoBackoff(), 1, supported_errors=(ReadOnlyError,))
    options = _options(settings, seconds=WEB_SECONDS, retry=once_more)
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            settings.redis_url, max_connections=1, timeout=PAGE_SECONDS, queue_class=InTurn, **options
        )
    )


def for_reading(settings: Settings) -> Redis:
    """For a command that only looks: it does not make a prefix ours."""
    options = _options(settings, seconds=CHECK_SECONDS, retry=Retry(NoBackoff(), 0))
    return Redis.from_url(settings.redis_url, **{**options, "redis_connect_func": owner.compare(settings)})


def refuse_foreign(settings: Settings) -> None:
    """Become the owner of our keys; `SettingsError` when this Redis is not for us. One that is away is left for later.

    Every connection looks again (integration.cases.owner): nothing is written before that.
    """
    redis = for_readiness(settings)
    try:
        redis.ping()
    except owner.RefusedRedisError as error:
        raise SettingsError([str(error)]) from None
    except RedisError:
        pass
    finally:
        redis.close()


def for_check(settings: Settings) -> Redis:
    """For `check`, which may run far away: one try, some seconds; whose the keys are it tells as one of its checks."""
    options = _options(settings, seconds=CHECK_SECONDS, retry=Retry(NoBackoff(), 0))
    return Redis.from_url(settings.redis_url, **{**options, "redis_connect_func": None})


def for_worker(settings: Settings, *, waits: float = 0.0) -> Redis:
    """For the worker: an outage of some seconds goes unnoticed; a longer one raises, and the caller goes on.

    `waits`: the seconds for which a command may let Redis wait.
    """
    patient = Retry(
        ExponentialWithJitterBackoff(base=0.05, cap=2.0),
        10,
        supported_errors=(RedisConnectionError, RedisTimeoutError, ReadOnlyError),
    )
    return Redis.from_url(settings.redis_url, **_options(settings, seconds=WORKER_SECONDS + waits, retry=patient))


def open_ledger(settings: Settings, redis: Redis, *, routes: Routes, random: Callable[[], float]) -> Ledger:
    """The ledger behind a connection; `random` gives the jitter, from 0 to 1."""
    policy = Policy(
        poll_after=settings.poll_after_seconds,
        failed_retry=settings.failed_retry_seconds,
        settle=settings.settle_seconds,
        backoff=settings.backoff_seconds,
        random=random,
        summariser=routes.summariser,
        delay=settings.cases.delay_seconds,
        lookback=settings.cases.lookback_seconds,
        lookahead=settings.cases.lookahead_seconds,
        link_when_empty=settings.cases.link_when_empty,
        link_when_failed=settings.cases.link_when_failed,
        reuse=settings.cases.reuse_seconds,
        answered=routes.requests,
    )
    return Ledger(
        redis,
        keys=settings.keys,
        routes=routes,
        policy=policy,
        retention_days=settings.retention_days,
        requests_per_hour=settings.requests_per_hour,
        secret_keys=settings.secret_keys,
    )


def _options(settings: Settings, *, seconds: float, retry: Retry) -> dict[str, Any]:
    options: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "health_check_interval": 30,
        "retry": retry,
        "redis_connect_func": owner.claim(settings),
    }
    return options | redis_url.tls_options(urlsplit(settings.redis_url), verify=settings.redis_tls_verify)
