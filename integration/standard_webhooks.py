"""The signature of Standard Webhooks: base64(HMAC-SHA256(key, id.timestamp.body)); no I/O.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from integration.errors import OutOfDate, UnverifiedDelivery, WrongSignature
from integration.ports import Headers

PREFIX: Final = "whsec_"  # of a secret
FRESH_SECONDS: Final = 5 * 60  # how old, or how far ahead of our clock, a signature may be
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

_ID: Final = re.compile(r"[!-\-/-~]{1,256}")  # no dot, which stands between the parts of what is signed
_TIME: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURES: Final = re.compile(r"[!-~]{1,200}( [!-~]{1,200}){0,9}")  # several while a secret is changed
_VERSION: Final = "v1,"


def key_of(secret: str) -> bytes:
    """The key that a secret stands for; ValueError when it is none."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError("is not Base64") from None


def look_at(headers: Headers, *, now: float) -> None:
    """Raise `UnverifiedDelivery` when the headers alone show that nobody signed this around `now` (Unix seconds)."""
    message, timestamp, signatures = _read(headers)
    if not (_ID.fullmatch(message) and _TIME.fullmatch(timestamp) and _SIGNATURES.fullmatch(signatures)):
        raise UnverifiedDelivery("signature headers missing or malformed")
    if abs(now - int(timestamp)) > FRESH_SECONDS:
        raise OutOfDate("signature out of date")


def verify(body: bytes, headers: Headers, *, secret: str, now: float) -> None:
    """Raise `UnverifiedDelivery` unless `body` was signed with `secret` around `now` (Unix seconds)."""
    look_at(headers, now=now)
    message, timestamp, signatures = _read(headers)
    right = signature(body, key=key_of(secret), message=message, timestamp=timestamp).encode("ascii")
    matches = [hmac.compare_digest(right, given.encode("ascii")) for given in signatures.split(" ")]
    if not secret or not any(matches):
        raise WrongSignature("signature wrong")


def signature(body: bytes, *, key: bytes, message: str, timestamp: str) -> str:
    """How a body is signed, with the version in front."""
    signed = f"{message}.{timestamp}.".encode("ascii") + body
    digest = hmac.digest(key, signed, hashlib.sha256)
    return _VERSION + base64.b64encode(digest).decode("ascii")


def _read(headers: Headers) -> tuple[str, str, str]:
    return headers.get(ID, ""), headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
