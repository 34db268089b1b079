"""A pool's connections, given to those who wait for one in their turn.

`queue.LifoQueue`, which redis-py takes, lets whoever comes at the right moment pass those who wait, and these go to the
end of their line again: under load one delivery in a hundred takes twice as long, and some wait in vain.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from queue import Empty, Full
from typing import Any


class _Turn:
    """Somebody who waits."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.item: Any = None


class InTurn:
    """What redis-py's `BlockingConnectionPool` needs of a queue; the last in is the first out, but nobody is passed."""

    def __init__(self, maxsize: int) -> None:
        self._size = maxsize
        self._lock = threading.Lock()
        self.queue: list[Any] = []  # as the standard ones call it
        self._turns: deque[_Turn] = deque()

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401 -- a connection, or the place for one
        """Give an item to whoever waits first, or keep it; `Full` when there is no place."""
        with self._lock:
            if self._turns:
                turn = self._turns.popleft()
                turn.item = item
                turn.came.set()
            elif len(self.queue) >= self._size:
                raise Full
            else:
                self.queue.append(item)

    def get(self, *, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401 -- likewise
        """Take an item; `Empty` when none comes in time."""
        with suppress(IndexError):  # while somebody waits there is none: it goes to them
            return self.queue.pop()
        with self._lock:
            with suppress(IndexError):  # it has come in this moment, or has gone
                return self.queue.pop()
            if not block:
                raise Empty
            turn = _Turn()
            self._turns.append(turn)
        try:
            turn.came.wait(timeout)
        except BaseException:  # a time limit of the request, for one
            if not self._left(turn):
                self.put_nowait(turn.item)
            raise
        if self._left(turn):
            raise Empty
        return turn.item

    def _left(self, turn: _Turn) -> bool:
        """Leave the line; False for somebody who has been given an item."""
        with self._lock:
            if turn.came.is_set():
                return False
            self._turns.remove(turn)
            return True
