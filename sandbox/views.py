"""What the sandbox's page shows, taken from what the two services saw: nobody asks the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup

from sandbox.logrocket import HighlightsRecord, LogRocket
from sandbox.troubles import Trouble, World
from sandbox.zendesk import Comment, Delivery, Ticket, Zendesk
from sandbox.zendesk.records import now

WAITS_AT_MOST: Final = timedelta(minutes=2)
Look = Literal["done", "now", "trouble"]


@dataclass(frozen=True)
class SwitchView:
    """A trouble as the page shows it."""

    label: str
    on: bool
    happened: int | None


@dataclass(frozen=True)
class Step:
    """Something that happened on a ticket's way; `look` says how it went."""

    text: str
    look: Look = "done"
    when: datetime | None = None


@dataclass(frozen=True)
class CommentView:
    """A comment as the page shows it."""

    author: str
    internal: bool
    when: str
    text: Markup


@dataclass(frozen=True)
class TicketView:
    """A ticket as the page shows it."""

    number: int
    subject: str
    status: str
    requester: str
    comments: list[CommentView]
    steps: list[Step]
    waits: bool


def switch(trouble: Trouble, world: World) -> SwitchView:
    """Show a trouble."""
    return SwitchView(trouble.label, trouble.is_on(world), trouble.happened(world))


def ticket(zendesk: Zendesk, logrocket: LogRocket, found: Ticket) -> TicketView:
    """Show a ticket."""
    requester = zendesk.desk.account.user(found.requester_id)
    deliveries = [delivery for delivery in zendesk.all_deliveries if delivery.ticket_id == found.id]
    noted = any(not comment.public for comment in found.comments)
    told = any(delivery.outcome in (None, "success") for delivery in deliveries)
    waits = told and not noted and now() - found.created_at < WAITS_AT_MOST
    steps = [Step("Filed", when=found.created_at)]
    steps += [_told(delivery) for delivery in deliveries] or [Step("No webhook was called", "trouble")]
    steps += [step for each in _requests(logrocket, found.id) for step in _asked(logrocket, *each)]
    steps += [Step("Internal note", when=each.created_at) for each in found.comments if not each.public]
    if waits:
        steps.append(Step("No note yet", "now"))
    return TicketView(
        number=found.id,
        subject=found.subject,
        status=found.status,
        requester=f"{requester.name} <{requester.email}>" if requester.email else f"{requester.name}, no e-mail",
        comments=[_comment(zendesk, comment) for comment in found.comments],
        steps=steps,
        waits=waits,
    )


def _told(delivery: Delivery) -> Step:
    """What became of telling the product."""
    answers = ", ".join(str(attempt.status or "no answer") for attempt in delivery.attempts)
    shown = f" ({answers})" if answers else ""
    if delivery.outcome is None:
        return Step(f"Zendesk tells the product{shown}", "now", delivery.created_at)
    if delivery.outcome == "success":
        return Step(f"Zendesk told the product{shown}", when=delivery.created_at)
    return Step(f"Zendesk could not tell the product: {delivery.outcome}{shown}", "trouble", delivery.created_at)


def _requests(logrocket: LogRocket, number: int) -> list[tuple[str, HighlightsRecord]]:
    """The requests that the product made for a ticket."""
    return [each for each in logrocket.results.items() if _ticket_of(each[1]["webhookURL"]) == str(number)]


def _ticket_of(url: str | None) -> str:
    return parse_qs(urlsplit(url or "").query).get("ticket_id", [""])[0]


def _asked(logrocket: LogRocket, request_id: str, record: HighlightsRecord) -> list[Step]:
    """What became of one request for highlights."""
    wish = record["request"]
    steps = [Step(f"LogRocket was asked for {wish.get('userEmail') or wish.get('userID')}", when=record["asked_at"])]
    polls = sum(1 for each in logrocket.requests if each.method == "GET" and request_id in each.path)
    if polls:
        steps.append(Step(f"LogRocket was asked how far it is: {polls} times", "now"))
    if not record["ready"]:
        return [*steps, Step("LogRocket works on it", "now")]
    sessions = len((record["payload"]["result"] or {}).get("sessions", []))
    what = (
        "failed"
        if record["outcome"] == "FAILED"
        else f"found {sessions} session{'s'[: sessions != 1]}"
        if sessions
        else "knows nothing"
    )
    steps.append(Step(f"LogRocket {what}", "done" if sessions else "trouble"))
    for call in logrocket.callbacks_made:
        if call.request_id == request_id:
            fine = call.status is not None and call.status < 300  # any success
            text = f"LogRocket called back ({call.status or 'no answer'})"
            steps.append(Step(text, "done" if fine else "trouble", call.completed_at))
    return steps


def _comment(zendesk: Zendesk, comment: Comment) -> CommentView:
    """Show a comment; its HTML went through the stand-in's sanitiser when it was stored."""
    author = zendesk.desk.account.user(comment.author_id).name
    text = Markup(comment.html_body)  # noqa: S704  # sanitised, see above
    return CommentView(author, not comment.public, f"{comment.created_at:%H:%M:%S} UTC", text)
