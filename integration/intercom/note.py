"""The note as Intercom takes it: HTML with the few tags that its notes are known to keep; no I/O.

Intercom rewrites what it is sent, and keeps neither comments nor attributes for certain: the marker is text that people
see. How long a note may be is not documented.
https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/replyconversation
"""

from __future__ import annotations

from typing import Final

from integration.note import Note, html

MAX_BYTES: Final = 10_000
# What a text says is escaped: each of these is a tag of our own.
_KEPT: Final = {
    "<strong>": "<b>",
    "</strong>": "</b>",
    "<em>": "<i>",
    "</em>": "</i>",
    "<code>": "",
    "</code>": "",
    "<blockquote>": "<ul><li>",
    "</blockquote>": "</li></ul>",
}


def render(note: Note) -> str:
    """The note's HTML."""
    rendered = html.render(note, max_bytes=MAX_BYTES)
    for tag, kept in _KEPT.items():
        rendered = rendered.replace(tag, kept)
    return rendered
