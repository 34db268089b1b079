"""What is asked of Redis to tell how it stands does not grow with the number of tickets."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from redis import Redis

from integration.cases import overview, stored
from integration.cases.entry import WAITING, Entry, State
from integration.commands import case as case_command
from tests.admin import Admin
from tests.conftest import InProcess
from tests.tickets import key

FEW, MANY = 1_500, 20_000  # of which each list is longer than what is shown of it


def fill(product: InProcess, numbers: range) -> None:
    """Tickets in every state, as they stand after some time."""
    keys, redis, states = product.settings.keys, product.redis, [*WAITING, State.POSTED, State.FAILED]
    now = product.ledger.reader.now()
    with redis.pipeline(transaction=False) as pipe:
        for number in numbers:
            state, at = states[number % len(states)], now - 3_000 * (number % 997) / 997
            entry = Entry(key=key(number), received_at=at - 60, entered_at=at, state=state)
            pipe.set(keys.case(entry.key), stored.dump(entry))
            pipe.zadd(keys.state(state), {entry.key: at})
            pipe.zadd(keys.received, {entry.key: at - 60})
            pipe.zadd(keys.due, {entry.key: now + 3_600})
            pipe.rpush(f"rq:queue:{keys.requests}", number)
        pipe.execute()


def costs(redis: Redis, look: Callable[[], object]) -> tuple[int, int]:
    """The commands and the bytes of the answers that a look takes."""

    def counted() -> tuple[int, int]:
        commands = cast("dict[str, dict[str, int]]", redis.info("commandstats"))
        calls = sum(told["calls"] for name, told in commands.items() if name not in {"cmdstat_info", "cmdstat_ping"})
        return calls, cast("dict[str, int]", redis.info("stats"))["total_net_output_bytes"]

    look()  # what is asked once is asked now
    counting = counted()[1]
    own = counted()[1] - counting
    before = counted()
    look()
    after = counted()
    return after[0] - before[0], after[1] - before[1] - own


@pytest.mark.parametrize("what", ["the page", "/metrics", "/readyz", "the overview", "the lists of status"])
def test_no_more_is_read_of_many_tickets_than_of_few(what: str, product: InProcess, admin: Admin, redis: Redis) -> None:
    routes, reader = product.ledger.lanes.routes, product.ledger.reader
    looks: dict[str, Callable[[], object]] = {
        "the page": admin.page,
        "/metrics": lambda: admin.page("/metrics"),
        "/readyz": lambda: admin.page("/readyz"),
        "the overview": lambda: overview.read(product.settings, product.redis, routes=routes),
        "the lists of status": lambda: case_command.listed(reader, routes=routes),
    }
    fill(product, range(1, FEW))
    few = costs(redis, looks[what])
    fill(product, range(FEW, MANY))
    many = costs(redis, looks[what])
    assert abs(many[0] - few[0]) <= 3  # a heartbeat, or a count that is written meanwhile
    assert many[1] <= few[1] * 1.1 + 500
