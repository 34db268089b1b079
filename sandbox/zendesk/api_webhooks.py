"""Webhooks over HTTP: making, changing, testing them, and their log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.outbound import NotLoopback, require_loopback
from sandbox.zendesk import calling, refusals, shapes
from sandbox.zendesk.asking import desk, require_admin, require_scope, sent_object
from sandbox.zendesk.hooks import TICKET_EVENTS, Webhook
from sandbox.zendesk.paging import page
from sandbox.zendesk.records import now, ulid

blueprint = Blueprint("webhooks", __name__)

_REQUIRED: Final = ("name", "status", "endpoint", "http_method", "request_format")
_SETTABLE: Final = (*_REQUIRED, "description", "authentication", "custom_headers")
_CHOICES: Final = {
    "status": ("active", "inactive"),
    "http_method": ("GET", "POST", "PUT", "PATCH", "DELETE"),
    "request_format": ("json", "xml", "form_encoded"),
}


@blueprint.get("/webhooks")
def list_webhooks() -> ResponseReturnValue:
    """List webhooks, by `filter[name_contains]` and `filter[status]`."""
    require_scope("read", "webhooks:read")
    require_admin()
    name, status = request.args.get("filter[name_contains]", ""), request.args.get("filter[status]")
    webhooks = [w for w in desk().hooks.listed_webhooks() if name in w.name and status in (None, w.status)]
    return jsonify(page("webhooks", webhooks, shapes.webhook, by_cursor_unasked=True, links="with a port"))


@blueprint.post("/webhooks")
def create_webhook() -> ResponseReturnValue:
    """Create a webhook, or clone the one named by `clone_webhook_id`."""
    require_scope("write", "webhooks:write")
    require_admin()
    original = request.args.get("clone_webhook_id")
    if original:
        known = desk().hooks.webhook(original)
        made = Webhook(**_settings(known) | {"name": f"{known.name} (copy)"}, subscriptions=known.subscriptions)
    else:
        sent = sent_object("webhook")
        subscriptions = _subscriptions(sent)
        made = Webhook(**_checked(sent), subscriptions=subscriptions)
        _require_events_fit(made)
    return jsonify(webhook=shapes.webhook(desk().hooks.keep_webhook(made))), 201


@blueprint.get("/webhooks/<webhook_id>")
def show_webhook(webhook_id: str) -> ResponseReturnValue:
    """Show a webhook."""
    require_scope("read", "webhooks:read")
    require_admin()
    return jsonify(webhook=shapes.webhook(desk().hooks.webhook(webhook_id)))


@blueprint.route("/webhooks/<webhook_id>", methods=["PUT", "PATCH"])
def change_webhook(webhook_id: str) -> ResponseReturnValue:
    """Change a webhook: PUT wants it whole, PATCH only what is new. The answer is empty."""
    require_scope("write", "webhooks:write")
    require_admin()
    known, sent = desk().hooks.webhook(webhook_id), sent_object("webhook")
    if "subscriptions" in sent and (_subscriptions(sent) == (TICKET_EVENTS,)) is not known.for_triggers:
        raise refusals.invalid_webhook("The connection method of a webhook cannot be changed")
    whole = sent if request.method == "PUT" else _settings(known) | sent
    subscriptions = _subscriptions(sent) if "subscriptions" in sent else known.subscriptions
    changed = replace(known, **_checked(whole), subscriptions=subscriptions, updated_at=now())
    _require_events_fit(changed)
    desk().hooks.keep_webhook(changed)
    return "", 204


@blueprint.delete("/webhooks/<webhook_id>")
def delete_webhook(webhook_id: str) -> ResponseReturnValue:
    """Delete a webhook that no trigger uses."""
    require_scope("write", "webhooks:write")
    require_admin()
    desk().hooks.delete_webhook(webhook_id)
    return "", 204


@blueprint.get("/webhooks/<webhook_id>/signing_secret")
def show_secret(webhook_id: str) -> ResponseReturnValue:
    """Show the signing secret."""
    require_scope("read", "webhooks:read")
    require_admin()
    return jsonify(signing_secret=_secret(desk().hooks.webhook(webhook_id)))


@blueprint.post("/webhooks/<webhook_id>/signing_secret")
def reset_secret(webhook_id: str) -> ResponseReturnValue:
    """Replace the signing secret; the old one is worth nothing at once."""
    require_scope("write", "webhooks:write")
    require_admin()
    return jsonify(signing_secret=_secret(desk().hooks.reset_secret(webhook_id))), 201


@blueprint.post("/webhooks/test")
def test_webhook() -> ResponseReturnValue:
    """Call a webhook for a test: 200, whatever the target answered; that is told inside."""
    require_scope("write", "webhooks:write")
    require_admin()
    known_id = request.args.get("webhook_id")
    wanted = (request.get_json(force=True, silent=True) or {}).get("request") or {}
    if known_id:
        known = desk().hooks.webhook(known_id)
        called, secret = (
            Webhook(**_settings(known) | {k: v for k, v in wanted.items() if k in _SETTABLE}),
            known.secret,
        )
    else:
        called = Webhook(**_checked({"name": "test", "status": "active"} | wanted))
        secret = calling.TEST_SECRET
    _require_endpoint(called.endpoint)
    payload = wanted.get("payload", "")
    reply, _ = calling.call(called, payload, invocation_id=ulid(), secret=secret, timeout=desk().deliverer.timeout)
    headers = [{"key": key, "value": value} for key, value in reply.headers.items()]
    return jsonify(response={"status_code": reply.status, "headers": headers, "payload": reply.body})


@blueprint.get("/webhooks/<webhook_id>/invocations")
def list_invocations(webhook_id: str) -> ResponseReturnValue:
    """List what became of the deliveries, newest first, by `filter[status]`, `filter[from_ts]`, `filter[to_ts]`."""
    require_scope("read", "webhooks:read")
    require_admin()
    desk().hooks.webhook(webhook_id)
    status = request.args.get("filter[status]")
    first, last = _moment("filter[from_ts]"), _moment("filter[to_ts]")
    deliveries = [
        d
        for d in reversed(desk().deliverer.all)
        if d.webhook_id == webhook_id
        and status in (None, shapes.invocation(d)["status"])
        and (first is None or d.created_at >= first)
        and (last is None or d.created_at <= last)
    ]
    return jsonify(page("invocations", deliveries, shapes.invocation, by_cursor_unasked=True, links="with a port"))


@blueprint.get("/webhooks/<webhook_id>/invocations/<invocation_id>/attempts")
def list_attempts(webhook_id: str, invocation_id: str) -> ResponseReturnValue:
    """List the attempts of one delivery: of those that were made, what was sent and what came back."""
    require_scope("read", "webhooks:read")
    require_admin()
    endpoint = desk().hooks.webhook(webhook_id).endpoint
    delivery = next((d for d in desk().deliverer.all if d.invocation_id == invocation_id), None)
    if delivery is None:
        raise refusals.invalid_webhook("Invocation not found", status=404)
    attempts = [shapes.attempt(a, of=delivery, endpoint=endpoint) for a in delivery.attempts]
    if not attempts and delivery.outcome is not None:
        attempts = [shapes.never_sent(delivery)]
    return jsonify(attempts=attempts)


def _checked(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a whole webhook, or refuse."""
    for name in _REQUIRED:
        if not isinstance(sent.get(name), str) or not sent[name].strip():
            raise refusals.invalid_webhook(f"{name} can't be blank")
    for name, choices in _CHOICES.items():
        if sent[name] not in choices:
            raise refusals.invalid_webhook(f"{name} must be one of {', '.join(choices)}")
    _require_endpoint(sent["endpoint"])
    return {name: sent[name] for name in _SETTABLE if sent.get(name) is not None}


