"""To which hosts callbacks may go; no I/O."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from integration import variables

LONGEST_URL: Final = 2000
_PUBLIC_IPV6: Final = ipaddress.IPv6Network("2000::/3")  # all that is given out: RFC 4291
_PORTS: Final = {"https": 443, "http": 80}
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host that is allowed; without a `port`, at the scheme's own."""

    name: str  # in small letters; an IPv6 address without its brackets
    port: int | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a callback goes: a URL, in its parts."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """The URL without its path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def host(raw: str) -> Host:
    """One host of the list: `host` or `host:port`."""
    if "://" in raw or "/" in raw or "@" in raw or "*" in raw:
        raise ValueError("is no host, or more than that: hooks.example.com, hooks.example.com:8443")
    if _is_address(raw):  # an IPv6 address has colons of its own
        return Host(name=str(ipaddress.ip_address(raw)))
    parts = variables.split_url(f"//{raw}")
    name = (parts.hostname or "").lower()
    if not (_is_address(name) or _NAME.fullmatch(name)) or parts.port == 0:
        raise ValueError("is no host, or more than that: hooks.example.com, hooks.example.com:8443")
    return Host(name=str(ipaddress.ip_address(name)) if _is_address(name) else name, port=parts.port)


def target(url: str, allowed: tuple[Host, ...]) -> Target:
    """Where a callback to this URL goes; `ValueError`, with the rest of the sentence, when none may."""
    parts = _parts(url)
    name = (parts.hostname or "").lower()
    if _is_address(name):
        name = str(ipaddress.ip_address(name))
    if parts.scheme not in _PORTS or not name:
        raise ValueError("must be a URL that starts with https://")
    if parts.scheme == "http" and not variables.is_loopback(name):
        raise ValueError("must start with https://")
    port = parts.port or _PORTS[parts.scheme]
    if not any(known.name == name and (known.port or _PORTS[parts.scheme]) == port for known in allowed):
        raise ValueError("leads to a host that is not in ASK_CALLBACK_HOSTS")
    return Target(url=url, scheme=parts.scheme, host=name, port=port)


def may_lead_to(address: str, *, name: str) -> bool:
    """Whether a listed host may lead to this address: a private one has to be in the list itself."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if _is_address(name):
        return ipaddress.ip_address(name) in (ip, ipaddress.ip_address(address))
    if name == "localhost":
        return ip.is_loopback
    return _is_public(ip)


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is the public web's own; one that stands for an IPv4 address could lead anywhere."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    return ip in _PUBLIC_IPV6 and ip.is_global and ip.sixtofour is None and ip.teredo is None


def _parts(url: str) -> SplitResult:
    parts = variables.split_url(url)
    if len(url) > LONGEST_URL:
        raise ValueError(f"must have {LONGEST_URL} characters at most")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("must be a URL without user name and fragment")
    return parts


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
