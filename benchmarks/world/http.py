"""As much of HTTP/1.1 as the world needs, on asyncio: a server that answers after a while, and a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

_NO_BODY = 204


class Request(NamedTuple):
    """What was asked."""

    method: str
    target: str
    body: bytes


class Answer(NamedTuple):
    """What is answered, in JSON, and after how many seconds."""

    body: bytes
    status: int = 200
    after: float = 0.0
    headers: bytes = b""


class ServerConnection(asyncio.Protocol):
    """One connection to the world, which a client keeps open."""

    def __init__(self, answer: Callable[[Request, bool], Answer]) -> None:
        self._answer, self._buffer, self._first = answer, b"", True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._buffer += data
        while (request := self._take()) is not None:
            answer = self._answer(request, self._first)
            self._first = False
            if answer.after > 0:
                asyncio.get_running_loop().call_later(answer.after, self._send, answer)
            else:
                self._send(answer)

    def _take(self) -> Request | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        length = content_length(head)
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        return Request(method, target, rest[:length])

    def _send(self, answer: Answer) -> None:
        if not self._transport.is_closing():
            head = b"HTTP/1.1 %d .\r\nContent-Type: application/json; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n"
            self._transport.write(head % (answer.status, answer.headers, len(answer.body)) + answer.body)


class Client:
    """Posts to one address, on connections that it keeps open."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, target: str, headers: bytes, body: bytes) -> int:
        """The status of the answer to one request."""
        reader, writer = await self._connection()
        line = b"POST %s HTTP/1.1\r\nHost: %s:%d\r\n" % (target.encode(), self._host.encode(), self._port)
        writer.write(line + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status != _NO_BODY:
            await reader.readexactly(content_length(head))
        if b"connection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One that is open, or a new one."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


def content_length(head: bytes) -> int:
    """How long the body is that follows."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
