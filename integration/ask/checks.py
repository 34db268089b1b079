"""Whether requests over HTTP can be made, and whether callbacks have somewhere to go; nothing is called."""

from __future__ import annotations

from collections.abc import Iterator

from integration.ask import callback, hosts
from integration.ask.callback import Resolve
from integration.ask.hosts import Host
from integration.ask.settings import AskSettings
from integration.findings import Result, failure, ok, warning
from integration.safe_text import printable

CLIENTS, CALLBACKS = "ask clients", "ask callbacks"


def of_ask(settings: AskSettings, *, public_url: str, resolve: Resolve = callback.addresses) -> Iterator[Result]:
    """Who may ask, and where each host of callbacks leads."""
    names = ", ".join(token.name for token in settings.tokens)
    yield ok(CLIENTS, f"{names}: {public_url}/v1/highlights, described at /v1/openapi.json")
    if not settings.callback_hosts:
        yield ok(CALLBACKS, "none: clients look for their results themselves")
    for host in settings.callback_hosts:
        yield _of_host(host, resolve)


def _of_host(host: Host, resolve: Resolve) -> Result:
    name, shown = f"{CALLBACKS} {host.name}", printable(host.name)
    try:
        found = resolve(host.name, host.port or 443)
    except (OSError, UnicodeError):
        return warning(name, f"{shown} is not known to the name server", "Correct it in ASK_CALLBACK_HOSTS.")
    if not all(hosts.may_lead_to(address, name=host.name) for address in found):
        return failure(
            name,
            f"{shown} leads to a private address: no callback is sent there",
            "If that is meant, put the address itself into ASK_CALLBACK_HOSTS, and into the clients' callback_url.",
        )
    return ok(name, f"{shown} can be called back")
