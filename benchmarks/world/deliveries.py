"""Who delivers tickets as Zendesk's trigger does, as fast as they are taken or at a pace of its own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime

from benchmarks.world.http import Client

_MOST_AT_ONCE = 64  # at a pace of its own
_ACCEPTED = 202
_REFUSED_SECONDS = 10.0  # what one counts that was not accepted: as long as Zendesk waits for an answer


class Deliveries:
    """A number of tickets, each delivered once."""

    def __init__(self, *, secret: str, first: int, count: int) -> None:
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._requests = [_signed(_body(number), secret, at) for number in range(first, first + count)]
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.began = self.ended = 0.0

    @property
    def over(self) -> bool:
        """Whether all were answered."""
        return len(self.latencies) == len(self._requests)

    @property
    def refused(self) -> int:
        """How many were not accepted."""
        return sum(count for status, count in self.statuses.items() if status != _ACCEPTED)

    async def as_fast_as_possible(self, client: Client, *, connections: int) -> None:
        """Deliver on so many connections, each of which waits for its answer before it goes on."""
        waiting = list(reversed(self._requests))

        async def go_on() -> None:
            while waiting:
                await self._deliver(client, waiting.pop(), time.monotonic())

        self.began = time.monotonic()
        await asyncio.gather(*(go_on() for _ in range(connections)))
        self.ended = time.monotonic()

    async def at_a_pace(self, client: Client, *, a_second: float) -> None:
        """Deliver so many a second, however long the answers take: waiting for a free connection counts as well."""
        room, tasks = asyncio.Semaphore(_MOST_AT_ONCE), []
        self.began = time.monotonic()

        async def deliver(request: tuple[bytes, bytes], due: float) -> None:
            async with room:
                await self._deliver(client, request, due)

        for number, request in enumerate(self._requests):
            due = self.began + number / a_second
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            tasks.append(asyncio.create_task(deliver(request, due)))
        await asyncio.gather(*tasks)
        self.ended = time.monotonic()

    async def _deliver(self, client: Client, request: tuple[bytes, bytes], due: float) -> None:
        headers, body = request
        status = await client.post("/zendesk/tickets", headers, body)
        self.latencies.append(time.monotonic() - due if status == _ACCEPTED else _REFUSED_SECONDS)
        self.statuses[status] = self.statuses.get(status, 0) + 1


def _body(number: int) -> bytes:
    told = '{"ticket_id": "%d", "requester_email": "person-%d@shop.example", "requester_external_id": ""}'
    return (told % (number, number)).encode()


def _signed(body: bytes, secret: str, at: str) -> tuple[bytes, bytes]:
    signature = base64.b64encode(hmac.new(secret.encode(), at.encode() + body, hashlib.sha256).digest())
    headers = (
        b"Content-Type: application/json; charset=utf-8\r\nX-Zendesk-Webhook-Signature: %s\r\n"
        b"X-Zendesk-Webhook-Signature-Timestamp: %s\r\n"
    )
    return headers % (signature, at.encode()), body
