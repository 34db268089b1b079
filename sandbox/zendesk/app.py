"""Zendesk's HTTP interface: who asks, what the limits say, how refusals are told."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from sandbox.zendesk import (
    api_catalogue,
    api_exports,
    api_macros,
    api_people,
    api_tickets,
    api_triggers,
    api_webhooks,
    oauth,
    refusals,
    schemas,
)
from sandbox.zendesk.asking import EXTENSION, desk
from sandbox.zendesk.desk import Desk
from sandbox.zendesk.refusals import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_app(desk: Desk) -> Flask:
    """Return the application for one account."""
    app = Flask("sandbox")
    app.extensions[EXTENSION] = desk
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.url_map.strict_slashes = False
    app.wsgi_app = _WithoutJsonSuffix(app.wsgi_app)  # type: ignore[method-assign]  # Flask's way of middleware
    app.before_request(_authenticate)
    app.after_request(lambda response: schemas.watch(request, response))  # the last one: Flask calls them in reverse
    app.after_request(_tell_limits)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.add_url_rule("/oauth/tokens", view_func=issue_token, methods=["POST"])
    app.add_url_rule("/api/v2/oauth/tokens/current", view_func=show_token)
    for room in (api_catalogue, api_exports, api_macros, api_people, api_tickets, api_triggers, api_webhooks):
        app.register_blueprint(room.blueprint, url_prefix="/api/v2")
    return app


def issue_token() -> ResponseReturnValue:
    """`POST /oauth/tokens`."""
    sent = request.get_json(silent=True)
    return jsonify(desk().tokens.issue(sent if isinstance(sent, dict) else request.form)), 201


def show_token() -> ResponseReturnValue:
    """`GET /api/v2/oauth/tokens/current`: the token that asks; its scopes among others."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise refusals.not_found()
    return jsonify(token=desk().tokens.shown(token.strip(), user_id=desk().account.service_user.id))


def _authenticate() -> None:
    """Find out who asks, before anything else, and count the request."""
    g.headers, g.user, g.scopes = {}, None, None
    if desk().renamed and request.path.startswith(("/api/", "/oauth/")):
        raise refusals.no_help_desk(desk().subdomain)
    if not request.path.startswith("/api/v2/"):
        return
    header = request.headers.get("Authorization", "")
    kind = header.partition(" ")[0].lower()
    if kind == "bearer":
        g.scopes = desk().tokens.scopes_of(header.partition(" ")[2].strip())
        g.user = desk().account.service_user
    elif kind == "basic":
        g.user = desk().user_of(oauth.basic_credentials(header))
    if g.user is None and request.path != "/api/v2/users/me":
        raise refusals.unauthenticated()
    g.headers |= desk().limits.spend_request(request.path)


def _tell_limits(response: Response) -> Response:
    response.headers.update(g.get("headers", {}))
    response.headers["Date"] = http_date(time.time() + desk().clock_ahead)
    return response


def _refused(refusal: Refusal) -> ResponseReturnValue:
    return jsonify(refusal.body), refusal.status, refusal.headers


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code in (404, 405):
        return _refused(refusals.invalid_endpoint())
    return error


class _WithoutJsonSuffix:
    """Serves every path of the API with `.json` at its end, too."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        if path.startswith("/api/"):
            environ["PATH_INFO"] = path.removesuffix(".json")
        return self._application(environ, start_response)
