"""`python -m sandbox`: the whole product on this machine, against stand-ins for the services around it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

from sandbox import beside
from sandbox.customers import CUSTOMERS, Customer
from sandbox.runner import NOTE_SECONDS, PASSED_ON, Failed, NoNote, Stage
from sandbox.terminal import indented, note_as_text

ALL: Final = ""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS: Final = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Show one ticket getting its note; without --once stay for more."""
    wanted = _parser().parse_args(arguments)
    if wanted.env is not None:
        return print_variables(wanted.env)
    for name in set(os.environ) - {*PASSED_ON, "PATH"}:
        del os.environ[name]  # neither the product nor the stand-ins are to hear anything of the caller's
    for number in (*_SIGNALS, signal.SIGALRM):  # SIGINT may have been inherited as ignored
        signal.signal(number, _interrupt)
    try:
        print("Starting Valkey, the stand-ins for all services, web and worker ...", flush=True)
        with Stage(wanted.product, quiet=wanted.once, note_seconds=wanted.wait) as stage:
            try:
                play(stage, CUSTOMERS[wanted.customer], once=wanted.once)
            finally:
                _ignore_signals()
    except KeyboardInterrupt:
        _ignore_signals()
        print("\nEverything ended.", file=sys.stderr)
        return 1 if wanted.once else 0
    except Failed as failed:
        print(f"\nIt did not work: {failed}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="end after the first ticket: exit code 0 with its note, else 1 and why"
    )
    parser.add_argument(
        "--customer", choices=CUSTOMERS, default="ada", help="who files the first ticket (default: ada)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=NOTE_SECONDS,
        metavar="SECONDS",
        help=f"how long the first ticket's note may take (default: {NOTE_SECONDS:.0f})",
    )
    parser.add_argument(
        "--env",
        nargs="?",
        const=ALL,
        metavar="PORT",
        help="start nothing: print the variables of the sandbox that runs (of several: the one with this port or "
        'process id), for a shell: eval "$(python -m sandbox --env)"',
    )
    parser.add_argument(
        "--product", type=Path, default=beside.CHECKOUT, help="the product's folder (default: this one)"
    )
    return parser


def print_variables(number: str) -> int:
    """Print the variables of a sandbox that runs; without one, why not, and what keeps a shell from going on."""
    try:
        there = beside.chosen(number)
    except beside.Unclear as unclear:
        print(unclear, file=sys.stderr)
        print(beside.STOP)
        return 1
    print(beside.exports(there.variables, environ=os.environ))
    return 0


def play(stage: Stage, customer: Customer, *, once: bool) -> None:
    """Show a ticket and its note; without `once`, stay until something ends."""
    try:
        show(stage, customer)
    except NoNote as none:
        if once:
            raise
        print(f"\nThere will be no note: {none.why}.", flush=True)
    if not once:
        tell_addresses(stage)
        stage.watch()


def show(stage: Stage, customer: Customer) -> None:
    """File a ticket, wait for its note, print both."""
    began = time.monotonic()
    number = stage.sandbox.zendesk.file_ticket(**customer.ticket())
    sender = f"{customer.name} <{customer.email}>" if customer.email else f"{customer.name}, without an e-mail address"
    print(f"\nTicket {number} from {sender}: {customer.subject}\n\n{indented(customer.description)}", flush=True)
    note = stage.wait_for_note(number)
    seconds = time.monotonic() - began
    print(f"\nInternal note on ticket {number}, {seconds:.1f} s later:\n")
    print(indented(note_as_text(note.html_body)), flush=True)


def tell_addresses(stage: Stage) -> None:
    """Print where to go on."""
    print(f"\nTickets, to file more:  {stage.sandbox.zendesk.url}/")
    print(f"Intercom, surveys, ask: {stage.sandbox.zendesk.url}/sandbox/doors")
    print(f"The product's page:     {stage.product_url}/  (user admin, password {stage.admin_password})")
    print("Any of its commands, such as check, beside it, in another terminal:")
    print(f"  {beside.usage(stage.shown)}")
    print("Ctrl-C ends everything.\n", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)  # what is raised in the middle of a destructor gets lost
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """Let nothing interrupt the end."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (*_SIGNALS, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
