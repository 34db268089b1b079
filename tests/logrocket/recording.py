"""A LogRocket that keeps what it was asked, and answers as the test says, each project in its own way."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REQUEST_ID = "0cc12cad4b5b8b93760edf7fb5731ac66fbc8a766f9431df6c1e72b214ed6a65"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    authorization: str
    body: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: str = json.dumps({"id": REQUEST_ID})
    content_type: str = "application/json"


@dataclass(kw_only=True)
class Recording:
    """What was asked, and what is answered: to a project of its own, or to all."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)
    replies: dict[str, Reply] = field(default_factory=dict)  # by org/app

    def answer(self, request: Asked) -> Reply:
        """Keep a request, and say what is answered."""
        self.asked.append(request)
        parts = request.path.split("/")  # /v1/orgs/<org>/apps/<app>/highlights/
        return self.replies.get(f"{parts[3]}/{parts[5]}", self.reply)


@contextlib.contextmanager
def recording() -> Iterator[Recording]:
    """Run it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any] | None) -> None:
            authorization = self.headers["Authorization"]
            asked = Asked(method=self.command, path=self.path, authorization=authorization, body=body)
            reply = found.answer(asked)
            content = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output to the test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Recording(url=f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
