"""Which release this is, and what it works with: what a process logs when it starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from integration.settings import Settings

VERSION: Final = "0.1.0"  # as in pyproject.toml, which is not deployed
_COMMITS: Final = (  # where platforms tell which commit they built
    "HEROKU_BUILD_COMMIT",
    "HEROKU_SLUG_COMMIT",
    "SOURCE_VERSION",
    "SOURCE_COMMIT",
    "GIT_COMMIT",
    "RENDER_GIT_COMMIT",
    "RAILWAY_GIT_COMMIT_SHA",
)
_SHOWN: Final = 12  # digits of a commit


def told(settings: Settings, environ: Mapping[str, str]) -> dict[str, object]:
    """The facts for the log, none of them secret; `environ` has the platform's own variables."""
    return {
        "release": VERSION,
        "commit": commit(environ) or "unknown",
        "public_url": settings.public_url,
        "redis": _redis(settings.redis_url),
        "prefix": settings.key_prefix,
        **{name: value for part in settings.parts for name, value in part.facts().items()},
    }


def commit(environ: Mapping[str, str]) -> str | None:
    """The git commit that the platform built, shortened; None when it does not say."""
    for name in _COMMITS:
        told = environ.get(name, "").strip()[:100]
        if re.fullmatch(r"[0-9a-f]{7,64}", told):
            return told[:_SHOWN]
    return None


def _redis(url: str) -> str:
    """Where Redis is, without credentials and options."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix:{parts.path}"
    host = parts.hostname or "localhost"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{parts.port or 6379}{parts.path.rstrip('/')}"
