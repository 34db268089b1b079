"""How notes read is an admin's to say; what cannot work is told before a process starts, and `check` tells the rest."""

from __future__ import annotations

import pytest

from integration.checks.offline import of_settings
from integration.errors import SettingsError
from integration.facts import NoteStyle
from integration.findings import Outcome
from integration.settings import from_environment
from tests.variables import ENVIRON


def style(**changes: str) -> NoteStyle:
    return from_environment({**ENVIRON, **changes}).note_style


def test_by_default_notes_are_english_in_utc_and_in_our_own_layout() -> None:
    assert style() == style(LANGUAGE=" ", TIMEZONE="", NOTE_TEMPLATE=" ") == NoteStyle()


def test_language_time_zone_and_template_are_heard() -> None:
    found = style(LANGUAGE="DE", TIMEZONE="Europe/Berlin", NOTE_TEMPLATE="{{ who }}\\n\\n{{ summary }}")
    assert found == NoteStyle(language="de", timezone="Europe/Berlin", template="{{ who }}\n\n{{ summary }}")
    assert style(TIMEZONE="utc") == NoteStyle()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LANGUAGE", "fr", "must be one of en, de, es"),
        *(
            ("TIMEZONE", value, "must be the IANA name")
            for value in ("Berlin", "+01:00", "../x", "/etc/passwd", "\x00")
        ),
        ("NOTE_TEMPLATE", "{{ sumary }}", "names sumary, which does not exist, line 1"),
        ("NOTE_TEMPLATE", "{{ summary", "is no Jinja2 template: line 1"),
        ("NOTE_TEMPLATE", "hush-secret", "shows neither summary nor sessions"),
    ],
)
def test_what_cannot_work_is_told_in_words(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as error:
        style(**{name: value})
    [problem] = error.value.problems
    assert problem.startswith(f"{name} {words}")
    assert "hush" not in problem


def test_check_tells_of_a_template_what_it_makes_and_what_it_lacks() -> None:
    def found(template: str) -> list[Outcome]:
        settings = from_environment({**ENVIRON, "NOTE_TEMPLATE": template})
        return [result.outcome for result in of_settings(settings, now=0) if result.name == "note template"]

    assert found("") == []
    assert found("{{ summary }} [all]({{ all_sessions }})") == [Outcome.OK]
    assert found("{{ summary }}") == [Outcome.WARNING]
