"""`uninstall`: removes the triggers, the webhook and the macro that `install` made, and nothing else.

It asks before it changes anything. Where others have added to ours, it takes out our part alone.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence

from integration.commands.install import MACRO_SCOPES, consents, read_settings, tell_trouble, wait, zendesk_is_wanted
from integration.errors import RemoteError
from integration.zendesk import trouble
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.setup.account import Admin
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.macros import MacroAdmin, plan_no_macro
from integration.zendesk.setup.plan import Plan, Step, plan_uninstall
from integration.zendesk.setup.step_words import in_words

_Key = tuple[str, str, str]

HELP = "remove the triggers, the webhook and the macro that install made in Zendesk"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do it without asking")


def run(options: argparse.Namespace) -> int:
    """Uninstall, the macro and the triggers first."""
    if not zendesk_is_wanted():
        return 0
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
    macros = _Macros(settings, endpoint)
    steps = (*macros.steps, *plan.steps)
    _show(steps)
    if options.dry_run:
        _remark(plan)
        print("Nothing was changed (--dry-run).")
        return 0
    if not steps:
        print("There is nothing of ours to remove.")
    agree = _Consent(steps, yes=options.yes)
    if steps and not agree(Plan(steps=steps)):
        return 1
    macro_stays = not macros.remove(agree)
    left = carry_out(admin, plan_for, agree=agree, tell=_tell, wait=wait)
    if left is not None:
        _remark(left)
    return 1 if left is None or left.webhook is not None or macro_stays else 0


class _Macros:
    """Our macro: one that cannot be removed does not keep the rest."""

    def __init__(self, settings: ZendeskSettings, endpoint: str) -> None:
        self._settings = settings
        self._admin = MacroAdmin(settings, wait=wait)
        self._plan_for = functools.partial(plan_no_macro, endpoint=endpoint)
        self.steps = self._look()

    def _look(self) -> tuple[Step, ...]:
        try:
            return self._plan_for(self._admin.look()).steps
        except RemoteError as error:
            self._tell("whether there is a macro of ours cannot be told", error)
            return ()

    def remove(self, agree: Callable[[Plan], bool]) -> bool:
        """Remove it; whether none is left that is known of."""
        if not self.steps:
            return True
        try:
            return carry_out(self._admin, self._plan_for, agree=agree, tell=_tell, wait=wait) is not None
        except RemoteError as error:
            self._tell("the macro stays", error)
            return False

    def _tell(self, what: str, error: RemoteError) -> None:
        told = trouble.in_words(error, self._settings, scopes=MACRO_SCOPES)
        print(f"Note: {what}. {told}", file=sys.stderr)


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
