"""Jobs: what Zendesk does to several tickets in the background, and how it tells of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.zendesk.records import now


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job; here it has ended by the time that anybody asks."""

    ticket_ids: tuple[int, ...]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    completed_at: datetime = field(default_factory=now)


def queued(job: Job, *, account_url: str) -> dict[str, Any]:
    """Write a job as whoever began it is told of it."""
    unknown = dict.fromkeys(("total", "progress", "message", "results"))
    return {"id": job.id, "url": f"{account_url}/api/v2/job_statuses/{job.id}.json", "status": "queued"} | unknown


def completed(job: Job, *, account_url: str) -> dict[str, Any]:
    """Write a job that has come to its end."""
    results = [{"id": number, "action": "update", "status": "Updated", "success": True} for number in job.ticket_ids]
    return queued(job, account_url=account_url) | {
        "status": "completed",
        "total": len(results),
        "progress": len(results),
        "message": f"Completed at {job.completed_at:%Y-%m-%d %H:%M:%S} +0000",
        "results": results,
    }
