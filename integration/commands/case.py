"""`status CASE`: where one case stands, how it got there and why; and the lists of cases that failed or wait."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from integration import services
from integration.cases import story
from integration.cases.entry import FINAL, WAITING, Entry, State
from integration.cases.reader import LedgerReader
from integration.cases.steps import Routes
from integration.cases.stored import NewerEntryError
from integration.commands import case_named
from integration.facts import CaseKey, name_of
from integration.settings import Settings
from integration.web.status import wording as words

LISTED: Final = 20  # tickets in each list


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The tickets that failed last, newest first, and those that wait longest in their state. `now` is Redis' time."""

    now: float
    routes: Routes
    failed: list[Entry]
    waiting: list[Entry]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names a case."""
    parser.add_argument(
        "case", nargs="?", type=case_named, metavar="CASE", help="a ticket's number, or a key such as zendesk-35436"
    )


def run(reader: LedgerReader, settings: Settings, case: CaseKey, *, as_json: bool) -> int:
    """Tell of one case; 1 when it is not known."""
    try:
        entry = reader.find(case)
    except NewerEntryError:
        print(f"{case} was written by a newer release, which this one cannot read: ask that one.", file=sys.stderr)
        return 1
    if entry is None:
        print(
            f"{case} is not known: it never arrived here, was erased, or ended more than RETENTION_DAYS ago. "
            "`python -m integration recover` looks for tickets that never arrived.",
            file=sys.stderr,
        )
        return 1
    told = _as_json(entry, reader.now())
    told["ticket_url"] = services.case_url(settings, case)
    print(json.dumps(told) if as_json else _as_text(entry, told, reader.now(), routes=services.routes(settings)))
    return 0


def listed(reader: LedgerReader, *, routes: Routes) -> Listed:
    """What to list beside the counts: bounded, however many tickets there are."""
    waiting = [entry for state in WAITING for entry in reader.longest_in(state, LISTED)]
    waiting.sort(key=lambda entry: entry.entered_at)
    return Listed(
        now=reader.now(),
        routes=routes,
        failed=reader.latest_in(State.FAILED, LISTED),
        waiting=waiting[:LISTED],
    )


def listed_as_text(lists: Listed) -> list[str]:
    """The lists for a person; nothing when there is nothing to tell of."""
    lines = [f"failed, the last {len(lists.failed)} (remove the cause, then `retry`):"] if lists.failed else []
    lines += [f"  {name_of(entry.key):<12} {time_of(entry.entered_at)}  {entry.reason}" for entry in lists.failed]
    if lists.waiting:
        lines.append(f"waiting, the longest {len(lists.waiting)}:")
    for entry in lists.waiting:
        why, again = words.waiting_for(entry, lists.now, routes=lists.routes), _next(entry, lists.now)
        lines.append(
            f"  {name_of(entry.key):<12} {entry.state} since {time_of(entry.entered_at)}  {why} Next look: {again}."
        )
    return lines


def listed_as_json(lists: Listed) -> dict[str, Any]:
    """The lists for a program."""
    return {
        "failed": [
            {"ticket": ticket(entry.key), "reason": entry.reason, "since": time_of(entry.entered_at)}
            for entry in lists.failed
        ],
        "waiting": [
            {
                "ticket": ticket(entry.key),
                "state": str(entry.state),
                "reason": entry.last_error,
                "since": time_of(entry.entered_at),
                "next_look": _next(entry, lists.now),
            }
            for entry in lists.waiting
        ],
    }


def _as_json(entry: Entry, now: float) -> dict[str, Any]:
    return {
        "case": entry.key,
        "state": str(entry.state),
        "since": time_of(entry.entered_at),
        "reason": entry.reason or entry.last_error,
        "tries": max(entry.tries, entry.claim.attempts),
        "request_id": entry.request.id,
        "earlier_request_ids": list(entry.request.old_ids),
        "next_look": _next(entry, now),
        "project": entry.request.project,
        "on_demand": entry.on_demand,
        "made_for": None if entry.request.reused_from is None else ticket(entry.request.reused_from),
        "merged_into": ticket(entry.target) if entry.note.merged_into else None,
        "note_id": _number(entry.note.id or entry.note.public_id),
        "note_is_public": entry.note.public_id is not None,
        "way": [
            {
                "state": str(stage.state),
                "at": time_of(stage.when),
                "troubles": [
                    {
                        "why": trouble.why,
                        "since": time_of(trouble.since),
                        "times": trouble.times,
                        "tried_again_at": time_of(trouble.until) if trouble.until else None,
                    }
                    for trouble in stage.troubles
                ],
            }
            for stage in story.way(entry)
        ],
    }


def _as_text(entry: Entry, told: dict[str, Any], now: float, *, routes: Routes) -> str:
    lines = [f"{told['case']}: {told['state']} since {told['since']}"]
    waits = words.waiting_for(entry, now, routes=routes)
    facts = {
        "why": entry.reason if waits is None else waits,
        "next look": told["next_look"],
        "tries": told["tries"],
        "request id": told["request_id"],
        "project": told["project"],
        "on demand": "the note tells of the time until then" if told["on_demand"] else None,
        "made for": told["made_for"],
        "merged": told["merged_into"],
        "note's id": told["note_id"],
        "ticket": told["ticket_url"],
    }
    lines += [f"  {name + ':':<12}{value}" for name, value in facts.items() if value is not None]
    if told["note_is_public"]:
        lines.append(f"  Customers can read the note: make it internal in {routes.place(entry.key)}.")
    lines.append("way")
    for stage in told["way"]:
        lines.append(f"  {stage['at']}  {stage['state']}")
        lines += [f"{'':24}{_in_words(trouble)}" for trouble in stage["troubles"]]
    return "\n".join(lines)


def _in_words(trouble: dict[str, Any]) -> str:
    times = f", {trouble['times']} times since {trouble['since']}" if trouble["times"] > 1 else ""
    again = f", tried again at {trouble['tried_again_at']}" if trouble["tried_again_at"] else ""
    return f"{trouble['why']}{times}{again}"


def _next(entry: Entry, now: float) -> str | None:
    """When it is looked at again; None when not by itself."""
    if entry.state in FINAL:
        return None
    return time_of(max(entry.wait_until, now))


def time_of(when: float) -> str:
    """A point in time, for people and programs."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ticket(key: CaseKey) -> int | str:
    """A ticket's number, or another case's key, for a program."""
    name = name_of(key)
    return int(name) if name.isdecimal() else name


def _number(note_id: str | None) -> int | str | None:
    """A note's id, for a program: a number where its place gives numbers."""
    return int(note_id) if note_id is not None and note_id.isdecimal() else note_id
