"""A stand-in for Freshdesk over real HTTP: tickets, their notes, and a rule that tells of a new ticket."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import requests

API_KEY, SECRET = "fresh-key-of-our-agent", "fresh-secret-of-the-rule"
AGENT = 7


class Freshdesk:
    """One account. `lose` is how many answers to a new note get lost; `asked` is what was asked for."""

    def __init__(self) -> None:
        self.notes: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.lose = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *arguments: _Handler(self, *arguments))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def file_ticket(self, number: int, product: str, *, secret: str = SECRET) -> int:
        """File a ticket, and tell the product of it; what that answers."""
        self.notes.setdefault(str(number), [])
        told, headers = {"ticket_id": number}, {"X-Highlights-Secret": secret}
        return requests.post(f"{product}/freshdesk/tickets", json=told, headers=headers, timeout=10).status_code

    def answer(self, asked: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and body for a request."""
        match re.sub(r"/[0-9]+", "/N", asked):
            case "GET /api/v2/agents/me":
                return 200, {"id": AGENT}
            case "GET /api/v2/tickets/N?include=requester":
                return 200, {"requester": {"email": "ada@shop.example"}}
            case "GET /api/v2/tickets/N/conversations":
                return 200, self.notes[_number(asked)]
            case "POST /api/v2/tickets/N/notes":
                notes = self.notes[_number(asked)]
                notes.append({"id": 100 + len(notes), "user_id": AGENT, "private": True, **body})
                return 201, notes[-1]
        return 404, {}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, freshdesk: Freshdesk, *arguments: Any) -> None:  # noqa: ANN401 -- the server's own
        self._freshdesk = freshdesk
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer, if whoever asks knows the key."""
        asked = f"{self.command} {self.path}"
        self._freshdesk.asked.append(asked)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        authorized = requests.Request("GET", self._freshdesk.url, auth=(API_KEY, "X")).prepare().headers
        if self.headers.get("Authorization") != authorized["Authorization"]:
            self._send(401, {})
            return
        status, told = self._freshdesk.answer(asked, body)
        if self.command == "POST" and self._freshdesk.lose:
            self._freshdesk.lose -= 1
            self.close_connection = True
            return
        self._send(status, told)

    do_POST = do_GET  # noqa: N815 -- http.server's name

    def _send(self, status: int, told: Any) -> None:  # noqa: ANN401 -- JSON
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output to the test."""


def _number(asked: str) -> str:
    return asked.split("/")[4]
