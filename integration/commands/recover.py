"""`recover [--hours N]`: fetches the deliveries that Zendesk could not make, and takes them in."""

from __future__ import annotations

import argparse
import random
import sys
import time

from integration import logs, store
from integration.recovery import Recovered, Recovery
from integration.settings import Settings, from_environment
from integration.zendesk.invocations import KEPT_HOURS
from integration.zendesk.webhook import ENDPOINT

HELP = "fetch the deliveries that Zendesk could not make, and take them in"
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
    redis = store.for_web(settings)
    ledger = store.open_ledger(settings, redis, random=random.random)
    recovered = Recovery(settings, ledger, redis, wait=_Progress()).recover(options.hours)
    print(_told(recovered, settings, hours=options.hours))
    return 1 if recovered.stopped is not None or not recovered.webhooks else 0


def _told(recovered: Recovered, settings: Settings, *, hours: int) -> str:
    lines = []
    if recovered.webhooks:
        lines = [
            f"failed deliveries in the last {hours} hours: {recovered.found}",
            f"  taken in now: {recovered.taken_in}",
            f"  already known: {recovered.known}",
            f"  cannot be read: {recovered.unreadable}",
        ]
    elif recovered.stopped is None:
        lines = [f"No webhook in Zendesk has the endpoint {settings.public_url}{ENDPOINT}: is PUBLIC_URL right?"]
    if recovered.unreadable:
        lines.append("What cannot be read stands in Admin Center > Apps and integrations > Webhooks, under Activity.")
    if recovered.stopped is not None:
        lines.append(f"Not read to its end: {recovered.stopped}.")
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
            print(f"Zendesk's limit is near: going on in {seconds:.0f} s", file=sys.stderr)
            time.sleep(seconds)
        elif self._requests % _REQUESTS_BETWEEN_SIGNS == 0:
            print(f"{self._requests} answers of Zendesk's log read", file=sys.stderr)
        return True
