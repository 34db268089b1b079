"""Where callbacks may go: to listed hosts alone, at the address that was checked, and never to a private one."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from integration.ask import callback, hosts
from integration.ask.hosts import Host, may_lead_to
from integration.ask.settings import AskSettings, signing_key
from integration.errors import Permanent, RemoteError, Temporary
from tests.ask.conftest import SECRET, Hook
from tests.tcp_proxy import TcpProxy

EVENT = {"type": "highlights.ready", "timestamp": "2026-11-29T14:30:00Z", "data": {}}
NOW = 1_795_962_600.0


def allowing(*names: str) -> AskSettings:
    listed = tuple(map(hosts.host, names))
    return AskSettings(tokens=(), callback_secret=SECRET, callback_hosts=listed, keep_seconds=3600)


def send(url: str, settings: AskSettings, *addresses: str) -> None:
    callback.send(url, EVENT, message_id="m1", settings=settings, now=NOW, resolve=lambda _host, _port: list(addresses))


# -- It works


def test_it_is_sent_to_the_address_that_was_checked_and_names_the_host() -> None:
    with Hook("127.0.0.2") as hook:  # where localhost leads by no other name server
        asked = iter([["127.0.0.2"], ["127.0.0.1"]])
        settings = allowing(f"localhost:{hook.port}")
        callback.send(hook.url, EVENT, message_id="m1", settings=settings, now=NOW, resolve=lambda *_: next(asked))
        [(headers, _)] = hook.taken
    assert headers["Host"] == f"localhost:{hook.port}"
    assert next(asked) == ["127.0.0.1"]  # it is asked once


@given(body=st.binary(max_size=200), now=st.floats(0, 4e9), message=st.text("0123456789abcdef", min_size=1))
def test_the_signature_is_that_of_the_specification(body: bytes, now: float, message: str) -> None:
    headers = callback.signed(body, message_id=message, now=now, key=signing_key(SECRET))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = hmac.new(key, f"{message}.{int(now)}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert headers["webhook-timestamp"] == str(int(now))


def test_a_changed_body_is_not_taken_for_ours() -> None:
    headers = callback.signed(b"{}", message_id="m1", now=time.time(), key=signing_key(SECRET))
    Webhook(SECRET).verify(b"{}", headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(b"[]", headers)


# -- It refuses


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://hooks.example.evil.example/",
        "https://evil.example/hooks.example",
        "https://evil.example#hooks.example",
        "https://hooks.example@evil.example/",
        "https://evil.example\\@hooks.example/",
        "https://hooks.example:444/",
        "https://hooks.example:8443@evil.example/",
        "http://hooks.example/",
        "http://hooks.example:443/",
        "ftp://hooks.example/",
        "//hooks.example/",
        "hooks.example",
        "https:///",
        "https://[::1/",
        "https://hooks.example:x/",
        "https://hooks.example/\r\nHost: evil.example",
        "https://h\u00f6oks.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://hooks.example./",
    ],
)
def test_only_listed_hosts_are_called(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|leads|is not"):
        hosts.target(url, (Host(name="hooks.example"), Host(name="hooks.example", port=8443)))
    with pytest.raises(Permanent):
        send(url, allowing("hooks.example", "hooks.example:8443"), "93.184.216.34")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 -- no server listens
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "::127.0.0.1"),
    ],
)
def test_a_listed_name_that_leads_to_a_private_address_is_not_called(address: str) -> None:
    assert not may_lead_to(address, name="hooks.example")
    with pytest.raises(Permanent, match="private address"):
        send("https://hooks.example/", allowing("hooks.example"), address)
    with pytest.raises(Permanent, match="private address"):  # one of two is enough
        send("https://hooks.example/", allowing("hooks.example"), "93.184.216.34", address)


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "fd00::7"])
def test_a_private_address_is_called_when_the_list_names_that_very_one(address: str) -> None:
    [listed] = allowing(address).callback_hosts
    shown = f"[{address}]" if ":" in address else address
    target = hosts.target(f"https://{shown}/hook", (listed,))
    assert may_lead_to(address, name=target.host)
    assert not may_lead_to("10.9.9.9", name=target.host)


def test_localhost_is_this_machine_and_no_other() -> None:
    assert may_lead_to("::1", name="localhost")
    assert not may_lead_to("10.0.0.1", name="localhost")
    assert not may_lead_to("93.184.216.34", name="localhost")


def test_a_redirect_is_not_followed(hook: Hook) -> None:
    hook.answers = [302]
    with pytest.raises(Permanent, match="redirect"):
        send(hook.url, allowing(f"localhost:{hook.port}"), "127.0.0.1")
    assert len(hook.taken) == 1


# -- It survives


@pytest.mark.parametrize("addresses", [("::1", "127.0.0.1"), ("127.0.0.1", "::1"), ("::1", "::1", "127.0.0.1")])
def test_a_host_with_an_address_where_nobody_answers_is_reached_by_its_other_one(
    hook: Hook, addresses: tuple[str, ...]
) -> None:
    send(hook.url, allowing(f"localhost:{hook.port}"), *addresses)
    assert len(hook.taken) == 1


@pytest.mark.parametrize("status", [0, 429, 503])
def test_who_was_reached_by_one_address_is_not_told_again_by_the_other(hook: Hook, status: int) -> None:
    hook.answers = [status]
    with pytest.raises(Temporary):
        send(hook.url, allowing(f"localhost:{hook.port}"), "127.0.0.1", "127.0.0.2", "::1")
    assert len(hook.taken) == 1


def test_a_host_that_cannot_be_reached_is_tried_again(port: int) -> None:
    with pytest.raises(Temporary, match="cannot be reached") as refused:
        send(f"http://localhost:{port}/", allowing(f"localhost:{port}"), "127.0.0.1")
    assert not refused.value.outcome_unknown


def test_a_name_that_is_not_found_is_tried_again() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(Temporary, match="name server"):
        callback.send(
            "https://hooks.example/",
            EVENT,
            message_id="m1",
            settings=allowing("hooks.example"),
            now=NOW,
            resolve=resolve,
        )


def test_no_error_tells_the_url(hook: Hook) -> None:
    for status in (302, 404, 500):
        hook.answers = [status]
        with pytest.raises(RemoteError) as refused:
            send(f"{hook.url}&secret=hush", allowing(f"localhost:{hook.port}"), "127.0.0.1")
        assert "hush" not in str(refused.value)


def test_a_host_that_was_taken_from_the_list_is_not_called_any_more(hook: Hook) -> None:
    with pytest.raises(Permanent, match="any more"):
        send(hook.url, allowing("hooks.example"), "127.0.0.1")
    with pytest.raises(Permanent, match="any more"):
        send(hook.url, replace(allowing("localhost"), callback_secret=None), "127.0.0.1")
    assert hook.taken == []


# -- TLS


@pytest.mark.parametrize(
    ("certified", "taken"), [("hooks.example", True), ("127.0.0.1", False), ("other.example", False)]
)
def test_the_address_has_to_show_that_it_is_the_host(
    hook: Hook, tmp_path: Path, certified: str, *, taken: bool
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    authority.issue_cert(certified).configure_cert(context)
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    proxy = TcpProxy(hook.port, tls=context)
    proxy.open()
    try:
        target = hosts.target(f"https://hooks.example:{proxy.port}/", (Host(name="hooks.example", port=proxy.port),))
        with callback._session(target, "127.0.0.1") as session:
            session.verify = str(tmp_path / "authority.pem")
            with contextlib.nullcontext() if taken else pytest.raises(Temporary, match="cannot be reached"):
                session.post(target.url, data=b"{}")
    finally:
        proxy.close()
    assert named == ["hooks.example"]
    assert len(hook.taken) == taken
