"""What was sent to the sandbox's own interface."""

from __future__ import annotations

from typing import Any

from flask import request

from sandbox.faults import Malformed


def sent_object() -> dict[str, Any]:
    """Return the JSON object that was sent."""
    data = request.get_json(force=True, silent=True)
    if not isinstance(data, dict):
        raise Malformed("the body must be a JSON object")
    return data
