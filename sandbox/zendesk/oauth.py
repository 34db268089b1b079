"""Who is asking, and what they may do: OAuth tokens, API tokens, scopes."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.zendesk import refusals

SHORTEST_LIFE: Final = 300
LONGEST_LIFE: Final = 172_800
USUAL_LIFE: Final = 1800
FIRST_TOKEN: Final = 360000700001


@dataclass(frozen=True)
class Token:
    """An access token that was issued."""

    scopes: frozenset[str]
    expires_at: float
    id: int = 0


class Tokens:
    """Issues and checks the tokens of the account's one OAuth client."""

    def __init__(self) -> None:
        self.client_id = "logrocket-highlights"
        self.client_secret = secrets.token_hex(32)
        self.api_token = secrets.token_hex(20)
        self.life: int | None = None
        self.allowed_scopes: frozenset[str] | None = None  # of the client; None: whatever it asks for
        self._lock = threading.Lock()
        self._issued: dict[str, Token] = {}

    def issue(self, grant: Mapping[str, Any]) -> dict[str, Any]:
        """Issue a token for the client-credentials grant; answers as `POST /oauth/tokens` does."""
        if grant.get("grant_type") != "client_credentials":
            raise refusals.invalid_grant("unsupported_grant_type", "The authorization grant type is not supported.")
        if not (
            _same(grant.get("client_id"), self.client_id) and _same(grant.get("client_secret"), self.client_secret)
        ):
            raise refusals.invalid_client()
        asked = _asked_life(grant)
        life = self.life or asked or USUAL_LIFE
        scope = str(grant.get("scope") or "read write")
        if self.allowed_scopes is not None and not self.allowed_scopes >= set(scope.split()):
            raise refusals.invalid_grant("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        token = secrets.token_hex(32)
        with self._lock:
            number = FIRST_TOKEN + len(self._issued)
            self._issued[token] = Token(frozenset(scope.split()), time.monotonic() + life, number)
        answer: dict[str, Any] = {"access_token": token, "token_type": "bearer", "scope": scope}
        return answer | ({} if asked is None else {"expires_in": life})

    def revoke(self) -> None:
        """Make every token that was issued so far invalid."""
        with self._lock:
            self._issued.clear()

    def scopes_of(self, token: str) -> frozenset[str]:
        """Return what a Bearer token may do; refuses one that is not valid."""
        return self._valid(token).scopes

    def shown(self, token: str, *, user_id: int) -> dict[str, Any]:
        """Return a token as `GET /api/v2/oauth/tokens/current` shows it: only its beginning is told."""
        known = self._valid(token)
        return {"id": known.id, "user_id": user_id, "scopes": sorted(known.scopes), "token": token[:10]}

    def _valid(self, token: str) -> Token:
        with self._lock:
            known = self._issued.get(token)
        if known is None or known.expires_at <= time.monotonic():
            raise refusals.invalid_token()
        return known


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Return e-mail and API token of a Basic header with `email/token:API token`; None when it is another."""
    try:
        text = base64.b64decode(header.partition(" ")[2], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, _, password = text.partition(":")
    email, marker, _ = name.rpartition("/token")
    return (email, password) if marker and name.endswith("/token") else None


def require_scope(scopes: frozenset[str] | None, *accepted: str) -> None:
    """Refuse unless one of the accepted scopes is there (None: an API token, which may do everything)."""
    if scopes is not None and not scopes & set(accepted):
        raise refusals.missing_scope(accepted[0])


def _asked_life(grant: Mapping[str, Any]) -> int | None:
    life = grant.get("expires_in")
    if life is None:
        return None
    if not isinstance(life, int) or isinstance(life, bool) or not SHORTEST_LIFE < life < LONGEST_LIFE:
        reason = f"expires_in must be greater than {SHORTEST_LIFE} and less than {LONGEST_LIFE} seconds."
        raise refusals.invalid_grant("invalid_request", reason)
    return life


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
