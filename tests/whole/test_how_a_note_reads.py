"""How a note reads is what the admin has set, from the delivery to the ticket."""

from __future__ import annotations

import dataclasses
import json

import pytest

from integration.facts import NoteStyle
from integration.settings import Settings
from sandbox import Sandbox
from tests.conftest import InProcess

FAILS = "{{ summary }}{% if counts.sessions %}{{ sessions + 1 }}{% endif %}"


def note_in(style: NoteStyle, settings: Settings, sandbox: Sandbox, port: int) -> str:
    """The note that a ticket gets in a style."""
    with InProcess(dataclasses.replace(settings, note_style=style), port) as product:
        number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
        product.work_until(number)
    [note] = sandbox.zendesk.internal_notes(number)
    return note.html_body


def test_a_note_is_in_the_language_of_the_desk(settings: Settings, sandbox: Sandbox, port: int) -> None:
    made = note_in(NoteStyle(language="de", timezone="Europe/Berlin"), settings, sandbox, port)
    assert "Sitzungen in LogRocket, zuletzt aktiv " in made
    assert "Hier zuerst hinsehen:" in made
    assert "(Zeiten in Europe/Berlin)" in made


def test_a_note_is_laid_out_by_the_admins_template(settings: Settings, sandbox: Sandbox, port: int) -> None:
    template = "*{{ who }}* {{ case }} {{ counts.sessions }} {{ summary }}"
    made = note_in(NoteStyle(template=template), settings, sandbox, port)
    assert "<p><em>Ada</em> " in made
    assert "Highlights request" in made


def test_a_template_that_fails_costs_the_layout_and_no_note(
    settings: Settings, sandbox: Sandbox, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Where to look first:" in note_in(NoteStyle(template=FAILS), settings, sandbox, port)
    assert json.dumps("template failed")[1:-1] in capsys.readouterr().err
