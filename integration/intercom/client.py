"""Intercom's API, as far as we need it: one transport, and the few calls that we make.

https://developers.intercom.com/docs/references/rest-api/api.intercom.io
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests

from integration import machine_words
from integration.errors import Held, NotThere, Permanent, RemoteError, Temporary, Told
from integration.http import ServiceAdapter, ServiceSession
from integration.intercom import pace
from integration.intercom.conversation import unreadable
from integration.intercom.settings import SERVICE, IntercomSettings
from integration.intercom.webhook import is_conversation_id
from integration.json_body import json_object

VERSION: Final = "2.16"  # of the API; without the header it would be whatever the app's page says
PAGE: Final = 150  # conversations: a search gives no more at a time
NOTE: Final = "note"
_MERGES: Final = 5  # of one contact that are followed
_CANONICAL: Final = re.compile(r'</contacts/([A-Za-z0-9_-]{1,64})>\s*;\s*rel="?canonical"?')
_NOT_FOUND, _GONE = 404, 410
_NO_TEAMMATE: Final = "admin_not_found"
_READS: Final = "/conversations/search"  # asks, although it is a POST

Record = dict[str, Any]


class Intercom:
    """One workspace, by the token of an app of its own. Raises `RemoteError`."""

    def __init__(self, settings: IntercomSettings) -> None:
        self._adapter = IntercomAdapter(SERVICE, settings.url)
        self._session = ServiceSession(self._adapter)
        self._session.headers["Authorization"] = f"Bearer {settings.token}"
        self._session.headers["Accept"] = "application/json"
        self._session.headers["Intercom-Version"] = VERSION
        self._url = settings.url

    @property
    def last_headers(self) -> Mapping[str, str]:
        """The headers of the last answer, which tell how much of the limits is left."""
        return self._adapter.last_headers

    def who_we_are(self) -> Record:
        """The teammate whose token it is, and with `app` the workspace."""
        return self._get("me", {})

    def admin(self, admin_id: str) -> Record:
        """A teammate."""
        return self._get(f"admins/{admin_id}", {})

    def conversation(self, conversation_id: str) -> Record:
        """A conversation with its 500 newest parts, texts without their HTML."""
        conversation = self._get(f"conversations/{_checked(conversation_id)}", {"display_as": "plaintext"})
        if str(conversation.get("id")) != conversation_id:
            raise unreadable()
        return conversation

    def contact(self, contact_id: str) -> Record:
        """A person; the one into whom they were merged, if they were."""
        for _ in range(_MERGES):
            try:
                contact = self._get(f"contacts/{contact_id}", {})
            except Merged as merged:
                contact_id = merged.into
                continue
            if not isinstance(contact.get("id"), str):  # else it would be a lead who left no address
                raise unreadable()
            return contact
        raise NotThere("Intercom has merged the contact again and again", service=SERVICE)

    def contacts(self) -> Record:
        """One of the workspace's people: whether they may be read."""
        return self._get("contacts", {"per_page": "1"})

    def add_note(self, conversation_id: str, *, admin_id: str, body: str) -> Record:
        """Add a note to a conversation; the conversation with it, as Intercom has it then."""
        note = {"message_type": NOTE, "type": "admin", "admin_id": admin_id, "body": body, "skip_notifications": True}
        return self._answer(
            self._session.post(f"{self._url}/conversations/{_checked(conversation_id)}/reply", json=note), write=True
        )

    def created(self, *, after: int, before: int, pages: int) -> Iterator[list[Record]]:
        """The conversations that were created between two Unix times, some at a time."""
        limits = [("created_at", ">", after), ("created_at", "<", before)]
        conditions = [{"field": field, "operator": operator, "value": value} for field, operator, value in limits]
        pagination: dict[str, object] = {"per_page": PAGE}
        for _ in range(pages):
            asked = {"query": {"operator": "AND", "value": conditions}, "pagination": pagination}
            answer = self._answer(self._session.post(f"{self._url}{_READS}", json=asked), write=False)
            conversations = answer.get("conversations")
            if not isinstance(conversations, list) or not all(isinstance(record, dict) for record in conversations):
                raise unreadable()
            yield conversations
            cursor = _next(answer)
            if cursor is None:
                return
            if cursor == pagination.get("starting_after"):
                raise unreadable()
            pagination["starting_after"] = cursor
        raise Temporary("Intercom lists more conversations than can be read at once", service=SERVICE)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _get(self, path: str, params: Mapping[str, str]) -> Record:
        return self._answer(self._session.get(f"{self._url}/{path}", params=params), write=False)

    def _answer(self, response: requests.Response, *, write: bool) -> Record:
        answer = json_object(response.content)
        if answer is None:
            raise Temporary("Intercom's answer cannot be read", service=SERVICE, outcome_unknown=write)
        return answer


