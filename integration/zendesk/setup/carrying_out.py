"""Carries out a plan, one step at a time, while others may do the same at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

from integration.errors import Temporary
from integration.zendesk.setup.account import Gone, Refused, Wait
from integration.zendesk.setup.objects import Account
from integration.zendesk.setup.plan import Plan, Step

LIST_LAG_SECONDS: Final = 1.0  # after which a list of Zendesk's shows what another run made
MAX_ROUNDS: Final = 40
MAX_REFUSALS: Final = 5  # of one step


class Changeable(Protocol):
    """What can be looked at, and changed step by step."""

    def look(self) -> Account:
        """What there is now."""

    def do(self, step: Step) -> None:
        """Carry out a step. `Gone` when another run was faster, `Refused` when Zendesk does not want it."""


def carry_out(
    admin: Changeable,
    plan_for: Callable[[Account], Plan],
    *,
    agree: Callable[[Plan], bool],
    tell: Callable[[Step], None],
    wait: Wait,
) -> Plan | None:
    """Go one step at a time until none is left, looking again before each; None when `agree` said no.

    Others may do the same at the same time: their steps are seen, and every run looks until nothing is left to do.
    """
    done: Counter[tuple[str, str, str]] = Counter()
    refused: Counter[tuple[str, str, str]] = Counter()
    unconfirmed = False  # something was made, and another run may have made the same
    for _ in range(MAX_ROUNDS):
        plan = plan_for(admin.look())
        if not plan.steps and not unconfirmed:
            return plan
        if not plan.steps or done[plan.steps[0].key]:  # the lists may show what was
            unconfirmed = False
            wait(LIST_LAG_SECONDS)
            done.clear()
            continue
        if not agree(plan):
            return None
        step = plan.steps[0]
        try:
            admin.do(step)
        except Gone:
            continue
        except Refused:
            refused[step.key] += 1
            if refused[step.key] == MAX_REFUSALS:
                raise
            wait(LIST_LAG_SECONDS)  # it may be that another run was faster, and is not at its end: look again
            continue
        done[step.key] += 1
        unconfirmed = unconfirmed or step.action == "create"
        tell(step)
    raise Temporary("Zendesk's lists do not settle: run the command again")
