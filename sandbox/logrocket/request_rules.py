"""What a request for highlights must look like: what is wrong with one, in the words of the answer."""

from __future__ import annotations

from typing import Any

from sandbox.outbound import NotLoopback, require_loopback


def problem_of(asked: dict[str, Any], *, knows_question: bool = True) -> str | None:
    """Say what is wrong with a request, None when it is fine. An older API does not know the field `question`."""
    if not any(name in asked for name in ("userEmail", "userID")):
        return "one of userEmail or userID is required"
    for name in ("userEmail", "userID", "webhookURL"):
        if name in asked and not (isinstance(asked[name], str) and asked[name].strip()):
            return f"{name} must be a string that is not blank"
    if "question" in asked and not knows_question:
        return "unknown field: question"
    if not isinstance(asked.get("question", ""), str):
        return "question must be a string"
    return _time_range_problem(asked.get("timeRange")) or _webhook_problem(asked.get("webhookURL"))


def _time_range_problem(time_range: object) -> str | None:
    if time_range is None:
        return None
    if not isinstance(time_range, dict):
        return "timeRange must be an object"
    start, end = (time_range.get(name) for name in ("startMs", "endMs"))
    if not (type(start) is int and type(end) is int):
        return "timeRange.startMs and timeRange.endMs must be integers"
    return None if start < end else "timeRange.startMs must be smaller than timeRange.endMs"


def _webhook_problem(url: str | None) -> str | None:
    try:
        require_loopback(url or "http://127.0.0.1/")
    except NotLoopback as exc:
        return f"webhookURL: {exc}"
    return None