class Merged(NotThere):
    """The contact was merged into another one: `into`."""

    def __init__(self, into: str, **told: Any) -> None:  # noqa: ANN401 -- what is known of any error
        super().__init__("Intercom has merged the contact into another one", **told)
        self.into = into


class NoSuchTeammate(Held):
    """The workspace has no teammate of the number that was sent: no note can be theirs, on whatever conversation."""


class IntercomAdapter(ServiceAdapter):
    """The transport to Intercom. Whatever may be read by a customer does not leave through it."""

    last_headers: Mapping[str, str] = {}

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send one request, once; a reply that is no note is not sent at all."""
        if request.method != "GET":
            _assert_internal(request)
        response = super().send(request, **options)
        self.last_headers = response.headers
        return response

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        if self.wrote(response) and response.status_code == _GONE:
            canonical = _CANONICAL.search(response.headers.get("Link", ""))
            if canonical is not None:
                return Merged(canonical[1], **told)
        if response.status_code == _NOT_FOUND and _NO_TEAMMATE in _codes(response):
            reason = "Intercom knows no such teammate: is INTERCOM_ADMIN_ID right, and are they still there?"
            return NoSuchTeammate(reason, status=_NOT_FOUND, of_account=True, **told)
        if self.wrote(response) and response.status_code in (_NOT_FOUND, _GONE):
            return NotThere("Intercom shows us no such conversation or contact: it is deleted, or not of ours", **told)
        error = super().refused(response, told)
        if isinstance(error, Temporary) and error.too_many and error.retry_after is None:
            error.retry_after = pace.until_reset(response.headers) or pace.WINDOW
        return error

    def said(self, response: requests.Response) -> str:
        """What an answer other than 2xx says in words for machines: the codes of its errors."""
        words = map(machine_words.word, _codes(response))
        return ", ".join(machine_words.first_few(word for word in words if word is not None))

    def proves_nothing_happened(self, response: requests.Response) -> bool:
        """Whether an answer other than 2xx says for certain that nothing was written: a search never writes."""
        if (response.request.path_url or "").endswith(_READS):
            return True
        return super().proves_nothing_happened(response)

    def wrote(self, response: requests.Response) -> bool:
        """Whether Intercom itself wrote the answer: it lists errors."""
        return isinstance((json_object(response.content) or {}).get("errors"), list)


def _codes(response: requests.Response) -> list[object]:
    """The codes of the errors that an answer lists."""
    errors = (json_object(response.content) or {}).get("errors")
    return [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _assert_internal(request: requests.PreparedRequest) -> None:
    """Raise `Permanent` unless a request writes nothing but a note: `comment` in its place goes to the customer."""
    path = (request.path_url or "").partition("?")[0]
    if path.endswith(_READS):
        return
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    note = json_object(body) or {}
    to = re.search(r"/conversations/([0-9]{1,18})/reply\Z", path)
    if to is None or note.get("message_type") != NOTE or note.get("type") != "admin":
        raise Permanent("not sent to Intercom: it would be no internal note", service=SERVICE)


def _checked(conversation_id: str) -> str:
    """An id that can be none of Intercom's words, such as `last`."""
    if not is_conversation_id(conversation_id):
        raise Permanent("not asked of Intercom: no conversation has such an id", service=SERVICE)
    return conversation_id


def _next(answer: Mapping[str, Any]) -> str | None:
    """Where the next page begins; None when this is the last one."""
    pages = answer.get("pages")
    following = pages.get("next") if isinstance(pages, dict) else None
    if following is None:
        return None
    cursor = following.get("starting_after") if isinstance(following, dict) else None
    if not isinstance(cursor, str) or not cursor:
        raise unreadable()
    return cursor
