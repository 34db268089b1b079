"""A template of the admin's: what it may use, what it makes, and that nothing in it costs time or breaks a rule."""

from __future__ import annotations

import re
import time

import pytest

from integration.facts import Highlights, NoteStyle, Occasion, Session
from integration.note import TemplateFailed, compose, template
from integration.note.template import TemplateRefused
from tests.note.notes import ADA, EVERYTHING, LAST_LINE, LINKS, REPLAY, REQUEST_ID, note_of, session

CREATED = 1_795_940_000.0
LINK = f"{REPLAY}?t={(CREATED - 720) * 1000:.0f}"
ONE = Highlights(summary=f"Ada [pays]({LINK}).", sessions=(session("Ada **shops**."),))
TICKET = Occasion(name="Ada_Example*", case="35436", created_at=CREATED, now=CREATED)
FAILS_WITH_ONE = "{{ summary }}{% if counts.sessions == 1 %}{{ sessions + 1 }}{% endif %}"


def made(source: str, highlights: Highlights = ONE, occasion: Occasion = TICKET) -> str:
    """The note that a template which may be used makes, without its last line."""
    template.check(source)
    return note_of(highlights, occasion=occasion, style=NoteStyle(template=source)).removesuffix(f"<p>{LAST_LINE}</p>")


def test_a_template_has_all_that_our_own_layout_shows() -> None:
    source = (
        "{{ who }} {{ case }} {{ counts.sessions }} {{ request }}{{ remark }}\n\n{{ summary }}\n"
        "{% for session in sessions %}\n{{ session.number }}. [{{ session.when }}]({{ session.url }}) "
        "{{ session.distance }}: {{ session.text }}{% if not loop.last %};{% endif %}\n{% endfor %}\n\n\n"
        "[first]({{ first_look }}) [all]({{ all_sessions }})"
    )
    assert made(source) == (
        "<p>Ada_Example* 35436 1 0cc12cad4b5b</p>"
        f'<p>Ada <a href="{LINK}">pays</a>.</p>'
        f'<ol><li><a href="{REPLAY}">today 08:01</a> 12 minutes before this ticket: '
        "Ada <strong>shops</strong>.</li></ol>"
        f'<p><a href="{LINK}">first</a> <a href="{EVERYTHING}">all</a></p>'
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ summary|truncate(length=3) }}", "<p>...</p>"),
        ("{{ sessions[0].text|upper if sessions else 'none' }}", "<p>ADA <strong>SHOPS</strong>.</p>"),
        ("{{ summary }}{{ ' and ' ~ (counts.sessions - 1) ~ ' more' if counts.sessions > 1 }}", "pays</a>.</p>"),
        ("{% for s in sessions[:1] %}{{ s['text'] }}{% else %}x{% endfor %}", "<p>Ada <strong>shops</strong>.</p>"),
        ("<b>{{ summary }}</b>", "&lt;b&gt;Ada"),
        ("{{ summary }} [x](https://evil.example/x) https://evil.example", "x https[:]//evil[.]example</p>"),
        ("{{ summary }}{{ '{{ticket.id}}' }}", "{ { ticket.id } }"),
    ],
)
def test_a_template_may_choose_shorten_and_repeat_and_its_output_is_cleaned(source: str, expected: str) -> None:
    assert expected in made(source)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ summary", "is no Jinja2 template: line 1"),
        ("{{ summary }}\n{% for %}", "is no Jinja2 template: line 2"),
        ("{{ sumary }}", "names sumary, which does not exist, line 1"),
        ("{{ summary }}{% for s in sessions %}{{ s.txt }}{% endfor %}", "names .txt, which does not exist, line 1"),
        ("{{ summary }}{{ counts.text }}", "names .text, which does not exist"),
        ("{{ summary }}{{ loop.index }}", "names loop, which does not exist"),
        ("{{ summary.__class__ }}", "names .__class__, which does not exist"),
        ("{{ summary['__class__'] }}", "names .__class__, which does not exist"),
        ("{{ summary[who] }}", "looks something up by what is no number and no name"),
        ("{{ summary|attr('x') }}", "uses the filter attr, which is none of "),
        ("{{ summary|replace('a', summary) }}", "uses the filter replace"),
        ("{{ summary|center(999999999) }}", "uses the filter center"),
        ("{{ summary.upper() }}", "uses call, line 1"),
        ("{{ summary }}{{ range(10**9) }}", "uses call"),
        ("{{ summary * 999999999 }}", "uses mul"),
        ("{{ summary % 9 }}", "uses mod"),
        ("{{ 9 ** 999999999 }}{{ summary }}", "uses pow"),
        ("{% set x = summary %}{{ x }}", "uses assign"),
        ("{% with x = summary %}{{ x }}{% endwith %}", "uses with"),
        ("{% macro x() %}{{ summary }}{% endmacro %}", "uses macro"),
        ("{% include 'x' %}{{ summary }}", "uses include"),
        ("{% extends summary %}", "uses extends"),
        ("{% block x %}{{ summary }}{% endblock %}", "uses block"),
        ("{% filter upper %}{{ summary }}{% endfilter %}", "uses filterblock"),
        ("{% for a in summary %}{{ a }}{% endfor %}", "may repeat something for the sessions alone"),
        ("{% for a in sessions %}{% for b in sessions %}x{% endfor %}{% endfor %}", "not one loop inside of another"),
        ("{% for who in sessions %}x{% endfor %}", "may repeat something for the sessions alone"),
        ("{% for a in sessions recursive %}x{% endfor %}", "may repeat something for the sessions alone"),
        ("{{ sessions[0].text }}", "cannot be rendered with a sample (UndefinedError)"),
        ("{{ summary + 1 }}", "cannot be rendered with a sample (TypeError)"),
        ("{% if not summary %}{{ summary }}{% endif %}", "makes nothing of a sample"),
        ("Hello", "shows neither summary nor sessions"),
        ("{{ summary }}" + "x" * 10_000, "is longer than 10,000 characters"),
        ("{% if summary %}" * 300 + "x" + "{% endif %}" * 300, "Error)"),
        ("{{ " + "(" * 4_000 + "summary" + ")" * 4_000 + " }}", "is no Jinja2 template (RecursionError)"),
        ("{{ " + "9" * 5_000 + " }}{{ summary }}", "is no Jinja2 template (ValueError)"),
    ],
)
def test_what_cannot_work_or_is_not_allowed_is_told_with_its_line(source: str, problem: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateRefused) as refused:
        template.check(source)
    assert problem in f"{refused.value}"
    assert time.process_time() - started < 1


