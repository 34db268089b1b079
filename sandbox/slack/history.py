"""What `conversations.history` shows of a channel: pages, newest first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from sandbox.slack.refused import Refused

DEFAULT: Final = 100
MOST: Final = 999
SOLD: Final = 15  # for an app that is sold outside of Slack's Marketplace


def page(messages: Sequence[dict[str, Any]], asked: dict[str, Any], *, most: int) -> dict[str, Any]:
    """Return one page."""
    oldest, limit = _number(asked.get("oldest", "0"), "invalid_ts_oldest"), _limit(asked.get("limit", DEFAULT), most)
    newest_first = [message for message in reversed(messages) if float(message["ts"]) > oldest]
    start = _start(newest_first, str(asked.get("cursor", "")))
    shown = newest_first[start : start + limit]
    whole = str(asked.get("include_all_metadata", "")).lower() in ("true", "1")
    told: dict[str, Any] = {"messages": [_shown(message, whole=whole) for message in shown], "pin_count": 0}
    told["has_more"] = start + limit < len(newest_first)
    if told["has_more"]:
        cursor = base64.b64encode(f"next_ts:{shown[-1]['ts']}".encode()).decode()
        told["response_metadata"] = {"next_cursor": cursor}
    return told


def _shown(message: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """A message, its Markdown as rich text; of its metadata the type alone, unless all of it is asked for."""
    shown = message | {"blocks": [_rich(block) for block in message.get("blocks", [])]}
    if whole or "metadata" not in message:
        return shown
    return shown | {"metadata": {"event_type": message["metadata"]["event_type"]}}


def _rich(block: dict[str, Any]) -> dict[str, Any]:
    """A block as Slack keeps it: a `markdown` block becomes paragraphs of rich text."""
    if block.get("type") != "markdown":
        return block
    texts = [{"type": "text", "text": text} for text in str(block["text"]).split("\n\n")]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text]} for text in texts]}


def _start(newest_first: Sequence[dict[str, Any]], cursor: str) -> int:
    if not cursor:
        return 0
    try:
        last = base64.b64decode(cursor, validate=True).decode().removeprefix("next_ts:")
        return sum(float(message["ts"]) >= float(last) for message in newest_first)
    except (binascii.Error, ValueError):
        raise Refused("invalid_cursor") from None


def _limit(asked: object, most: int) -> int:
    limit = int(_number(asked, "invalid_limit"))
    if not 1 <= limit <= MOST:
        raise Refused("invalid_limit")
    return min(limit, most)


def _number(asked: object, otherwise: str) -> float:
    try:
        return float(str(asked))
    except ValueError:
        raise Refused(otherwise) from None
