"""A message's Markdown block as people see it in the channel: Slack shows what Markdown makes of it, and no HTML."""

from __future__ import annotations

from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

_READER: Final = MarkdownIt("commonmark", {"html": False})


def as_html(markdown: str) -> Markup:
    """Return the block's HTML: tags in the text are escaped, and links lead to the web alone."""
    return Markup(_READER.render(markdown))  # noqa: S704 -- escaped there
