"""`forget (--ticket N | --email E)`: erases what is stored, from Redis' files too."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from integration.cases import connections, redis_files
from integration.cases.ledger import Ledger
from integration.cases.pseudonym import Whose
from integration.commands import case_named, open_ledger
from integration.json_body import email_address
from integration.safe_text import printable
from integration.settings import from_environment

HELP = "erase what is stored of a ticket, or of all tickets of an e-mail address"
_PROGRESS: Final = 1000  # entries between two lines that say how far it is
_NAMED: Final = 20  # entries that a message names at most


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--ticket", type=case_named, metavar="N", help="a ticket's number")
    which.add_argument("--email", type=_address, metavar="E", help="a requester's e-mail address")


def run(options: argparse.Namespace) -> int:
    """Erase, and say what was erased, and what may be left."""
    problems: list[str] = []
    with open_ledger() as ledger:
        if options.ticket:
            erased = int(ledger.forget(options.ticket))
        else:
            erased, problems = _forget_person(ledger, options.email)
    print(f"erased: {erased} {'ticket' if erased == 1 else 'tickets'}", flush=True)
    for problem in problems:
        print(problem, file=sys.stderr)
    with connections.for_check(from_environment()) as redis:
        cleaned = redis_files.clean(redis)
    for line in cleaned.told:
        print(line, file=sys.stderr)
    return 1 if problems or cleaned.failed else 0


def _forget_person(ledger: Ledger, email: str) -> tuple[int, list[str]]:
    """Erase every ticket of an address; how many there were, and what stands in the way of all being erased."""
    erased = unknown = 0
    unreadable: set[str] = set()
    for looked_at, (key, whose) in enumerate(ledger.reader.cases_of(email), start=1):
        match whose:
            case Whose.THEIRS:
                erased += ledger.forget(ledger.keys.case_of(key))
            case Whose.UNREADABLE:
                unreadable.add(printable(key.decode("utf-8", "replace"))[:80])
            case Whose.UNKNOWN_KEY:
                unknown += 1
        if looked_at % _PROGRESS == 0:
            print(f"looked at {looked_at} tickets, {erased} were of this address", file=sys.stderr)
    problems = [_unreadable(sorted(unreadable))] if unreadable else []
    return erased, [*problems, _unknown_key(unknown)] if unknown else problems


def _unreadable(names: list[str]) -> str:
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"Not erased: {', '.join(names[:_NAMED])}{more}. What is stored there cannot be read, so that nobody knows "
        "whose it is. A newer release may have written it: run this there. `forget --ticket N` erases it in any case."
    )


def _unknown_key(count: int) -> str:
    tickets = "1 ticket was" if count == 1 else f"{count} tickets were"
    return (
        f"{tickets} stored under a SECRET_KEY that is no longer set: whose they are cannot be known. "
        "Put the old key into SECRET_KEY_FALLBACKS and run this again. Without it, what is stored of them is gone "
        "RETENTION_DAYS after their end."
    )


def _address(raw: str) -> str:
    address = email_address(raw)
    if address is None:
        raise argparse.ArgumentTypeError("must be an e-mail address")
    return address
