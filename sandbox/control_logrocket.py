"""LogRocket's part of the sandbox's own interface: how it is disposed, and what it was asked for."""

from __future__ import annotations

from typing import Any, get_args

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.faults import Malformed
from sandbox.logrocket import Callbacks, LogRocket, Outcome
from sandbox.sent import sent_object


def add_routes(routes: Blueprint, logrocket: LogRocket) -> None:
    """Add the routes `/asked` and `/logrocket`."""

    def list_asked() -> ResponseReturnValue:
        return jsonify(asked=[asked.as_json() for asked in logrocket.asked])

    def show_logrocket() -> ResponseReturnValue:
        return jsonify(_settings(logrocket) | {"projects": logrocket.keys})

    def set_logrocket() -> ResponseReturnValue:
        change(logrocket, sent_object())
        return jsonify(_settings(logrocket))

    routes.add_url_rule("/asked", view_func=list_asked, methods=["GET"])
    routes.add_url_rule("/logrocket", view_func=show_logrocket, methods=["GET"])
    routes.add_url_rule("/logrocket", view_func=set_logrocket, methods=["POST"])


def change(logrocket: LogRocket, data: dict[str, Any]) -> None:
    """Set what was sent, all of it or nothing."""
    for problem, fine in _checks(logrocket, data).items():
        if not fine:
            raise Malformed(problem)
    for name in ("delay", "default", "callbacks", "knows_question"):
        setattr(logrocket, name, data.get(name, getattr(logrocket, name)))
    if "refused_projects" in data:
        logrocket.refused_projects = set(data["refused_projects"])
    if "script" in data:
        logrocket.script(*data["script"])


def _settings(logrocket: LogRocket) -> dict[str, Any]:
    return {
        "delay": logrocket.delay,
        "default": logrocket.default,
        "callbacks": logrocket.callbacks,
        "knows_question": logrocket.knows_question,
        "refused_projects": sorted(logrocket.refused_projects),
    }


def _checks(logrocket: LogRocket, data: dict[str, Any]) -> dict[str, bool]:
    """What has to hold, each with what is said when it does not."""
    outcomes, callbacks, projects = get_args(Outcome), get_args(Callbacks), tuple(logrocket.keys)
    delay = data.get("delay", logrocket.delay)
    known = {"delay", "default", "callbacks", "script", "knows_question", "refused_projects"}
    return {
        f"unknown field: {', '.join(sorted(set(data) - known))}": set(data) <= known,
        "delay: seconds, 0 or more": type(delay) in (int, float) and 0 <= delay < float("inf"),
        f"default: one of {', '.join(outcomes)}": data.get("default", logrocket.default) in outcomes,
        f"callbacks: one of {', '.join(callbacks)}": data.get("callbacks", logrocket.callbacks) in callbacks,
        f"script: a list of {', '.join(outcomes)}": _are_all(data.get("script", []), outcomes),
        "knows_question: true or false": isinstance(data.get("knows_question", True), bool),
        f"refused_projects: a list of {', '.join(projects)}": _are_all(data.get("refused_projects", []), projects),
    }


def _are_all(values: object, known: tuple[str, ...]) -> bool:
    return isinstance(values, list) and all(value in known for value in values)
