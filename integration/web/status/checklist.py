"""What is to be done until the first note, as the status page lists it; no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from integration.cases.heartbeats import PARTS
from integration.cases.situation import Command, Door, Facts, of_ours


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something that has to be done before there can be a note."""

    name: str
    done: bool
    what: str
    command: Command | None = None


def checklist(facts: Facts) -> tuple[Task, ...]:
    """What is done and what is to do until the first note; empty once there is one."""
    if facts.noted:
        return ()
    worked = all(part in facts.alive for part in PARTS)
    taken = facts.summariser in facts.accepted
    return (
        *(_secret(door) for door in facts.doors.values()),
        Task(
            name="worker",
            done=worked,
            what="The worker runs" if worked else "Start the worker",
            command=Command(heroku="heroku ps:scale worker=1", elsewhere="python -m worker"),
        ),
        *(_delivery(door) for door in facts.doors.values()),
        _task(
            facts.summariser.lower(),
            taken,
            f"{facts.summariser} took a request",
            f"{facts.summariser} has not taken a request yet: check tries the key",
            to="check",
        ),
        Task(
            name="ticket",
            done=False,
            what=(
                f"The first {facts.case_word} came: its note comes when {facts.summariser} is done, "
                "usually within three minutes"
                if facts.last_received is not None
                else _first_case(facts)
            ),
        ),
    )


def _first_case(facts: Facts) -> str:
    """What an admin does to see a note."""
    begins = "File a ticket" if facts.case_word == "ticket" else f"Let the first {facts.case_word} come"
    return f"{begins} as a person whom {facts.summariser} knows by e-mail"


def _secret(door: Door) -> Task:
    command = door.signing.command
    to_do = f"Set {door.signing.secret}" if command is None else f"Set the signing secret: {command} prints it"
    return _task(door.named("secret"), door.has_secret, "The signing secret is set", to_do, to=command or "check")


def _delivery(door: Door) -> Task:
    """That the door had a delivery."""
    command = door.signing.command
    to_do = f"No delivery of {door.service}'s has come yet"
    if command is not None:
        to_do += f": {command} makes webhook and {door.signing.sender}, check sends a test"
    return _task(
        door.named("webhook"),
        door.seen.genuine is not None,
        f"A delivery of {door.service}'s came",
        to_do,
        to="check" if door.has_secret or command is None else command,
    )


def _task(name: str, done: bool, what: str, otherwise: str, *, to: str) -> Task:  # noqa: FBT001 -- a fact
    return Task(name=name, done=done, what=what if done else otherwise, command=of_ours(to))
