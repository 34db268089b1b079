"""The internal note: LogRocket's Markdown becomes small, safe HTML; no I/O.

LogRocket's text quotes what users and web pages say: it is hostile until it has been through here.

- CommonMark without raw HTML, then sanitised to a few tags; images become their text.
- A link stays one only when it leads to LogRocket. Zendesk makes links of bare URLs again, so other URLs that stand in
  the text are broken up: `https[:]//evil[.]example`.
- Zendesk renders `{{placeholders}}` and `{% tags %}` in comments. No brace is left next to anything: `{ {`.
- Zendesk cuts comments over 64 kB without a word. Notes stay below that, and say so when something was left out.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from urllib.parse import urlencode, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from integration.entry import marker
from integration.logrocket.results import Highlights, Session

MAX_BYTES = 60_000
MARKER_TEXT = "Highlights request "
TAGS = frozenset({"p", "br", "strong", "em", "code", "ul", "ol", "li", "a", "blockquote"})

_MAX_MARKDOWN = 60_000  # characters that are read at all: more could not be shown
_MAX_LINES = 5_000  # likewise: each may become a block, which costs the parser time
_MAX_BRACKETS = 5_000  # that may begin a link: each costs the parser time
_HEADING = "<p><strong>What the requester did before this ticket</strong> (LogRocket Galileo Highlights)</p>"
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|{}-]+")
_URL_LIKE = re.compile(
    r"//|www\.|mailto:"
    r"|[\w-]\.(?=[\w-]*[^\W\d])[\w-]{2,}(?::[0-9]+)?[/?#]"  # a domain of any script, with a path
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?[/?#]",
    re.IGNORECASE,
)
_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 100})


@dataclass(frozen=True, kw_only=True)
class Project:
    """The LogRocket project whose sessions a note links to."""

    app_url: str
    org: str
    app: str

    @property
    def url(self) -> str:
        """The project's own address."""
        return f"{self.app_url}/{self.org}/{self.app}"

    def replay(self, session: Session) -> str:
        """Where a session is replayed."""
        return f"{self.url}/s/{session.recording_id}/{session.session_id}"

    def sessions(self, *, email: str | None, external_id: str | None) -> str:
        """Where all sessions of a person are listed."""
        return f"{self.url}/sessions?{urlencode({'e': email} if email else {'u': external_id or ''})}"

    def holds(self, url: str) -> bool:
        """Whether `url` leads to LogRocket's own pages, whichever way a browser may read it."""
        if not _URL_CHARACTERS.fullmatch(url):
            return False
        try:
            found, own = urlsplit(url), urlsplit(self.app_url)
        except ValueError:
            return False
        if (found.scheme, found.netloc.lower()) != (own.scheme, own.netloc.lower()):
            return False
        if {".."} & set(re.sub("%2e", ".", found.path, flags=re.IGNORECASE).split("/")):
            return False
        return found.path == own.path or found.path.startswith(own.path + "/")


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
    sessions = (_session_line(each, project) for each in source.sessions)
    blocks = chain(_blocks(source.summary, project), sessions)
    everything = html.escape(_safe_href(project.sessions(email=email, external_id=external_id)))
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
    budget = _MAX_MARKDOWN
    summary = _first_lines(highlights.summary[:budget])
    budget -= len(summary)
    sessions = []
    for each in highlights.sessions[:100]:
        text = _first_lines(each.text[:budget])
        budget -= len(text)
        sessions.append(Session(recording_id=each.recording_id, session_id=each.session_id, text=text))
    limited = Highlights(summary=summary, sessions=tuple(sessions))
    return limited, limited != highlights


def _first_lines(text: str) -> str:
    return "\n".join(text.split("\n", _MAX_LINES)[:_MAX_LINES])


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
        budget -= _size(html.escape(character))
        if budget < 0:
            break
        end += 1
    words = text[:end].rsplit(maxsplit=1)
    return f"<p>{html.escape(words[0])}…</p>" if words else ""


# -- Markdown


def _parse(markdown: str) -> list[Token]:
    if markdown.count("[") > _MAX_BRACKETS:
        markdown = markdown.replace("[", "\\[")
    return _PARSER.parse(markdown)


def _blocks(markdown: str, project: Project) -> Iterator[Block]:
    """One block for each block of the Markdown that has text."""
    current: list[Token] = []
    for token in _parse(markdown):
        current.append(token)
        if token.level == 0 and token.nesting <= 0:
            block = _block(current, project)
            current = []
            if block.text.strip():
                yield block


def _session_line(session: Session, project: Project) -> Block:
    """The replay link, then the session's text, as one paragraph whatever blocks it is made of."""
    lines = [block for token in _parse(session.text) if (block := _line(token, project)).text.strip()]
    url = _safe_href(project.replay(session))
    link = f'<a href="{html.escape(url)}">Session replay</a>'
    shown = "<br>".join(line.html for line in lines)
    return Block(
        html=_sanitised(f"<p>{link}: {shown}</p>" if lines else f"<p>{link}</p>"),
        text=f"Session replay: {' '.join(line.text for line in lines)}",
    )


