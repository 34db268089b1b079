"""The least that a web process has to do with a trigger: check the signature, queue a job. For gunicorn: `bare:app`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue
from redis import Redis
from rq import Queue

app = Flask(__name__)
queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))


def verify() -> None:
    """Answer 401 to what Zendesk did not sign (https://developer.zendesk.com/documentation/webhooks/verifying/)."""
    timestamp = request.headers.get("X-Zendesk-Webhook-Signature-Timestamp", "")
    secret = os.environ["ZENDESK_WEBHOOK_SECRET"].encode()
    digest = hmac.new(secret, timestamp.encode() + request.get_data(), hashlib.sha256).digest()
    signature = request.headers.get("X-Zendesk-Webhook-Signature", "")
    if not hmac.compare_digest(base64.b64encode(digest).decode(), signature):
        abort(401)


@app.post("/zendesk/tickets")
def ticket_created() -> ResponseReturnValue:
    """Take in a new ticket."""
    verify()
    ticket = request.get_json()
    queue.enqueue("benchmarks.references.jobs.ask", ticket["ticket_id"], ticket["requester_email"])
    return "", 202


@app.post("/logrocket/highlights")
def highlights_ready() -> ResponseReturnValue:
    """Take in what LogRocket says."""
    told = request.get_json()
    queue.enqueue("benchmarks.references.jobs.note", request.args["ticket_id"], told["result"]["highlights"])
    return "", 202
