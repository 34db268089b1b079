"""A whole Zendesk: the account, its tokens, limits, webhooks and triggers, and what follows from what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.outbound import Background
from sandbox.zendesk import merging
from sandbox.zendesk.account import Account, Change, NewComment
from sandbox.zendesk.delivery import Deliverer
from sandbox.zendesk.events import ticket_created
from sandbox.zendesk.hooks import TICKET_CREATED, Hooks, Payload, Trigger, UpdateType
from sandbox.zendesk.jobs import Job
from sandbox.zendesk.limits import Limits
from sandbox.zendesk.macros import Macros
from sandbox.zendesk.merging import MergeComments
from sandbox.zendesk.oauth import Tokens
from sandbox.zendesk.placeholders import render
from sandbox.zendesk.records import Audit, Ticket, User
from sandbox.zendesk.triggers import fires


class Desk:
    """Everything that the HTTP interface, the page and the Python face work on."""

    def __init__(self, background: Background) -> None:
        """Start with an account that has two agents and nothing else."""
        self.url = ""
        self.subdomain = "acme"
        self.renamed = False  # the account has another address now: there is no help desk at this one
        self.index_lag = 0.0  # seconds until a search shows a new ticket
        self.export_lag = 0.0  # seconds until an incremental export shows a change; in reality a minute
        self.escape_placeholders = False
        self.clock_ahead = 0.0  # seconds by which the Date of its answers is ahead of this machine's clock
        self.account = Account(lambda: self.url)
        self.tokens = Tokens()
        self.limits = Limits()
        self.hooks = Hooks()
        self.macros = Macros()
        self.jobs: dict[str, Job] = {}
        self.deliverer = Deliverer(background, self.hooks)

    def user_of(self, credentials: tuple[str, str] | None) -> User | None:
        """Return whom e-mail and API token stand for: the token fits every user."""
        email, token = credentials or ("", "")
        return self.account.user_with(email) if email and token == self.tokens.api_token else None

    def update(self, ticket_id: int, change: Change, *, by: User) -> tuple[Ticket, Audit]:
        """Update a ticket, then let the triggers see the change."""
        ticket, audit = self.account.update(ticket_id, change, by=by)
        self.fire(ticket, "Change")
        return ticket, audit

    def rate(self, ticket_id: int, rating: str, comment: str | None) -> None:
        """Let a ticket's requester rate it, then let the triggers see that."""
        before, ticket = self.account.rate(ticket_id, rating, comment)
        self.fire(ticket, "Change", before=before)

    def merge(self, ids: Sequence[int], *, into: int, comments: MergeComments, by: User) -> None:
        """Merge tickets into another one, then let the triggers see the change of that one."""
        sources = [self.account.ticket(number) for number in ids]
        merged = merging.merge(self.account, sources, self.account.ticket(into), comments=comments, by=by)
        self.fire(merged, "Change")

    def apply_macro(self, ticket_id: int, macro_id: int, *, by: User) -> None:
        """Do to a ticket what a macro says, as one update of an agent's."""
        comment, tags = None, Change()
        fields: dict[str, Any] = {}
        for action in self.macros.seen_by(by, macro_id).actions:
            change = _change(action)
            if action["field"].startswith("comment_value"):
                comment = NewComment(body=str(action["value"]))
            elif change.fields:
                fields |= change.fields
            else:
                tags = replace(
                    tags,
                    tags=change.tags or tags.tags,
                    more_tags=tags.more_tags + change.more_tags,
                    fewer_tags=tags.fewer_tags + change.fewer_tags,
                )
        self.update(ticket_id, replace(tags, comment=comment, fields=fields), by=by)

    def new_job(self, ids: Sequence[int]) -> Job:
        """Keep a job that was done to tickets, for those who ask what became of it."""
        job = Job(ticket_ids=tuple(ids))
        self.jobs[job.id] = job
        return job

    def ticket_filed(self, ticket: Ticket) -> None:
        """Tell the webhooks of a new ticket: those of triggers and those subscribed to the event."""
        self.fire(ticket, "Create")
        for webhook in list(self.hooks.webhooks.values()):
            if TICKET_CREATED in webhook.subscriptions and webhook.status == "active":
                self.deliverer.deliver(webhook, ticket.id, ticket_created(ticket))

    def fire(self, ticket: Ticket, update_type: UpdateType, *, before: Ticket | None = None) -> None:
        """Let the triggers whose conditions hold carry out their actions, in order, each at most once.

        When one changes the ticket, Zendesk begins anew with those that have not fired yet. Calling a webhook changes
        nothing, and what triggers change is no update that triggers fire upon: so nothing goes round in circles.
        """
        waiting = sorted(self.hooks.triggers.values(), key=lambda trigger: trigger.position)
        while (
            firing := next((trigger for trigger in waiting if fires(trigger, ticket, update_type, before=before)), None)
        ) is not None:
            waiting.remove(firing)
            ticket = self._act(firing, ticket)

    def _act(self, trigger: Trigger, ticket: Ticket) -> Ticket:
        """Carry out a trigger's actions: its changes first, so that payloads show them."""
        changes = [_change(action) for action in trigger.actions if action["field"] != "notification_webhook"]
        for change in changes:
            ticket, _ = self.account.update(ticket.id, change, by=self.account.service_user)
        values = self.account.placeholders(ticket)
        for webhook_id, payload in trigger.notifications:
            webhook = self.hooks.webhooks.get(webhook_id)
            if webhook is not None and webhook.status == "active":
                self.deliverer.deliver(webhook, ticket.id, self._rendered(payload, values))
        return ticket

    def _rendered(self, payload: Payload, values: dict[str, str]) -> Payload:
        """Render a payload. By default values are NOT escaped for JSON: a quote in one breaks the payload."""
        if isinstance(payload, list):
            return [(str(key), render(str(value), values)) for key, value in payload]
        if self.escape_placeholders:
            return render(payload, values, escape=lambda value: json.dumps(value, ensure_ascii=False)[1:-1])
        return render(payload, values)


def _change(action: dict[str, Any]) -> Change:
    """Return the change of a ticket that an action asks for."""
    name, value = action["field"], str(action.get("value", ""))
    tags = tuple(value.split())
    match name:
        case "current_tags":
            return Change(more_tags=tags)
        case "remove_tags":
            return Change(fewer_tags=tags)
        case "set_tags":
            return Change(tags=tags)
    return Change(fields={name: value})
