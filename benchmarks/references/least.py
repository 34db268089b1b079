"""What no web process can do without that keeps a ticket: Flask, the signature, one round trip to Redis."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from benchmarks.references.bare import queue, verify

app = Flask(__name__)


@app.post("/zendesk/tickets")
def ticket_created() -> ResponseReturnValue:
    """Keep a new ticket where nobody works on it."""
    verify()
    queue.connection.lpush("least", request.get_data())
    return "", 202
