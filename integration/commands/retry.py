"""`retry TICKET... | --failed`: puts tickets that ended without a note back to work."""

from __future__ import annotations

import argparse

from integration.commands import open_ledger, ticket_id
from integration.entry import NewerEntryError, State
from integration.ledger import Ledger

HELP = "put tickets that are failed, skipped or empty back to work"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("tickets", type=ticket_id, nargs="*", default=[], metavar="TICKET", help="a ticket's number")
    which.add_argument("--failed", action="store_true", help="every ticket that has failed")


def run(options: argparse.Namespace) -> int:
    """Retry, and say which could not be."""
    ledger = open_ledger()
    wanted = ledger.in_state(State.FAILED) if options.failed else options.tickets
    refused = 0
    for each in wanted:
        if ledger.retry(each):
            print(f"ticket {each}: back to work")
        elif not options.failed:  # among all failed ones it was another process that was faster
            refused += 1
            print(f"ticket {each}: {_why_not(ledger, each)}")
    if not wanted:
        print("no ticket has failed")
    return 1 if refused else 0


def _why_not(ledger: Ledger, ticket: int) -> str:
    try:
        entry = ledger.find(ticket)
    except NewerEntryError:
        return "a newer release wrote its entry, which this one leaves alone"
    return "not known" if entry is None else f"it has its note, or gets it: it is {entry.state}"
