"""Times as Zendesk writes them, and as Unix seconds (pure)."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: float) -> str:
    """A Unix time as Zendesk writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix(text: object) -> float | None:
    """The Unix time that Zendesk's text stands for; None when it is none."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
