"""One HTTP transport per remote service, which turns everything but success into our own errors.

No retries of the transport's own (the ledger tries again), no redirects (credentials must not follow them), no proxy
or `.netrc` from the environment, a bound on time and on size, and no host but the service's own.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from integration import calls
from integration.errors import Held, Permanent, RemoteError, Temporary, Told
from integration.json_body import json_object

CONNECT_SECONDS: Final = 3.05
READ_SECONDS: Final = 12.0
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
USER_AGENT: Final = "helpdesk-highlights"

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TOO_MANY: Final = 429
_REFUSED: Final = frozenset({401, 402, 403})
_LATER: Final = frozenset({408, 409, 421, 423, 425, _TOO_MANY})


class ServiceSession(requests.Session):
    """A session with one service: its adapter carries requests to the service's own address, and no others."""

    def __init__(self, adapter: ServiceAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["User-Agent"] = USER_AGENT
        self.adapters.clear()
        self.mount(f"{adapter.asked_url}/", adapter)
        self.mount("", _Elsewhere(adapter))


class ServiceAdapter(HTTPAdapter):
    """The transport to one service: `send` returns 2xx answers, read whole, and raises `RemoteError` otherwise.

    `asked_url` is where callers say that the service is; it is carried to `base_url`, and the answers look as if they
    came from where they were asked for.
    """

    def __init__(
        self, service: str, base_url: str, *, asked_url: str | None = None, seconds: float = READ_SECONDS
    ) -> None:
        super().__init__(max_retries=0)
        self.service = service
        self.base_url = base_url
        self.asked_url = asked_url or base_url
        self.progress = Progress()
        self._seconds = seconds  # for a whole answer, and for each piece of it
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self),
        }

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send one request, once."""
        carried = request.copy()
        carried.url = self._own_url(request.url or "")
        write = request.method in _WRITES
        self.progress = progress = Progress()
        try:
            bounds = {"timeout": (CONNECT_SECONDS, self._seconds), "stream": True}
            response = super().send(carried, **{**options, **bounds})
            _read_whole(response, seconds=self._seconds)
        except (requests.RequestException, HTTPError) as error:
            calls.count(self.service, "unanswered" if progress.sent else "unreachable")
            raise self._unanswered(sent=progress.sent, write=write) from error
        response.request, response.url = request, request.url or ""
        calls.count(self.service, str(response.status_code))
        if not 200 <= response.status_code < 300:  # noqa: PLR2004 -- 2xx
            unknown = write and not self.proves_nothing_happened(response)
            raise self.refused(response, Told(service=self.service, said=self.said(response), outcome_unknown=unknown))
        return response

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error for an answer other than 2xx."""
        status, name = response.status_code, self.service
        if status in _REFUSED:
            return Held(f"{name} refuses our credentials ({status})", status=status, **told)
        wait = retry_after(response.headers)
        if status >= 500:  # noqa: PLR2004 -- server errors
            return Temporary(f"{name} has trouble ({status})", retry_after=wait, **told)
        if status in _LATER:
            reason = f"{name} asks to come again later ({status})"
            too_many = status == _TOO_MANY
            used_up = self.limit_used_up(response.headers) if too_many else None
            return Temporary(reason, retry_after=wait, too_many=too_many, limit_used_up=used_up, **told)
        if status < 400:  # noqa: PLR2004 -- redirects, and what comes before an answer
            redirected = f"{name} answers with a redirect ({status}): is its address right?"
            return Temporary(redirected if status >= 300 else f"{name} did not answer ({status})", **told)  # noqa: PLR2004 -- likewise
        if self.wrote(response):
            return Permanent(f"{name} refuses the request ({status})", **told)
        return Held(f"something in front of {name} refuses the request ({status})", status=status, **told)

    def said(self, response: requests.Response) -> str:  # noqa: ARG002 -- for subclasses
        """What an answer other than 2xx says, in words that may be quoted."""
        return ""

    def proves_nothing_happened(self, response: requests.Response) -> bool:
        """Whether an answer other than 2xx says for certain that nothing was written, and nothing will be.

        Only a 429, and a 4xx that the service itself wrote. A 408 or 409, any 5xx, a redirect, and a page of something
        that stands between may all come while the write is still under way.
        """
        status = response.status_code
        if status == _TOO_MANY:
            return True
        return 400 <= status < 500 and status not in _LATER and self.wrote(response)  # noqa: PLR2004 -- 4xx

    def wrote(self, response: requests.Response) -> bool:
        """Whether the service itself wrote the answer: a JSON object."""
        return json_object(response.content) is not None

    def limit_used_up(self, headers: Mapping[str, str]) -> bool | None:
        """Whether the headers of a 429 say that the whole account's limit is used up; None when they do not say."""
        names = ("ratelimit-remaining", "rate-limit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
        left = [headers[name].strip() for name in names if name in headers]
        return "0" in left if left else None

    def _own_url(self, url: str) -> str:
        """Where `url` is really asked for; a link in an answer must not lead our credentials elsewhere."""
        for own in (self.asked_url, self.base_url):
            rest = below(url, own)
            if rest is not None:
                return self.base_url + rest
        raise Permanent(f"{self.service} pointed to another host", service=self.service)

    def _unanswered(self, *, sent: bool, write: bool) -> Temporary:
        if not sent:
            return Temporary(f"{self.service} cannot be reached", service=self.service)
        return Temporary(f"{self.service} did not answer", service=self.service, outcome_unknown=write)


class _Elsewhere(BaseAdapter):
    """Takes every other address: the adapter refuses it, unless it is the service's own in another spelling."""

    def __init__(self, adapter: ServiceAdapter) -> None:
        super().__init__()
        self._adapter = adapter

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Leave it to the adapter, which compares addresses."""
        return self._adapter.send(request, **options)

    def close(self) -> None:
        """There is nothing to close but the adapter, which the session closes."""


class Progress:
    """Whether a request has begun to leave us."""

    sent = False


def _pool(pool: type[Any], connection: type[Any], adapter: ServiceAdapter) -> type[Any]:
    """urllib3's pool of connections, with connections that tell when the first byte of a request leaves.

    Until then no name was found, no connection made or no TLS agreed upon: the request was never sent. urllib3's
    exceptions do not tell a TLS error of that time from one in the middle of the answer.
    """

    class Watched(connection):  # type: ignore[misc]  # chosen at run time
        def send(self, data: Any) -> None:  # noqa: ANN401 -- http.client's own
            if self.sock is None:
                self.connect()
            adapter.progress.sent = True
            super().send(data)

    return type("WatchedPool", (pool,), {"ConnectionCls": Watched})


def below(url: str, base: str) -> str | None:
    """What of `url` follows `base`, when scheme, host and port are the same; None when it leads elsewhere.

    The default port may be named (`https://acme.zendesk.com:443/...`). What is compared here is never asked for
    as it stands: the caller puts the rest behind an address of its own.
    """
    place, root = _origin(url), _origin(base)
    if place is None or root is None or place[:3] != root[:3]:
        return None
    path = root[3].rstrip("/")
    return place[3].removeprefix(path) if place[3].startswith(f"{path}/") else None


def _origin(url: str) -> tuple[str, str, int | None, str] | None:
    """Scheme, host, port and all that follows; None for what names no host, or a user."""
    if not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or "@" in parts.netloc:
        return None
    rest = url.partition("://")[2].removeprefix(parts.netloc)
    return parts.scheme, parts.hostname, port or {"https": 443, "http": 80}.get(parts.scheme), rest


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for: a number or a date; None when it is absent or nonsense.

    A date is compared with the answer's own `Date`: our clock may be wrong.
    """
    raw = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"-?([0-9]{1,10}(\.[0-9]{1,10})?|\.[0-9]{1,10})", raw):
        seconds = float(raw)
    else:
        when = _date(raw)
        if when is None:
            return None
        seconds = (when - (_date(headers.get("Date", "")) or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), 86400.0)


def _date(raw: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(raw.strip())
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_whole(response: requests.Response, *, seconds: float) -> None:
    """Read the body within its bounds, so that `response.content` is there without the network."""
    deadline, body = time.monotonic() + seconds, bytearray()
    with response:
        while piece := response.raw.read1(64 * 1024, decode_content=True):  # as much as has arrived
            body += piece
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                raise requests.exceptions.ContentDecodingError("the answer is too large or too slow")
    response.raw = io.BytesIO(body)


def accepts_us(call: Callable[[], object]) -> bool | None:
    """Whether a service takes our credentials, by a call that belongs to no case; None when that cannot be told now."""
    try:
        call()
    except Held:
        return False
    except RemoteError:
        return None
    return True
