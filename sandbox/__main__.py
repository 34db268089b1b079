"""`python -m sandbox`: the whole product on this machine, against stand-ins for Zendesk and LogRocket."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from sandbox.runner import Failed, Stage
from sandbox.terminal import indented, note_as_text

CHECKOUT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Show one ticket getting its note; without --once stay for more."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="end after the first note: exit code 0, or 1 and the reason"
    )
    parser.add_argument(
        "--product", type=Path, default=CHECKOUT, help="the folder with the Procfile (default: this one)"
    )
    wanted = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGINT may have been inherited as ignored
        signal.signal(number, _interrupt)
    try:
        print("Starting Valkey, the stand-ins for Zendesk and LogRocket, web and worker ...", flush=True)
        with Stage(wanted.product, quiet=wanted.once) as stage:
            try:
                show(stage)
                if not wanted.once:
                    tell_addresses(stage)
                    stage.watch()
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


def show(stage: Stage) -> None:
    """File a ticket, wait for its note, print both."""
    subject = "The discount code does not work"
    description = "I enter SPRING20 at the checkout and the price stays the same."
    began = time.monotonic()
    number = stage.sandbox.zendesk.file_ticket(
        requester="ada@shop.example", name="Ada Example", subject=subject, description=description
    )
    print(f"\nTicket {number} from Ada Example <ada@shop.example>: {subject}\n\n{indented(description)}", flush=True)
    note = stage.wait_for_note(number)
    seconds = time.monotonic() - began
    print(f"\nInternal note on ticket {number}, {seconds:.1f} s later:\n")
    print(indented(note_as_text(note.html_body)), flush=True)


def tell_addresses(stage: Stage) -> None:
    """Print where to go on."""
    print(f"\nTickets, to file more:  {stage.sandbox.zendesk.url}/")
    print(f"The product's page:     {stage.product_url}/  (user admin, password {stage.admin_password})")
    print("Ctrl-C ends everything.\n", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """Let nothing interrupt the end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
