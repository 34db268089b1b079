"""German."""

from __future__ import annotations

from typing import Final

ENTRIES: Final[dict[str, str | dict[str, str]]] = {
    # The first line
    "sessions": {"one": "{who}: 1 Sitzung in LogRocket", "other": "{who}: {count} Sitzungen in LogRocket"},
    "linked": "{who}: Sitzungen in LogRocket",
    "last_activity": "zuletzt aktiv {distance}",
    "first_activity": "erst aktiv {distance}",
    "no_session": "{who}: LogRocket hat keine Sitzung dieser Person gefunden.",
    "failed": "{who}: LogRocket konnte die Sitzungen dieser Person nicht zusammenfassen.",
    # The answer that it is about
    "score": "Bewertung: {score} von 10",
    "rated": "Schlechte Bewertung von Ticket {name}",
    "comment": "\u201e{comment}\u201c",
    "reference": "Betrifft: {reference}",
    # What is special about this note
    "older": "Kurz vor {case} war nichts: Was folgt, ist älter.",
    "late": "Diese Notiz kommt spät: Es geht um die Zeit bis {moment}.",
    "on_demand": "Von Hand angefordert: Es geht um die Zeit bis {moment}.",
    "reused": "Erstellt zu {case} derselben Person.",
    "merged": "Aus {case}, das mit diesem zusammengeführt wurde.",
    # Where to look first
    "look_first": "Hier zuerst hinsehen:",
    "last_before": "der letzte Moment vor {case}",
    "first_after": "der erste Moment nach {case}",
    "last_of_all": "der letzte Moment",
    # Sessions
    "replay": "Aufzeichnung der Sitzung",
    "session": "Sitzung",
    "today": "heute {time}",
    "yesterday": "gestern {time}",
    "day": "{date}, {time}",
    "before": "{duration} vor {case}",
    "after": "{duration} nach {case}",
    "before.named": "{duration} davor",  # the case, which has been named
    "after.named": "{duration} danach",
    "just.before": "unmittelbar vor {case}",
    "just.after": "unmittelbar nach {case}",
    "case.ticket": "diesem Ticket",
    "case.conversation": "dieser Unterhaltung",
    "case.answer": "dieser Antwort",
    "case.request": "dieser Anfrage",
    "case.note": "dieser Notiz",
    "case.other_ticket": "Ticket {name}",
    "case.other": "{name}",
    # The end
    "all_sessions": "Alle Sitzungen dieser Person",
    "zone": "Zeiten in {zone}",
    "cut": "Diese Notiz wurde gekürzt: {link}",
}
