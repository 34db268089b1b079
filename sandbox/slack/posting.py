"""What `chat.postMessage` takes, and what it makes of it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from sandbox.slack.refused import Refused

if TYPE_CHECKING:
    from sandbox.slack import Channel, Slack

MAX_MARKDOWN: Final = 12_000  # characters of all markdown blocks together
MAX_TEXT: Final = 40_000  # over it, Slack cuts in silence
MAX_SECTION: Final = 3_000
MAX_BLOCKS: Final = 50


def posted(slack: Slack, channel: Channel, asked: dict[str, Any]) -> dict[str, Any]:
    """Post a message; what is answered."""
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.restricted:
        raise Refused("restricted_action")
    blocks = _blocks(asked.get("blocks", []))
    text = str(asked.get("text", ""))
    if not text and not blocks:
        raise Refused("no_text")
    if slack.limited:
        _at_most_one_a_second(channel)
    message = {
        "type": "message",
        "ts": slack.next_ts(),
        "user": slack.user_id,
        "bot_id": slack.bot_id,
        "app_id": slack.app_id,
        "team": "T0ACME",
        "text": text[:MAX_TEXT],
        "blocks": blocks,
        "unfurls": asked.get("unfurl_links") is not False or asked.get("unfurl_media") is not False,
    }
    if "metadata" in asked:
        message["metadata"] = _metadata(asked["metadata"])
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def _blocks(asked: object) -> list[dict[str, Any]]:
    if not isinstance(asked, list) or not all(isinstance(block, dict) for block in asked):
        raise Refused("invalid_blocks_format")
    for block in asked:
        if block.get("type") not in ("markdown", "section", "divider"):
            raise Refused("invalid_blocks")
        if block["type"] == "section" and len(str(block.get("text", {}).get("text", ""))) > MAX_SECTION:
            raise Refused("invalid_blocks")
    markdown = [str(block.get("text", "")) for block in asked if block["type"] == "markdown"]
    if sum(map(len, markdown)) > MAX_MARKDOWN or sum(map(_made_of, markdown)) + len(asked) > MAX_BLOCKS:
        raise Refused("msg_blocks_too_long")
    return asked


def _made_of(markdown: str) -> int:
    """How many blocks of its own Slack makes of a text: a heading, a rule and what follows are one each."""
    return 2 * len(re.findall(r"^(?:#{1,6} |-{3,}$|\*{3,}$)", markdown, re.MULTILINE))


def _metadata(asked: object) -> dict[str, Any]:
    if not isinstance(asked, dict) or not isinstance(asked.get("event_payload"), dict):
        raise Refused("invalid_metadata_format")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", str(asked.get("event_type", ""))):
        raise Refused("invalid_metadata_schema")
    return asked


def _at_most_one_a_second(channel: Channel) -> None:
    now = time.monotonic()
    while channel.posted_at and now - channel.posted_at[0] >= 1:
        channel.posted_at.popleft()
    if channel.posted_at:
        raise Refused("ratelimited", retry_after=1)
    channel.posted_at.append(now)
