"""How it stands, decided from facts in one place; no I/O.

Page, `/readyz`, `/metrics`, `status` and `check` all tell the troubles that `troubles` finds, and "All is well." when
it finds none. A trouble's name is stable: it is what a program looks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from integration.cases import redis_trouble, refusals
from integration.cases.entry import POLLS, State
from integration.cases.heartbeats import PARTS
from integration.cases.lanes import Hold
from integration.cases.situation import Command, Facts, Severity, Trouble, in_a_name, name_at, of_ours, setting
from integration.cases.steps import Routes

WELL: Final = "All is well."
DOWN_SECONDS: Final = 60.0  # that a service has to fail, with nothing done in between,
DOWN_TRIES: Final = 2  # and so many tries of it
_FRESH_FAILURE: Final = 900.0  # a service that nobody waits for is told of no longer than that
_LONG_SECONDS: Final = 3600.0
_SUMMED_UP: Final = 3  # troubles that the summary tells, the gravest
_MISSED: Final = "missed_tickets"


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """What is not well, the gravest first; empty when all is well."""
    found = [
        *_redis(facts),
        *refusals.troubles(facts),
        *_worker(facts),
        *_services(facts),
        *_ceiling(facts),
        *_cases(facts),
    ]
    found += _missed(facts, found)
    found += _unexplained(facts, found)
    order = list(Severity)
    return tuple(sorted(found, key=lambda trouble: order.index(trouble.severity)))


def listed(names: Sequence[str], last: str) -> str:
    """Names as people list them, `last` before the last one: `Zendesk, Slack or Intercom`."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def summary(facts: Facts, found: tuple[Trouble, ...]) -> str:
    """How it stands, in a sentence or two."""
    waiting = facts.waiting
    waits = (
        f"{waiting:,} {facts.case_word}{' waits' if waiting == 1 else 's wait'}."
        if waiting
        else f"No {facts.case_word} waits."
    )
    if not found:
        return f"{waits} {WELL}"
    more = len(found) - _SUMMED_UP
    rest = [f"{more} more {'thing is' if more == 1 else 'things are'} not well."] if more > 0 else []
    return " ".join([waits, *(f"{trouble.what}." for trouble in found[:_SUMMED_UP]), *rest])


_NAMES: Final = (
    "redis_away",
    "redis_refuses_writes",
    *refusals.OF_A_DOOR,
    refusals.OF_CALLBACKS,
    "no_worker",
    "worker_part_missing",
    "request_ceiling",
    "public_notes",
    "tickets_failed",
    _MISSED,
    "tickets_wait",
)


def names(routes: Routes) -> tuple[str, ...]:
    """The names of all troubles that there can be, with these services."""
    doors = [name_at(service.name, what) for service in routes.doors for what in (*refusals.OF_A_DOOR, _MISSED)]
    kinds = ("down", "refuses", "refusal_suspected")
    of_services = [f"{in_a_name(name)}_{kind}" for name in routes.services for kind in kinds]
    return tuple(dict.fromkeys((*_NAMES, *doors, *of_services)))


# -- Redis


def _redis(facts: Facts) -> Iterator[Trouble]:
    if facts.writes is not None:
        yield redis_trouble.of_writes(facts.writes, desks=facts.desks)


# -- Who works


def _worker(facts: Facts) -> Iterator[Trouble]:
    missing = [part for part in PARTS if part not in facts.alive]
    if not missing:
        return
    if len(missing) == len(PARTS):
        yield Trouble(
            name="no_worker",
            severity=Severity.NO_NOTES,
            what="No worker runs: tickets are taken in, and wait",
            since=max(facts.beats.values(), default=None),
            do="Start the worker process.",
            command=Command(heroku="heroku ps:scale worker=1", elsewhere="python -m worker"),
        )
        return
    yield Trouble(
        name="worker_part_missing",
        severity=Severity.NO_NOTES,
        what=f"The worker runs, and nothing is heard of its {' and its '.join(missing)}",
        since=max((facts.beats[part] for part in missing if part in facts.beats), default=None),
        do="Restart the worker process; its log says what became of that part.",
        command=Command(heroku="heroku ps:restart worker", elsewhere="python -m worker"),
    )


# -- The services


