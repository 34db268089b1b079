"""The links of an answer are followed to the service's own host alone, however they write its address."""

from __future__ import annotations

import pytest

from integration.errors import Permanent, RemoteError, Temporary
from integration.http import ServiceAdapter, ServiceSession, below

ACME = "https://acme.zendesk.com"


@pytest.mark.parametrize(
    ("url", "base", "rest"),
    [
        (f"{ACME}:443/api/v2/webhooks?page[after]=x", ACME, "/api/v2/webhooks?page[after]=x"),
        (f"{ACME}/api/v2/webhooks", f"{ACME}:443", "/api/v2/webhooks"),
        ("HTTPS://Acme.Zendesk.COM/a", ACME, "/a"),
        ("http://127.0.0.1:80/a", "http://127.0.0.1", "/a"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080", "/a"),
        (f"{ACME}/stand/in/a?b#c", f"{ACME}/stand/in", "/a?b#c"),
    ],
)
def test_a_link_to_the_same_place_is_followed(url: str, base: str, rest: str) -> None:
    assert below(url, base) == rest


@pytest.mark.parametrize(
    "url",
    [
        f"{ACME}:8443/a",
        "http://acme.zendesk.com/a",
        "http://acme.zendesk.com:443/a",
        "https://acme.zendesk.com.evil.example/a",
        "https://evil.example/acme.zendesk.com/a",
        f"{ACME}@evil.example/a",
        f"{ACME}:443@evil.example/a",
        "https://user@acme.zendesk.com/a",
        f"{ACME}\\@evil.example/a",
        f"{ACME}:x/a",
        f"{ACME}:99999/a",
        f"{ACME}\n/a",
        ACME,
        f"{ACME}?a",
        "//acme.zendesk.com/a",
        "/api/v2/webhooks",
        "https://[/a",
        "",
    ],
)
def test_a_link_to_another_place_is_not(url: str) -> None:
    assert below(url, ACME) is None


# -- The adapter

NOWHERE = "http://127.0.0.1:1"  # where nothing listens


def met(url: str) -> RemoteError:
    """What a request to `url` meets on the session of a Zendesk that nothing answers for."""
    adapter = ServiceAdapter("Zendesk", NOWHERE, asked_url=ACME)
    with ServiceSession(adapter) as session, pytest.raises(RemoteError) as error:
        session.get(url, headers={"Authorization": "Bearer hush"})
    return error.value


@pytest.mark.parametrize("url", [f"{ACME}/a", f"{ACME}:443/a", "HTTPS://Acme.Zendesk.COM/a", f"{NOWHERE}/a"])
def test_the_services_own_address_is_carried_however_it_is_written(url: str) -> None:
    error = met(url)
    assert isinstance(error, Temporary)
    assert (str(error), error.service) == ("Zendesk cannot be reached", "Zendesk")


@pytest.mark.parametrize(
    "url", [f"{ACME}.evil.example/a", f"{ACME}@evil.example/a", "http://acme.zendesk.com/a", "ftp://acme.zendesk.com/a"]
)
def test_any_other_address_is_refused_before_anybody_is_asked(url: str) -> None:
    error = met(url)
    assert isinstance(error, Permanent)
    assert (str(error), error.service) == ("Zendesk pointed to another host", "Zendesk")