def test_a_template_that_fails_with_some_ticket_says_so_and_repeats_no_text() -> None:
    template.check(FAILS_WITH_ONE)
    for source in (FAILS_WITH_ONE, "{{ nobody }}"):
        with pytest.raises(TemplateFailed) as failed:
            compose(ONE, request_id=REQUEST_ID, links=LINKS, person=ADA, style=NoteStyle(template=source))
        assert not re.search("Ada|pays|shop", f"{failed.value}")


def test_what_a_template_makes_is_bounded_and_cut_like_any_note() -> None:
    source = "{% for session in sessions %}" + "{{ summary }}\n\n" * 600 + "{% endfor %}"
    template.check(source)
    many = Highlights(summary="word " * 4_000, sessions=tuple(Session(place=f"5-{n}/0", text="x") for n in range(100)))
    started = time.process_time()
    note = note_of(many, occasion=TICKET, style=NoteStyle(template=source))
    assert time.process_time() - started < 2
    assert "This note was cut" in note


def test_a_value_that_is_no_markdown_is_shown_as_it_stands() -> None:
    for name in ("*a* _b_ `c` [d](/x)", "1. a", "# a", "- a", "> a", "12) a", "~~a~~ | b", "1995. a"):
        occasion = Occasion(name=name, created_at=CREATED, now=CREATED)
        expected = name.replace(">", "&gt;")
        assert f"<p>{expected}</p>" in made("{{ who }}\n\n{{ summary }}", occasion=occasion)
