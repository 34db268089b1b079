"""The note as Zendesk takes it: HTML for a comment, of which Zendesk's placeholders and its limit ask more; no I/O.

- Zendesk renders `{{placeholders}}` and `{% tags %}` in comments. No brace is left next to anything: `{ {`.
- Zendesk cuts comments over 64 kB without a word. Notes stay below that, and say so when something was left out.
"""

from __future__ import annotations

from typing import Final

from integration.note import html
from integration.note.document import Note

MAX_BYTES: Final = 60_000


def render(note: Note) -> str:
    """The note's HTML."""
    return html.render(note, max_bytes=MAX_BYTES, adapt=_with_braces_apart)


def _with_braces_apart(text: str) -> str:
    """A text whose braces have a space to their inner side, so that no two become a placeholder."""
    return text.replace("{", "{ ").replace("}", " }")
