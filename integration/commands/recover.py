"""`recover [--hours N]`: finds the tickets that Zendesk did not deliver, or Redis has lost, and takes them in."""

from __future__ import annotations

import argparse
import random
import sys
import time

from integration import logs, services
from integration.cases import connections
from integration.cases.recovery import Recovered
from integration.errors import RemoteError
from integration.settings import Settings, from_environment
from integration.zendesk.created_tickets import Export
from integration.zendesk.delivery_log import KEPT_HOURS
from integration.zendesk.trouble import in_words
from integration.zendesk.webhook import ENDPOINT

HELP = "find tickets that Zendesk could not deliver or Redis has lost, and take them in"
HOURS = 24
_REQUESTS_BETWEEN_SIGNS = 50


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--hours",
        type=_hours,
        default=HOURS,
        metavar="N",
        help=f"how far to look back; Zendesk remembers {KEPT_HOURS} hours (default: {HOURS})",
    )


def run(options: argparse.Namespace) -> int:
    """Recover, and say what came of it."""
    settings = from_environment()
    logs.configure(settings)
    redis = connections.for_web(settings)
    ledger = services.open_ledger(settings, redis, random=random.random)
    try:
        recovered = services.recovery(settings, ledger, redis, wait=_Progress()).recover(options.hours)
    except RemoteError as error:
        print(in_words(error, settings.zendesk), file=sys.stderr)
        return 1
    print(_told(recovered, settings, hours=options.hours))
    return 0 if recovered.problem is None else 1


def _told(recovered: Recovered, settings: Settings, *, hours: int) -> str:
    if recovered.missed is not None and not recovered.sources and recovered.stopped is None:
        return f"No webhook in Zendesk has the endpoint {settings.public_url}{ENDPOINT}: is PUBLIC_URL right?"
    missed = (
        "unknown, for Zendesk does not show us its log: all tickets were looked through"
        if recovered.missed is None
        else recovered.missed
    )
    lines = [
        f"failed deliveries in the last {hours} hours: {missed}",
        "tickets of that time, and of the time of which Redis may have lost some, which should be here:",
        f"  taken in now: {recovered.taken_in}",
        f"  already known: {recovered.known}",
        f"  cannot be judged: {recovered.unreadable}",
    ]
    if recovered.fresh:
        minutes = f"{Export.SEARCH.lag / 60:.0f}"
        lines.append(
            f"Zendesk may show the tickets of the last {minutes} minutes late: the worker looks again by itself."
        )
    if recovered.unreadable:
        lines.append("The log names those that cannot be judged: look at them in Zendesk.")
    if recovered.stopped is not None:
        lines.append(f"Not looked through to its end: {in_words(recovered.stopped, settings.zendesk)}")
    return "\n".join(lines)


def _hours(raw: str) -> int:
    if not raw.isascii() or not raw.isdecimal() or not 0 < int(raw[:9]) <= KEPT_HOURS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {KEPT_HOURS}")
    return int(raw)


class _Progress:
    """Lets time pass between two requests, and shows that it goes on."""

    def __init__(self) -> None:
        self._requests = 0

    def __call__(self, seconds: float) -> bool:
        self._requests += seconds == 0
        if seconds:
            print(f"Zendesk's limits: going on in {seconds:.0f} s", file=sys.stderr)
            time.sleep(seconds)
        elif self._requests % _REQUESTS_BETWEEN_SIGNS == 0:
            print(f"{self._requests} of Zendesk's answers read", file=sys.stderr)
        return True
