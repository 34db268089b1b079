"""What an admin can do to tickets on the status page, with the question before what cannot be undone.

    POST /status/tickets/N/retry          puts a ticket that ended without a note back to work
    POST /status/tickets/N/seen           takes a note that is or was public off the list at the top
    GET  /status/tickets/N/erase          asks whether to; POST does it
    GET  /status/failed/retry, /erase     asks about all that have failed; POST does it, or a good part of it

Each of them ends in a redirect to the page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from integration import logs
from integration.cases.entry import State
from integration.cases.ledger import Ledger
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey, as_logged, name_of, read_name
from integration.web.status import wording

BULK_SECONDS: Final = 8.0  # that one press of a button works on many tickets; the rest is left for the next
_DONE: Final = {"retry": "put back to work", "erase": "erased"}

log = logs.get(__name__)


def add(pages: Blueprint, ledger: Ledger) -> None:
    """Give the status page its actions."""
    actions: dict[str, Callable[[CaseKey], bool]] = {"retry": ledger.retry, "erase": ledger.forget}

    @pages.post("/status/tickets/<number>/retry")
    def retry(number: str) -> ResponseReturnValue:
        """Put a ticket that ended without a note back to work."""
        key = _key_of(number)
        if ledger.retry(key):
            flash(f"Ticket {name_of(key)} was put back to work.")
        else:
            flash(f"Ticket {name_of(key)} was left as it is: {_why_left(ledger, key)}.")
        return redirect(url_for("status.page", ticket=name_of(key)), 303)

    @pages.post("/status/tickets/<number>/seen")
    def seen(number: str) -> ResponseReturnValue:
        """Take a note that is or was public off the list: the admin has seen it."""
        key = _key_of(number)
        if ledger.public_seen(key):
            log.info("public note seen by an admin", **as_logged(key))
            flash(f"You have seen that the note of ticket {name_of(key)} is or was public.")
        else:
            flash(f"The note of ticket {name_of(key)} is not on the list of public ones.")
        return redirect(url_for("status.page"), 303)

    @pages.get("/status/tickets/<number>/erase")
    def ask_to_erase(number: str) -> ResponseReturnValue:
        """Ask whether a ticket is to be erased."""
        return render_template("status/ask.html", action="erase", ticket=name_of(_key_of(number)), number=1)

    @pages.post("/status/tickets/<number>/erase")
    def erase(number: str) -> ResponseReturnValue:
        """Erase all that is stored of a ticket."""
        key = _key_of(number)
        erased = ledger.forget(key)
        flash(f"Ticket {name_of(key)} was erased." if erased else f"Of ticket {name_of(key)} nothing was stored.")
        return redirect(url_for("status.page"), 303)

    @pages.get("/status/failed/<any(retry, erase):action>")
    def ask_for_all(action: str) -> ResponseReturnValue:
        """Ask whether all failed tickets are meant."""
        number = ledger.reader.counts()[State.FAILED]
        return render_template("status/ask.html", action=action, ticket=None, number=number)

    @pages.post("/status/failed/<any(retry, erase):action>")
    def do_to_all(action: str) -> ResponseReturnValue:
        """Do it to all failed tickets, for as long as a request may take."""
        done = _do_in_time(ledger.reader.in_state(State.FAILED), actions[action], seconds=BULK_SECONDS)
        left = ledger.reader.counts()[State.FAILED]
        log.info("failed tickets dealt with by an admin", action=action, count=done, left=left)
        rest = f" {wording.count(left, 'ticket')} that have failed are left: go on where you began." if left else ""
        flash(f"{wording.count(done, 'ticket')} {'was' if done == 1 else 'were'} {_DONE[action]}.{rest}")
        return redirect(url_for("status.page"), 303)


def _do_in_time(cases: list[CaseKey], action: Callable[[CaseKey], bool], *, seconds: float) -> int:
    """Do it to one ticket after another while there is time; to how many it was done."""
    deadline, done = time.monotonic() + seconds, 0
    for key in cases:
        done += action(key)
        if time.monotonic() > deadline:
            break
    return done


def _key_of(name: str) -> CaseKey:
    """The case that an address names."""
    key = read_key(name)
    if key is None:
        raise NotFound
    return key


def _why_left(ledger: Ledger, key: CaseKey) -> str:
    try:
        entry = ledger.reader.find(key)
    except NewerEntryError:
        return "a newer release wrote it"
    return "it is not known" if entry is None else f"there is nothing to retry, it is {wording.STATES[entry.state]}"


def read_key(name: str) -> CaseKey | None:
    """The case that people call so; None when it is none."""
    try:
        return read_name(name)
    except ValueError:
        return None
