"""Notes as tests make them, and the rules that every note keeps, checked without the code that keeps them."""

from __future__ import annotations

import html
import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

from hypothesis import HealthCheck, settings

from integration.facts import Highlights, NoteStyle, Nothing, Occasion, Person, Session
from integration.logrocket.links import ProjectLinks
from integration.note import compose
from integration.zendesk.note import render

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ADA = Person(email="ada@shop.example")

REQUEST_ID = "0cc12cad4b5b8b93760edf7fb5731ac66fbc8a766f9431df6c1e72b214ed6a65"
LAST_LINE = "Highlights request 0cc12cad4b5b"
LINKS = ProjectLinks(app_url="https://app.logrocket.com", org="acme", app="shop")
BELOW_A_PATH = ProjectLinks(app_url="https://lr.acme.example/rocket", org="acme", app="shop")
EVERYTHING = "https://app.logrocket.com/acme/shop/sessions?e=ada%40shop.example"
REPLAY = "https://app.logrocket.com/acme/shop/s/5-14de/0"
ALLOWED = {"p", "br", "strong", "em", "code", "ul", "ol", "li", "a", "blockquote"}
INLINE = {"strong", "em", "code", "a"}
BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def session(text: str = "The user pays", place: str = "5-14de/0") -> Session:
    return Session(place=place, text=text)


def note(summary: str = "", *texts: str, links: ProjectLinks = LINKS, person: Person = ADA) -> str:
    """The note, which keeps all rules."""
    highlights = Highlights(summary=summary, sessions=tuple(session(text) for text in texts))
    return note_of(highlights, links=links, person=person)


def note_of(
    highlights: Highlights | Nothing | None,
    *,
    links: ProjectLinks = LINKS,
    person: Person = ADA,
    occasion: Occasion = Occasion(),  # noqa: B008 -- it is frozen
    style: NoteStyle = NoteStyle(),  # noqa: B008 -- likewise
) -> str:
    """The note of these highlights, which keeps all rules."""
    assert highlights is not None
    composed = compose(highlights, request_id=REQUEST_ID, links=links, person=person, occasion=occasion, style=style)
    made = render(composed)
    keeps_the_rules(made, links)
    return made


def body(made: str) -> str:
    """The note without its first line, and without the last two, which lead to all sessions and name the request."""
    paragraphs = made.removesuffix(f"<p>{LAST_LINE}</p>")
    assert paragraphs != made
    shown, closing, _ = paragraphs.rpartition("<p><a href=")
    assert closing
    return shown.split("</p>", 1)[1].strip()


class Seen(HTMLParser):
    """What a browser would meet."""

    def __init__(self, made: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.others: list[str] = []
        self.feed(made)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.texts.append("" if tag in INLINE else "\n")
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.texts.append("" if tag in INLINE else "\n")
        if tag != "br":
            assert self.open
            assert self.open.pop() == tag, "tags cross each other"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
BARE_URL = re.compile(r"(?:https?://|www\.)[^\s<>]*", re.IGNORECASE)


def keeps_the_rules(made: str, links: ProjectLinks = LINKS) -> None:
    seen = Seen(made)
    assert len(made.encode()) <= 60_000
    assert set(seen.tags) <= ALLOWED
    assert {(tag, name) for tag, name, _ in seen.attributes} <= {("a", "href")}
    assert seen.others == []
    assert seen.open == []
    for _, _, href in seen.attributes:
        assert leads_to_logrocket(href, links), href
    made_of_text = "".join(seen.texts)
    for text in (made, html.unescape(made), made_of_text, re.sub("<[^>]*>", "", made)):
        for shown in (text, INVISIBLE.sub("", text), unicodedata.normalize("NFC", text)):
            for placeholder in ("{{", "}}", "{%", "%}"):
                assert placeholder not in shown
    odd = [character for character in html.unescape(made) if is_odd(character)]
    assert set(odd) <= {"\n", "\t"}
    foreign = [url for text in (made_of_text, *seen.texts) for url in BARE_URL.findall(text) if not fine(url, links)]
    assert foreign == []
    assert made.endswith(f"<p>{LAST_LINE}</p>")


def is_odd(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in BIDI


def leads_to_logrocket(href: str, links: ProjectLinks) -> bool:
    """Whether a browser that follows `href` ends up in the application, and below its path."""
    own = urlsplit(links.app_url)
    try:
        found = urlsplit(re.sub(r"[\t\r\n]", "", href.strip()).replace("\\", "/"))
        port = found.port
    except ValueError:
        return False
    path: list[str] = []
    for segment in re.sub("%2e", ".", found.path, flags=re.IGNORECASE).split("/"):
        if segment == "..":
            path = path[:-1]
        elif segment != ".":
            path.append(segment)
    return (
        (found.scheme, found.hostname, port) == (own.scheme, own.hostname, own.port)
        and found.username is None
        and found.password is None
        and ("/".join(path) + "/").startswith(own.path + "/")
    )


def fine(url: str, links: ProjectLinks) -> bool:
    """Whether an autolinker may link this text, and every address that begins inside it."""
    url = url.rstrip(".,;:!?'\"()[]")  # which belongs to the sentence, for any autolinker
    starts = [found.start() for found in re.finditer(r"https?://|www\.", url, re.IGNORECASE)]
    return all(leads_to_logrocket(url[start:], links) for start in starts)
