"""`status [CASE] [--json]`: counts the tickets by state, and says what waits and what is wrong; or one case."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from redis import Redis

from integration import logs, services
from integration.cases import connections, standing
from integration.cases.overview import Overview, read
from integration.cases.reader import PublicNote, PublicNotes
from integration.cases.situation import Facts, Trouble
from integration.cases.steps import Routes
from integration.commands import case
from integration.facts import name_of
from integration.settings import Settings, from_environment

HELP = "count tickets by state, and say what waits, what is wrong and what to do; or show the way of one case"
_PUBLIC_SHOWN = 50
_IS_PUBLIC = {
    True: "customers can read its note: make it internal in {place}, or run retry once it has failed",
    False: "its note was public for a while, customers may have read it; it is internal now",
    None: "its note was public, and whether it still is is not known any more: look at it in {place}",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    case.arguments(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(options: argparse.Namespace) -> int:
    """Print how the installation stands, or one case."""
    settings = from_environment()
    logs.configure(settings)
    with connections.for_reading(settings) as redis:
        return _tell(settings, redis, options)


def _tell(settings: Settings, redis: Redis, options: argparse.Namespace) -> int:
    ledger = services.open_ledger(settings, redis)
    if options.case is not None:
        return case.run(ledger.reader, settings, options.case, as_json=options.json)
    routes = ledger.lanes.routes
    overview = read(settings, redis, routes=routes)
    public_notes, listed = ledger.reader.public_notes(_PUBLIC_SHOWN), case.listed(ledger.reader, routes=routes)
    known, troubles = overview.facts, standing.troubles(overview.facts)
    if options.json:
        print(
            json.dumps(
                as_json(overview, public_notes) | _troubles_as_json(known, troubles) | case.listed_as_json(listed)
            )
        )
    else:
        text = [
            _as_text(overview, public_notes, routes),
            *_troubles_as_text(known, troubles),
            *case.listed_as_text(listed),
        ]
        print("\n".join(text))
    return 0


def as_json(overview: Overview, public_notes: PublicNotes) -> dict[str, Any]:
    """The overview as the contract has it."""
    oldest = overview.oldest_waiting_seconds
    return {
        "states": {str(state): count for state, count in overview.counts.items()},
        "queue": {"waiting": overview.jobs_waiting, "running": overview.jobs_running},
        "oldest_waiting_seconds": None if oldest is None else round(oldest, 3),
        "holds": [
            {"service": str(obstacle.service), "reason": obstacle.reason, "since": _time(obstacle.since)}
            for obstacle in overview.obstacles
        ],
        "public_notes": [
            {"ticket": case.ticket(note.key), "still_public": note.still, "since": _time(note.since)}
            for note in public_notes.latest
        ],
    }


def _as_text(overview: Overview, public_notes: PublicNotes, routes: Routes) -> str:
    lines = ["tickets"]
    lines += [f"  {state:<10}{count:>8}" for state, count in overview.counts.items()]
    lines += ["jobs", f"  {'waiting':<10}{overview.jobs_waiting:>8}", f"  {'running':<10}{overview.jobs_running:>8}"]
    oldest = overview.oldest_waiting_seconds
    if oldest is not None:
        lines.append(f"the longest wait in one state: {oldest:.0f} s")
    for obstacle in overview.obstacles:
        since = "" if obstacle.since is None else f" (since {_time(obstacle.since)})"
        lines.append(f"tickets wait for {obstacle.service}: {obstacle.reason}{since}")
    return "\n".join(lines + _of_public_notes(public_notes, routes))


def _troubles_as_json(known: Facts, troubles: tuple[Trouble, ...]) -> dict[str, Any]:
    told = [{**asdict(trouble), "since": _time(trouble.since)} for trouble in troubles]
    return {"summary": standing.summary(known, troubles), "troubles": told}


def _troubles_as_text(known: Facts, troubles: tuple[Trouble, ...]) -> list[str]:
    if not troubles:
        return [standing.summary(known, troubles)]
    return [line for trouble in troubles for line in _trouble(trouble)]


def _trouble(trouble: Trouble) -> list[str]:
    return [f"{trouble.name}: {trouble.what_since}; {trouble.severity}", f"  -> {trouble.what_to_do}"]


def _of_public_notes(notes: PublicNotes, routes: Routes) -> list[str]:
    lines = [_of_public_note(note, routes) for note in notes.latest]
    left_out = notes.number - len(notes.latest)
    return [*lines, f"and {left_out} more whose note is or was public"] if left_out else lines


def _of_public_note(note: PublicNote, routes: Routes) -> str:
    said = _IS_PUBLIC[note.still].format(place=routes.place(note.key))
    return f"{routes.kind(note.key)} {name_of(note.key)}: {said} (noticed {_time(note.since)})"


def _time(when: float | None) -> str | None:
    return None if when is None else case.time_of(when)
