"""`preview FILE [--as PLACE] [--html [OUT]]`: a result of LogRocket's as each place would show it; nobody is asked."""

from __future__ import annotations

import argparse
import html
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from integration import note_settings, settings, variables
from integration.errors import MalformedDelivery
from integration.facts import Highlights, NoteStyle, Occasion, Person
from integration.json_body import parse_object
from integration.logrocket import results
from integration.logrocket.links import ProjectLinks
from integration.note import Note, TemplateFailed, compose, slack, text
from integration.note import html as note_html
from integration.note.composition import last_moment
from integration.zendesk import note as zendesk_note

HELP = "show the note that a result of LogRocket's becomes, as each place would show it; asks nobody"
_MOST: Final = 10_000  # characters, where the place itself names no limit
_BESIDE: Final = "beside FILE"
_FILED_AFTER: Final = 12 * 60.0  # seconds after the last moment that the result links to
_WRITTEN_AFTER: Final = 3 * 60.0
_PAGE: Final = Path(__file__).with_name("preview.html")
_PERSON: Final = Person(email="customer@example.com")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a place shows a note: `markup` is what it is given."""

    title: str
    markup: Callable[[Note], str]
    is_html: bool


PLACES: Final = {
    "zendesk": Shown(title="Zendesk", markup=zendesk_note.render, is_html=True),
    "intercom": Shown(title="Intercom", markup=lambda note: note_html.render(note, max_bytes=_MOST), is_html=True),
    "slack": Shown(title="Slack", markup=slack.render, is_html=False),
    "text": Shown(title="Text", markup=lambda note: text.render(note, max_characters=_MOST), is_html=False),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a callback's body, or an answer to GET; - reads standard input")
    parser.add_argument("--as", dest="place", choices=PLACES, help="one place alone; without it, all of them")
    parser.add_argument(
        "--html", nargs="?", const=_BESIDE, metavar="OUT", help="write an HTML page, too: OUT, or FILE.html beside FILE"
    )


def run(options: argparse.Namespace) -> int:
    """Show the note; 1 when there is none to show, 2 when the file cannot be used."""
    with settings.reading() as reader:
        style = note_settings.read(reader)
        app_url = reader.read("LOGROCKET_APP_URL", variables.web_url, default="https://app.logrocket.com")
    try:
        body = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
        highlights = results.read(body).highlights
        links = _links(body, app_url)
    except (OSError, MalformedDelivery) as error:
        print(f"{options.file} cannot be used: {_why(error)}.", file=sys.stderr)
        return 2
    if highlights is None or highlights.empty:
        print("There is no note to show: the result is not ready, has failed, or tells nothing.", file=sys.stderr)
        return 1
    note = _note(highlights, links, style)
    shown = {name: PLACES[name] for name in ([options.place] if options.place else PLACES)}
    print(_as_text(note, shown))
    if options.html is not None:
        return _write_page(note, shown, _out(options))
    return 0


def _why(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else f"{error}"


def _links(body: bytes, app_url: str) -> ProjectLinks:
    """The addresses of the project that the result is of."""
    app_id = parse_object(body).get("appID")
    named = isinstance(app_id, str) and re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", app_id)
    org, _, app = (named[0] if named else "acme/shop").partition("/")
    return ProjectLinks(app_url=app_url, org=org, app=app)


def _note(highlights: Highlights, links: ProjectLinks, style: NoteStyle) -> Note:
    """The note of a ticket that is filed a little after the last moment that the result links to."""
    last = last_moment(highlights, links)
    occasion = Occasion(
        name="A Customer",
        case="35436",
        created_at=None if last is None else last + _FILED_AFTER,
        now=None if last is None else last + _FILED_AFTER + _WRITTEN_AFTER,
    )

    def composed(style: NoteStyle) -> Note:
        return compose(highlights, request_id="preview", links=links, person=_PERSON, occasion=occasion, style=style)

    try:
        return composed(style)
    except TemplateFailed as error:
        print(f"NOTE_TEMPLATE {error}: this is the usual layout.", file=sys.stderr)
        return composed(NoteStyle(language=style.language, timezone=style.timezone))


# -- In the terminal


def _as_text(note: Note, shown: dict[str, Shown]) -> str:
    """What can be read at each place; those that show the same stand together."""
    alike: dict[str, list[str]] = {}
    for place in shown.values():
        told = text.outline(note) if place.is_html else place.markup(note)
        alike.setdefault(told, []).append(place.title)
    return "\n\n".join(f"-- {', '.join(titles)} --\n\n{told}" for told, titles in alike.items())


# -- As a page


def _out(options: argparse.Namespace) -> Path:
    if options.html != _BESIDE:
        return Path(options.html)
    return Path("preview.html") if options.file == "-" else Path(f"{options.file}.html")


def _write_page(note: Note, shown: dict[str, Shown], out: Path) -> int:
    parts = []
    for name, place in shown.items():
        markup = place.markup(note)
        inside = markup if place.is_html else f"<pre>{html.escape(markup)}</pre>"
        parts.append(f'<section class="{name}"><h2>{place.title}</h2><div class="note">{inside}</div></section>')
    try:
        out.write_text(Template(_PAGE.read_text("utf-8")).substitute(parts="\n".join(parts)), "utf-8")
    except OSError as error:
        print(f"{out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"\nAs a page: {out}")
    return 0