def _services(facts: Facts) -> Iterator[Trouble]:
    for hold in facts.holds:
        yield (
            _suspicion(hold) if hold.suspected else _hold(hold, facts.credentials.get(hold.service, "its credentials"))
        )
    held = {hold.service for hold in facts.holds if not hold.suspected}
    for service, failing in facts.failing.items():
        lasts = facts.now - failing.since >= DOWN_SECONDS and failing.tries >= DOWN_TRIES
        matters = facts.waiting > 0 or facts.now - failing.last < _FRESH_FAILURE
        if lasts and matters and service not in held:
            yield Trouble(
                name=f"{in_a_name(service)}_down",
                severity=Severity.NO_NOTES,
                what=f"{service} did nothing of what it was asked in {failing.tries:,} tries: {failing.reason}",
                since=failing.since,
                do=(
                    f"Tickets wait and are tried again by themselves, nothing is lost. See whether {service} has an "
                    "outage; if it has none, check tells whether this machine reaches it."
                ),
                command=of_ours("check"),
            )


def _hold(hold: Hold, variables: str) -> Trouble:
    return Trouble(
        name=f"{in_a_name(hold.service)}_refuses",
        severity=Severity.NO_NOTES,
        what=f"{hold.reason.rstrip('?.')}: tickets wait for you",
        since=hold.since,
        do=f"Look at {variables}; check says more. It is tried again every minute, the tickets go on by themselves.",
        command=of_ours("check"),
    )


def _suspicion(hold: Hold) -> Trouble:
    return Trouble(
        name=f"{in_a_name(hold.service)}_refusal_suspected",
        severity=Severity.LOOK,
        what=hold.reason.rstrip("?."),
        since=hold.since,
        do="Other tickets go on, these are tried again. Look at the role and the scopes of our user; check says more.",
        command=of_ours("check"),
    )


def _ceiling(facts: Facts) -> Iterator[Trouble]:
    if facts.asked < facts.ceiling:
        return
    yield Trouble(
        name="request_ceiling",
        severity=Severity.LOOK,
        what=f"{facts.ceiling_variable} is reached ({facts.asked:,} in the last hour): new tickets wait",
        do="They go on as the hour passes. Raise it (each request may cost money), or narrow the trigger.",
        command=setting(facts.ceiling_variable, str(facts.ceiling * 2)),
    )


# -- Cases


def _cases(facts: Facts) -> Iterator[Trouble]:
    if facts.public:
        many = facts.public != 1
        yield Trouble(
            name="public_notes",
            severity=Severity.LOOK,
            what=f"{facts.public:,} {'notes are or were' if many else 'note is or was'} public",
            since=facts.public_since,
            do=(
                f"Customers can read it, or could: make it internal in {listed(facts.places, 'or')}, then press “Seen” "
                "on the status page."
            ),
            command=of_ours("status"),
        )
    failed = facts.counts.get(State.FAILED, 0)
    if failed:
        yield Trouble(
            name="tickets_failed",
            severity=Severity.LOOK,
            what=f"{failed:,} {facts.case_word}{' has' if failed == 1 else 's have'} failed",
            since=facts.oldest.get(State.FAILED),
            do=(
                f"{'It gets' if failed == 1 else 'They get'} no note unless you retry: mend what the reason names "
                f"first. Or erase {'it' if failed == 1 else 'them'}."
            ),
            command=of_ours("retry --failed"),
        )


def _missed(facts: Facts, found: list[Trouble]) -> Iterator[Trouble]:
    known = {trouble.name for trouble in found}
    for service, why in facts.missed.items():
        if not known & {f"{in_a_name(service)}_down", f"{service.lower()}_refuses"}:
            yield Trouble(
                name=name_at(service, _MISSED),
                severity=Severity.LOOK,
                what=f"{facts.case_word.capitalize()}s that {service} could not tell us of cannot be recovered: {why}",
                do="It is tried again by itself; check tells what is in the way.",
                command=of_ours("check"),
            )


def _unexplained(facts: Facts, found: list[Trouble]) -> Iterator[Trouble]:
    """Cases that wait far too long although nothing else explains it."""
    explained = any(trouble.severity is Severity.NO_NOTES or trouble.name == "request_ceiling" for trouble in found)
    longest = {
        State.RECEIVED: _LONG_SECONDS / 2 + facts.longest_retry,
        State.REQUESTED: max(_LONG_SECONDS, (POLLS + 2) * facts.poll_after),
        State.READY: _LONG_SECONDS,
    }
    late = [facts.oldest[state] for state in longest if facts.now - facts.oldest.get(state, facts.now) > longest[state]]
    if late and not explained:
        yield Trouble(
            name="tickets_wait",
            severity=Severity.LOOK,
            what=f"A ticket waits far too long, for {(facts.now - min(late)) / 60:,.0f} minutes in one state",
            since=min(late),
            do="The status page says what each ticket waits for, and the log of the worker what it tried.",
            command=of_ours("status"),
        )
