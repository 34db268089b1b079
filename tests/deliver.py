"""Deliveries of Zendesk's to the product, signed as Zendesk signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import requests

from integration.zendesk.settings import ZendeskSettings
from tests.conftest import InProcess

TICKET = b'{"ticket_id": "123", "requester_email": "ada@shop.example", "requester_external_id": ""}'


def signed(body: bytes, secret: str, *, at: datetime | None = None) -> dict[str, str]:
    timestamp = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
    }


def post(product: InProcess, body: bytes, headers: dict[str, str]) -> requests.Response:
    return requests.post(f"{product.settings.public_url}/zendesk/tickets", data=body, headers=headers, timeout=10)


def deliver(product: InProcess, body: bytes = TICKET) -> requests.Response:
    return post(product, body, signed(body, product.settings.of(ZendeskSettings).webhook_secrets[0]))
