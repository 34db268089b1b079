"""LogRocket's Galileo Highlights API: ask for highlights, ask what came of it.

https://docs.logrocket.com/docs/session-highlights-api
"""

from __future__ import annotations

import requests

from integration.errors import Held, MalformedDelivery, Permanent, RemoteError, Temporary, Told
from integration.facts import Person, Result
from integration.http import ServiceAdapter, ServiceSession
from integration.logrocket import results
from integration.logrocket.refusal_words import refusal_words
from integration.logrocket.settings import LogRocketSettings

_NOT_FOUND = frozenset({404, 410})
_NO_REQUEST = "0"  # the id of a request that cannot exist: LogRocket's have 64 digits


class LogRocket:
    """One LogRocket project. Raises `RemoteError`."""

    def __init__(self, settings: LogRocketSettings) -> None:
        self._session = ServiceSession(LogRocketAdapter("LogRocket", settings.api_url))
        self._session.headers["Authorization"] = f"token {settings.api_key}"
        self._highlights = f"{settings.api_url}{settings.api_path}"

    def ask(self, person: Person, *, callback_url: str) -> str:
        """Ask for a summary of the person's latest sessions, to be sent to `callback_url`; the request's id."""
        wanted = {"userEmail": person.email} if person.email else {"userID": person.external_id}
        answer = self._session.post(f"{self._highlights}/", json={**wanted, "webhookURL": callback_url})
        try:
            request_id = answer.json().get("id")
        except (ValueError, AttributeError, RecursionError):
            request_id = None
        if not isinstance(request_id, str) or not results.is_request_id(request_id):
            raise Temporary("LogRocket's answer names no request id", service="LogRocket", outcome_unknown=True)
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
            f"LogRocket denies permission for this requester's highlights ({error.status}), although it accepts our "
            f"key: do this project's plan and key allow that?{said}"
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
            raise Temporary("LogRocket's result cannot be read", service="LogRocket") from None
        if result.request_id not in (None, request_id):
            raise Temporary("LogRocket's result is of another request", service="LogRocket")
        return result


class _UnknownError(Held):
    """404 or 410: the project, or the request that was asked for."""


class LogRocketAdapter(ServiceAdapter):
    """The transport to LogRocket."""

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        status = response.status_code
        if status in _NOT_FOUND:
            reason = f"LogRocket knows no such project ({status}): is LOGROCKET_APP_ID right?"
            return _UnknownError(reason, status=status, **told)
        return super().refused(response, told)

    def said(self, response: requests.Response) -> str:
        """What an answer other than 2xx says, when its sentence is a known one."""
        return refusal_words(response.content)

    def wrote(self, response: requests.Response) -> bool:
        """Whether LogRocket itself wrote the answer: it says some errors in plain text."""
        return super().wrote(response) or response.headers.get("Content-Type", "").startswith("text/plain")
