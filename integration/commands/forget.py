"""`forget (--ticket N | --email E)`: erases what is stored."""

from __future__ import annotations

import argparse
import sys

from integration.commands import open_ledger, ticket_id
from integration.ledger import Ledger
from integration.zendesk.webhook import email_address

HELP = "erase what is stored of a ticket, or of all tickets of an e-mail address"
_PROGRESS = 1000  # entries between two signs of life


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--ticket", type=ticket_id, metavar="N", help="a ticket's number")
    which.add_argument("--email", type=_address, metavar="E", help="a requester's e-mail address")


def run(options: argparse.Namespace) -> int:
    """Erase, and say what was erased."""
    ledger = open_ledger()
    tickets = [options.ticket] if options.ticket else _tickets_of(ledger, options.email)
    erased = sum(ledger.forget(each) for each in tickets)
    print(f"erased: {erased} {'ticket' if erased == 1 else 'tickets'}")
    return 0


def _tickets_of(ledger: Ledger, email: str) -> list[int]:
    found = []
    for looked_at, (each, same) in enumerate(ledger.tickets_of(email), start=1):
        if same:
            found.append(each)
        if looked_at % _PROGRESS == 0:
            print(f"looked at {looked_at} tickets, {len(found)} are of this address", file=sys.stderr)
    return found


def _address(raw: str) -> str:
    address = email_address(raw)
    if address is None:
        raise argparse.ArgumentTypeError("must be an e-mail address")
    return address
