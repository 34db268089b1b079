"""Tells a client of the result: one signed POST, as Standard Webhooks has it, to an address that was checked.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from integration import standard_webhooks
from integration.ask import hosts
from integration.ask.hosts import Target
from integration.ask.settings import SERVICE, AskSettings, signing_key
from integration.errors import Permanent, RemoteError, Temporary, Told
from integration.http import ServiceAdapter, ServiceSession, retry_after

SECONDS: Final = 10.0  # that an answer may take
_LATER: Final = frozenset({408, 409, 421, 423, 425, 429})

Resolve = Callable[[str, int], list[str]]
"""The addresses of a host; OSError when there are none."""


def addresses(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def send(  # noqa: PLR0913 -- each is named where it is called
    url: str,
    event: dict[str, Any],
    *,
    message_id: str,
    settings: AskSettings,
    now: float,
    resolve: Resolve = addresses,
) -> None:
    """Tell the client; `RemoteError` unless it says that it was told. Who gets the same id twice was told before."""
    if settings.callback_secret is None:
        raise Permanent("callbacks are not set up any more", service=SERVICE)
    try:
        target = hosts.target(url, settings.callback_hosts)
    except ValueError:
        raise Permanent("the callback's host is not in ASK_CALLBACK_HOSTS any more", service=SERVICE) from None
    body = json.dumps(event, separators=(",", ":")).encode()
    headers = signed(body, message_id=message_id, now=now, key=signing_key(settings.callback_secret))
    headers |= {"Content-Type": "application/json"}
    first, *other = _checked(target, resolve)
    try:
        _post(target, first, body, headers)
    except _UnreachableError:
        if not other:
            raise
        _post(target, other[0], body, headers)


def _post(target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> None:
    with _session(target, address) as session:
        session.post(target.url, data=body, headers=headers)


def signed(body: bytes, *, message_id: str, now: float, key: bytes) -> dict[str, str]:
    """The headers that prove a body; `now` is when it is sent, the id is that of all tries."""
    made_at = str(int(now))
    signature = standard_webhooks.signature(body, key=key, message=message_id, timestamp=made_at)
    return {
        standard_webhooks.ID: message_id,
        standard_webhooks.TIMESTAMP: made_at,
        standard_webhooks.SIGNATURE: signature,
    }


def _checked(target: Target, resolve: Resolve) -> list[str]:
    """The address that is connected to, and where there is one, that of the other kind; all of them have to be allowed.

    A host may be known by an IPv6 address, and be reached by the other alone.
    """
    try:
        found = resolve(target.host, target.port)
    except (OSError, UnicodeError):
        raise Temporary("the callback's host is not known to the name server", service=SERVICE) from None
    if not found or not all(hosts.may_lead_to(address, name=target.host) for address in found):
        raise Permanent(
            "the callback's host leads to a private address, which ASK_CALLBACK_HOSTS does not name", service=SERVICE
        )
    first, of_other_kind = found[0], [address for address in found if (":" in address) != (":" in found[0])]
    return [first, *of_other_kind[:1]]


def _session(target: Target, address: str) -> ServiceSession:
    """A session with the address alone, which has to prove that it is the host."""
    shown = f"[{address}]" if ":" in address else address
    adapter = _CallbackAdapter(target, f"{target.scheme}://{shown}:{target.port}")
    session = ServiceSession(adapter)
    session.headers["Host"] = urlsplit(target.url).netloc
    return session


class _UnreachableError(Temporary):
    """No connection was made: nothing was sent."""


class _CallbackAdapter(ServiceAdapter):
    """The transport to one host: what goes wrong there is never taken for our account's trouble."""

    def __init__(self, target: Target, base_url: str) -> None:
        super().__init__(SERVICE, base_url, asked_url=target.origin, seconds=SECONDS)
        if target.scheme == "https":
            self.poolmanager.connection_pool_kw |= {"server_hostname": target.host, "assert_hostname": target.host}

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """Another try, or none, for this request alone."""
        status = response.status_code
        if status >= 500 or status in _LATER:  # noqa: PLR2004 -- server errors
            wait = retry_after(response.headers)
            return Temporary(f"the callback's host asks to come again later ({status})", retry_after=wait, **told)
        what = "answers with a redirect" if status < 400 else "refuses the callback"  # noqa: PLR2004 -- redirects
        return Permanent(f"the callback's host {what} ({status})", **told)

    def _unanswered(self, *, sent: bool, write: bool) -> Temporary:
        if not sent:
            return _UnreachableError("the callback's host cannot be reached", service=SERVICE)
        return Temporary("the callback's host did not answer the callback", service=SERVICE, outcome_unknown=write)
