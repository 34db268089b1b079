"""What an admin sets about how notes read: `LANGUAGE`, `TIMEZONE`, `NOTE_TEMPLATE`."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integration import variables
from integration.facts import NoteStyle
from integration.variables import Reader

NAMES: Final = ("LANGUAGE", "TIMEZONE", "NOTE_TEMPLATE")
LANGUAGES: Final = ("en", "de", "es")  # each has a catalogue in integration.note.words


def read(reader: Reader) -> NoteStyle:
    """All of it."""
    return NoteStyle(
        language=reader.read("LANGUAGE", variables.one_of(*LANGUAGES), default="en"),
        timezone=reader.read("TIMEZONE", _timezone, default="UTC"),
        template=reader.read_template("NOTE_TEMPLATE", _template, default=None),
    )


def _timezone(raw: str) -> str:
    if raw.upper() == "UTC":
        return "UTC"
    try:
        ZoneInfo(raw)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("must be the IANA name of a time zone, such as Europe/Berlin") from None
    return raw


def _template(raw: str) -> str:
    from integration.note import template  # noqa: PLC0415 -- it is large, and few have one

    source = raw.replace("\\n", "\n")
    template.check(source)
    return source
