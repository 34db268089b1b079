"""`retry TICKET... | --failed`: puts tickets that ended without a note back to work."""

from __future__ import annotations

import argparse

from integration.cases.entry import State
from integration.cases.ledger import Ledger
from integration.cases.stored import NewerEntryError
from integration.commands import case_named, open_ledger
from integration.facts import CaseKey, name_of

HELP = "put tickets that are failed, skipped or empty back to work"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("tickets", type=case_named, nargs="*", default=[], metavar="TICKET", help="a ticket's number")
    which.add_argument("--failed", action="store_true", help="every ticket that has failed")


def run(options: argparse.Namespace) -> int:
    """Retry, and say which could not be."""
    with open_ledger() as ledger:
        return _retry(ledger, options)


def _retry(ledger: Ledger, options: argparse.Namespace) -> int:
    wanted = ledger.reader.in_state(State.FAILED) if options.failed else options.tickets
    refused = 0
    for key in wanted:
        if ledger.retry(key):
            print(f"ticket {name_of(key)}: back to work")
        elif not options.failed:  # with --failed, another process has just retried it
            refused += 1
            print(f"ticket {name_of(key)}: {_why_not_retried(ledger, key)}")
    if not wanted:
        print("no ticket has failed")
    return 1 if refused else 0


def _why_not_retried(ledger: Ledger, key: CaseKey) -> str:
    """Why a case stays as it is."""
    try:
        entry = ledger.reader.find(key)
    except NewerEntryError:
        return "left as it is: a newer release wrote its entry, retry it there"
    if entry is None:
        return "not known: it never arrived here, was erased, or ended more than RETENTION_DAYS ago"
    if entry.state is State.POSTED:
        return "left as it is: it is posted, its note is on the ticket"
    return f"left as it is: it is {entry.state}, and goes on by itself (`status {name_of(key)}` says when)"
