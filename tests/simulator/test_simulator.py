"""The simulator: every promise is kept in 2,000 schedules, it sees broken ones, and its Redis does as the real one."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis

from tests.simulator import operations, schedule, troubles
from tests.simulator.chance import Place, shortest
from tests.simulator.operations import Operations
from tests.simulator.redis import Connection, Store

AT_ONCE_SECONDS = 0.5  # that a schedule takes on the real Redis, at most: it has 40 operations
ROOT = Path(__file__).resolve().parents[2]
HASTY = dataclasses.replace(schedule.POLICY, settle=0.0)
LATE_WRITE = next(
    number
    for number, each in enumerate(troubles.ACCIDENTS["update"])
    if each.lands == 50.0 and each.answer is not None and each.answer.status == 520
)


@pytest.mark.slow
def test_every_promise_is_kept_in_2000_schedules() -> None:
    command = [sys.executable, "-m", "tests.simulator", "--seed", "1", "--schedules", "2000"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_without_trouble_every_ticket_has_its_note_after_the_callback() -> None:
    found = schedule.play({})
    assert found.broken == {}
    assert 90 < found.waited < 100


def test_a_schedule_comes_again_from_its_seed_and_from_its_troubles() -> None:
    found = [schedule.play(seed=seed) for seed in range(20)]
    assert [schedule.play(seed=seed).story for seed in range(20)] == [each.story for each in found]
    assert [schedule.play(each.troubles).story for each in found] == [each.story for each in found]


def test_a_product_that_does_not_wait_for_an_unknown_outcome_is_seen() -> None:
    late: dict[Place, int] = {("Zendesk", "update", 1, 1): LATE_WRITE}
    assert schedule.play(late).broken == {}
    assert list(schedule.play(late, policy=HASTY).broken) == ["one note"]


def test_the_shortest_schedule_holds_what_is_needed_and_nothing_else() -> None:
    late: dict[Place, int] = {("Zendesk", "update", 2, 1): LATE_WRITE}
    more: dict[Place, int] = {("tickets",): 2, ("arrival", 1): 1, **late, ("LogRocket", "ask", 1, 1): 2}
    found = shortest(more, lambda few: "one note" in schedule.play(few, policy=HASTY).broken)
    assert found.keys() == late.keys()


class Clock:
    """Goes on a little each time that it is asked."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 0.0001
        return self.now


@pytest.mark.parametrize("part", range(4))
def test_the_model_of_redis_does_as_the_real_one(part: int, redis: Redis) -> None:
    for seed in range(part * 25, (part + 1) * 25):
        store = Store(Clock())
        model = Connection(store, lambda _, carry_out: carry_out())
        on_model = Operations(schedule.open_ledger(model, operations.POLICY), model, seed).run(40)
        began = time.monotonic()
        on_real = _on_real(redis, seed)
        if time.monotonic() - began > AT_ONCE_SECONDS:  # its time goes on by itself, and something else took it
            on_real = _on_real(redis, seed)
        assert on_model == on_real, f"seed {seed}"


def _on_real(redis: Redis, seed: int) -> object:
    redis.flushall()
    return Operations(schedule.open_ledger(redis, operations.POLICY), redis, seed).run(40)
