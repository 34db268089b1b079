"""The sweeper: the one clock behind retries, polls and recovery.

About once a second it looks for entries whose time has come and queues the job that their state calls for. Several
sweepers on several machines do no harm: a job that is queued twice finds nothing to claim the second time.
"""

from __future__ import annotations

from integration import logs
from integration.ledger import QUEUED_JOB_LOST_SECONDS, Ledger, Overdue
from integration.queues import STEPS

INTERVAL_SECONDS = 1.0
BATCH = 500
NEWER_ENTRY_SECONDS = 60.0

log = logs.get(__name__)


def sweep(ledger: Ledger) -> int:
    """Queue what is due; how many jobs that were."""
    overdue = ledger.overdue(BATCH)
    if not overdue:
        return 0
    now, queued = ledger.now(), ledger.queued()
    due = {each.ticket_id: _look_again(each, now) for each in overdue}
    queue = [
        (each.ticket_id, each.entry.state)
        for each in overdue
        if each.entry is not None and _to_queue(each, now) and each.ticket_id not in queued
    ]
    gone = [each.ticket_id for each in overdue if each.entry is None and not each.newer]
    ledger.put_off(due, queue=queue, forget=gone)
    for ticket_id, state in queue:
        log.debug("job queued by the sweeper", ticket_id=ticket_id, state=str(state))
    return len(queue)


def _to_queue(each: Overdue, now: float) -> bool:
    return each.entry is not None and each.entry.state in STEPS and each.entry.wait_until <= now


def _look_again(each: Overdue, now: float) -> float:
    if each.newer:
        return now + NEWER_ENTRY_SECONDS
    if each.entry is not None and each.entry.wait_until > now:
        return each.entry.wait_until
    return now + QUEUED_JOB_LOST_SECONDS
