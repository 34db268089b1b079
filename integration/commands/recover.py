"""`recover [--hours N]`: takes in the tickets and conversations that were not delivered, or Redis has lost."""

from __future__ import annotations

import argparse
import sys
import time

from redis import Redis

from integration import logs, services
from integration.cases import connections
from integration.cases.recovery import Recovered, Recovery
from integration.settings import Settings, from_environment

HELP = "find tickets and conversations that could not be delivered, or that Redis has lost, and take them in"
HOURS = 24
KEPT_HOURS = 7 * 24  # the longest that any service remembers
_REQUESTS_BETWEEN_SIGNS = 50


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--hours",
        type=_hours,
        default=HOURS,
        metavar="N",
        help=f"how far to look back, {KEPT_HOURS} at most: no service remembers more (default: {HOURS})",
    )


def run(options: argparse.Namespace) -> int:
    """Recover, and say what came of it."""
    settings = from_environment()
    logs.configure(settings)
    with connections.for_web(settings) as redis:
        return _recover(settings, redis, options)


def _recover(settings: Settings, redis: Redis, options: argparse.Namespace) -> int:
    ledger = services.open_ledger(settings, redis)
    progress = _Progress()
    recoveries = services.recoveries(settings, ledger, redis, wait=progress)
    problem, kinds = None, ledger.lanes.routes.kinds
    if not recoveries:
        print("No service that is set up tells which cases it could not deliver.")
    for desk, recovery in recoveries.items():
        progress.service = recovery.service
        recovered = recovery.recover(options.hours)
        problem = problem or recovered.problem
        endpoint = f"{settings.public_url}{services.doors(settings)[recovery.service.lower()].path}"
        print(_told(recovered, recovery, what=f"{kinds[desk]}s", endpoint=endpoint, hours=options.hours))
    return 0 if problem is None else 1


def _told(recovered: Recovered, recovery: Recovery, *, what: str, endpoint: str, hours: int) -> str:
    service = recovery.service
    if recovered.missed is not None and not recovered.sources and recovered.stopped is None:
        return f"No webhook in {service} has the endpoint {endpoint}: is PUBLIC_URL right?"
    missed = (
        f"unknown, for {service} does not show us its log: all that came then was looked through"
        if recovered.missed is None
        else recovered.missed
    )
    lines = [
        f"{service}: failed deliveries in the last {hours} hours: {missed}",
        f"{what} of that time, and of the time of which Redis may have lost some, which should be here:",
        f"  taken in now: {recovered.taken_in}",
        f"  already known: {recovered.known}",
        f"  cannot be judged: {recovered.unreadable}",
    ]
    if recovered.fresh:
        minutes = f"{recovery.missed.lag / 60:.0f}"
        lines.append(
            f"{service} may show the {what} of the last {minutes} minutes late: the worker looks again by itself."
        )
    if recovered.unreadable:
        lines.append(f"The log names those that cannot be judged: look at them in {service}.")
    if recovered.stopped is not None:
        lines.append(f"Not looked through to its end: {recovery.missed.in_words(recovered.stopped)}")
    return "\n".join(lines)


def _hours(raw: str) -> int:
    if not raw.isascii() or not raw.isdecimal() or not 0 < int(raw[:9]) <= KEPT_HOURS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {KEPT_HOURS}")
    return int(raw)


class _Progress:
    """Lets time pass between two requests, and shows that it goes on; `service` is the one that is asked."""

    def __init__(self) -> None:
        self.service = ""
        self._requests = 0

    def __call__(self, seconds: float) -> bool:
        self._requests += seconds == 0
        if seconds:
            print(f"{self.service}'s limits: going on in {seconds:.0f} s", file=sys.stderr)
            time.sleep(seconds)
        elif self._requests % _REQUESTS_BETWEEN_SIGNS == 0:
            print(f"{self._requests} answers read, of {self.service} last", file=sys.stderr)
        return True
