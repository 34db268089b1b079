"""What the runner shows in a terminal: a ticket and its note as plain text."""

from __future__ import annotations

import re
import textwrap
from html.parser import HTMLParser
from typing import Final

WIDTH: Final = 96
_BLOCKS: Final = {"p", "div", "ul", "ol", "blockquote", "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6"}
_MARKS: Final = {"code": "`", "strong": "*", "b": "*"}


def note_as_text(html_body: str) -> str:
    """Return a note as it reads without a browser: its links are numbered and listed at the end."""
    reader = _Reader()
    reader.feed(html_body)
    reader.close()
    text = re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()
    addresses = [f"[{number}] {address}" for number, address in enumerate(reader.addresses, 1)]
    return "\n".join([*(_wrapped(line) for line in text.splitlines()), "", *addresses]).strip()


def indented(text: str) -> str:
    """Set a text off from what is around it."""
    return textwrap.indent(text, "    ", lambda _line: True).replace("    \n", "\n")


def _wrapped(line: str) -> str:
    hanging = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)


class _Reader(HTMLParser):
    """Collects the words of a note and the addresses behind them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.addresses.append(dict(attrs).get("href") or "")
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        self.parts.append(_MARKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.parts.append(f" [{len(self.addresses)}]")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        self.parts.append(_MARKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
