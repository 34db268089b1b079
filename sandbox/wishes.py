"""What a request for highlights must look like."""

from __future__ import annotations

from typing import Any

from sandbox.outbound import NotLoopback, require_loopback


def problem_of(wish: dict[str, Any]) -> str | None:
    """Say what is wrong with a request, None when it is fine."""
    if not any(name in wish for name in ("userEmail", "userID")):
        return "one of userEmail or userID is required"
    for name in ("userEmail", "userID", "webhookURL"):
        if name in wish and not (isinstance(wish[name], str) and wish[name].strip()):
            return f"{name} must be a string that is not blank"
    if not isinstance(wish.get("question", ""), str):
        return "question must be a string"
    return _time_range_problem(wish.get("timeRange")) or _webhook_problem(wish.get("webhookURL"))


def _time_range_problem(wanted: object) -> str | None:
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        return "timeRange must be an object"
    start, end = (wanted.get(name) for name in ("startMs", "endMs"))
    if not (type(start) is int and type(end) is int):
        return "timeRange.startMs and timeRange.endMs must be integers"
    return None if start < end else "timeRange.startMs must be smaller than timeRange.endMs"


def _webhook_problem(url: str | None) -> str | None:
    try:
        require_loopback(url or "http://127.0.0.1/")
    except NotLoopback as exc:
        return f"webhookURL: {exc}"
    return None
