"""What is not well with what services deliver: secrets that are missing or wrong, clocks, bodies; no I/O.

Anybody may send anything: refusals count for something only when nothing is verified after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from integration.cases.situation import Command, Door, Facts, Refused, Seen, Severity, Trouble, of_ours, setting
from integration.ports import Signing

OF_A_DOOR: Final = ("no_signing_secret", "signature_mismatch", "signature_out_of_date", "deliveries_unusable")
OF_CALLBACKS: Final = "callbacks_refused"
MEANWHILE_SECONDS: Final = 600.0  # a delivery that was verified this recently speaks for the secret
MIXED_SECONDS: Final = 3600.0
FORGOTTEN_SECONDS: Final = 7 * 24 * 3600.0
_NO_SECRET, _MISMATCH, _OUT_OF_DATE, _UNUSABLE = OF_A_DOOR


def troubles(facts: Facts) -> Iterator[Trouble]:
    """What is not well at each door, and with the summariser's callbacks."""
    for door in facts.doors.values():
        if door.has_secret:
            yield from _signatures(facts, door)
            yield from _out_of_date(facts, door)
            yield from _unusable(facts, door)
        else:
            yield _no_secret(door)
    yield from _callbacks(facts)


# -- A door


def _no_secret(door: Door) -> Trouble:
    put_off, signing = door.seen.refused.get("no_secret"), door.signing
    if signing.command is None:
        mend = f"Set {signing.secret} to the secret that {door.service} sends."
    else:
        mend = f"Run {signing.command}: it ends with the line that sets {signing.secret}."
    return Trouble(
        name=door.named(_NO_SECRET),
        severity=Severity.NO_NOTES,
        what="No signing secret is set, so no ticket is taken in",
        since=None if put_off is None else put_off.since,
        do=f"{mend} Then restart the web process.",
        command=_mending(signing),
    )


def _signatures(facts: Facts, door: Door) -> Iterator[Trouble]:
    wrong, signing = _unanswered(door.seen, "wrong_signature", facts.now), door.signing
    if wrong is None:
        return
    severity = _severity(facts, door.seen, wrong, Severity.NO_NOTES)
    if severity is Severity.NOTE:
        meaning = (
            "Others were verified in the last minutes, so the secret is right for them. A second webhook with a secret "
            "of its own points here, or a stranger sends these."
        )
    else:
        meaning = (
            f"None has been verified since. {signing.secret} is not the webhook's own (it was made anew, or is of "
            "another webhook), or a stranger sends these."
        )
    if signing.command is None:
        mend = f"Compare it with the secret that {door.service} sends."
    else:
        mend = f"Run {signing.command}: it prints the webhook's secret and the line that sets it."
    yield Trouble(
        name=door.named(_MISMATCH),
        severity=severity,
        what=f"{_refused(wrong)}: the {signing.proof} does not match {signing.secret}",
        since=wrong.since,
        do=f"{meaning} {mend}",
        command=_mending(signing),
    )


def _out_of_date(facts: Facts, door: Door) -> Iterator[Trouble]:
    old = _unanswered(door.seen, "out_of_date", facts.now)
    if old is not None:
        minutes = door.signing.fresh_minutes
        yield Trouble(
            name=door.named(_OUT_OF_DATE),
            severity=_severity(facts, door.seen, old, Severity.NO_NOTES),
            what=f"{_refused(old)}: by our clock, the signature is more than {minutes} minutes off",
            since=old.since,
            do=(
                "The clock of this machine is wrong, or a stranger repeats an old delivery: compare the clock with the "
                "true time."
            ),
            command=Command(heroku="heroku run -- date --utc", elsewhere="date --utc"),
        )


def _unusable(facts: Facts, door: Door) -> Iterator[Trouble]:
    unusable, signing = door.seen.refused.get("unusable"), door.signing
    if unusable is not None and unusable.last > (facts.last_received or 0.0):
        another = "another one than " + ("is needed" if signing.command is None else f"{signing.command} writes")
        yield Trouble(
            name=door.named(_UNUSABLE),
            severity=Severity.LOOK,
            what=f"{_refused(unusable)}: {signing.vouched} {door.service}, but without a {signing.needed}",
            since=unusable.since,
            do=f"The body of the {signing.sender} is {another} (or somebody tested the webhook by hand).",
            command=_mending(signing),
        )


def _mending(signing: Signing) -> Command:
    """The command that mends what is wrong with the secret or the body, or tells more of it."""
    return of_ours(signing.command or "check")


# -- Callbacks


def _callbacks(facts: Facts) -> Iterator[Trouble]:
    wrong = _unanswered(facts.callbacks, "wrong_signature", facts.now)
    if wrong is not None:
        yield Trouble(
            name=OF_CALLBACKS,
            severity=_severity(facts, facts.callbacks, wrong, Severity.LOOK),
            what=f"{_refused(wrong, 'callback', 'callbacks')}: the token does not match SECRET_KEY",
            since=wrong.since,
            do=(
                f"Notes come later than they could: {facts.summariser} is asked instead. SECRET_KEY was changed, or "
                "another installation's callbacks or a stranger's arrive here: put the old key into "
                "SECRET_KEY_FALLBACKS."
            ),
            command=setting("SECRET_KEY_FALLBACKS", "<the old SECRET_KEY>"),
        )


# -- What counts


def _unanswered(seen: Seen, reason: str, now: float) -> Refused | None:
    """Refusals after which nothing was accepted, or that come between what is."""
    refused = seen.refused.get(reason)
    if refused is None:
        return None
    mixed = seen.mixed is not None and seen.mixed > now - MIXED_SECONDS and refused.last >= seen.mixed
    if refused.last < now - FORGOTTEN_SECONDS:
        return None
    return refused if mixed or seen.genuine is None or seen.genuine < refused.last else None


def _severity(facts: Facts, seen: Seen, refused: Refused, gravest: Severity) -> Severity:
    """Refusals beside deliveries that are verified are for information: anybody can send something."""
    verified = seen.genuine is not None and seen.genuine > min(facts.now - MEANWHILE_SECONDS, refused.last)
    return Severity.NOTE if verified else gravest


def _refused(refused: Refused, one: str = "delivery", many: str = "deliveries") -> str:
    return f"{refused.count:,} {f'{one} was' if refused.count == 1 else f'{many} were'} refused"
