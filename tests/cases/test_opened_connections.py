"""A connection to Redis that breaks while it is opened is one refusal, however often it is tried."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from integration.cases import owner
from integration.settings import Settings

_COMMAND = re.compile(rb"\*\d+\r\n(?:\$\d+\r\n[^\r]*\r\n)+")


class Dropping:
    """Takes connections and answers like a Redis; from the moment it is `ill`, it drops whoever asks something."""

    def __init__(self, account: str) -> None:
        self.opened, self.ill = 0, False
        self._owner = b"$%d\r\n%s\r\n" % (len(account), account.encode())
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.opened += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            while (asked := connection.recv(65536)) and not self.ill:
                for command in _COMMAND.findall(asked):
                    answer = self._owner if b"EVAL" in command else b"+PONG\r\n" if b"PING" in command else b"+OK\r\n"
                    connection.sendall(answer)

    def close(self) -> None:
        """Take no connections any more."""
        self._socket.close()


@pytest.fixture
def dropping(settings: Settings) -> Iterator[Dropping]:
    server = Dropping(settings.account)
    yield server
    server.close()


def test_a_redis_that_drops_connections_is_not_opened_within_its_own_opening(
    dropping: Dropping, settings: Settings
) -> None:
    options = {"protocol": 2, "health_check_interval": 0.2, "retry": Retry(NoBackoff(), 1)}
    with Redis.from_url(dropping.url, redis_connect_func=owner.compare(settings), **options) as redis:
        assert redis.ping()
        time.sleep(0.3)  # a sign of life is due
        dropping.ill = True
        with pytest.raises(RedisConnectionError):
            redis.ping()
    assert dropping.opened <= 5
