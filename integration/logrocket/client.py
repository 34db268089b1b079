"""LogRocket's Galileo Highlights API: ask for highlights, ask what came of it.

https://docs.logrocket.com/docs/session-highlights-api
"""

from __future__ import annotations

import math
from typing import Any, Final, Unpack

import requests

from integration.errors import Held, MalformedDelivery, Permanent, QuestionRefused, RemoteError, Temporary, Told
from integration.facts import Person, Result, Stretch
from integration.http import ServiceAdapter, ServiceSession
from integration.logrocket import results
from integration.logrocket.projects import Project
from integration.logrocket.refusal_words import refusal_words
from integration.logrocket.settings import SERVICE, LogRocketSettings

_NOT_FOUND: Final = frozenset({404, 410})
_NOT_UNDERSTOOD: Final = frozenset({400, 422})
_NO_REQUEST = "0"  # the id of a request that cannot exist: LogRocket's have 64 digits


class LogRocket:
    """One LogRocket project: the default one, when none is given. Raises `RemoteError`."""

    def __init__(self, settings: LogRocketSettings, project: Project | None = None) -> None:
        chosen = project or settings.default
        self.service = settings.service_of(chosen)
        self._session = ServiceSession(LogRocketAdapter(self.service, settings.api_url))
        self._session.headers["Authorization"] = f"token {chosen.api_key}"
        self._highlights = f"{settings.api_url}{chosen.api_path}"

    def ask(
        self, person: Person, *, callback_url: str, question: str | None = None, within: Stretch | None = None
    ) -> str:
        """Ask for a summary of the person's latest sessions, to be sent to `callback_url`; the request's id.

        The summary answers `question`, and is of the sessions `within` a stretch of time. `QuestionRefused` when
        LogRocket refuses a request with a question in it: nothing was asked then, and it may be asked without.
        """
        try:
            answer = self._session.post(f"{self._highlights}/", json=_body(person, callback_url, question, within))
        except _NotUnderstoodError as error:
            if not question:
                raise
            raise QuestionRefused(
                f"{self.service} refuses a request with a question ({error.status})",
                service=error.service,
                said=error.said,
            ) from error
        try:
            request_id = answer.json().get("id")
        except (ValueError, AttributeError, RecursionError):
            request_id = None
        if not isinstance(request_id, str) or not results.is_request_id(request_id):
            why = f"{self.service}'s answer names no request id"
            raise Temporary(why, service=self.service, outcome_unknown=True)
        return request_id

    def takes_our_credentials(self, *, refused_with: int) -> bool | None:
        """Whether LogRocket accepts us where no requester is concerned; None when that cannot be found out.

        After a 404 or 410 it cannot be: LogRocket says the same of an unknown project and of an unknown request.
        """
        try:
            self._session.get(self._highlights, params={"id": _NO_REQUEST})
        except _UnknownError:
            return None if refused_with in _NOT_FOUND else True
        except Held:
            return False
        except Permanent:  # it accepted the key, but not the id
            return True
        except RemoteError:
            return None
        return True

    def denied(self, error: Held) -> str:
        """Why a requester's highlights are refused although our key is accepted, for an admin."""
        said = f" ({error.said})" if error.said else ""
        return (
            f"{self.service} denies permission for this requester's highlights ({error.status}), although it accepts "
            f"our key: do this project's plan and key allow that?{said}"
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def result(self, request_id: str) -> Result | None:
        """What came of a request; None when LogRocket does not know it."""
        try:
            answer = self._session.get(self._highlights, params={"id": request_id})
        except _UnknownError:
            return None
        try:
            result = results.read(answer.content)
        except MalformedDelivery:
            raise Temporary(f"{self.service}'s result cannot be read", service=self.service) from None
        if result.request_id not in (None, request_id):
            raise Temporary(f"{self.service}'s result is of another request", service=self.service)
        return result


def _body(person: Person, callback_url: str, question: str | None, within: Stretch | None) -> dict[str, Any]:
    """What a summary is asked for with."""
    body: dict[str, Any] = {"userEmail": person.email} if person.email else {"userID": person.external_id}
    body["webhookURL"] = callback_url
    if question:
        body["question"] = question
    if within is not None:
        start, end = math.floor(within.start * 1000), math.ceil(within.end * 1000)
        if end < start:
            raise ValueError("a stretch of time that ends before it starts")
        body["timeRange"] = {"startMs": start, "endMs": max(end, start + 1)}  # LogRocket wants one that is not empty
    return body


class _UnknownError(Held):
    """404 or 410: the project, or the request that was asked for."""


class _NotUnderstoodError(Permanent):
    """400 or 422, written by LogRocket itself: something in the request is not as it wants it."""

    def __init__(self, reason: str, *, status: int, **told: Unpack[Told]) -> None:
        super().__init__(reason, **told)
        self.status = status


class LogRocketAdapter(ServiceAdapter):
    """The transport to LogRocket."""

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        status = response.status_code
        if status in _NOT_FOUND:
            variable = "LOGROCKET_APP_ID" if self.service == SERVICE else "LOGROCKET_PROJECTS"
            reason = f"{SERVICE} knows no such project ({status}): is {variable} right?"
            return _UnknownError(reason, status=status, **told)
        error = super().refused(response, told)
        if status in _NOT_UNDERSTOOD and isinstance(error, Permanent):
            return _NotUnderstoodError(*error.args, status=status, **told)
        return error

    def said(self, response: requests.Response) -> str:
        """What an answer other than 2xx says, when its sentence is a known one."""
        return refusal_words(response.content)

    def wrote(self, response: requests.Response) -> bool:
        """Whether LogRocket itself wrote the answer: it says some errors in plain text."""
        return super().wrote(response) or response.headers.get("Content-Type", "").startswith("text/plain")
