"""A client of the product's own API: it asks for summaries, looks what came of them, and takes callbacks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox import outbound

CALLBACK_PATH: Final = "/sandbox/doors/callback"
_SECONDS: Final = 5.0
_UNFINISHED: Final = ("queued", "running")
_MOST: Final = 50
"""How many summaries are kept for the page."""


@dataclass
class Summary:
    """One that was asked for; `told` is the product's last word on it, `callbacks` what it called back with."""

    person: str
    calls_back: bool
    in_slack: bool
    answered: str
    told: dict[str, Any] = field(default_factory=dict)
    callbacks: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What the product calls it; nothing when it refused."""
        return str(self.told.get("id", ""))

    @property
    def status(self) -> str:
        """How it stands."""
        return str(self.told.get("status", "refused"))


class Asker:
    """A client with a token of its own."""

    def __init__(self, callbacks_to: str) -> None:
        """Take callbacks below an address."""
        self.product_url = ""
        self.refuses_callbacks = False
        """Whether callbacks are answered with 503."""
        self.token = secrets.token_urlsafe(24)
        self._key = secrets.token_bytes(32)
        self._callbacks_to = callbacks_to
        self._lock = threading.Lock()
        self._summaries: list[Summary] = []

    def environment(self) -> dict[str, str]:
        """Return the variables that let this client in."""
        return {
            "ASK_TOKENS": f"sandbox:{self.token}",
            "ASK_CALLBACK_SECRET": f"whsec_{base64.b64encode(self._key).decode()}",
            "ASK_CALLBACK_HOSTS": urlsplit(self._callbacks_to).netloc,
        }

    def ask(self, form: Mapping[str, str]) -> Summary:
        """Ask for a summary of whoever is named."""
        wish: dict[str, Any] = {
            name: form.get(name, "").strip() for name in ("email", "user_id", "question", "reference")
        }
        if form.get("callback"):
            wish["callback_url"] = f"{self._callbacks_to}{CALLBACK_PATH}"
        if form.get("slack"):
            wish["slack"] = True
        reply = self._send("POST", "/v1/highlights", json.dumps(wish).encode())
        answered = f"{reply.status or 'no answer'}"
        told = _object(reply.body)
        if "error" in told:
            answered = f"{answered}: {told['error'].get('message')}"
        person = wish["email"] or wish["user_id"] or "nobody"
        summary = Summary(
            person,
            calls_back="callback_url" in wish,
            in_slack="slack" in wish,
            answered=answered,
            told=told if "id" in told else {},
        )
        with self._lock:
            self._summaries = [*self._summaries, summary][-_MOST:]
        return summary

    def summaries(self) -> list[Summary]:
        """What was asked for, newest first, as it stands now."""
        with self._lock:
            summaries = list(reversed(self._summaries))
        for summary in summaries:
            if summary.status in _UNFINISHED:
                reply = self._send("GET", f"/v1/highlights/{summary.id}", b"")
                summary.told |= _object(reply.body) if reply.status == 200 else {}
        return summaries

    def take_callback(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take what the product calls back with; the status that it is answered."""
        if not self._is_genuine(headers, body):
            return 401
        event = _object(body.decode(errors="replace"))
        status = 503 if self.refuses_callbacks else 204
        told = event.get("data") if isinstance(event.get("data"), dict) else {}
        with self._lock:
            for summary in self._summaries:
                if told and summary.id == told.get("id"):
                    summary.callbacks.append(f"{event.get('type')}, answered with {status}")
        return status

    def _is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether it was signed as Standard Webhooks has it."""
        signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
        right = hmac.digest(self._key, signed, hashlib.sha256)
        for signature in headers.get("webhook-signature", "").split():
            version, _, given = signature.partition(",")
            try:
                if version == "v1" and hmac.compare_digest(base64.b64decode(given), right):
                    return True
            except (binascii.Error, ValueError):
                continue
        return False

    def _send(self, method: str, path: str, body: bytes) -> outbound.Reply:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return outbound.send(method, f"{self.product_url}{path}", body=body, headers=headers, timeout=_SECONDS)


def _object(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
