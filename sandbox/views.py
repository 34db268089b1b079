"""What the sandbox's page shows, taken from what the two services saw, and the last line of the product's log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from markupsafe import Markup

from sandbox import outcome
from sandbox.logrocket import HighlightsRecord, LogRocket
from sandbox.troubles import Trouble, World
from sandbox.zendesk import Comment, Delivery, Ticket, Zendesk
from sandbox.zendesk.records import BRAND_ID, BRANDS, RATINGS

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
    facts: list[str]
    can_change: bool
    comments: list[CommentView]
    steps: list[Step]


def switch(trouble: Trouble, world: World) -> SwitchView:
    """Show a trouble."""
    return SwitchView(trouble.label, trouble.is_on(world), trouble.happened(world))


def ticket(zendesk: Zendesk, logrocket: LogRocket, record: Ticket) -> TicketView:
    """Show a ticket."""
    requester = zendesk.desk.account.user(record.requester_id)
    deliveries = outcome.deliveries_of(zendesk, record.id)
    steps = [Step("Filed", when=record.created_at)]
    steps += [_told(delivery) for delivery in deliveries] or [Step("No webhook was called", "trouble")]
    for request_id, request in outcome.requests_of(logrocket, record.id):
        steps += _asked(logrocket, request_id, request)
    steps += [Step("Internal note", when=note.created_at) for note in zendesk.internal_notes(record.id)]
    return TicketView(
        number=record.id,
        subject=record.subject,
        status=record.status,
        requester=f"{requester.name} <{requester.email}>" if requester.email else f"{requester.name}, no e-mail",
        facts=_facts(zendesk, record),
        can_change=record.status != "closed",
        comments=[_comment(zendesk, comment) for comment in record.comments],
        steps=[*steps, *_without_note(zendesk, logrocket, record)],
    )


def _facts(zendesk: Zendesk, ticket: Ticket) -> list[str]:
    """What is unusual about a ticket: by whom it was filed, its brand, its tags."""
    facts = []
    if ticket.submitter_id != ticket.requester_id:
        facts.append(f"filed by {zendesk.desk.account.user(ticket.submitter_id).name}")
    if zendesk.desk.account.user(ticket.requester_id).suspended:
        facts.append("suspended")
    if ticket.rating in RATINGS:
        facts.append(f"rated {ticket.rating}{f': {ticket.rating_comment}' if ticket.rating_comment else ''}")
    if ticket.brand_id != BRAND_ID:
        facts.append(BRANDS[ticket.brand_id])
    return facts + ([f"tags: {', '.join(ticket.tags)}"] if ticket.tags else [])


def _without_note(zendesk: Zendesk, logrocket: LogRocket, ticket: Ticket) -> list[Step]:
    """Why there is no note, or none yet."""
    if zendesk.internal_notes(ticket.id):
        return []
    said = outcome.last_words(zendesk, ticket.id)
    words = [Step(f"The product's log: {said}", "now")] if said else []
    why = outcome.why_no_note(zendesk, logrocket, ticket)
    if why is None:
        return [*words, Step("No note yet", "now")]
    again = " The worker looks for such tickets by itself, every few minutes." if said is None else ""
    return [*words, Step(f"No note: {why}.{again}", "trouble")]


def _told(delivery: Delivery) -> Step:
    """What became of telling the product."""
    answers = ", ".join(str(attempt.status or "no answer") for attempt in delivery.attempts)
    shown = f" ({answers})" if answers else ""
    if delivery.outcome is None:
        return Step(f"Zendesk tells the product{shown}", "now", delivery.created_at)
    if delivery.outcome == "success":
        return Step(f"Zendesk told the product{shown}", when=delivery.created_at)
    return Step(f"Zendesk could not tell the product: {delivery.outcome}{shown}", "trouble", delivery.created_at)


def _asked(logrocket: LogRocket, request_id: str, record: HighlightsRecord) -> list[Step]:
    """What became of one request for highlights."""
    steps = [Step(_request(record), when=record["asked_at"])]
    polls = outcome.polls_of(logrocket, request_id)
    if polls:
        steps.append(Step(f"LogRocket was asked how far it is: {polls} time{'s'[: polls != 1]}", "now"))
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


def _request(record: HighlightsRecord) -> str:
    """For whom LogRocket was asked, in which project, for which time, and with which question."""
    asked = record["request"]
    text = f"LogRocket was asked for {asked.get('userEmail') or asked.get('userID')} in {record['payload']['appID']}"
    if asked.get("timeRange"):
        start, end = (datetime.fromtimestamp(asked["timeRange"][name] / 1000, UTC) for name in ("startMs", "endMs"))
        text += f", {start:%d %b %H:%M} to {end:%d %b %H:%M} UTC"
    return text + (f": “{asked['question']}”" if asked.get("question") else "")


def _comment(zendesk: Zendesk, comment: Comment) -> CommentView:
    """Show a comment; its HTML went through the stand-in's sanitiser when it was stored."""
    author = zendesk.desk.account.user(comment.author_id).name
    text = Markup(comment.html_body)  # noqa: S704  # sanitised, see above
    return CommentView(author, not comment.public, f"{comment.created_at:%H:%M:%S} UTC", text)
