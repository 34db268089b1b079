"""What an admin can do to tickets on the status page, with the question before what cannot be undone.

    POST /status/tickets/N/retry          puts a ticket that ended without a note back to work
    POST /status/tickets/N/seen           takes a note that is or was public off the list at the top
    GET  /status/tickets/N/erase          asks whether to; POST does it
    GET  /status/failed/retry, /erase     asks about all that have failed; POST does it, or a good part of it

Each of them ends in a redirect to the page.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from integration import logs
from integration.cases.entry import NewerEntryError, State
from integration.cases.ledger import Ledger
from integration.web.status import wording

BULK_SECONDS: Final = 8.0  # that one press of a button works on many tickets; the rest is left for the next
_DONE: Final = {"retry": "put back to work", "erase": "erased"}

log = logs.get(__name__)


def add(pages: Blueprint, ledger: Ledger) -> None:
    """Give the status page its actions."""
    actions: dict[str, Callable[[int], bool]] = {"retry": ledger.retry, "erase": ledger.forget}

    @pages.post("/status/tickets/<number>/retry")
    def retry(number: str) -> ResponseReturnValue:
        """Put a ticket that ended without a note back to work."""
        ticket_id = _ticket_id_of(number)
        if ledger.retry(ticket_id):
            flash(f"Ticket {ticket_id} was put back to work.")
        else:
            flash(f"Ticket {ticket_id} was left as it is: {_why_left(ledger, ticket_id)}.")
        return redirect(url_for("status.page", ticket=ticket_id), 303)

    @pages.post("/status/tickets/<number>/seen")
    def seen(number: str) -> ResponseReturnValue:
        """Take a note that is or was public off the list: the admin has seen it."""
        ticket_id = _ticket_id_of(number)
        if ledger.public_seen(ticket_id):
            log.info("public note seen by an admin", ticket_id=ticket_id)
            flash(f"You have seen that the note of ticket {ticket_id} is or was public.")
        else:
            flash(f"The note of ticket {ticket_id} is not on the list of public ones.")
        return redirect(url_for("status.page"), 303)

    @pages.get("/status/tickets/<number>/erase")
    def ask_to_erase(number: str) -> ResponseReturnValue:
        """Ask whether a ticket is to be erased."""
        return render_template("status/ask.html", action="erase", ticket_id=_ticket_id_of(number), number=1)

    @pages.post("/status/tickets/<number>/erase")
    def erase(number: str) -> ResponseReturnValue:
        """Erase all that is stored of a ticket."""
        ticket_id = _ticket_id_of(number)
        erased = ledger.forget(ticket_id)
        flash(f"Ticket {ticket_id} was erased." if erased else f"Of ticket {ticket_id} nothing was stored.")
        return redirect(url_for("status.page"), 303)

    @pages.get("/status/failed/<any(retry, erase):action>")
    def ask_for_all(action: str) -> ResponseReturnValue:
        """Ask whether all failed tickets are meant."""
        number = ledger.counts()[State.FAILED]
        return render_template("status/ask.html", action=action, ticket_id=None, number=number)

    @pages.post("/status/failed/<any(retry, erase):action>")
    def do_to_all(action: str) -> ResponseReturnValue:
        """Do it to all failed tickets, for as long as a request may take."""
        done = _do_in_time(ledger.in_state(State.FAILED), actions[action], seconds=BULK_SECONDS)
        left = ledger.counts()[State.FAILED]
        log.info("failed tickets dealt with by an admin", action=action, count=done, left=left)
        rest = f" {wording.count(left, 'ticket')} that have failed are left: go on where you began." if left else ""
        flash(f"{wording.count(done, 'ticket')} {'was' if done == 1 else 'were'} {_DONE[action]}.{rest}")
        return redirect(url_for("status.page"), 303)


def _do_in_time(tickets: list[int], action: Callable[[int], bool], *, seconds: float) -> int:
    """Do it to one ticket after another while there is time; to how many it was done."""
    deadline, done = time.monotonic() + seconds, 0
    for ticket_id in tickets:
        done += action(ticket_id)
        if time.monotonic() > deadline:
            break
    return done


def _ticket_id_of(number: str) -> int:
    """The ticket id that an address names."""
    ticket_id = read_ticket_id(number)
    if ticket_id is None:
        raise NotFound
    return ticket_id


def _why_left(ledger: Ledger, ticket_id: int) -> str:
    try:
        entry = ledger.find(ticket_id)
    except NewerEntryError:
        return "a newer release wrote it"
    return "it is not known" if entry is None else f"there is nothing to retry, it is {wording.STATES[entry.state]}"


def read_ticket_id(raw: str) -> int | None:
    """The number of a ticket; None when it is none."""
    return int(raw) if re.fullmatch(r"[0-9]{1,18}", raw) and int(raw) else None