def _settings(known: Webhook) -> dict[str, Any]:
    return {name: getattr(known, name) for name in _SETTABLE if getattr(known, name) is not None}


def _require_endpoint(endpoint: str) -> None:
    try:
        require_loopback(endpoint)
    except NotLoopback as exc:
        raise refusals.invalid_webhook(f"endpoint: {exc}") from None


def _require_events_fit(webhook: Webhook) -> None:
    if not webhook.for_triggers and (webhook.http_method, webhook.request_format) != ("POST", "json"):
        raise refusals.invalid_webhook("A webhook that is subscribed to events must use POST and json")


def _subscriptions(sent: dict[str, Any]) -> tuple[str, ...]:
    """Read subscriptions: the trigger kind alone, or event types."""
    wanted = sent.get("subscriptions") or []
    events = isinstance(wanted, list) and all(str(name).startswith("zen:event-type:") for name in wanted)
    if not wanted or not (wanted == [TICKET_EVENTS] or events):
        raise refusals.invalid_webhook(f"subscriptions must be [{TICKET_EVENTS!r}] or event types")
    return tuple(wanted)


def _secret(webhook: Webhook) -> dict[str, str]:
    return {"secret": webhook.secret, "algorithm": "SHA256"}


def _moment(name: str) -> datetime | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusals.invalid_webhook(f"{name} is not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
