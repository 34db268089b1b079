"""A document's blocks as plain text."""

from __future__ import annotations

from integration.note.document import Block, lines


def render(block: Block) -> str:
    """The text of a block: its lines, those of a list behind their numbers and bullets."""
    return "\n".join(marker + line.text if line.text.strip() else "" for marker, line in lines(block))
