"""How it stands, decided from facts in one place; no I/O.

Page, `/readyz`, `/metrics`, `status` and `check` all tell the troubles that `troubles` finds, and "All is well." when
it finds none. A trouble's name is stable: it is what a program looks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError

from integration.cases.entry import POLLS, State
from integration.cases.heartbeats import PARTS
from integration.cases.lanes import Hold
from integration.cases.owner import RefusedRedisError
from integration.cases.situation import Command, Door, Facts, Refused, Severity, Trouble, of_ours

WELL: Final = "All is well."
DOWN_SECONDS: Final = 60.0  # that a service has to fail, with nothing done in between,
DOWN_TRIES: Final = 2  # and so many tries of it
MEANWHILE_SECONDS: Final = 600.0  # a delivery that was verified this recently speaks for the secret
MIXED_SECONDS: Final = 3600.0
FORGOTTEN_SECONDS: Final = 7 * 24 * 3600.0
_FRESH_FAILURE: Final = 900.0  # a service that nobody waits for is told of no longer than that
_LONG_SECONDS: Final = 3600.0
_SUMMED_UP: Final = 3  # troubles that the summary tells, the gravest

_LOOK_AT_REDIS: Final = (
    "No ticket can be taken in now; Zendesk tries again by itself for a while. Look at your Redis, and at REDIS_URL."
)


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """What is not well, the gravest first; empty when all is well."""
    found = [
        *_redis(facts),
        *_secret(facts),
        *_deliveries(facts),
        *_callbacks(facts),
        *_worker(facts),
        *_services(facts),
        *_ceiling(facts),
        *_tickets(facts),
    ]
    found += _missed(facts, found)
    found += _unexplained(facts, found)
    order = list(Severity)
    return tuple(sorted(found, key=lambda trouble: order.index(trouble.severity)))


def summary(facts: Facts, found: tuple[Trouble, ...]) -> str:
    """How it stands, in a sentence or two."""
    waiting = facts.waiting
    waits = "No ticket waits." if not waiting else f"{waiting:,} {'ticket waits' if waiting == 1 else 'tickets wait'}."
    if not found:
        return f"{waits} {WELL}"
    more = len(found) - _SUMMED_UP
    rest = [f"{more} more {'thing is' if more == 1 else 'things are'} not well."] if more > 0 else []
    return " ".join([waits, *(f"{trouble.what}." for trouble in found[:_SUMMED_UP]), *rest])


def away(error: RedisError) -> Trouble:
    """The trouble when Redis cannot be asked."""
    if isinstance(error, RefusedRedisError):
        return Trouble(
            name="redis_away",
            severity=Severity.NO_NOTES,
            what="Redis cannot be used, it is not for this installation",
            do="The log of the web process says why, and what to do.",
            command=Command(heroku="heroku logs --ps web", elsewhere="python -m integration check"),
        )
    refuses = refuses_writes(error)
    if refuses is not None:
        return _of_writes(refuses)
    return Trouble(
        name="redis_away",
        severity=Severity.NO_NOTES,
        what="Redis does not answer",
        do=_LOOK_AT_REDIS,
        command=Command(heroku="heroku redis:info", elsewhere="python -m integration check"),
    )


def refuses_writes(error: RedisError) -> str | None:
    """Why Redis answers, and refuses to write; None when the error says something else."""
    if isinstance(error, ReadOnlyError):
        return "it is a read-only replica"
    if isinstance(error, OutOfMemoryError):
        return "its memory is full"
    if isinstance(error, ResponseError):
        text = str(error)
        if "MISCONF" in text:
            return "it cannot write to its disk"
        if "NOREPLICAS" in text:
            return "it has too few replicas"
        return "it refuses a command that is needed"
    return None


_NAMES: Final = (
    "redis_away",
    "redis_refuses_writes",
    "no_signing_secret",
    "signature_mismatch",
    "signature_out_of_date",
    "deliveries_unusable",
    "callbacks_refused",
    "no_worker",
    "worker_part_missing",
    "request_ceiling",
    "public_notes",
    "tickets_failed",
    "missed_tickets",
    "tickets_wait",
)


def names(services: Iterable[str]) -> tuple[str, ...]:
    """The names of all troubles that there can be, with these services."""
    of_services = (f"{name.lower()}_{what}" for name in services for what in ("down", "refuses", "refusal_suspected"))
    return (*_NAMES, *of_services)


# -- Redis


def _redis(facts: Facts) -> Iterator[Trouble]:
    if facts.writes is not None:
        yield _of_writes(facts.writes)


def _of_writes(why: str) -> Trouble:
    return Trouble(
        name="redis_refuses_writes",
        severity=Severity.NO_NOTES,
        what=f"Redis refuses writes: {why}",
        do=(
            "No ticket can be written down; Zendesk tries again by itself for a while. Look at your Redis: its memory, "
            "its disk, and whether REDIS_URL leads to the primary."
        ),
        command=Command(heroku="heroku redis:info", elsewhere="python -m integration check"),
    )


# -- What arrives


def _secret(facts: Facts) -> Iterator[Trouble]:
    if not facts.has_secret:
        put_off = facts.zendesk.refused.get("no_secret")
        yield Trouble(
            name="no_signing_secret",
            severity=Severity.NO_NOTES,
            what="No signing secret is set, so no ticket is taken in",
            since=None if put_off is None else put_off.since,
            do="Run install: it ends with the line that sets ZENDESK_WEBHOOK_SECRET. Then restart the web process.",
            command=of_ours("install"),
        )


def _deliveries(facts: Facts) -> Iterator[Trouble]:
    if not facts.has_secret:
        return
    wrong = _unanswered(facts.zendesk, "wrong_signature", facts.now)
    if wrong is not None:
        yield _of_signatures(facts, wrong)
    old = _unanswered(facts.zendesk, "out_of_date", facts.now)
    if old is not None:
        yield Trouble(
            name="signature_out_of_date",
            severity=_severity(facts, facts.zendesk, old, Severity.NO_NOTES),
            what=f"{_deliveries_of(old)}: by our clock, the signature is more than 15 minutes off",
            since=old.since,
            do=(
                "The clock of this machine is wrong, or a stranger repeats an old delivery: compare the clock with the "
                "true time."
            ),
            command=Command(heroku="heroku run -- date --utc", elsewhere="date --utc"),
        )
    unusable = facts.zendesk.refused.get("unusable")
    if unusable is not None and unusable.last > (facts.last_received or 0.0):
        yield Trouble(
            name="deliveries_unusable",
            severity=Severity.LOOK,
            what=f"{_deliveries_of(unusable)}: signed by Zendesk, but without a usable ticket_id",
            since=unusable.since,
            do="The body of the trigger is another one than install writes (or somebody tested the webhook by hand).",
            command=of_ours("install"),
        )


def _of_signatures(facts: Facts, wrong: Refused) -> Trouble:
    severity = _severity(facts, facts.zendesk, wrong, Severity.NO_NOTES)
    if severity is Severity.NOTE:
        meaning = (
            "Others were verified in the last minutes, so the secret is right for them. A second webhook with a secret "
            "of its own points here, or a stranger sends these."
        )
    else:
        meaning = (
            "None has been verified since. ZENDESK_WEBHOOK_SECRET is not the webhook's own (it was made anew, or is of "
            "another webhook), or a stranger sends these."
        )
    return Trouble(
        name="signature_mismatch",
        severity=severity,
        what=f"{_deliveries_of(wrong)}: the signature does not match ZENDESK_WEBHOOK_SECRET",
        since=wrong.since,
        do=f"{meaning} Run install: it prints the webhook's secret and the line that sets it.",
        command=of_ours("install"),
    )


def _callbacks(facts: Facts) -> Iterator[Trouble]:
    wrong = _unanswered(facts.logrocket, "wrong_signature", facts.now)
    if wrong is not None:
        yield Trouble(
            name="callbacks_refused",
            severity=_severity(facts, facts.logrocket, wrong, Severity.LOOK),
            what=f"{_callbacks_of(wrong)}: the token does not match SECRET_KEY",
            since=wrong.since,
            do=(
                "Notes come later than they could: LogRocket is asked instead. SECRET_KEY was changed, or another "
                "installation's callbacks or a stranger's arrive here: put the old key into SECRET_KEY_FALLBACKS."
            ),
            command=_set("SECRET_KEY_FALLBACKS", "<the old SECRET_KEY>"),
        )


def _unanswered(door: Door, reason: str, now: float) -> Refused | None:
    """Refusals after which nothing was accepted, or that come between what is."""
    refused = door.refused.get(reason)
    if refused is None:
        return None
    mixed = door.mixed is not None and door.mixed > now - MIXED_SECONDS and refused.last >= door.mixed
    if refused.last < now - FORGOTTEN_SECONDS:
        return None
    return refused if mixed or door.genuine is None or door.genuine < refused.last else None


def _set(variable: str, value: str) -> Command:
    return Command(heroku=f"heroku config:set {variable}={value}", elsewhere=f"{variable}={value}")


def _severity(facts: Facts, door: Door, refused: Refused, gravest: Severity) -> Severity:
    """Refusals beside deliveries that are verified are for information: anybody can send something."""
    verified = door.genuine is not None and door.genuine > min(facts.now - MEANWHILE_SECONDS, refused.last)
    return Severity.NOTE if verified else gravest


def _deliveries_of(refused: Refused) -> str:
    return f"{refused.count:,} {'delivery was' if refused.count == 1 else 'deliveries were'} refused"


def _callbacks_of(refused: Refused) -> str:
    return f"{refused.count:,} {'callback was' if refused.count == 1 else 'callbacks were'} refused"


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


# -- Zendesk and LogRocket


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
                name=f"{service.lower()}_down",
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
        name=f"{hold.service.lower()}_refuses",
        severity=Severity.NO_NOTES,
        what=f"{hold.reason.rstrip('?.')}: tickets wait for you",
        since=hold.since,
        do=f"Look at {variables}; check says more. It is tried again every minute, the tickets go on by themselves.",
        command=of_ours("check"),
    )


def _suspicion(hold: Hold) -> Trouble:
    return Trouble(
        name=f"{hold.service.lower()}_refusal_suspected",
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
        what=f"LOGROCKET_REQUESTS_PER_HOUR is reached ({facts.asked:,} in the last hour): new tickets wait",
        do="They go on as the hour passes. Raise it (each request may cost money), or narrow the trigger.",
        command=_set("LOGROCKET_REQUESTS_PER_HOUR", str(facts.ceiling * 2)),
    )


# -- Tickets


def _tickets(facts: Facts) -> Iterator[Trouble]:
    if facts.public:
        many = facts.public != 1
        yield Trouble(
            name="public_notes",
            severity=Severity.LOOK,
            what=f"{facts.public:,} {'notes are or were' if many else 'note is or was'} public",
            since=facts.public_since,
            do="Customers can read it, or could: make it internal in Zendesk, then press “Seen” on the status page.",
            command=of_ours("status"),
        )
    failed = facts.counts.get(State.FAILED, 0)
    if failed:
        yield Trouble(
            name="tickets_failed",
            severity=Severity.LOOK,
            what=f"{failed:,} {'ticket has' if failed == 1 else 'tickets have'} failed",
            since=facts.oldest.get(State.FAILED),
            do="They get no note unless you retry them: mend what the reason names, then retry (or erase them).",
            command=of_ours("retry --failed"),
        )


def _missed(facts: Facts, found: list[Trouble]) -> Iterator[Trouble]:
    explained = any(trouble.name in ("zendesk_down", "zendesk_refuses") for trouble in found)
    if facts.missed is not None and not explained:
        yield Trouble(
            name="missed_tickets",
            severity=Severity.LOOK,
            what=f"Tickets that Zendesk could not tell us of cannot be recovered: {facts.missed}",
            do="It is tried again every ten minutes; check tells what is in the way.",
            command=of_ours("check"),
        )


def _unexplained(facts: Facts, found: list[Trouble]) -> Iterator[Trouble]:
    """Tickets that wait far too long although nothing else explains it."""
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
