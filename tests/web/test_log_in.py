"""Who gets to the status page and to `/metrics`, and how guessing is slowed down."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from flask import session
from flask.testing import FlaskClient
from redis import Redis

from integration.cases.keys import Keys
from integration.settings import from_environment
from integration.web.app import create_app
from integration.web.status import login
from integration.web.status.guesses import Guesser, Guesses, TooManyGuesses
from tests.admin import PASSWORD, Admin, ask
from tests.conftest import ROOT, InProcess
from tests.deliver import deliver
from tests.tickets import new_ticket

PATHS = ["/", "/metrics", "/status/tickets/1/erase", "/status/failed/retry"]
ALLOWED = 10  # wrong passwords from one address,
FROM_ALL = 100  # and from all together


def guess(
    client: FlaskClient, forwarded: str, password: str = "x", *, path: str = "/", connected: str = "10.1.2.3"
) -> int:
    """The status for a password that comes over a router's connection, or over that of somebody else."""
    return client.get(
        path,
        auth=("admin", password),
        headers={"X-Forwarded-For": forwarded},
        environ_overrides={"REMOTE_ADDR": connected},
        base_url="https://highlights.example",
    ).status_code


def remembered(redis: Redis) -> list[bytes]:
    return [key for key in redis.scan_iter(match="highlights:wrong-passwords*") if b":turn:" not in key]


# -- It works


@pytest.mark.parametrize("path", PATHS)
def test_the_admin_gets_in(path: str, product: InProcess) -> None:
    assert ask(product, path, password=PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "cookie", "has_one"),
    [
        ("POST", "/zendesk/tickets", None, False),
        ("POST", "/logrocket/highlights", None, False),
        ("POST", "/status/check", "highlights=x", True),
        ("GET", "/", None, True),
    ],
)
def test_a_delivery_has_no_session(
    method: str, path: str, cookie: str | None, product: InProcess, *, has_one: bool
) -> None:
    headers = {} if cookie is None else {"Cookie": cookie}
    with product.app.test_request_context(path, method=method, headers=headers):
        assert product.app.session_interface.is_null_session(session) is not has_one


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


def test_after_some_wrong_passwords_one_is_looked_at_in_a_while(product: InProcess, redis: Redis) -> None:
    assert [ask(product, password="x").status_code for _ in range(ALLOWED)] == [401] * ALLOWED
    answer = ask(product, password="x")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 2
    assert "Too many wrong passwords" in answer.text
    assert all(0 < redis.ttl(key) <= 300 for key in remembered(redis))


def test_of_many_tries_over_the_limit_one_is_looked_at(redis: Redis) -> None:
    slept: list[float] = []
    guesses = Guesses(redis, Keys("highlights"), sleep=slept.append)
    stranger = Guesser(counter="abc", known=False)
    for _ in range(ALLOWED):
        assert guesses.judge(stranger, right=False) is False
    seen = 0
    for number in range(40):
        with contextlib.suppress(TooManyGuesses):
            seen += guesses.judge(stranger if number % 2 else Guesser(counter=f"{number}", known=False), right=True)
    assert seen == 20 + 2  # others are free yet; of ours, one at once and one after a second
    assert slept[0] == 0
    assert 0.5 < slept[1] <= 1


def test_who_got_in_before_and_mistypes_waits_in_no_strangers_line(redis: Redis) -> None:
    slept: list[float] = []
    keys = Keys("highlights")
    guesses = Guesses(redis, keys, sleep=slept.append)
    known = Guesser(counter="0123456789abcdef", known=True)
    for _ in range(ALLOWED):
        assert guesses.judge(known, right=False) is False
    seconds, _ = redis.time()
    redis.set(f"{keys.wrong_passwords}:turn:all", f"{(seconds + 60) * 1000}")
    assert guesses.judge(known, right=True)
    assert slept == [0]


