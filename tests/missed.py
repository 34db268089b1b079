"""Tickets that Zendesk has and nobody told us of, and the recovery that looks for them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.lost_writes import LostWrites
from integration.cases.recovery import Recovered
from sandbox import Sandbox
from sandbox.zendesk.delivery import Outcome
from tests.conftest import InProcess, wait_for
from worker.recovery import Turns

KEYS = Keys(DEFAULT_PREFIX)
ADA = "ada@shop.example"


def no_wait(_: float) -> bool:
    return True


def know(product: InProcess) -> None:
    """Let Redis be the one that it was, so that it has lost nothing (tests/test_lost_writes.py)."""
    LostWrites(product.redis, KEYS).notice()
    product.redis.delete(KEYS.recovery_lost)


def turns_of(product: InProcess) -> Turns:
    """The recovery of one more worker."""
    return Turns(product.settings, product.ledger, product.redis, alive=lambda: True)


def take(turns: Turns) -> Recovered | None:
    """Take a turn; what it brought of tickets."""
    taken = turns.take()
    return None if taken is None else taken["zendesk"]


def file_undelivered(sandbox: Sandbox, outcome: Outcome) -> int:
    """A ticket whose delivery came to `outcome`: it was never made, or refused because the secret is another one."""
    deliverer, hooks, before = sandbox.zendesk.desk.deliverer, sandbox.zendesk.desk.hooks, sandbox.zendesk.deliveries
    webhooks = hooks.webhooks.copy()
    match outcome:
        case "throttled":
            deliverer.invocations_a_minute = 0
        case "circuit broken":
            deliverer._broken_until = dict.fromkeys(webhooks, time.monotonic() + 60)
        case _:
            for webhook_id in webhooks:
                hooks.reset_secret(webhook_id)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: len(sandbox.zendesk.deliveries) > len(before))
    deliverer.invocations_a_minute = None
    deliverer._broken_until.clear()
    hooks.webhooks.update(webhooks)
    assert sandbox.zendesk.deliveries[-1].outcome == outcome
    return number


def found(recovered: Recovered) -> tuple[int, int, int]:
    assert recovered.stopped is None
    return recovered.taken_in, recovered.known, recovered.unreadable


def asked(sandbox: Sandbox, part: str) -> int:
    return sum(part in request.path for request in sandbox.zendesk.requests)


def let_pass(sandbox: Sandbox, seconds: float) -> None:
    """Let everything in Zendesk be older than it is: tickets, triggers, webhooks, deliveries."""
    zendesk, past = sandbox.zendesk.desk, timedelta(seconds=seconds)

    def aged(record: Any) -> Any:  # noqa: ANN401 -- any of the sandbox's records
        times = {"created_at", "updated_at", "completed_at"} & set(record.__dataclass_fields__)
        return replace(record, **{name: getattr(record, name) - past for name in times})

    kinds: list[dict[Any, Any]] = [zendesk.account.tickets, zendesk.hooks.webhooks, zendesk.hooks.triggers]
    for known in kinds:
        known.update({key: aged(record) for key, record in list(known.items())})
    log = zendesk.deliverer._deliveries
    log.update(
        {
            key: replace(aged(delivery), attempts=tuple(map(aged, delivery.attempts)))
            for key, delivery in list(log.items())
        }
    )


def filter_by(sandbox: Sandbox, *conditions: dict[str, object], **changes: Any) -> None:  # noqa: ANN401 -- its fields
    """Give the trigger more conditions."""
    hooks = sandbox.zendesk.desk.hooks
    [trigger] = hooks.triggers.values()
    rules = {**trigger.conditions, "all": [*trigger.conditions["all"], *conditions]}
    hooks.keep_trigger(replace(trigger, conditions=rules, **changes))


def lost(sandbox: Sandbox, **facts: Any) -> int:  # noqa: ANN401 -- a ticket's
    """A ticket that Zendesk told nobody of, while it could deliver nothing."""
    return sandbox.zendesk.file_ticket(requester=ADA, deliver=False, **facts)


def mark(sandbox: Sandbox, product: InProcess) -> None:
    """Let `install` have made the trigger."""
    filter_by(sandbox, description=f"Ours [helpdesk-highlights {product.settings.public_url}/zendesk/tickets]")
