"""Who gets to the status page and to `/metrics`, and how guessing is slowed down."""

from __future__ import annotations

import base64
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from flask.testing import FlaskClient
from redis import Redis

from integration.app import create_app
from integration.settings import from_environment
from integration.status import admission
from integration.zendesk.webhook import NewTicket
from tests.conftest import ROOT, InProcess
from tests.status.conftest import PASSWORD, Admin
from tests.test_web import deliver

PATHS = ["/", "/metrics", "/status/tickets/1/erase", "/status/failed/retry"]
ALLOWED = 10  # wrong passwords


def ask(product: InProcess, path: str = "/", *, user: str = "admin", password: str) -> requests.Response:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    url = product.settings.public_url + path
    return requests.get(url, headers={"Authorization": f"Basic {credentials}"}, timeout=10)


def remembered(redis: Redis) -> list[bytes]:
    return list(redis.scan_iter(match="highlights:wrong-passwords*"))


# -- It works


@pytest.mark.parametrize("path", PATHS)
def test_the_admin_gets_in(path: str, product: InProcess) -> None:
    assert ask(product, path, password=PASSWORD).status_code == 200


class TestWithoutAPassword:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "ADMIN_PASSWORD": " "}

    @pytest.mark.parametrize("path", [*PATHS, "/status/files/status.css"])
    def test_there_is_nothing(self, path: str, product: InProcess) -> None:
        for password in ("", " ", "None"):
            assert ask(product, path, password=password).status_code == 404


# -- It refuses


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_does(path: str, product: InProcess) -> None:
    answers = [
        requests.get(product.settings.public_url + path, timeout=5),
        ask(product, path, password="wrong"),
        ask(product, path, user="root", password=PASSWORD),
        ask(product, path, user="", password=PASSWORD),
        ask(product, path, user="Admin", password=PASSWORD),
        ask(product, path, password=PASSWORD + " "),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="helpdesk-highlights"'
        assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic /w==", "Basic YWRtaW4=", "Bearer x", "Digest a=b", "Basic " + "A" * 9000],
)
def test_a_hostile_header_is_unauthorized(header: str, product: InProcess) -> None:
    answer = requests.get(product.settings.public_url, headers={"Authorization": header}, timeout=5)
    assert answer.status_code == 401


def test_after_some_wrong_passwords_none_is_looked_at(product: InProcess, redis: Redis) -> None:
    assert [ask(product, password="x").status_code for _ in range(ALLOWED)] == [401] * ALLOWED
    for password in ("x", PASSWORD):
        answer = ask(product, password=password)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 300
        assert "Too many wrong passwords" in answer.text
    [key] = remembered(redis)
    assert 0 < redis.ttl(key) <= 300
    redis.delete(key)  # as its end would
    assert ask(product, password=PASSWORD).status_code == 200


def test_guessing_at_once_does_not_help(product: InProcess) -> None:
    with ThreadPoolExecutor(20) as guessers:
        statuses = list(guessers.map(lambda each: ask(product, password=f"guess {each}").status_code, range(60)))
    assert statuses.count(401) == ALLOWED
    assert statuses.count(429) == 50


def test_right_passwords_and_none_are_not_counted(product: InProcess, redis: Redis) -> None:
    for _ in range(ALLOWED + 2):
        assert ask(product, password=PASSWORD).status_code == 200
        assert requests.get(product.settings.public_url, timeout=5).status_code == 401
    assert remembered(redis) == []


def test_deliveries_go_on_while_somebody_guesses(product: InProcess) -> None:
    for _ in range(ALLOWED + 1):
        ask(product, password="x")
    assert deliver(product).status_code == 202


