"""LogRocket's HTTP interface: who asks for which project, with which key, and what the answer is."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.logrocket.request_rules import problem_of

if TYPE_CHECKING:
    from sandbox.logrocket import LogRocket

Refusal = tuple[Response, int]


def create_app(logrocket: LogRocket) -> Flask:
    """Return the application."""
    app = Flask("sandbox.logrocket")

    @app.post("/v1/orgs/<org>/apps/<app_name>/highlights/")
    def request_highlights(org: str, app_name: str) -> ResponseReturnValue:
        """Take in a request for highlights."""
        project = f"{org}/{app_name}"
        refusal = _key_refused(logrocket, project) or _request_refused(logrocket)
        logrocket.note_asked(project, request.get_json(force=True, silent=True), refusal[1] if refusal else 200)
        return refusal or jsonify(id=logrocket.take(request.get_json(force=True), project=project))

    @app.post("/v1/orgs/<org>/apps/<app_name>/highlights")
    def without_slash(org: str, app_name: str) -> ResponseReturnValue:
        """Refuse: the slash at the end is part of the address."""
        return _key_refused(logrocket, f"{org}/{app_name}") or _not_found()

    @app.get("/v1/orgs/<org>/apps/<app_name>/highlights", strict_slashes=False)
    def poll_highlights(org: str, app_name: str) -> ResponseReturnValue:
        """Tell how far a request is."""
        project = f"{org}/{app_name}"
        refusal = _key_refused(logrocket, project)
        if refusal is not None:
            return refusal
        payload = logrocket.poll(request.args.get("id", ""), project=project)
        return _not_found() if payload is None else jsonify(payload)

    return app


def _not_found() -> Refusal:
    return jsonify(error="Not found"), 404


def _key_refused(logrocket: LogRocket, project: str) -> Refusal | None:
    """Return the refusal of a caller without the key of a project, or of one that there is not."""
    header = request.headers.get("Authorization", "")
    kind, _, key = header.partition(" ")
    if not header or kind.lower() not in ("token", "bearer"):
        return Response("Missing request authorization", mimetype="text/plain"), 401
    if kind.lower() == "bearer":
        return jsonify(detail="token signature is invalid"), 403
    owner = _owner_of(logrocket, key.strip())
    if owner is None or owner in logrocket.refused_projects:
        return jsonify(message="Invalid API key"), 401
    return None if owner == project else _not_found()


def _owner_of(logrocket: LogRocket, key: str) -> str | None:
    """Return the project whose key this is."""
    for project, known in logrocket.keys.items():
        if secrets.compare_digest(key.encode(), known.encode()):
            return project
    return None


def _request_refused(logrocket: LogRocket) -> Refusal | None:
    """Return the refusal of a request that is not as documented."""
    asked = request.get_json(force=True, silent=True)
    if not isinstance(asked, dict):
        return jsonify(error="body must be a JSON object"), 400
    problem = problem_of(asked, knows_question=logrocket.knows_question)
    return None if problem is None else (jsonify(error=problem), 400)
