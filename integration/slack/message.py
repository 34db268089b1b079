"""A note as a message of Slack's, and how ours is known again; no I/O.

- The text goes as one `markdown` block of 11,000 characters at most; `text` is what notifications show. Neither calls
  anybody, and no link gets a preview.
- `metadata` holds the note's marker and a hash of the case's key: every app in the channel can read it.

https://docs.slack.dev/reference/methods/chat.postMessage
https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from integration.facts import CaseKey
from integration.json_body import object_at
from integration.note import Note, marker, slack
from integration.note.text import as_text, shortened

MAX_CHARACTERS: Final = slack.MAX_CHARACTERS
SHORTER: Final = 2_900  # characters that every kind of block may have, for a note that Slack calls too large
EVENT_TYPE: Final = "logrocket_highlights_posted"
_NOTIFICATION: Final = 150  # characters
_MENTION: Final = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # all that Slack wants escaped, and no more


def of(key: CaseKey, note: Note, *, max_characters: int = MAX_CHARACTERS) -> dict[str, Any]:
    """All of the message but its channel."""
    return {
        "text": _notification(note),
        "blocks": [{"type": "markdown", "text": slack.render(note, max_characters=max_characters)}],
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {"case": opaque(key), "marker": as_text(note.last_line)},
        },
    }


def opaque(key: CaseKey) -> str:
    """The case's key in a form that tells nobody anything: a survey's id may be of its person."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def holds_one_of(message: Mapping[str, Any], markers: Sequence[str]) -> bool:
    """Whether a message holds one of these markers, in its metadata or where people read it."""
    return _payload(message).get("marker") in markers or marker.one_is_in(_texts(message), markers)


def is_of(message: Mapping[str, Any], key: CaseKey) -> bool:
    """Whether a message's metadata says that it is a note of the case."""
    return _payload(message).get("case") == opaque(key)


def posted_at(message: Mapping[str, Any]) -> float:
    """When a message was posted, in Unix seconds; infinitely late when it does not say, so that it counts."""
    try:
        return float(message["ts"])
    except (KeyError, TypeError, ValueError):
        return math.inf


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What our metadata says; empty when it is not ours."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return {}
    return object_at(metadata, "event_payload")


def _texts(part: object) -> Iterator[str]:
    """Every text in a message: Slack gives a `markdown` block back as nested elements of rich text."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for name, inner in part.items():
            if name in ("blocks", "elements", "text"):
                yield from _texts(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _texts(inner)


def _notification(note: Note) -> str:
    """What a notification shows: what the note is about, and nothing of the person."""
    about = f"LogRocket Galileo Highlights{f': {note.subject}' if note.subject else ''}"
    text = shortened(about, _NOTIFICATION) if len(about) > _NOTIFICATION else about
    return _MENTION.sub(r"\g<0> ", text).translate(_ENTITIES)
