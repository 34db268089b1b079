"""`uninstall`: removes the trigger and the webhook that `install` made, and nothing else.

It asks before it changes anything. Where others have added to ours, it takes out our part alone.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

from integration.commands.install import consents, read_settings, tell_trouble, wait
from integration.errors import RemoteError
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.setup.account import Admin
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.plan import Plan, Step, plan_uninstall
from integration.zendesk.setup.step_words import in_words

_Key = tuple[str, str, str]

HELP = "remove the trigger and the webhook that install made in Zendesk"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do it without asking")


def run(options: argparse.Namespace) -> int:
    """Remove the trigger, then the webhook."""
    settings, endpoint = read_settings()
    print(f"Zendesk account {settings.subdomain}, deliveries to {endpoint}", flush=True)
    try:
        return _uninstall(options, settings, endpoint)
    except RemoteError as error:
        return tell_trouble(error, settings)


def _uninstall(options: argparse.Namespace, settings: ZendeskSettings, endpoint: str) -> int:
    admin = Admin(settings, wait=wait)
    plan_for = functools.partial(plan_uninstall, endpoint=endpoint)
    plan = plan_for(admin.look())
    _show(plan.steps)
    if options.dry_run:
        _remark(plan)
        print("Nothing was changed (--dry-run).")
        return 0
    if not plan.steps:
        print("There is nothing of ours to remove.")
    left = carry_out(admin, plan_for, agree=_Consent(plan.steps, yes=options.yes), tell=_tell, wait=wait)
    if left is not None:
        _remark(left)
    return 1 if left is None or left.webhook is not None else 0


class _Consent:
    """What an admin agreed to: one answer for all the steps that were shown."""

    def __init__(self, shown: Sequence[Step], *, yes: bool) -> None:
        self._shown = {step.key for step in shown}
        self._agreed: set[_Key] = set()
        self._yes = yes

    def __call__(self, plan: Plan) -> bool:
        """Whether to go on with a plan."""
        new = [step for step in plan.steps if step.key not in self._shown]  # another run has just made it
        _show(new)
        self._shown |= {step.key for step in new}
        if self._yes or {step.key for step in plan.steps} <= self._agreed:
            return True
        if not consents("Do all of this?", unasked="say --yes. Nothing is changed."):
            return False
        self._agreed |= self._shown
        return True


def _show(steps: Sequence[Step]) -> None:
    for step in steps:
        print(f"To do: {in_words(step, {})[0]}")


def _remark(plan: Plan) -> None:
    for remark in plan.remarks:
        print(f"Note: {remark}", file=sys.stderr)


def _tell(step: Step) -> None:
    print(f"done: {in_words(step, {})[0]}", flush=True)
