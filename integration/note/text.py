"""A block as plain text: what is left of it where its markup is too long."""

from __future__ import annotations

from integration.note.document import Block, lines


def as_text(block: Block) -> str:
    """The text of a block: its lines, those of a list behind their numbers and bullets."""
    return "\n".join(marker + line.text if line.text.strip() else "" for marker, line in lines(block))