def test_whoever_knows_the_password_gets_in_all_the_same(product: InProcess) -> None:
    for _ in range(ALLOWED + 2):
        ask(product, password="x")
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
            status = guess(client, f"10.0.0.{number}, 203.0.113.9")
        assert status == 429
        assert guess(client, "198.51.100.7") == 401
        assert guess(client, "198.51.100.7", PASSWORD) == 200

    def test_who_comes_from_the_internet_does_not_choose_an_address(self, client: FlaskClient) -> None:
        statuses = [guess(client, f"198.51.100.{number}", connected="8.8.8.8") for number in range(ALLOWED + 1)]
        assert statuses == [401] * ALLOWED + [429]
        assert guess(client, "198.51.100.7") == 401

    def test_changing_addresses_do_not_help(self, client: FlaskClient) -> None:
        """As behind a router that does not add the address: whoever guesses chooses it."""
        statuses = [guess(client, f"198.51.{number // 250}.{number % 250}") for number in range(FROM_ALL + 1)]
        assert statuses.count(401) <= FROM_ALL
        assert statuses[-1] == 429
        assert guess(client, "203.0.113.9", PASSWORD) == 200

    def test_who_got_in_before_is_not_held_up_by_others(self, client: FlaskClient, redis: Redis) -> None:
        """The address for Prometheus, which keeps no cookies; the cookie for a browser, wherever it is."""
        assert guess(client, "203.0.113.9", PASSWORD, path="/metrics") == 200
        assert client.get_cookie("__Host-highlights", domain="highlights.example") is None
        stranger = client.application.test_client()
        for number in range(FROM_ALL + 1):
            guess(stranger, f"198.51.{number // 250}.{number % 250}")
        redis.set("highlights:wrong-passwords:turn:all", "9" * 15)  # all turns are taken
        assert guess(stranger, "192.0.2.1", PASSWORD) == 429
        assert guess(client, "203.0.113.9", PASSWORD) == 200
        assert guess(client, "192.0.2.1", PASSWORD) == 200  # with its cookie
        assert guess(client, "192.0.2.1", "x") == 401

    def test_a_cookie_does_not_let_anybody_guess(self, client: FlaskClient) -> None:
        assert guess(client, "203.0.113.9", PASSWORD) == 200
        statuses = [guess(client, f"198.51.100.{number}", "x") for number in range(ALLOWED + 1)]
        assert statuses == [401] * ALLOWED + [429]

    def test_a_cookie_is_worth_nothing_once_the_password_is_another_one(
        self, client: FlaskClient, environ: dict[str, str], redis: Redis
    ) -> None:
        assert guess(client, "203.0.113.9", PASSWORD) == 200
        cookie = client.get_cookie("__Host-highlights", domain="highlights.example")
        assert cookie is not None
        changed = {**environ, "PUBLIC_URL": "https://highlights.example", "ADMIN_PASSWORD": "another long password"}
        after = create_app(from_environment(changed)).test_client()
        after.set_cookie("__Host-highlights", cookie.value, domain="highlights.example", secure=True)
        redis.delete(*redis.scan_iter(match="highlights:let-in:*"))
        redis.set("highlights:wrong-passwords:turn:all", "9" * 15)  # all turns of strangers are taken
        statuses = [guess(after, f"198.51.100.{number}") for number in range(FROM_ALL + 1)]
        assert statuses == [401] * FROM_ALL + [429]  # as from a stranger, each of whom has an address

    def test_the_browser_is_told_to_stay_with_https(self, client: FlaskClient) -> None:
        answer = client.get("/", auth=("admin", PASSWORD))
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        [cookie] = answer.headers.getlist("Set-Cookie")
        assert cookie.startswith("__Host-highlights=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))

    def test_strangers_take_up_a_bounded_place_in_redis(self, client: FlaskClient, redis: Redis) -> None:
        for number in range(90):
            client.get("/", auth=("admin", "x"), headers={"X-Forwarded-For": f"2001:db8:{number:x}::1"})
        keys = remembered(redis)
        assert 60 < len(keys) <= 91  # one of all together
        assert len({len(key) for key in keys}) == 2
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
    assert login.client(forwarded, connected, behind_router=behind_router) == known_as


# -- It survives


def test_a_change_of_the_secret_key_loses_no_form(environ: dict[str, str], product: InProcess, admin: Admin) -> None:
    product.ledger.receive(new_ticket(5))
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
    with ThreadPoolExecutor(5) as readers:  # more would not all get their turn in time on a busy machine
        answers = list(readers.map(lambda _: ask(product, password=PASSWORD).status_code, range(5)))
    assert answers == [200] * 5
    assert len(redis.client_list()) <= before + 1


@pytest.mark.slow
def test_the_web_process_loads_nothing_that_only_the_worker_needs() -> None:
    needless = {"zenpy", "nh3", "worker", "integration.slack.client", "integration.slack.channel"}
    needless |= {f"integration.surveys.{source}" for source in ("plain", "formbricks", "typeform")}  # few have them
    script = f"import sys, integration.web.app; print(sorted({needless} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True).stdout == b"[]\n"
