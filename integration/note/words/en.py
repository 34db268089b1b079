"""English."""

from __future__ import annotations

from typing import Final

ENTRIES: Final[dict[str, str | dict[str, str]]] = {
    # The first line
    "sessions": {"one": "{who}: 1 session in LogRocket", "other": "{who}: {count} sessions in LogRocket"},
    "linked": "{who}: sessions in LogRocket",
    "last_activity": "last activity {distance}",
    "first_activity": "first activity {distance}",
    "no_session": "{who}: LogRocket found no session of this person.",
    "failed": "{who}: LogRocket could not summarise the sessions of this person.",
    # The answer that it is about
    "score": "Score: {score} of 10",
    "rated": "Bad rating of ticket {name}",
    "comment": "\u201c{comment}\u201d",
    # What who asked for it calls it
    "reference": "Reference: {reference}",
    # What is special about this note
    "older": "Nothing shortly before {case}: what follows is older.",
    "late": "This note comes late: it is about the time until {moment}.",
    "on_demand": "Asked for by hand: about the time until {moment}.",
    "reused": "Made for {case} of the same person.",
    "merged": "From {case}, which was merged into this one.",
    # Where to look first
    "look_first": "Where to look first:",
    "last_before": "the last moment before {case}",
    "first_after": "the first moment after {case}",
    "last_of_all": "the last moment",
    # Sessions
    "replay": "Session replay",
    "session": "Session",
    "today": "today {time}",
    "yesterday": "yesterday {time}",
    "day": "{date}, {time}",
    "before": "{duration} before {case}",
    "after": "{duration} after {case}",
    "before.named": "{duration} before",  # the case, which has been named
    "after.named": "{duration} after",
    "just.before": "just before {case}",
    "just.after": "just after {case}",
    "case.ticket": "this ticket",
    "case.conversation": "this conversation",
    "case.answer": "this answer",
    "case.request": "this request",
    "case.note": "this note",
    "case.other_ticket": "ticket {name}",
    "case.other": "{name}",
    # The end
    "all_sessions": "All sessions of this person",
    "zone": "times in {zone}",
    "cut": "This note was cut: {link}",
}
