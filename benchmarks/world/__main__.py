"""`python -m benchmarks.world PORT URL`: the stand-ins, and who delivers to the web process at URL.

They are told what to do over HTTP at `/control/...`.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from benchmarks.world.deliveries import Deliveries
from benchmarks.world.http import Answer, Client, Request, ServerConnection
from benchmarks.world.services import Services

_HOST = "127.0.0.1"
_CALLBACKS_AT_ONCE = 16
_ACCEPTED = 202


class World:
    """Everything outside of the product."""

    def __init__(self, url: str) -> None:
        self.services = Services(self._call_back_later, endpoint=f"{url}/zendesk/tickets")
        self._client = Client(*_place(url))
        self._deliveries = Deliveries(secret="", first=0, count=0)
        self._callback_seconds: float | None = 0.5
        self._held: list[tuple[str, str, bytes]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_CALLBACKS_AT_ONCE)
        self._callbacks: dict[int, int] = {}

    def answer(self, request: Request, first: bool) -> Answer:  # noqa: FBT001 -- asyncio's side calls it with both
        """Do what the one who measures asks for, or answer as the services do."""
        if not request.target.startswith("/control/"):
            return self.services.answer(request, first=first)
        act: dict[str, Callable[..., dict[str, Any]]] = {
            "set": self._set,
            "deliver": self._deliver,
            "progress": self._progress,
            "report": self._report,
        }
        told = act[request.target.removeprefix("/control/")](**json.loads(request.body or b"{}"))
        return Answer(json.dumps(told).encode())

    # -- What the one who measures asks for

    def _set(self, *, logrocket: float, zendesk: float, callback: float | None, marker: str) -> dict[str, Any]:
        """How long each service takes, and after how long LogRocket calls back; None: not until there is a time."""
        self.services.logrocket_seconds, self.services.zendesk_seconds = logrocket, zendesk
        self.services.marker, self._callback_seconds = marker, callback
        if callback is not None:
            held, self._held = self._held, []
            for callback_of_one in held:
                self._begin(self._call_back(*callback_of_one))
        return {}

    def _deliver(
        self, *, secret: str, first: int, count: int, connections: int, a_second: float | None
    ) -> dict[str, Any]:
        """Forget what was, and begin to deliver."""
        self.services.forget()
        self._callbacks = {}
        self._deliveries = Deliveries(secret=secret, first=first, count=count)
        if a_second is None:
            self._begin(self._deliveries.as_fast_as_possible(self._client, connections=connections))
        else:
            self._begin(self._deliveries.at_a_pace(self._client, a_second=a_second))
        return {}

    def _progress(self) -> dict[str, Any]:
        """How far it is; costs little."""
        return {
            "delivered": self._deliveries.over,
            "noted": self.services.noted,
            "requested": self.services.asked_for,
            "held": len(self._held),
            "last_asked": self.services.last_asked,
        }

    def _report(self) -> dict[str, Any]:
        """All that was seen since the last deliveries began."""
        seen = list(self.services.tickets.values())
        latencies = sorted(self._deliveries.latencies) or [0.0]
        return {
            "began": self._deliveries.began,
            "ended": self._deliveries.ended,
            "statuses": self._deliveries.statuses,
            "refused": self._deliveries.refused,
            "callbacks": self._callbacks,
            "median": statistics.median(latencies),
            "p99": latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))],
            "notes": sum(ticket.notes for ticket in seen),
            "noted": sum(ticket.notes == 1 for ticket in seen),
            "public": sum(ticket.public for ticket in seen),
            "marked": sum(ticket.marked for ticket in seen),
            "last_note": max((ticket.noted for ticket in seen), default=0.0),
            "waits": [ticket.noted - ticket.called_back for ticket in seen if ticket.noted and ticket.called_back],
            "connections": self.services.connections,
            "about_tickets": self.services.about_tickets,
        }

    # -- Callbacks

    def _call_back_later(self, url: str, request_id: str, body: bytes) -> None:
        if self._callback_seconds is None:
            self._held.append((url, request_id, body))
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(self._callback_seconds, lambda: self._begin(self._call_back(url, request_id, body)))

    async def _call_back(self, url: str, request_id: str, body: bytes) -> None:
        self.services.told.add(request_id)
        target = url.removeprefix(url.partition("://")[0] + "://").partition("/")[2]
        async with self._room:
            status = await self._client.post(f"/{target}", b"Content-Type: application/json\r\n", body)
        self._callbacks[status] = self._callbacks.get(status, 0) + 1
        number = target.partition("ticket_id=")[2].partition("&")[0]
        if number and status == _ACCEPTED:
            self.services.ticket(int(number)).called_back = time.monotonic()

    def _begin(self, work: Any) -> None:  # noqa: ANN401 -- any coroutine
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            sys.stderr.write(f"{task.exception()!r}\n")


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


async def main(port: int, url: str) -> None:
    """Serve until SIGTERM."""
    world = World(url)
    server = await asyncio.get_running_loop().create_server(
        partial(ServerConnection, world.answer), _HOST, port, backlog=512
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
