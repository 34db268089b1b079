"""Slack's HTTP interface: who asks, and how it is answered; and a page that shows the channel."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.slack import mentions
from sandbox.slack.methods import METHODS
from sandbox.slack.refused import Refused
from sandbox.slack.shown import as_html

if TYPE_CHECKING:
    from sandbox.slack import Slack

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers would send `Origin: null` with the form
}


def create_app(slack: Slack) -> Flask:
    """Return the application."""
    app = Flask("sandbox.slack")

    @app.route("/api/<name>", methods=["GET", "POST"])
    def call(name: str) -> ResponseReturnValue:
        """Answer 200 whatever comes of it, but 429 to who comes too often."""
        try:
            _authorize(slack)
            if name not in METHODS:
                raise Refused("unknown_method")  # noqa: TRY301 -- answered as all others are
            response = jsonify({"ok": True} | METHODS[name](slack, _arguments()))
        except Refused as refused:
            response = jsonify({"ok": False, "error": refused.word} | refused.more)
            if refused.word == "ratelimited":
                response.status_code, response.headers["Retry-After"] = 429, str(refused.retry_after)
        response.headers["X-OAuth-Scopes"] = ",".join(sorted(slack.scopes))
        return response

    @app.get("/")
    def show() -> ResponseReturnValue:
        """Show the channel, newest first."""
        with slack.lock:
            messages = list(reversed(slack.channel.messages))
        shown = render_template("channel.html", slack=slack, messages=messages, mentions_of=mentions.of, shown=as_html)
        return Response(shown, headers=_HEADERS)

    @app.post("/survey")
    def answer_survey() -> ResponseReturnValue:
        """Let a person give a score; another website may not."""
        if slack.survey is None:
            abort(404)
        own = urlsplit(slack.page_url).netloc
        if request.host != own or urlsplit(request.headers.get("Origin", f"http://{own}")).netloc != own:
            abort(403)
        slack.survey.answer(request.form)
        return redirect("/", 303)

    return app


def _arguments() -> dict[str, Any]:
    """What a method is called with: JSON, a form or a query."""
    if not request.is_json:
        return request.values.to_dict()
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused("invalid_json")
    return body


def _authorize(slack: Slack) -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Refused("not_authed")
    if slack.token_refusal is not None:
        raise Refused(slack.token_refusal)
    if not secrets.compare_digest(token.encode(), slack.token.encode()):
        raise Refused("invalid_auth")
