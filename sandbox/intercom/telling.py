"""How Intercom calls a webhook: HEAD when it is saved, signed notifications, and one more try after a minute."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests

from sandbox.intercom.shapes import as_before_2

if TYPE_CHECKING:
    from sandbox.intercom import Intercom

TIMEOUT: Final = 5.0
_GONE: Final = 410
_TOO_MANY: Final = 429


@dataclass(frozen=True)
class Attempt:
    """One call of the webhook; `status` None when nothing came back in time."""

    topic: str
    status: int | None
    took: float


class Webhook:
    """The webhook of the app. It is called in the background, and what came of it is kept."""

    def __init__(self, intercom: Intercom) -> None:
        """Start with Intercom's numbers."""
        self.retry_after = 60.0
        self.url: str | None = None
        self.attempts: list[Attempt] = []
        self.disabled = self.throttled = False
        """What an answer of 410 or 429 does to it."""
        self.app_id: str | None = None
        """Another workspace where the app is installed, of which it tells then."""
        self._intercom = intercom
        self._stopping = threading.Event()

    def save(self, url: str) -> int | None:
        """Try an address with HEAD, and keep it when that is a success."""
        try:
            status = requests.head(url, timeout=TIMEOUT).status_code
        except requests.RequestException:
            return None
        if requests.codes.ok <= status < requests.codes.multiple_choices:
            self.url = url
        return status

    def stop(self) -> None:
        """Try nothing again."""
        self._stopping.set()

    def tell(self, topic: str, item: dict[str, Any]) -> None:
        """Call it in the background."""
        if self._intercom.old_payloads and item.get("type") == "conversation":
            item = as_before_2(item)
        body = json.dumps(self.notification(topic, item)).encode()
        threading.Thread(target=self._deliver, args=(topic, body), daemon=True).start()

    def notification(self, topic: str, item: dict[str, Any]) -> dict[str, Any]:
        """Return what is told."""
        now = int(time.time())
        return {
            "type": "notification_event",
            "app_id": self.app_id or self._intercom.app_id,
            "topic": topic,
            "id": None if topic == "ping" else f"notif_{secrets.token_hex(8)}",
            "created_at": now,
            "self": None,
            "first_sent_at": now,
            "delivery_attempts": 1,
            "delivery_status": "pending",
            "delivered_at": 0,
            "links": {},
            "data": {"type": "notification_event_data", "item": item},
        }

    def headers(self, body: bytes, *, secret: str | None = None) -> dict[str, str]:
        """Return the headers of a delivery."""
        signed = hmac.new((secret or self._intercom.client_secret).encode(), body, hashlib.sha1).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "intercom-parrot-service-client/1.0",
            "X-Hub-Signature": f"sha1={signed}",
        }

    def _deliver(self, topic: str, body: bytes) -> None:
        for pause in (0.0, self.retry_after):
            if self._stopping.wait(pause) or self.url is None or self.disabled:
                return
            attempt = self._attempt(topic, body)
            self.attempts.append(attempt)
            self.disabled |= attempt.status == _GONE
            self.throttled |= attempt.status == _TOO_MANY
            if attempt.status is not None and attempt.status < requests.codes.multiple_choices:
                return

    def _attempt(self, topic: str, body: bytes) -> Attempt:
        started, status = time.monotonic(), None
        try:
            answer = requests.post(str(self.url), data=body, headers=self.headers(body), timeout=TIMEOUT)
            status = answer.status_code
        except requests.RequestException:
            pass
        return Attempt(topic, status, time.monotonic() - started)
