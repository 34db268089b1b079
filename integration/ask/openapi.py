"""The API's description for programs, `/v1/openapi.json`: `openapi.json` beside this module, at this installation."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _written() -> str:
    return Path(__file__).with_suffix(".json").read_text(encoding="utf-8")


def document(public_url: str) -> dict[str, Any]:
    """The description, in OpenAPI 3.1."""
    described: dict[str, Any] = json.loads(_written())
    described["servers"] = [{"url": public_url}]
    return described
