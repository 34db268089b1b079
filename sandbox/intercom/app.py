"""Intercom's HTTP interface: who asks, what they may, and how it is answered."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, abort, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from sandbox.intercom.shapes import conversation_part, shown

if TYPE_CHECKING:
    from sandbox.intercom import Intercom

Record = dict[str, Any]
PER_PAGE: Final = 20
MOST: Final = 150
REPLIES: Final = frozenset({"comment", "note", "quick_reply"})


class Refused(Exception):  # it says what Intercom says
    """What is answered instead: a status and a list with one error."""

    def __init__(self, status: int, code: str, message: str = "", link: str | None = None) -> None:
        """Keep all of it."""
        super().__init__(code)
        self.status, self.code, self.message, self.link = status, code, message, link


def create_app(intercom: Intercom) -> Flask:
    """Return the application."""
    app = Flask("sandbox.intercom")

    def answered(permission: str | None, view: Callable[..., Record], **arguments: str) -> Response:
        try:
            _authorize(intercom, permission)
            with intercom.lock:
                response = jsonify(view(intercom, **arguments))
        except Refused as refused:
            error = {"code": refused.code, "message": refused.message}
            response = jsonify({"type": "error.list", "request_id": secrets.token_hex(8), "errors": [error]})
            response.status_code = refused.status
            if refused.link is not None:
                response.headers["Link"] = refused.link
        response.headers["X-RateLimit-Limit"] = str(intercom.limit)
        response.headers["X-RateLimit-Remaining"] = str(intercom.left)
        response.headers["X-RateLimit-Reset"] = str(int(time.time()) + intercom.resets_in)
        return response

    for method, path, permission, view in ROUTES:

        def route(
            *, permission: str | None = permission, view: Callable[..., Record] = view, **arguments: str
        ) -> ResponseReturnValue:
            return answered(permission, view, **arguments)

        app.add_url_rule(path, path, route, methods=[method])

    @app.get("/a/inbox/<_workspace>/inbox/conversation/<number>")
    def show(_workspace: str, number: str) -> ResponseReturnValue:
        """Lead a teammate to a conversation."""
        if intercom.inbox_page is None or number not in intercom.conversations:
            abort(404)
        return redirect(f"{intercom.inbox_page}#conversation-{number}")

    return app


def _authorize(intercom: Intercom, permission: str | None) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not secrets.compare_digest(given.encode(), intercom.token.encode()):
        raise Refused(401, "unauthorized", "Access Token Invalid")
    if request.headers.get("Intercom-Version") != "2.16":
        raise Refused(400, "intercom_version_invalid", "the version of the API was not named")
    if permission is not None and permission not in intercom.permissions:
        raise Refused(403, "api_plan_restricted", "the token lacks a permission")


def _me(intercom: Intercom) -> Record:
    app = {"type": "app", "id_code": intercom.app_id, "name": intercom.name, "region": intercom.region}
    return intercom.admins[intercom.own_id] | {"app": app}


def _admin(intercom: Intercom, number: str) -> Record:
    if number not in intercom.admins:
        raise Refused(404, "admin_not_found", "Admin not found")
    return intercom.admins[number]


def _contact(intercom: Intercom, number: str) -> Record:
    contact = intercom.contacts.get(number)
    if contact is None:
        raise Refused(404, "not_found", "User Not Found")
    if "merged_into" in contact:
        link = f'</contacts/{contact["merged_into"]}>; rel="canonical"'
        raise Refused(410, "contact_merged", "the contact was merged", link)
    return contact


def _conversation(intercom: Intercom, number: str) -> Record:
    if number not in intercom.conversations:
        raise Refused(404, "not_found", "Resource Not Found")
    return shown(intercom.conversations[number], plain=request.args.get("display_as") == "plaintext")


def _search(intercom: Intercom) -> Record:
    asked = request.get_json()
    found = [
        conversation
        for conversation in intercom.conversations.values()
        if all(_meets(conversation, condition) for condition in asked["query"]["value"])
    ]
    pagination = asked.get("pagination", {})
    size, start = min(int(pagination.get("per_page", PER_PAGE)), MOST), int(pagination.get("starting_after") or 0)
    pages: Record = {
        "type": "pages",
        "page": start // size + 1,
        "per_page": size,
        "total_pages": -(-len(found) // size),
    }
    if start + size < len(found):
        pages["next"] = {"page": start // size + 2, "starting_after": str(start + size)}
    listed = [shown(each, plain=False, with_parts=False) for each in found[start : start + size]]
    return {"type": "conversation.list", "pages": pages, "total_count": len(found), "conversations": listed}


def _meets(conversation: Record, condition: Record) -> bool:
    value, bound = conversation[condition["field"]], condition["value"]
    return bool({">": value > bound, "<": value < bound, "=": value == bound}[condition["operator"]])


def _reply(intercom: Intercom, number: str) -> Record:
    asked = request.get_json()
    if number == "last":  # the customer's last one, whichever that is
        number = list(intercom.conversations)[-1]
    if number not in intercom.conversations:
        raise Refused(404, "not_found", "Resource Not Found")
    if asked.get("message_type") not in REPLIES or asked.get("type") != "admin" or not asked.get("body"):
        raise Refused(400, "parameter_invalid", "message_type, type and body are needed")
    author = intercom.admins.get(intercom.note_author or str(asked.get("admin_id")))
    if author is None:
        raise Refused(404, "admin_not_found", "Admin not found")
    kind = intercom.note_becomes if asked["message_type"] == "note" else asked["message_type"]
    part = conversation_part(kind, asked["body"], {name: author[name] for name in ("type", "id", "name", "email")})
    if intercom.keeps_parts:
        intercom.conversations[number]["parts"].append(part)
        intercom.conversations[number]["updated_at"] = int(time.time())
    return shown(intercom.conversations[number], plain=False)


def _contacts(intercom: Intercom) -> Record:
    return {"type": "list", "data": list(intercom.contacts.values())[:1]}


ROUTES: Final[tuple[tuple[str, str, str | None, Callable[..., Record]], ...]] = (
    ("GET", "/me", None, _me),
    ("GET", "/admins/<number>", "read_admins", _admin),
    ("GET", "/contacts", "read_contacts", _contacts),
    ("GET", "/contacts/<number>", "read_contacts", _contact),
    ("GET", "/conversations/<number>", "read_conversations", _conversation),
    ("POST", "/conversations/search", "read_conversations", _search),
    ("POST", "/conversations/<number>/reply", "write_conversations", _reply),
)
"""Method, path, the permission that it takes, and what is told."""
