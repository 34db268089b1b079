"""What Zendesk makes of a comment's text: what it keeps, renders, links and cuts off.

The order is the strict one where Zendesk does not document it: first the HTML is sanitised (which turns
entities such as `&#123;` into characters), then placeholders are rendered, then bare addresses become links.
A note that survives this survives the real service in either order.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

import nh3

from sandbox.zendesk.placeholders import render

MAX_BYTES: Final = 64 * 1024
"""Longer comments are cut off here, without an error."""

_TAGS: Final = frozenset(
    "p br b strong i em u s del sub sup code pre ul ol li a blockquote hr h1 h2 h3 h4 h5 h6 "  # noqa: SIM905  # shorter
    "table thead tbody tr th td div span dl dt dd".split()
)
_ATTRIBUTES: Final = {"a": {"href", "title"}}
_SCHEMES: Final = {"http", "https", "mailto", "tel"}
_BLOCKS: Final = {
    "p",
    "div",
    "ul",
    "ol",
    "blockquote",
    "pre",
    "table",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
}
_CODE: Final = re.compile(r"(<(code|pre)\b[^>]*>.*?</\2>)", re.DOTALL)
_ELEMENT: Final = re.compile(r"(<[^>]*>)")
_ADDRESS: Final = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"']+", re.IGNORECASE)
_TRAILING: Final = ".,:;!?)]}"


@dataclass(frozen=True)
class Text:
    """A comment's text in the three forms in which Zendesk tells it."""

    html_body: str
    body: str
    plain_body: str


def from_html(source: str, placeholders: Mapping[str, str]) -> Text:
    """Return what Zendesk stores for an `html_body`."""
    kept = _sanitised(truncated(source))
    parts = _CODE.split(kept)
    # re.split yields: text, whole code element, its tag name, text, ...; nothing is rendered inside code.
    rendered = [
        part if kind == 1 else render(part, placeholders, escape=html.escape)
        for kind, part in ((index % 3, part) for index, part in enumerate(parts))
        if kind != 2  # the tag name alone
    ]
    return _stored(_sanitised("".join(rendered)))


def from_text(source: str, placeholders: Mapping[str, str]) -> Text:
    """Return what Zendesk stores for a `body`: its HTML is stripped, its Markdown stays as it is."""
    bare = html.unescape(nh3.clean(truncated(source), tags=set()))
    shown = render(bare, placeholders)
    paragraphs = [
        html.escape(block, quote=False).replace("\n", "<br>") for block in re.split(r"\n{2,}", shown) if block
    ]
    return _stored("".join(f"<p>{block}</p>" for block in paragraphs))


def truncated(source: str) -> str:
    """Cut a text off at the limit, measured in UTF-8 bytes."""
    return source.encode("utf-8", "ignore")[:MAX_BYTES].decode("utf-8", "ignore")


def _sanitised(source: str) -> str:
    return nh3.clean(source, tags=set(_TAGS), attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None)


def _stored(fragment: str) -> Text:
    linked = _linked(fragment)
    plain = _plain(linked)
    return Text(f'<div class="zd-comment" dir="auto">{linked}</div>', plain, plain)


def _linked(fragment: str) -> str:
    """Make links of the bare addresses outside of links."""
    inside, out = False, []
    for part in _ELEMENT.split(fragment):
        if part.startswith("<"):
            inside = (inside or part.startswith("<a ")) and part != "</a>"
        elif not inside:
            part = _ADDRESS.sub(_link, part)  # noqa: PLW2901  # the same part, linked
        out.append(part)
    return "".join(out)


def _link(match: re.Match[str]) -> str:
    address = match[0].rstrip(_TRAILING)
    target = address if "://" in address else f"http://{address}"
    return f'<a href="{target}">{address}</a>{match[0][len(address) :]}'


def _plain(fragment: str) -> str:
    reader = _PlainText()
    reader.feed(fragment)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()


class _PlainText(HTMLParser):
    """Collects the words of a comment, with line breaks where the eye sees them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the base's
        if tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
