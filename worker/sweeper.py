"""The sweeper: the one clock behind retries, polls and recovery.

About once a second it looks for entries whose time has come and queues the job that their state calls for. Several
sweepers on several machines do no harm: a job that is queued twice finds nothing to claim the second time.
Notes leave in the order in which they became ready, as fast as Zendesk's limits let them: the sweeper queues the first
of the line when the lane is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from integration import logs
from integration.cases.entry import State
from integration.cases.lanes import Outlook
from integration.cases.ledger import QUEUED_JOB_LOST_SECONDS, Ledger, Overdue, Plan

INTERVAL_SECONDS = 1.0
BATCH = 500
NEWER_ENTRY_SECONDS = 60.0
_SHORTEST_SLEEP = 0.05

log = logs.get(__name__)


def sweep(ledger: Ledger, *, monotonic: Callable[[], float] = time.monotonic) -> float:
    """Queue what is due and may go; the seconds until it is worth looking again."""
    asked = monotonic()
    outlook, plan = ledger.lanes.outlook(), Plan()
    if ledger.watch_clock(outlook.now, asked=asked, answered=monotonic()):
        log.warning("Redis' clock has jumped, every ticket waits until what was under way has come to its end")
    for each in ledger.overdue(BATCH):
        _decide(each, outlook, plan)
    waiting_notes = _release_notes(ledger, outlook, plan)
    if plan.queue:
        queued = ledger.queued()
        plan.queue = [job for job in plan.queue if job not in queued]
    if plan != Plan():
        ledger.put_off(plan)
    for ticket_id, state in plan.queue:
        log.debug("job queued by the sweeper", ticket_id=ticket_id, state=str(state))
    if not waiting_notes:
        return INTERVAL_SECONDS
    return min(max(outlook.notes_at - outlook.now, _SHORTEST_SLEEP, outlook.interval), INTERVAL_SECONDS)


def _decide(each: Overdue, outlook: Outlook, plan: Plan) -> None:
    """What is to be done about one ticket whose time has come."""
    entry = each.entry
    if entry is None:
        if each.newer:
            log.info("entry left alone, this release cannot read it", ticket_id=each.ticket_id)
            plan.due[each.ticket_id] = outlook.now + NEWER_ENTRY_SECONDS
        else:
            plan.gone.append(each.ticket_id)
        return
    plan.due[each.ticket_id] = outlook.now + QUEUED_JOB_LOST_SECONDS
    if entry.wait_until > outlook.now:
        plan.due[each.ticket_id] = entry.wait_until
    elif entry.state is State.READY:
        plan.line[each.ticket_id] = max(entry.entered_at, entry.not_before)  # who was refused lets others go first
    elif outlook.opens_at(entry) > outlook.now:
        plan.due[each.ticket_id] = outlook.opens_at(entry)
    elif entry.state is State.REQUESTED or len(plan.queue) < outlook.free_requests:
        plan.queue.append((each.ticket_id, entry.state))


def _release_notes(ledger: Ledger, outlook: Outlook, plan: Plan) -> bool:
    """Queue the first of the line when the lane is open; whether there is a line."""
    line = ledger.first_in_line(max(outlook.free_notes, 1))
    for each in line:
        if each.entry is None or each.entry.state is not State.READY:
            plan.not_in_line.append(each.ticket_id)
        elif outlook.free_notes:
            plan.queue.append((each.ticket_id, State.READY))
    return bool(line)
