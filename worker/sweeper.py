"""The sweeper: the one clock behind retries, polls and recovery.

About once a second it looks for entries whose time has come and queues the job that their state calls for; while
nothing can be under way it rests, and is woken (integration.cases.bell). Several sweepers on several machines do no
harm: a job that is queued twice finds nothing to claim the second time.
Notes leave for a place in the order in which they became ready, as fast as its limits let them: the sweeper queues the
first of the line when the lane is open.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Final

from redis.exceptions import RedisError

from integration import logs, services
from integration.cases import bell, connections, heartbeats, owner
from integration.cases.bell import Bell
from integration.cases.entry import State
from integration.cases.heartbeats import Heart
from integration.cases.lanes import Outlook
from integration.cases.ledger import Ledger
from integration.cases.leftovers import Leftovers
from integration.cases.plan import Plan
from integration.cases.queues import QUEUED_JOB_LOST_SECONDS
from integration.cases.reader import Indexed
from integration.facts import as_logged
from integration.settings import Settings

INTERVAL_SECONDS: Final = 1.0
BATCH: Final = 500
LEFT_ALONE_SECONDS: Final = 60.0
_SHORTEST_SLEEP: Final = 0.05
_TRIM_SECONDS: Final = 3600.0

log = logs.get(__name__)


class Sweeper:
    """Sweeps in a thread of its own, for as long as the process lives.

    The main thread is left to recovery, whose readings are broken off by a signal.
    """

    def __init__(self, settings: Settings) -> None:
        redis = connections.for_worker(settings, waits=bell.LONGEST_SECONDS)
        self._ledger = services.open_ledger(settings, redis)
        self._heart = Heart(redis, settings.keys, heartbeats.SWEEPER)
        self._bell = Bell(redis, settings.keys, self._ledger.policy)
        self._leftovers = Leftovers(redis, settings.keys)
        self._trimmed_at = -math.inf  # a machine that has just started counts from 0
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to sweep."""
        threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        """Show that it ends; raise what made it end, when that was no signal from outside."""
        if self._error is not None:
            raise self._error
        with contextlib.suppress(RedisError):
            self._heart.stop()

    def _run(self) -> None:
        try:
            while True:
                self._turn()
        except BaseException as error:  # noqa: BLE001 -- `end` raises it
            self._error = error
            while True:  # one that comes in the middle of a destructor gets lost
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(INTERVAL_SECONDS)

    def _turn(self) -> None:
        pause = INTERVAL_SECONDS
        try:
            self._heart.beat()
            self._tidy()
            if self._rest():
                return
            pause = sweep(self._ledger)
        except owner.RefusedRedisError:
            raise
        except RedisError as error:
            log.warning("Redis cannot be used, the sweeper tries again every second", error=type(error).__name__)
        time.sleep(pause)

    def _rest(self) -> bool:
        """Rest while nothing can be under way; whether there was time for that."""
        asked = time.monotonic()
        rest = self._bell.rest()
        _watch_clock(self._ledger, rest.now, asked=asked, answered=time.monotonic())
        if rest.seconds > 0:
            self._bell.wait(rest.seconds)
        return rest.seconds > 0

    def _tidy(self) -> None:
        self._leftovers.drop()
        if time.monotonic() - self._trimmed_at > _TRIM_SECONDS:
            self._trimmed_at = time.monotonic()
            self._ledger.trim()


def sweep(ledger: Ledger, *, monotonic: Callable[[], float] = time.monotonic) -> float:
    """Queue what is due and may go; the seconds until it is worth looking again."""
    asked = monotonic()
    outlook, plan = ledger.lanes.outlook(), Plan()
    _watch_clock(ledger, outlook.now, asked=asked, answered=monotonic())
    for case in ledger.reader.overdue(BATCH):
        _decide(case, outlook, plan)
    pauses = [pause for place in outlook.notes if (pause := _release_notes(ledger, outlook, plan, place)) is not None]
    if plan.queue:
        queued = ledger.reader.queued(plan.queue)
        plan.queue = [job for job in plan.queue if job not in queued]
    if plan != Plan():
        ledger.carry_out(plan)
    for key, state in plan.queue:
        log.debug("job queued by the sweeper", **as_logged(key), state=str(state))
    return min([INTERVAL_SECONDS, *pauses])


def _watch_clock(ledger: Ledger, now: float, *, asked: float, answered: float) -> None:
    if ledger.clock.has_jumped(now, asked=asked, answered=answered):
        log.warning("Redis' clock has jumped, every ticket waits until what was under way has come to its end")


def _decide(case: Indexed, outlook: Outlook, plan: Plan) -> None:
    """What is to be done about one case whose time has come."""
    entry = case.entry
    if entry is None:
        if case.newer:
            log.info("entry left alone, this release cannot read it", **as_logged(case.key))
            plan.due[case.key] = outlook.now + LEFT_ALONE_SECONDS
        else:
            plan.gone.append(case.key)
        return
    if not outlook.routes.known(case.key):
        log.info("entry left alone, its desk is not set up", **as_logged(case.key))
        plan.due[case.key] = outlook.now + LEFT_ALONE_SECONDS
        return
    plan.due[case.key] = outlook.now + QUEUED_JOB_LOST_SECONDS
    if entry.wait_until > outlook.now:
        plan.due[case.key] = entry.wait_until
    elif entry.state is State.READY:
        plan.line[case.key] = max(entry.entered_at, entry.claim.not_before)  # who was refused lets others go first
    elif outlook.opens_at(entry) > outlook.now:
        plan.due[case.key] = outlook.opens_at(entry)
    elif entry.state is State.REQUESTED or len(plan.queue) < outlook.free_requests:
        plan.queue.append((case.key, entry.state))


def _release_notes(ledger: Ledger, outlook: Outlook, plan: Plan, place: str) -> float | None:
    """Queue the first of a place's line when its lane is open; the seconds until the next, None without a line."""
    free = outlook.free_notes(place)
    line = ledger.reader.first_in_line(place, max(free, 1))
    for case in line:
        if case.entry is None or case.entry.state is not State.READY:
            plan.not_in_line.append(case.key)
        elif free:
            plan.queue.append((case.key, State.READY))
    if not line:
        return None
    wait = outlook.notes[place].interval if free else outlook.notes_at(place) - outlook.now
    return max(wait, _SHORTEST_SLEEP)
