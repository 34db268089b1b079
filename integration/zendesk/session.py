"""How we reach Zendesk: the credentials, the transport that carries them, and what its refusals mean."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from integration.errors import CaseClosed, Held, NotThere, Permanent, RemoteError, Temporary, Told
from integration.http import ServiceAdapter, ServiceSession
from integration.json_body import json_object
from integration.zendesk import pace as limits
from integration.zendesk import trouble
from integration.zendesk.refusal_words import refusal_words
from integration.zendesk.settings import ApiToken, OAuthClient, ZendeskSettings

TOKEN_SECONDS: Final = 1800
SCOPES: Final = "read tickets:write"
_CLOSED: Final = b"closed prevents ticket update"  # where an answer names no field
_NO_TOKEN: Final = "Zendesk's answer holds no access token"  # noqa: S105 -- a sentence
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = frozenset({404, 410})
_UNPROCESSABLE: Final = 422


class _TokenRefused(Held):
    """401: the access token may have expired early, or was revoked."""


class _Adapter(ServiceAdapter):
    """A transport that keeps what Zendesk says of a refusal."""

    def said(self, response: requests.Response) -> str:
        """What an answer other than 2xx says in words for machines."""
        return refusal_words(response.content)


class ZendeskAdapter(_Adapter):
    """The transport to one Zendesk account, which authorises each request.

    zenpy always asks `https://<subdomain>.zendesk.com`, and reads answers of other hosts wrongly: so does everybody
    here, and the adapter carries it to where the account is (a stand-in may be elsewhere).
    """

    def __init__(self, settings: ZendeskSettings, *, scopes: str = SCOPES) -> None:
        super().__init__("Zendesk", settings.url, asked_url=f"https://{settings.subdomain}.zendesk.com")
        self.last_headers: Mapping[str, str] = {}
        credentials = settings.credentials
        self.credentials: Bearer | Basic = (
            Bearer(credentials, settings.url, scopes) if isinstance(credentials, OAuthClient) else Basic(credentials)
        )

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send one request; once more with a new token when the present one is refused."""
        try:
            response = super().send(self.credentials.authorize(request), **options)
        except _TokenRefused:
            if not self.credentials.renew():
                raise
            response = super().send(self.credentials.authorize(request), **options)
        if request.method == "GET" and not response.content.strip():
            raise trouble.unreadable()  # zenpy would take it for an empty list
        self.last_headers = response.headers
        return response

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        if response.status_code == _UNAUTHORIZED:
            return _TokenRefused("Zendesk refuses our credentials (401)", status=_UNAUTHORIZED, **told)
        if response.status_code in _NOT_FOUND:
            if (json_object(response.content) or {}).get("error") == "RecordNotFound":
                what = _asked_for(response.url or "")
                reason = f"Zendesk shows us no such {what} (404): it is deleted, or our user may not see it"
                return NotThere(reason, service=self.service, outcome_unknown=told["outcome_unknown"])
            return Held(trouble.NO_HELP_DESK, status=response.status_code, **told)
        if response.status_code == _UNPROCESSABLE and _closed(response.content):
            return CaseClosed("the ticket is closed", service=self.service, outcome_unknown=told["outcome_unknown"])
        return super().refused(response, told)

    def limit_used_up(self, headers: Mapping[str, str]) -> bool | None:
        """Whether the headers of a 429 say that the whole account's limit is used up; None when they do not say."""
        return limits.used_up(headers)


def _asked_for(url: str) -> str:
    """What a request was about, in a word."""
    path = urlsplit(url).path
    return "ticket" if "/tickets/" in path else "user" if "/users/" in path else "record"


def _closed(body: bytes) -> bool:
    """Whether a 422 says that the ticket is closed: it names the field `status`, in a sentence of any language."""
    answer = json_object(body) or {}
    details = answer.get("details")
    return (
        (isinstance(details, dict) and "status" in details) or answer.get("error") == "ClosedTicket" or _CLOSED in body
    )


class Basic:
    """E-mail and API token, until Zendesk ends them."""

    def __init__(self, token: ApiToken) -> None:
        self._value = base64.b64encode(f"{token.email}/token:{token.token}".encode()).decode("ascii")

    def authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with credentials."""
        return _with_authorization(request, f"Basic {self._value}")

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False


class _TokenAdapter(_Adapter):
    """The transport for access tokens; it knows a wrong address from a wrong client."""

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        if response.status_code in _NOT_FOUND:
            return Held(trouble.NO_HELP_DESK, status=response.status_code, **told)
        if response.status_code < 500 and trouble.is_a_page(response):  # noqa: PLR2004 -- the service's own trouble
            return trouble.in_its_place(response, told)
        return super().refused(response, told)


class Bearer:
    """An access token of the `client_credentials` grant, fetched when one is needed and renewed before it expires."""

    def __init__(self, client: OAuthClient, zendesk_url: str, scopes: str) -> None:
        self._client = client
        self._scopes = scopes
        self.session = ServiceSession(_TokenAdapter("Zendesk", zendesk_url))
        self._url = f"{zendesk_url}/oauth/tokens"
        self._token = ""
        self._renew_at = 0.0

    def authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with a token, which is fetched when there is none that is good for a while."""
        if not self._token or time.monotonic() >= self._renew_at:
            self._fetch()
        return _with_authorization(request, f"Bearer {self._token}")

    def renew(self) -> bool:
        """Drop the token that was refused; whether there was one."""
        had_one, self._token = bool(self._token), ""
        return had_one

    def _fetch(self) -> None:
        grant = {
            "grant_type": "client_credentials",
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "scope": self._scopes,
            "expires_in": TOKEN_SECONDS,
        }
        asked = time.monotonic()
        try:
            answer = self.session.post(self._url, json=grant).json()
            token, life = answer["access_token"], float(answer.get("expires_in") or TOKEN_SECONDS)
        except Temporary as error:  # whatever became of the token, the request that needs it was not sent
            raise Temporary(
                str(error),
                retry_after=error.retry_after,
                too_many=error.too_many,
                limit_used_up=error.too_many,  # a token belongs to no ticket: the limit is the account's
                service="Zendesk",
            ) from error
        except (Held, Permanent) as error:
            if isinstance(error, Held) and error.status in _NOT_FOUND:
                raise Held(f"{error}", status=error.status, of_account=True, service="Zendesk") from error
            refused = f"Zendesk refuses the OAuth client: {error}"
            raise Held(refused, of_account=True, service="Zendesk") from error
        except (ArithmeticError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Temporary(_NO_TOKEN, service="Zendesk") from error
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise Temporary(_NO_TOKEN, service="Zendesk")
        self._token = token
        self._renew_at = asked + life - min(60.0, life / 4)


def _with_authorization(request: requests.PreparedRequest, value: str) -> requests.PreparedRequest:
    authorized = request.copy()
    authorized.headers["Authorization"] = value
    return authorized
