"""How we reach Zendesk: credentials, and the session that zenpy works on."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from integration import machine_words
from integration.errors import Held, NoNotePossible, NotThere, Permanent, RemoteError, Temporary
from integration.http import ServiceSession, below, json_object
from integration.zendesk import pace as limits
from integration.zendesk import trouble
from integration.zendesk.settings import ApiToken, OAuthClient, ZendeskSettings

TOKEN_SECONDS: Final = 1800
SCOPES: Final = "read tickets:write"
_CLOSED: Final = b"closed prevents ticket update"  # where an answer names no field
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = frozenset({404, 410})
_UNPROCESSABLE: Final = 422


class _TokenRefused(Held):
    """401: the access token may have expired early, or was revoked."""


class _Session(ServiceSession):
    """A session that keeps what Zendesk says of a refusal."""

    def said(self, response: requests.Response) -> str:
        """What an answer other than 2xx says in words for machines."""
        return machine_words.of_zendesk(response.content)


class ZendeskSession(_Session):
    """A session with one Zendesk account, authorised for each request.

    zenpy always asks `https://<subdomain>.zendesk.com`; where the account is elsewhere (a stand-in), requests are sent
    there, and the answers look as if they came from where zenpy asked, for zenpy reads answers of other hosts wrongly.
    """

    authorized = True  # tells zenpy that it need not care

    def __init__(self, settings: ZendeskSettings, *, scopes: str = SCOPES) -> None:
        super().__init__("Zendesk", settings.url)
        self.last_headers: Mapping[str, str] = {}
        self.asked_url = f"https://{settings.subdomain}.zendesk.com"
        credentials = settings.credentials
        self._credentials: _Bearer | _Basic = (
            _Bearer(credentials, settings.url, scopes) if isinstance(credentials, OAuthClient) else _Basic(credentials)
        )

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 -- requests' own options
        """Send one request; once more with a new token when the present one is refused."""
        try:
            response = super().request(method, url, **{**options, "auth": self._credentials})
        except _TokenRefused:
            if not self._credentials.renew():
                raise
            response = super().request(method, url, **{**options, "auth": self._credentials})
        if method in ("GET", b"GET") and not response.content.strip():
            raise Temporary("Zendesk's answer cannot be read")  # and zenpy would take it for a list of nothing
        self.last_headers = response.headers
        if response.request.url is not None:
            response.request.url = response.request.url.replace(self.base_url, self.asked_url, 1)
        return response

    def own_url(self, url: str) -> str:
        """Where `url` is really asked for."""
        rest = below(url, self.asked_url)
        return super().own_url(url) if rest is None else self.base_url + rest

    def refused(self, response: requests.Response, *, write: bool) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        if response.status_code == _UNAUTHORIZED:
            return _TokenRefused("Zendesk refuses our credentials (401)", status=_UNAUTHORIZED)
        if response.status_code in _NOT_FOUND:
            if (json_object(response.content) or {}).get("error") == "RecordNotFound":
                what = _asked_for(response.url or "")
                return NotThere(f"Zendesk shows us no such {what} (404): it is deleted, or our user may not see it")
            return Held(trouble.NO_HELP_DESK, status=response.status_code)
        if response.status_code == _UNPROCESSABLE and _closed(response.content):
            return NoNotePossible("the ticket is closed")
        return super().refused(response, write=write)

    def limit_used_up(self, headers: Mapping[str, str]) -> bool | None:
        """Whether the headers of a 429 say that the whole account's limit is used up; None when they do not tell."""
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


def _of_zendesk(error: RemoteError) -> RemoteError:
    """The error, said of Zendesk whatever the step was about."""
    error.service = "Zendesk"
    return error


class _Basic(requests.auth.AuthBase):
    """E-mail and API token, until Zendesk ends them."""

    def __init__(self, token: ApiToken) -> None:
        self._value = base64.b64encode(f"{token.email}/token:{token.token}".encode()).decode("ascii")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Basic {self._value}"
        return request

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False


class _TokenSession(_Session):
    """A session that asks for access tokens; it tells a wrong address from a wrong client."""

    def refused(self, response: requests.Response, *, write: bool) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        if response.status_code in _NOT_FOUND:
            return Held(trouble.NO_HELP_DESK, status=response.status_code)
        if response.status_code < 500 and trouble.is_a_page(response):  # noqa: PLR2004 -- the service's own trouble
            return trouble.in_its_place(response)
        return super().refused(response, write=write)


class _Bearer(requests.auth.AuthBase):
    """An access token of the `client_credentials` grant, fetched when one is needed and renewed before it expires."""

    def __init__(self, client: OAuthClient, zendesk_url: str, scopes: str) -> None:
        self._client = client
        self._scopes = scopes
        self._session = _TokenSession("Zendesk", zendesk_url)
        self._url = f"{zendesk_url}/oauth/tokens"
        self._token = ""
        self._renew_at = 0.0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if not self._token or time.monotonic() >= self._renew_at:
            self._fetch()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

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
            answer = self._session.post(self._url, json=grant).json()
            token, life = answer["access_token"], float(answer.get("expires_in") or TOKEN_SECONDS)
        except Temporary as error:  # whatever became of the token, the request that needs it was not sent
            temporary = Temporary(
                str(error),
                retry_after=error.retry_after,
                too_many=error.too_many,
                limit_used_up=error.too_many,  # it was asked for no ticket in particular
            )
            raise _of_zendesk(temporary) from error
        except (Held, Permanent) as error:
            if isinstance(error, Held) and error.status in _NOT_FOUND:
                raise _of_zendesk(Held(f"{error}", status=error.status, of_account=True)) from error
            refused = Held(f"Zendesk refuses the OAuth client: {error}", of_account=True)
            raise _of_zendesk(refused) from error
        except (ArithmeticError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Temporary("Zendesk's answer holds no access token") from error
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise Temporary("Zendesk's answer holds no access token")
        self._token = token
        self._renew_at = asked + life - min(60.0, life / 4)
