"""The sweeper: the one clock behind retries, polls and recovery.

About once a second it looks for entries whose time has come and queues the job that their state calls for. Several
sweepers on several machines do no harm: a job that is queued twice finds nothing to claim the second time.
Notes leave for a place in the order in which they became ready, as fast as its limits let them: the sweeper queues the
first of the line when the lane is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from integration import logs
from integration.cases.entry import State
from integration.cases.lanes import Outlook
from integration.cases.ledger import Ledger
from integration.cases.plan import Plan
from integration.cases.queues import QUEUED_JOB_LOST_SECONDS
from integration.cases.reader import Indexed
from integration.facts import as_logged

INTERVAL_SECONDS = 1.0
BATCH = 500
LEFT_ALONE_SECONDS = 60.0
_SHORTEST_SLEEP = 0.05

log = logs.get(__name__)


def sweep(ledger: Ledger, *, monotonic: Callable[[], float] = time.monotonic) -> float:
    """Queue what is due and may go; the seconds until it is worth looking again."""
    asked = monotonic()
    outlook, plan = ledger.lanes.outlook(), Plan()
    if ledger.clock.has_jumped(outlook.now, asked=asked, answered=monotonic()):
        log.warning("Redis' clock has jumped, every ticket waits until what was under way has come to its end")
    for case in ledger.reader.overdue(BATCH):
        _decide(case, outlook, plan)
    pauses = [pause for place in outlook.notes if (pause := _release_notes(ledger, outlook, plan, place)) is not None]
    if plan.queue:
        queued = ledger.reader.queued()
        plan.queue = [job for job in plan.queue if job not in queued]
    if plan != Plan():
        ledger.carry_out(plan)
    for key, state in plan.queue:
        log.debug("job queued by the sweeper", **as_logged(key), state=str(state))
    return min([INTERVAL_SECONDS, *pauses])


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
    return max(outlook.notes_at(place) - outlook.now, _SHORTEST_SLEEP, outlook.notes[place].interval)