class TestBehindARouter:
    @pytest.fixture
    def client(self, environ: dict[str, str]) -> FlaskClient:
        return create_app(from_environment({**environ, "PUBLIC_URL": "https://highlights.example"})).test_client()

    def test_one_guesser_does_not_keep_the_admin_out(self, client: FlaskClient) -> None:
        for number in range(ALLOWED + 1):  # what the client says itself comes first and counts for nothing
            guess = {"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.9"}
            status = client.get("/", auth=("admin", "x"), headers=guess).status_code
        assert status == 429
        assert client.get("/", auth=("admin", PASSWORD), headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429
        assert client.get("/", auth=("admin", PASSWORD), headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 200

    def test_the_browser_is_told_to_stay_with_https(self, client: FlaskClient) -> None:
        answer = client.get("/", auth=("admin", PASSWORD))
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        [cookie] = answer.headers.getlist("Set-Cookie")
        assert cookie.startswith("__Host-highlights=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))

    def test_strangers_take_up_a_bounded_place_in_redis(self, client: FlaskClient, redis: Redis) -> None:
        for number in range(300):
            client.get("/", auth=("admin", "x"), headers={"X-Forwarded-For": f"2001:db8:{number:x}::1"})
        keys = remembered(redis)
        assert 200 < len(keys) <= 300
        assert {len(key) for key in keys} == {len(keys[0])}
        assert all(redis.ttl(key) > 0 for key in keys)
        assert not any(b"2001" in key for key in keys)


@pytest.mark.parametrize(
    ("forwarded", "connected", "behind_router", "known_as"),
    [
        ("", "192.0.2.1", False, "192.0.2.1"),
        ("203.0.113.9", "192.0.2.1", False, "192.0.2.1"),
        ("203.0.113.9", "192.0.2.1", True, "203.0.113.9"),
        ("evil, 203.0.113.9", "192.0.2.1", True, "203.0.113.9"),
        ("203.0.113.9:4711", "192.0.2.1", True, "203.0.113.9"),
        ("[2001:db8::7]:4711", "192.0.2.1", True, "2001:db8::/64"),
        ("2001:db8::ffff:7", "192.0.2.1", True, "2001:db8::/64"),
        ("::1", "192.0.2.1", True, "::/64"),
        ("::ffff:203.0.113.9", "192.0.2.1", True, "203.0.113.9"),
        ("", "192.0.2.1", True, "192.0.2.1"),
        ("unknown", "192.0.2.1", True, "unknown"),
    ],
)
def test_a_client_is_known_by_its_network(
    forwarded: str, connected: str, *, behind_router: bool, known_as: str
) -> None:
    assert admission.client(forwarded, connected, behind_router=behind_router) == known_as


# -- It survives


def test_a_change_of_the_secret_key_loses_no_form(environ: dict[str, str], product: InProcess, admin: Admin) -> None:
    product.ledger.receive(NewTicket(ticket_id=5))
    token, old = admin.token(), environ["SECRET_KEY"]
    cookie = admin.session.cookies["highlights"]
    for fallbacks, status in ((old, 303), ("", 400)):
        changed = from_environment({**environ, "SECRET_KEY": "n" * 32, "SECRET_KEY_FALLBACKS": fallbacks})
        client = create_app(changed).test_client()
        client.set_cookie("highlights", cookie)
        answer = client.post("/status/tickets/5/erase", data={"csrf_token": token}, auth=("admin", PASSWORD))
        assert answer.status_code == status


def test_a_delivery_gets_no_cookie_and_needs_no_token(product: InProcess) -> None:
    answer = deliver(product)
    assert answer.status_code == 202
    assert not {"Set-Cookie", "Vary", "Content-Security-Policy"} & set(answer.headers)


def test_the_page_has_a_connection_of_its_own(product: InProcess, redis: Redis) -> None:
    deliver(product)
    before = len(redis.client_list())
    redis.client_pause(700)  # ms in which each reader would want a connection
    with ThreadPoolExecutor(10) as readers:
        answers = list(readers.map(lambda _: ask(product, password=PASSWORD).status_code, range(20)))
    assert answers == [200] * 20
    assert len(redis.client_list()) <= before + 1


def test_the_web_process_loads_nothing_that_only_the_worker_needs() -> None:
    script = "import sys, integration.app; print(sorted({'zenpy', 'nh3', 'worker'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True).stdout == b"[]\n"
