"""What an agent reads: who, what happened, where to look first, and when the sessions were, from their links' times."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from integration.facts import CaseKind, Highlights, NoteStyle, Nothing, Occasion, Said, Session
from tests.note.notes import EVERYTHING, LAST_LINE, note_of

CREATED = 1_795_940_000.0  # Sunday, 29 November 2026, 08:13:20 UTC
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
REPLAYS = "https://app.logrocket.com/acme/shop/s"
TICKET = Occasion(name="Ada Example", case="35436", created_at=CREATED, now=CREATED + 150)


def moment(place: str, at: float, words: str = "pays") -> str:
    """A link as LogRocket writes it."""
    return f"[{words}]({REPLAYS}/{place}?t={at * 1000:.0f})"


def url(place: str, at: float) -> str:
    return f"{REPLAYS}/{place}?t={at * 1000:.0f}"


LAST, BEFORE, LONG_BEFORE = CREATED - 12 * MINUTE, CREATED - 15 * HOUR, CREATED - 21 * DAY
THREE = Highlights(
    summary=f"Ada {moment('5-b/0', LAST, 'rage-clicks Save')}; the request fails with status 502.",
    sessions=(
        Session(place="5-c/0", text=f"Ada {moment('5-c/0', LONG_BEFORE)}."),
        Session(place="5-b/0", text=f"Ada {moment('5-b/0', LAST - 300)}."),
        Session(place="5-a/0", text=f"Ada {moment('5-a/0', BEFORE)}."),
        Session(place="5-d/0", text="Ada shops."),
    ),
)


def shown(made: str) -> list[str]:
    """The paragraphs of a note as they are read, without its last line."""
    return [re.sub("<[^>]+>", "", part) for part in made.replace("<br>", " / ").split("</p>")][:-2]


def told(*texts: str, occasion: Occasion = TICKET, style: NoteStyle = NoteStyle()) -> list[str]:  # noqa: B008 -- frozen
    """The paragraphs of a note of one session each."""
    sessions = tuple(Session(place=f"5-{number}/0", text=text) for number, text in enumerate(texts))
    return shown(note_of(Highlights(summary="", sessions=sessions), occasion=occasion, style=style))


def test_a_note_is_what_it_is_byte_for_byte() -> None:
    assert note_of(THREE, occasion=TICKET) == (
        "<p><strong>Ada Example</strong>: 4 sessions in LogRocket, last activity 12 minutes before this ticket.</p>"
        f'<p>Ada <a href="{url("5-b/0", LAST)}"><strong>rage-clicks</strong> Save</a>; '
        "the request <strong>fails with status 502</strong>.</p>"
        f'<p><strong>Where to look first:</strong> <a href="{url("5-b/0", LAST)}">rage-clicks Save</a>, '
        "the last moment before this ticket</p>"
        f'<p>1. <a href="{REPLAYS}/5-b/0">today 08:01, 12 minutes before this ticket</a>: '
        f'Ada <a href="{url("5-b/0", LAST - 300)}">pays</a>.</p>'
        f'<p>2. <a href="{REPLAYS}/5-a/0">yesterday 17:13, 15 hours before</a>: '
        f'Ada <a href="{url("5-a/0", BEFORE)}">pays</a>.</p>'
        f'<p>3. <a href="{REPLAYS}/5-c/0">Sun, Nov 8, 08:13, 3 weeks before</a>: '
        f'Ada <a href="{url("5-c/0", LONG_BEFORE)}">pays</a>.</p>'
        f'<p>4. <a href="{REPLAYS}/5-d/0">Session replay</a>: Ada shops.</p>'
        f'<p><a href="{EVERYTHING}">All sessions of this person</a> (times in UTC)</p>'
        f"<p>{LAST_LINE}</p>"
    )


@pytest.mark.parametrize(
    ("language", "timezone", "expected"),
    [
        (
            "de",
            "Europe/Berlin",
            [
                "Ada Example: 4 Sitzungen in LogRocket, zuletzt aktiv 12 Minuten vor diesem Ticket.",
                "Ada rage-clicks Save; the request fails with status 502.",
                "Hier zuerst hinsehen: rage-clicks Save, der letzte Moment vor diesem Ticket",
                "1. heute 09:01, 12 Minuten vor diesem Ticket: Ada pays.",
                "2. gestern 18:13, 15 Stunden davor: Ada pays.",
                "3. So., 8. Nov., 09:13, 3 Wochen davor: Ada pays.",
                "4. Aufzeichnung der Sitzung: Ada shops.",
                "Alle Sitzungen dieser Person (Zeiten in Europe/Berlin)",
            ],
        ),
        (
            "es",
            "America/Mexico_City",
            [
                "Ada Example: 4 sesiones en LogRocket, última actividad 12 minutos antes de este ticket.",
                "Ada rage-clicks Save; the request fails with status 502.",
                "Dónde mirar primero: rage-clicks Save, el último momento antes de este ticket",
                "1. hoy 2:01, 12 minutos antes de este ticket: Ada pays.",
                "2. ayer 11:13, 15 horas antes: Ada pays.",
                "3. dom, 8 nov, 2:13, 3 semanas antes: Ada pays.",
                "4. Grabación de la sesión: Ada shops.",
                "Todas las sesiones de esta persona (horas en America/Mexico_City)",
            ],
        ),
    ],
)
def test_a_note_is_in_the_language_and_the_time_zone_of_the_desk(
    language: str, timezone: str, expected: list[str]
) -> None:
    assert shown(note_of(THREE, occasion=TICKET, style=NoteStyle(language=language, timezone=timezone))) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "just before"),
        (59, "just before"),
        (60, "1 minute before"),
        (119 * 60, "119 minutes before"),
        (120 * 60, "2 hours before"),
        (47 * 3600, "47 hours before"),
        (2 * DAY, "2 days before"),
        (400 * DAY, "13 months before"),
        (-30, "just after"),
        (-8 * 60, "8 minutes after"),
    ],
)
def test_the_distance_from_the_ticket_is_told_in_the_unit_that_says_most(seconds: float, expected: str) -> None:
    made = told(moment("5-0/0", CREATED - seconds))
    assert f"{expected} this ticket" in made[0]
    assert f"{expected} this ticket" in made[2]


# -- Odd times


@pytest.mark.parametrize(
    "milliseconds",
    [
        *("0", "1", "1795940000", "1515880000000000", "9" * 18, "9" * 40),
        *("-5", "x", "", "1e12", "1795900000000&t=1", "\u0661"),
    ],
)
def test_a_time_at_which_no_session_can_have_been_is_ignored(milliseconds: str) -> None:
    link = f"[pays]({REPLAYS}/5-0/0?t={milliseconds})"
    made = told(f"Ada {link}.")
    assert made[0] == "Ada Example: 1 session in LogRocket."
    assert made[1].startswith("1. Session replay: Ada ")
    assert made[2] == "All sessions of this person"
    assert told(f"Ada {link} {moment('5-0/0', LAST)}.")[0].endswith("12 minutes before this ticket.")


def test_a_time_after_the_ticket_is_told_as_such_and_one_before_it_comes_first() -> None:
    after = moment("5-0/0", CREATED + 5 * MINUTE, "reloads")
    first, look, session, _ = told(f"Ada {after} and {moment('5-0/0', CREATED + 9 * MINUTE)}.")
    assert first == "Ada Example: 1 session in LogRocket, first activity 5 minutes after this ticket."
    assert look == "Where to look first: reloads, the first moment after this ticket"
    assert session.startswith("1. today 08:18, 5 minutes after this ticket: ")
    assert told(f"Ada {after} and {moment('5-0/0', LAST)}.")[0].endswith("last activity 12 minutes before this ticket.")


def test_a_time_of_another_day_than_tomorrow_is_ignored_when_it_is_yet_to_come() -> None:
    assert told(moment("5-0/0", CREATED + 3 * DAY))[0] == "Ada Example: 1 session in LogRocket."


def test_a_link_that_a_text_has_to_somebody_elses_session_tells_no_time() -> None:
    made = told(f"Ada types {moment('6-other/0', LAST)} into the search.")
    assert made[0] == "Ada Example: 1 session in LogRocket."


def test_a_link_that_leads_elsewhere_tells_no_time() -> None:
    made = told(f"[x](https://evil.example/acme/shop/s/5-0/0?t={LAST * 1000:.0f})")
    assert made[0] == "Ada Example: 1 session in LogRocket."


def test_sessions_of_a_summary_that_lists_none_have_their_time() -> None:
    made = shown(note_of(Highlights(summary=f"Ada {moment('5-x/0', LAST)}."), occasion=TICKET))
    assert made[0] == "Ada Example: sessions in LogRocket, last activity 12 minutes before this ticket."
    assert made[2].startswith("Where to look first: pays")


def test_without_the_tickets_time_days_are_told_and_no_distance() -> None:
    first, look, session, _ = told(f"Ada {moment('5-0/0', LAST)}.", occasion=Occasion(name="Ada Example"))
    assert first == "Ada Example: 1 session in LogRocket."
    assert look == "Where to look first: pays, the last moment"
    assert session == "1. Nov 29, 2026, 08:01: Ada pays."


def test_today_is_the_day_on_which_the_note_is_written() -> None:
    midnight = CREATED - CREATED % DAY
    occasion = replace(TICKET, created_at=midnight - 60, now=midnight + 60)
    assert "yesterday 23:49, 10 minutes before" in told(moment("5-0/0", midnight - 660), occasion=occasion)[2]


def test_the_words_of_a_link_that_are_an_address_or_blank_are_not_where_to_look() -> None:
    for words in ("https://app.logrocket.com/x", "www.evil.example", ""):
        assert (
            told(f"Ada {moment('5-0/0', LAST, words)}")[1] == "Where to look first: the last moment before this ticket"
        )
    assert len(told(moment("5-0/0", LAST, "word " * 100))[1]) < 150


# -- Whom and what it is about


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"name": ""}, "ada@shop.example: 1 session in LogRocket, last activity 12 minutes before this ticket."),
        ({"name": " Ada\n\u202eExample "}, "Ada Example: "),
        ({"name": "https://evil.example/x"}, "https[:]//evil[.]example/x: "),
        ({"name": "x" * 200}, "x" * 79 + "\u2026: "),
        (
            {"kind": CaseKind.CONVERSATION},
            "last activity 12 minutes before this conversation.",
        ),
        (
            {"older": True},
            "this ticket. / Nothing shortly before this ticket: what follows is older.",
        ),
        ({"reused_from": "35431"}, " / Made for ticket 35431 of the same person."),
        ({"reused_from": "intercom-5"}, " / Made for intercom-5 of the same person."),
        ({"reused_from": "x//a.example\n"}, " / Made for x//a[.]example of the same person."),
        ({"merged_from": "35431"}, "before ticket 35431. / From ticket 35431, which was merged into this one."),
        ({"now": CREATED + 5 * HOUR}, " / This note comes late: it is about the time until today 08:13."),
        ({"now": CREATED + DAY}, " / This note comes late: it is about the time until yesterday 08:13."),
        ({"now": CREATED + 59 * MINUTE}, "12 minutes before this ticket."),
        (
            {"now": CREATED + 3 * HOUR, "on_demand": True},
            "last activity 3 hours before this note. / Asked for by hand: about the time until today 11:13.",
        ),
    ],
)
def test_the_first_line_says_who_and_what_is_special(changes: dict[str, object], first: str) -> None:
    occasion = replace(TICKET, **changes)  # type: ignore[arg-type]
    found = told(moment("5-0/0", LAST), occasion=occasion)[0]
    assert first in found
    assert found.endswith(".")


def test_a_note_with_nothing_to_tell_is_one_sentence_and_the_link() -> None:
    assert note_of(Nothing.NO_SESSION, occasion=TICKET) == (
        "<p><strong>Ada Example</strong>: LogRocket found no session of this person.</p>"
        f'<p><a href="{EVERYTHING}">All sessions of this person</a></p><p>{LAST_LINE}</p>'
    )
    assert "could not summarise" in note_of(Nothing.FAILED, occasion=TICKET)


def test_a_note_that_was_cut_keeps_its_first_line() -> None:
    made = note_of(replace(THREE, summary="word " * 20_000), occasion=TICKET)
    assert shown(made)[0].startswith("Ada Example: 4 sessions in LogRocket")
    assert "This note was cut: All sessions of this person" in shown(made)[-1]


ANSWER = replace(
    TICKET, kind=CaseKind.ANSWER, said=Said(score=2.5, comment="I could\n\nnot <@U123> **pay** https://evil.example")
)


@pytest.mark.parametrize(
    ("language", "first"),
    [
        (
            "en",
            "Score: 2.5 of 10 / \u201cI could not &lt;@U123&gt; **pay** https[:]//evil[.]example\u201d / Ada Example: ",
        ),
        ("de", "Bewertung: 2.5 von 10 / \u201eI could not "),
        ("es", "Puntuaci\u00f3n: 2.5 de 10 / \u00abI could not "),
    ],
)
def test_a_note_of_an_answer_begins_with_its_score_and_its_comment(language: str, first: str) -> None:
    paragraphs = shown(note_of(THREE, occasion=ANSWER, style=NoteStyle(language=language)))
    assert paragraphs[0].startswith(first)


def test_a_template_or_nothing_to_tell_does_not_hide_an_answer() -> None:
    assert shown(note_of(THREE, occasion=ANSWER, style=NoteStyle(template="{{ summary }}")))[0].startswith(
        "Score: 2.5 of"
    )
    assert shown(note_of(Nothing.NO_SESSION, occasion=ANSWER))[0].startswith("Score: 2.5 of 10 / ")


def test_a_score_alone_is_told_alone() -> None:
    alone = replace(ANSWER, said=Said(score=0.0))
    assert shown(note_of(THREE, occasion=alone))[0].startswith("Score: 0 of 10 / Ada Example: 4 sessions")