def _block(tokens: Iterable[Token], project: Project) -> Block:
    shown, texts = [], []
    for token in tokens:
        if token.type in ("inline", "fence", "code_block"):
            line = _line(token, project)
            alone = token.level == 0  # a code block is a paragraph of its own
            shown.append(f"<p>{line.html}</p>" if alone else line.html)
            texts.append(line.text)
        elif token.type in ("heading_open", "heading_close"):
            shown.append("<p><strong>" if token.nesting > 0 else "</strong></p>")
        elif token.tag in TAGS and not token.hidden:
            shown.append(f"<{token.tag}>" if token.nesting > 0 else f"</{token.tag}>")
    return Block(html=_sanitised("".join(shown)), text=" ".join(texts))


def _line(token: Token, project: Project) -> Block:
    """What stands on the lines of one block, without the block's own tags."""
    if token.type in ("fence", "code_block"):
        pieces = [("code", ""), ("text", _clean(token.content.rstrip("\n"))), ("/code", "")]
    else:
        pieces = list(_pieces(token.children or (), project))
    texts = [text for kind, text in pieces if kind == "text"]
    text = "".join(texts)
    defanged = _defanged(text, project, seams=list(accumulate(map(len, texts))))
    shown, at = [], 0
    for kind, value in pieces:
        if kind == "text":
            own = "".join(defanged[at : at + len(value)])
            at += len(value)
            shown.append(html.escape(own).replace("\n", "<br>" if token.type != "inline" else "\n"))
        elif kind == "a":
            shown.append(f'<a href="{html.escape(value)}">')
        else:
            shown.append(f"<{kind}>")
    return Block(html="".join(shown), text="".join(defanged))


def _pieces(tokens: Iterable[Token], project: Project) -> Iterator[tuple[str, str]]:
    """The tags (`a` with its address) and the cleaned texts of a line, in order."""
    inside_link = False
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            inside_link = project.holds(href)
            if inside_link:
                yield "a", _safe_href(href)
        elif token.type == "link_close":
            if inside_link:
                yield "/a", ""
        elif token.type in ("strong_open", "em_open", "strong_close", "em_close"):
            yield ("/" if token.nesting < 0 else "") + token.tag, ""
        elif token.type == "code_inline":
            yield from (("code", ""), ("text", _clean(token.content)), ("/code", ""))
        elif token.type == "hardbreak":
            yield from (("br", ""), ("text", "\n"))
        else:
            yield "text", _clean(_text_of(token))


def _text_of(token: Token) -> str:
    """The text of a token; of an image, its description."""
    if token.children:
        return "".join(_text_of(each) for each in token.children)
    return "\n" if token.type in ("softbreak", "hardbreak") else token.content


# -- Text


def _clean(text: str) -> str:
    """The text without control, format and bidi characters; joiners stay inside scripts and emoji that need them."""
    text = text.replace("\u00a0", " ")  # which would grow into an entity
    kept = [
        character
        for at, character in enumerate(text)
        if character in "\n\t"
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
        or (character in "\u200c\u200d" and _joins(text, at))
    ]
    return "".join(kept)


def _joins(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return bool(before) and bool(after) and not before.isascii() and not after.isascii()


def _defanged(text: str, project: Project, *, seams: Sequence[int]) -> list[str]:
    """Each character of a line's text as it is shown: braces kept apart, URLs to other places broken up.

    A URL to LogRocket is left whole unless a tag or a brace stands in it (`seams`: where tags do): what is behind
    them is shown as a word of its own.
    """
    shown = [_apart(character) for character in text]
    for word in re.finditer(r"\S+", text):
        if not _URL_LIKE.search(word[0]):
            continue
        seamless = bisect_right(seams, word.start()) == bisect_left(seams, word.end())
        if not (seamless and re.fullmatch("[^{}]+", word[0]) and _leads_to_logrocket(word[0], project)):
            for found in re.finditer(r"[.\u3002\uff0e\uff61]|:(?=/)|(?<=mailto):", word[0], re.IGNORECASE):
                shown[word.start() + found.start()] = f"[{found[0]}]"
    return shown


def _leads_to_logrocket(word: str, project: Project) -> bool:
    url = word.strip("()[]<>.,;:!?'\"")
    return word.count("//") == 1 and word.lower().count("www.") == 0 and project.holds(url)


def _apart(character: str) -> str:
    return {"{": "{ ", "}": " }"}.get(character, character)


def _safe_text(text: str) -> str:
    return "".join(map(_apart, _clean(text)))


def _safe_href(url: str) -> str:
    return url.replace("{", "%7B").replace("}", "%7D")


def _sanitised(text: str) -> str:
    return nh3.clean(text, tags=set(TAGS), attributes={"a": {"href"}}, link_rel=None, url_schemes={"https", "http"})


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
