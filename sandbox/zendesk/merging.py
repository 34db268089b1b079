"""Merging tickets into another one, and what it leaves behind.

What is known, and from where:

- `POST /api/v2/tickets/{id}/merge` with `ids` merges those into ticket `id`, as a job of its own. Its comments are
  private unless told otherwise, and always so when one of the tickets is; both are optional. (Zendesk's OpenAPI,
  `TicketMergeInput` and its description)
- In the agents' interface Zendesk proposes the comments itself: on a source 'This request was closed and merged into
  request #7 "Subject".', on the target 'Request #3 "Subject" was closed and merged into this request.', or 'Requests
  #3, #4 were closed and merged into this request.' (several integrations recognise all three; an agent may have
  written something else, and other accounts have other languages)
- A source is closed and has the tag `closed_by_merge`. (reports in the wild leave such tickets out by it)
- **From a source to its target** lead the words of its last comment alone, `merged into request #7`, as long as nobody
  changed them. No field of a ticket says it in Zendesk's OpenAPI: `followup_ids` and `via_followup_source_id` are of
  follow-ups.
- **From a target to its sources** leads the audit of the merge, and its comment: `via.source.rel` is `merge`, and
  `via.source.from` has `ticket_id` of the one source, or `ticket_ids` of several. (apps read it from the audits; which
  `via.channel` it has is not established) Audits need the global `read` scope, comments do not.
- Not established, and left out here: a `via` of its own on the source, and whether triggers see it being closed.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.zendesk import refusals
from sandbox.zendesk.account import Account, Change, NewComment
from sandbox.zendesk.records import Ticket, User, Via

TAG = "closed_by_merge"


@dataclass(frozen=True, kw_only=True)
class MergeComments:
    """What is said on the tickets; None adds no comment there."""

    source: NewComment | None = None
    target: NewComment | None = None


def merge(account: Account, sources: Sequence[Ticket], target: Ticket, *, comments: MergeComments, by: User) -> Ticket:
    """Close the sources and tell of it on the target, all or nothing; returns the target as it is then."""
    with account.lock:
        for ticket in (*sources, target):
            if ticket.status == "closed":
                raise refusals.closed(account.closed_says)
        if not sources or target.id in [source.id for source in sources]:
            raise refusals.invalid_attribute("ids must name other tickets than the target")
        for source in sources:
            change = Change(
                comment=comments.source, fields={"status": "closed"}, more_tags=(TAG,), via=Via(channel="web")
            )
            account.update(source.id, change, by=by)
        merged, _ = account.update(target.id, Change(comment=comments.target, via=_from(sources)), by=by)
        return merged


def proposed(sources: Sequence[Ticket], target: Ticket, *, account_url: str, public: bool = False) -> MergeComments:
    """Return the comments that Zendesk proposes to an agent, with links to the tickets."""

    def link(ticket: Ticket) -> str:
        return f'<a href="{account_url}/agent/tickets/{ticket.id}">#{ticket.id}</a>'

    def named(ticket: Ticket) -> str:
        return f'{link(ticket)} "{html.escape(ticket.subject, quote=False)}"'

    if len(sources) == 1:
        last = html.escape(sources[0].comments[-1].plain_body, quote=False).replace("\n", "<br>")
        on_target = (
            f"<p>Request {named(sources[0])} was closed and merged into this request. "
            f"Last comment in request {link(sources[0])}:</p><p>{last}</p>"
        )
    else:
        on_target = f"<p>Requests {', '.join(map(link, sources))} were closed and merged into this request.</p>"
    on_source = f"<p>This request was closed and merged into request {named(target)}.</p>"
    return MergeComments(
        source=NewComment(html_body=on_source, public=public), target=NewComment(html_body=on_target, public=public)
    )


def _from(sources: Sequence[Ticket]) -> Via:
    if len(sources) == 1:
        return Via(channel="web", source={"ticket_id": sources[0].id, "subject": sources[0].subject}, rel="merge")
    return Via(channel="web", source={"ticket_ids": [source.id for source in sources]}, rel="merge")
