"""One call of a webhook: its headers, its credentials, its signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import urlencode

from sandbox.outbound import Reply, send
from sandbox.zendesk.hooks import Payload, Webhook
from sandbox.zendesk.records import iso, now

TEST_SECRET: Final = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # public: in Zendesk's own docs
ACCOUNT_ID: Final = "123456"
CONTENT_TYPES: Final = {
    "json": "application/json; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "form_encoded": "application/x-www-form-urlencoded",
}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a delivery: over the time of the attempt and the raw body, nothing between."""
    digest = hmac.new(secret.encode("ascii"), timestamp.encode("ascii") + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def call(
    webhook: Webhook, payload: Payload, *, invocation_id: str, secret: str, timeout: float
) -> tuple[Reply, dict[str, str]]:
    """Call a webhook once; return what came back and the headers that went out."""
    pairs = dict(payload) if isinstance(payload, list) else None
    bodyless = webhook.http_method in ("GET", "DELETE")
    text = "" if bodyless else urlencode(pairs) if pairs is not None else str(payload)
    body, timestamp = text.encode(), iso(now())
    headers = {
        "User-Agent": "Zendesk Webhook",
        "Content-Type": CONTENT_TYPES.get(webhook.request_format, CONTENT_TYPES["json"]),
        "X-Zendesk-Account-Id": ACCOUNT_ID,
        "X-Zendesk-Webhook-Id": webhook.id,
        "X-Zendesk-Webhook-Invocation-Id": invocation_id,
        "X-Zendesk-Webhook-Signature": signature(secret, timestamp, body),
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
    }
    headers |= _credentials(webhook) | (webhook.custom_headers or {})
    params = pairs if bodyless else None
    reply = send(webhook.http_method, webhook.endpoint, body=body, headers=headers, timeout=timeout, params=params)
    return reply, headers


def _credentials(webhook: Webhook) -> dict[str, str]:
    """Return the header in which a webhook shows who it is, when it has one."""
    wanted = webhook.authentication or {}
    data = wanted.get("data") or {}
    match wanted.get("type"):
        case "bearer_token":
            return {"Authorization": f"Bearer {data.get('token', '')}"}
        case "basic_auth":
            pair = f"{data.get('username', '')}:{data.get('password', '')}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        case "api_key":
            return {str(data.get("name", "X-Api-Key")): str(data.get("value", ""))}
    return {}
