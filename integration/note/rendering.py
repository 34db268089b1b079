"""A note's HTML out of LogRocket's highlights: blocks, lines, and the cut where they are too long."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain

import nh3
from markdown_it.token import Token

from integration.entry import marker
from integration.logrocket.results import Highlights, Session
from integration.note.characters import clean
from integration.note.links import Project, apart, defanged, safe_href
from integration.note.markdown import LINES, MAX_CHARACTERS, first_lines, markers, number, parse

MAX_BYTES = 60_000
MARKER_TEXT = "Highlights request "
TAGS = frozenset({"p", "br", "strong", "em", "code", "ul", "ol", "li", "a", "blockquote"})

_HEADING = "<p><strong>What the requester did before this ticket</strong> (LogRocket Galileo Highlights)</p>"
_WRITTEN_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # as tables have it, whose cells cannot hold another


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of the note: its HTML, and its text for when it has to be shortened."""

    html: str
    text: str


def render(
    highlights: Highlights, *, request_id: str, project: Project, email: str | None, external_id: str | None
) -> str:
    """The note's HTML: at most `MAX_BYTES` of UTF-8, its last line the marker of the request that it tells of."""
    source, left_out = _limited(highlights)
    sessions = (_session_line(each, project) for each in source.sessions if each.place or each.text.strip())
    blocks = chain(_blocks(source.summary, project), sessions)
    everything = html.escape(safe_href(project.sessions(email=email, external_id=external_id)))
    cut_line = f'<p>This note was cut: <a href="{everything}">all sessions of the requester</a></p>'
    last_line = f"<p>{MARKER_TEXT}{html.escape(_safe_text(marker(request_id)))}</p>"
    budget = MAX_BYTES - _size(_HEADING + last_line)
    taken, fits = _taken(blocks, budget)
    if fits and not left_out:
        body = "".join(block.html for block in taken)
    else:
        body = _cut(taken, budget - _size(cut_line)) + cut_line
    return _sanitised(_HEADING + body + last_line)


def _limited(highlights: Highlights) -> tuple[Highlights, bool]:
    """The part of the Markdown that is worth reading, the summary first, and whether some was left out."""
    budget = MAX_CHARACTERS
    summary = first_lines(highlights.summary[:budget])
    budget -= len(summary)
    sessions = []
    for session in highlights.sessions[:100]:
        text = first_lines(session.text[:budget])
        budget -= len(text)
        sessions.append(dataclasses.replace(session, text=text))
    limited = Highlights(summary=summary, sessions=tuple(sessions))
    return limited, limited != highlights


def _taken(blocks: Iterable[Block], budget: int) -> tuple[list[Block], bool]:
    """The blocks up to the first that does not fit into `budget` bytes, and whether all fit; no others are made."""
    taken = []
    for block in blocks:
        taken.append(block)
        budget -= _size(block.html)
        if budget < 0:
            return taken, False
    return taken, True


def _cut(blocks: Iterable[Block], budget: int) -> str:
    """The blocks that fit into `budget` bytes; one that would never fit is shortened to what is left."""
    kept, left = "", budget
    for block in blocks:
        if _size(block.html) > left:
            return kept + (_shortened(block.text, left) if _size(block.html) > budget else "")
        kept += block.html
        left -= _size(block.html)
    return kept


def _shortened(text: str, budget: int) -> str:
    """As much of a block's text as fits, without its links, cut between words where it can be."""
    budget -= _size("<p>…</p>")
    end = 0
    for character in text:
        budget -= _size(_escaped(character))
        if budget < 0:
            break
        end += 1
    words = text[:end].rsplit(maxsplit=1)
    return f"<p>{_escaped(words[0])}…</p>" if words else ""


# -- Blocks


def _blocks(markdown: str, project: Project) -> Iterator[Block]:
    """One block for each block of the Markdown that has text."""
    current: list[Token] = []
    for token in parse(markdown):
        current.append(token)
        if token.level == 0 and token.nesting <= 0:
            block = _block(current, project)
            current = []
            if block.text.strip():
                yield block


def _block(tokens: Iterable[Token], project: Project) -> Block:
    shown, texts = [], []
    for token in tokens:
        if token.type in LINES:
            line = _line(token, project)
            numbered = number(token) + line.html
            shown.append(numbered if token.type == "inline" else f"<p>{numbered}</p>")
            texts.append(markers(token) + line.text if line.text.strip() else "")
        elif token.type in ("heading_open", "heading_close"):
            shown.append("<p><strong>" if token.nesting > 0 else "</strong></p>")
        elif token.tag in TAGS and not token.hidden:
            shown.append(f"<{token.tag}>" if token.nesting > 0 else f"</{token.tag}>")
    return Block(html=_sanitised("".join(shown)), text="\n".join(texts))


def _session_line(session: Session, project: Project) -> Block:
    """The replay link, then the session's text, as one paragraph whatever blocks it is made of."""
    shown, texts = [], []
    for token in parse(session.text):
        if token.type in LINES and (line := _line(token, project)).text.strip():
            shown.append(markers(token) + line.html)
            texts.append(markers(token) + line.text)
    url = project.replay(session)
    lead = "Session" if url is None else f'<a href="{html.escape(safe_href(url))}">Session replay</a>'
    return Block(
        html=_sanitised(f"<p>{lead}: {'<br>'.join(shown)}</p>" if shown else f"<p>{lead}</p>"),
        text="\n".join([f"Session{' replay' if url else ''}: {texts[0] if texts else ''}", *texts[1:]]),
    )


# -- Lines


def _line(token: Token, project: Project) -> Block:
    """What stands on the lines of one block, without the block's own tags."""
    if token.type == "inline":
        pieces = list(_pieces(token.children or (), project))
    else:
        pieces = [("code", ""), ("text", clean(token.content.rstrip("\n"))), ("/code", "")]
    texts = [text for kind, text in pieces if kind == "text"]
    characters = defanged("".join(texts), project, seams=list(accumulate(map(len, texts))))
    shown, at = [], 0
    for kind, value in pieces:
        if kind == "text":
            shown.append(_escaped("".join(characters[at : at + len(value)])))
            at += len(value)
        elif kind == "a":
            shown.append(f'<a href="{html.escape(value)}">')
        else:
            shown.append(f"<{kind}>")
    return Block(html="".join(shown), text="".join(characters))


def _pieces(tokens: Iterable[Token], project: Project) -> Iterator[tuple[str, str]]:
    """The tags (`a` with its address) and the cleaned texts of a line, in order."""
    inside_link = False
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            inside_link = project.holds(href)
            if inside_link:
                yield "a", safe_href(href)
        elif token.type == "link_close":
            if inside_link:
                yield "/a", ""
        elif token.type in ("strong_open", "em_open", "strong_close", "em_close"):
            yield ("/" if token.nesting < 0 else "") + token.tag, ""
        elif token.type == "code_inline":
            yield from (("code", ""), ("text", clean(token.content)), ("/code", ""))
        else:
            yield "text", clean(_text_of(token))


def _text_of(token: Token) -> str:
    """The text of a token; of an image, its description."""
    if token.children:
        return "".join(_text_of(each) for each in token.children)
    return "\n" if token.type in ("softbreak", "hardbreak") else _WRITTEN_BREAK.sub("\n", token.content)


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _safe_text(text: str) -> str:
    return "".join(map(apart, clean(text)))


def _sanitised(text: str) -> str:
    return nh3.clean(text, tags=set(TAGS), attributes={"a": {"href"}}, link_rel=None, url_schemes={"https", "http"})


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
