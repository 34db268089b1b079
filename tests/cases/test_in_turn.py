"""Who waits for a connection gets one in their turn; none is lost, whatever happens meanwhile."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Full

import pytest

from integration.cases.in_turn import InTurn
from tests.conftest import wait_for


def filled(number: int) -> InTurn:
    pool = InTurn(number)
    for item in range(number):
        pool.put_nowait(item)
    return pool


def test_the_last_that_was_put_is_taken_first() -> None:
    assert [filled(3).get() for _ in range(2)] == [2, 2]
    pool = filled(3)
    assert [pool.get() for _ in range(3)] == [2, 1, 0]


def test_there_is_no_place_for_more() -> None:
    with pytest.raises(Full):
        filled(2).put_nowait(3)


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_who_waits_in_vain_is_told(seconds: float) -> None:
    with pytest.raises(Empty):
        InTurn(1).get(timeout=seconds)
    with pytest.raises(Empty):
        InTurn(1).get(block=False)


class Emptied(list[int]):
    """A list whose last item somebody else takes in the moment between a look and the next step."""

    def pop(self, _at: object = -1) -> int:
        raise IndexError


def test_who_comes_a_moment_too_late_finds_none() -> None:
    pool = InTurn(1)
    pool.queue = Emptied([1])
    with pytest.raises(Empty):
        pool.get(block=False)


def test_nobody_passes_those_who_wait() -> None:
    pool, served = filled(1), []
    held = pool.get()

    def wait(number: int) -> None:
        pool.get(timeout=20)
        served.append(number)

    waiting = [threading.Thread(target=wait, args=(number,)) for number in range(4)]
    for number, thread in enumerate(waiting, 1):
        thread.start()
        wait_for(lambda number=number: len(pool._turns) == number)  # type: ignore[misc]
    for number in range(1, 5):
        pool.put_nowait(held)
        with pytest.raises(Empty):
            pool.get(block=False)  # it is the first one's, even before that has woken up
        wait_for(lambda number=number: len(served) == number)  # type: ignore[misc]
    assert served == [0, 1, 2, 3]
    for thread in waiting:
        thread.join()


class TimeIsUpError(Exception):
    """A time limit that ends whatever is being waited for."""


def test_one_whose_wait_is_broken_off_leaves_the_line() -> None:
    pool = filled(1)
    held = pool.get()

    def break_off(*_: object) -> None:
        raise TimeIsUpError

    before = signal.signal(signal.SIGALRM, break_off)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TimeIsUpError):
            pool.get(timeout=20)
    finally:
        signal.signal(signal.SIGALRM, before)
    pool.put_nowait(held)
    assert pool.get(block=False) == held


def test_none_is_lost_to_those_who_stop_waiting() -> None:
    pool = filled(3)

    def use(seed: int) -> int:
        chance, times = random.Random(seed), 0
        for _ in range(100):
            try:
                item = pool.get(timeout=chance.random() / 500)
            except Empty:
                continue
            time.sleep(chance.random() / 1000)
            pool.put_nowait(item)
            times += 1
        return times

    with ThreadPoolExecutor(12) as users:
        assert sum(users.map(use, range(12))) > 0
    assert sorted(pool.get(block=False) for _ in range(3)) == [0, 1, 2]
