"""The help desk in our words: what is known of a ticket, is the note there, add the note, its tags."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from zenpy.lib.api_objects import Comment, Ticket

from integration.errors import Held, NotThere, RemoteError, StillPublic, Temporary
from integration.facts import CaseKey, Details, Receipt, case_key, reference_of
from integration.http import ServiceSession
from integration.note import Note, marker
from integration.zendesk import lists, merges, trouble, zenpy_client
from integration.zendesk import note as notes
from integration.zendesk import pace as limits
from integration.zendesk import ticket as tickets
from integration.zendesk.labels import BRANDS, FORMS, Labels
from integration.zendesk.session import ZendeskAdapter
from integration.zendesk.settings import ON_DEMAND, ZendeskSettings
from integration.zendesk.times import unix
from integration.zendesk.webhook import DESK
from integration.zendesk.zenpy_client import SURPRISES, understood

_ANONYMOUS = "Zendesk does not know our credentials: it answers as to an anonymous user"
_HANDS = frozenset({"web", "mobile", "mail", "email"})  # the channels of what people write


_MERGE_PAGES: Final = 5  # of a ticket's comments, newest first, that are looked through for a merge


class Desk:
    """One Zendesk account; the lists in `named` are those whose names are needed. Raises `RemoteError`."""

    def __init__(self, settings: ZendeskSettings, *, named: Collection[str] = ()) -> None:
        self._settings = settings
        self._zendesk = ZendeskAdapter(settings)
        self._session = ServiceSession(self._zendesk)
        self._zenpy = zenpy_client.client(settings, self._session)
        self._own_id: int | None = None
        self._labels = {name: Labels(self._session, self._zendesk.asked_url, name) for name in named}

    def takes_our_credentials(self) -> bool | None:
        """Whether Zendesk accepts us where no ticket is concerned; None when that cannot be found out now."""
        try:
            return self._who_we_are() is not None
        except (Held, NotThere):
            return False
        except RemoteError:
            return None

    def denied(self, error: Held) -> str:
        """Why a ticket is refused although our credentials are accepted, for an admin."""
        said = f" ({error.said})" if error.said else ""
        return (
            f"Zendesk denies permission for this ticket ({error.status}), although it accepts our credentials: may our "
            f"user see and change it (role, groups, brand), or does a firewall object to its text?{said}"
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _author(self) -> int:
        """The id of our own user, whose comments our notes are; asked for once."""
        self._own_id = self._own_id or self._who_we_are()
        if self._own_id is None:
            raise Held(_ANONYMOUS, of_account=True, service="Zendesk")
        return self._own_id

    @understood(write=False)
    def _who_we_are(self) -> int | None:
        """Our user's id; None when Zendesk does not know us: it then answers with 200, as to an anonymous user."""
        answer = self._session.get(f"{self._zendesk.asked_url}/api/v2/users/me.json").json()
        user_id = answer["user"]["id"]
        return user_id if type(user_id) is int else None

    @understood(write=False)
    def details(self, key: CaseKey) -> Details:
        """What Zendesk knows of the ticket and of its requester, in one request; names of brands and forms beside."""
        answer = self._session.get(self._ticket_url(key), params={"include": "users"}).json()
        ticket = answer["ticket"]
        requester = tickets.requester_id(ticket)
        user = self._included(answer, requester) or self._user(requester)
        tickets.require_customer(user, self._settings)  # first: a closed ticket may go on where it was merged into
        tickets.require_open(ticket)
        details = tickets.details(ticket, user, self._settings, now=time.time())
        return replace(details, brand=self._named(BRANDS, details.brand), form=self._named(FORMS, details.form))

    @staticmethod
    def _included(answer: dict[str, Any], user_id: int) -> dict[str, Any] | None:
        """A user that an answer brings along; None when it does not."""
        users = answer.get("users")
        listed = [user for user in (users if isinstance(users, list) else ()) if isinstance(user, dict)]
        return next((user for user in listed if user.get("id") == user_id), None)

    def _user(self, user_id: int) -> dict[str, Any]:
        """A user that no answer brought along."""
        user = self._session.get(f"{self._zendesk.asked_url}/api/v2/users/{user_id}").json()["user"]
        if not isinstance(user, dict):
            raise trouble.unreadable()
        return user

    def _named(self, name: str, label: tuple[str, str | None] | None) -> tuple[str, str | None] | None:
        labels = self._labels.get(name)
        return label if labels is None else labels.named(label)

    @understood(write=True)
    def take_tag_off(self, key: CaseKey) -> None:
        """Take off the tag that asks for highlights; others stay."""
        self._session.delete(f"{self._ticket_url(key)}/tags", json={"tags": [ON_DEMAND]})

    @understood(write=True)
    def tag(self, key: CaseKey) -> None:
        """Add the tag of `TAG_POSTED`, if it is set; others stay."""
        if self._settings.tag_posted is not None:
            self._session.put(f"{self._ticket_url(key)}/tags", json={"tags": [self._settings.tag_posted]})

    @understood(write=False)
    def merged_into(self, key: CaseKey) -> CaseKey | None:
        """The ticket into which a closed one was merged, as the comments of both show."""
        merged = _number(key)
        last = list(itertools.islice(self._newest_comments(merged), merges.LAST_COMMENTS))
        for target in merges.candidates(last, besides=merged):
            try:
                comments = self._newest_comments(target)
                if any(merges.tells_of_merge(comment, merged=merged) for comment in comments):
                    return case_key(DESK, target)
            except NotThere:  # a number of something else, or a ticket that we may not see
                continue
        return None

    def _newest_comments(self, ticket_id: int) -> Iterator[dict[str, Any]]:
        """A ticket's comments, the newest first."""
        url = f"{self._zendesk.asked_url}/api/v2/tickets/{ticket_id}/comments"
        return lists.records(self._session, url, "comments", most_pages=_MERGE_PAGES, query={"sort": "-created_at"})

    def _ticket_url(self, key: CaseKey) -> str:
        return f"{self._zendesk.asked_url}/api/v2/tickets/{_number(key)}"

    @understood(write=False)
    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:
        """The comment of our own user that holds one of `markers`, public or not."""
        for comment in self._own_comments(_number(key)):
            if marker.one_is_in(_texts(comment), markers):
                return self._note(int(comment.id), public=comment.public)
        return None

    @understood(write=False)
    def find_any_note(self, key: CaseKey, *, markers: Sequence[str] = (), since: float = 0.0) -> Receipt | None:
        """The comment of `find_note`, or an internal one of our own user that holds a note for any request.

        The latter counts when it was made at `since` or later, in Unix seconds; Zendesk tells whole ones. A known
        request's counts whenever it was made: our clock need not be Zendesk's.
        """
        for comment in self._own_comments(_number(key)):
            texts = _texts(comment)
            of_any = comment.public is False and _made_since(comment, math.floor(since)) and marker.any_is_in(texts)
            if of_any or marker.one_is_in(texts, markers):
                return self._note(int(comment.id), public=comment.public)
        return None

    def _own_comments(self, ticket_id: int) -> Iterator[Comment]:
        """The ticket's comments that this program wrote: others may quote a note of ours, as a merge does."""
        comments = self._comments(ticket_id)
        author = self._author()
        return (comment for comment in comments if comment.author_id == author and not _by_hand(comment))

    def _comments(self, ticket_id: int) -> Iterator[Comment]:
        """The ticket's comments. There is always one, its description: without any, an answer cannot be right."""
        comments = iter(self._zenpy.tickets.comments(ticket=ticket_id))
        first = next(comments, None)
        if first is None:
            raise trouble.unreadable()
        return itertools.chain((first,), comments)

    @understood(write=True)
    def write(self, key: CaseKey, note: Note) -> Receipt:
        """Add the note as an internal comment, in one request, and see whether it is internal."""
        ticket_id = _number(key)
        ticket = Ticket(id=ticket_id, comment=Comment(html_body=notes.render(note), public=False))
        audit = self._zenpy.tickets.update(ticket).audit
        if audit.ticket_id == ticket_id:
            for event in audit.events:
                if _of(event, "type") == "Comment":
                    return self._note(int(_of(event, "id")), public=_of(event, "public"))
        raise Temporary("Zendesk's answer does not show the note", service="Zendesk", outcome_unknown=True)

    @understood(write=True)
    def make_private(self, key: CaseKey, receipt_id: str) -> None:
        """Hide a note from customers; `StillPublic` when that does not work."""
        ticket_id, comment_id = _number(key), int(receipt_id)
        path = f"/api/v2/tickets/{ticket_id}/comments/{comment_id}/make_private"
        try:
            self._session.put(self._zendesk.asked_url + path)
        except RemoteError as error:
            if not isinstance(error, Temporary) and self._is_public(ticket_id, comment_id) is False:
                return  # somebody else has hidden it
            raise StillPublic(still_public(error), note_id=receipt_id, service="Zendesk") from error
        if self._is_public(ticket_id, comment_id):  # an answer of 200 need not come from Zendesk
            reason = still_public("Zendesk shows it as public after that")
            raise StillPublic(reason, note_id=receipt_id, service="Zendesk")

    def _is_public(self, ticket_id: int, comment_id: int) -> bool | None:
        """Whether customers can read a comment; None when Zendesk does not show it."""
        try:
            shown = [comment.public for comment in self._comments(ticket_id) if comment.id == comment_id]
        except (RemoteError, *SURPRISES):
            return None
        return shown[0] is not False if shown else None

    def _note(self, comment_id: int, *, public: object) -> Receipt:
        """A comment of ours; unless it says that it is internal, it counts as public."""
        pace = limits.read(self._zendesk.last_headers)
        return Receipt(id=str(comment_id), public=public is not False, pace=pace)


def _number(key: CaseKey) -> int:
    """The number of a ticket by its case's key."""
    return int(reference_of(key))


def still_public(why: object) -> str:
    """Why a note is still public, for an admin."""
    return f"the note is public and could not be made private: {why}"


def _made_since(comment: Comment, moment: float) -> bool:
    """Whether a comment was made then or later; one that does not say when may have been."""
    created = unix(_of(comment, "created_at"))
    return created is None or created >= moment


def _by_hand(comment: Comment) -> bool:
    """Whether a person made a comment in Zendesk's own pages: admins often lend us their own user.

    They quote notes in replies, and merge tickets, which copies the last comment of one into the other.
    """
    via = getattr(comment, "via", None)
    source = _of(via, "source")
    return _of(via, "channel") in _HANDS or _of(source, "rel") == "merge"


def _texts(comment: Comment) -> list[str]:
    """A comment's text, in each form that Zendesk gives."""
    forms = (comment.html_body, comment.body, getattr(comment, "plain_body", None))
    return [text for text in forms if isinstance(text, str)]


def _of(event: Any, name: str) -> Any:  # noqa: ANN401 -- zenpy gives objects or dicts
    return event.get(name) if isinstance(event, dict) else getattr(event, name, None)
