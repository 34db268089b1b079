"""`uninstall`: removes the trigger and the webhook that `install` made, and nothing else."""

from __future__ import annotations

import argparse
import functools
import sys

from integration.commands.install import wait
from integration.settings import for_install
from integration.zendesk.admin import Admin, settle
from integration.zendesk.install import Step, in_words, plan_uninstall
from integration.zendesk.webhook import ENDPOINT

HELP = "remove the trigger and the webhook that install made in Zendesk"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")


def run(options: argparse.Namespace) -> int:
    """Uninstall, the trigger first."""
    settings = for_install()
    for warning in settings.warnings:
        print(warning, file=sys.stderr)
    endpoint = settings.public_url + ENDPOINT
    print(f"Zendesk account {settings.zendesk_subdomain}, deliveries to {endpoint}")
    admin = Admin(settings, wait=wait)
    plan_for = functools.partial(plan_uninstall, endpoint=endpoint)
    plan = plan_for(admin.look())
    for step in plan.steps:
        print(f"To do: {in_words(step, {})[0]}")
    if options.dry_run:
        print("Nothing was changed (--dry-run).")
        return 0
    if not plan.steps:
        print("There is nothing of ours to remove.")
    left = settle(admin, plan_for, agree=lambda _plan: True, tell=_tell, wait=wait)
    for remark in left.remarks if left else ():
        print(f"Note: {remark}", file=sys.stderr)
    return 1 if left is None or left.webhook is not None else 0


def _tell(step: Step) -> None:
    print(f"done: {in_words(step, {})[0]}", flush=True)
