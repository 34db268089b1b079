"""A keyed hash that stands for an e-mail address: what is stored of a person can be found, and erased; no I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

_PURPOSE = b"e-mail address\0"  # keeps these hashes apart from all else that SECRET_KEY signs
_LENGTH = 32  # hexadecimal digits


def of(email: str, secret_key: str) -> str:
    """The hash of an address, however its letters are cased."""
    text = email.strip().casefold().encode("utf-8", "replace")
    return hmac.new(secret_key.encode(), _PURPOSE + text, hashlib.sha256).hexdigest()[:_LENGTH]


def all_of(email: str, secret_keys: Sequence[str]) -> frozenset[str]:
    """The hashes that an address may be stored under: one for each key that was in use."""
    return frozenset(of(email, key) for key in secret_keys)
