"""What is to be done until the first note, as the status page lists it; no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from integration.cases.heartbeats import PARTS
from integration.cases.situation import Command, Facts, of_ours


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
    came = facts.zendesk.genuine is not None
    worked = all(part in facts.alive for part in PARTS)
    accepted = "LogRocket" in facts.accepted
    return (
        _task("secret", facts.has_secret, "The signing secret is set", "Set the signing secret: install prints it"),
        Task(
            name="worker",
            done=worked,
            what="The worker runs" if worked else "Start the worker",
            command=Command(heroku="heroku ps:scale worker=1", elsewhere="python -m worker"),
        ),
        _task(
            "webhook",
            came,
            "A delivery of Zendesk's came",
            "No delivery of Zendesk's has come yet: install makes webhook and trigger, check sends a test",
            to="check" if facts.has_secret else "install",
        ),
        _task(
            "logrocket",
            accepted,
            "LogRocket took a request",
            "LogRocket has not taken a request yet: check tries the key",
            to="check",
        ),
        Task(
            name="ticket",
            done=False,
            what=(
                "The first ticket came: its note comes when LogRocket is done, usually within three minutes"
                if facts.last_received is not None
                else "File a ticket as a person whom LogRocket knows by e-mail"
            ),
        ),
    )


def _task(name: str, done: bool, what: str, otherwise: str, *, to: str = "install") -> Task:  # noqa: FBT001 -- a fact
    return Task(name=name, done=done, what=what if done else otherwise, command=of_ours(to))
