"""Who takes the callbacks of asked highlights, and keeps every one of them."""

from __future__ import annotations

import json
import secrets
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, request
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from sandbox.faults import Faults
from sandbox.server import LoopbackServer

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

TAKEN: Final = 204


@dataclass(frozen=True, kw_only=True)
class Told:
    """One callback that was read: its id, and what it tells."""

    id: str
    data: Mapping[str, Any]


class Receiver:
    """Answers 204, if its faults let it; a callback that nobody signed is kept apart."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.secret = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
        self.told: list[Told] = []
        self.unsigned = 0
        self._lock = threading.Lock()
        app = Flask("tests.storm.receiver")
        app.add_url_rule("/hook", "take", self._take, methods=["POST"])
        self.server = LoopbackServer("zendesk", app, faults=self.faults)  # a name that faults know
        self.url = f"{self.server.url}/hook"

    def _take(self) -> Response:
        self._keep(request.get_data(), request.headers)
        return Response(status=TAKEN)

    def _keep(self, body: bytes, headers: Headers) -> None:
        try:
            Webhook(self.secret).verify(body, {name.lower(): value for name, value in headers.items()})
        except WebhookVerificationError:
            with self._lock:
                self.unsigned += 1
            return
        with self._lock:
            self.told.append(Told(id=headers["webhook-id"], data=json.loads(body)["data"]))
