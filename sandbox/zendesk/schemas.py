"""The shapes of what is asked of Zendesk and of what it answers: field names and types.

They come from its published description and from traffic recorded on real accounts.

A shape is a type (`int` is no `bool`), None, a pattern that a text fits whole, a set of the texts that there are, a
list with the shape of its items, a tuple of the shapes that are possible, or an object: a dict by field name, where `?`
at the end of a name says that the field may be missing. An object has no other fields. `ANYTHING` is what Zendesk keeps
as it was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from flask import Request, Response

PRODUCT: Final = "helpdesk-highlights"
"""How the product names itself: its requests are held against the shapes, those of tests may be wrong on purpose."""

ANYTHING: Final = object()
UNREAD: Final = ANYTHING  # zenpy sends the object that is to be deleted; Zendesk does not read it
EMPTY: Final = b""
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
DIGITS: Final = re.compile(r"\d+")
_ID: Final = r"\d+"
_WEBHOOK_ID: Final = r"[0-9A-HJKMNP-TV-Z]{26}"

LINK: Final = (str, None)
CURSOR_META: Final = {"has_more": bool, "after_cursor?": (str, None), "before_cursor?": (str, None)}
BY_CURSOR: Final = {"meta": CURSOR_META, "links": {"next": LINK, "prev": LINK}}
BY_OFFSET: Final = {"count": int, "next_page": LINK, "previous_page": LINK}
WEBHOOK_LINK: Final = re.compile(
    r"https://[a-z0-9-]+\.zendesk\.com:443/api/v2/webhooks\S*\?page%5B(after|before)%5D=\S+"
)
OF_WEBHOOKS: Final = {
    "meta": CURSOR_META,
    "links?": {"next?": WEBHOOK_LINK, "prev?": WEBHOOK_LINK},
}

VIA: Final = {"channel": str, "source": {"from": ANYTHING, "to": ANYTHING, "rel": (str, None)}}
METADATA: Final = {"system": ANYTHING, "custom": ANYTHING}
TICKET: Final = {
    "id": int,
    "requester_id": int,
    "created_at": TIME,
    "updated_at": TIME,
    "status": {"new", "open", "pending", "hold", "solved", "closed", "deleted"},
    "via": VIA,
    "tags": [str],
    "is_public": bool,
    "external_id": (str, None),
    "subject": (str, None),
    "raw_subject": (str, None),
    "description": (str, None),
    "priority": ({"urgent", "high", "normal", "low"}, None),
    "type": ({"problem", "incident", "question", "task"}, None),
    "submitter_id": int,
    "assignee_id": (int, None),
    "organization_id": (int, None),
    "group_id": (int, None),
    "brand_id": int,
    "ticket_form_id?": int,
    "custom_fields": [{"id": int, "value": ANYTHING}],
    "custom_status_id?": int,
    "url?": str,
    "generated_timestamp?": int,
}
COMMENT: Final = {
    "id": int,
    "type": {"Comment", "VoiceComment"},
    "author_id": int,
    "body": str,
    "html_body": str,
    "plain_body": str,
    "public": bool,
    "attachments": [ANYTHING],
    "audit_id": int,
    "via": VIA,
    "metadata": METADATA,
    "created_at": TIME,
}
COMMENT_EVENT: Final = {name: COMMENT[name] for name in COMMENT if name not in ("via", "metadata", "created_at")}
FIELD_EVENT: Final = {
    "id": int,
    "type": {"Create", "Change"},
    "field_name": str,
    "value": (str, [str], None),
    "previous_value?": (str, [str], None),
}
AUDIT: Final = {
    "id": int,
    "ticket_id": int,
    "author_id": int,
    "events": [(COMMENT_EVENT, FIELD_EVENT)],
    "metadata": METADATA,
    "via": VIA,
    "created_at": TIME,
}
USER: Final = {
    "id": (int, None),
    "name": str,
    "email": (str, None),
    "external_id": (str, None),
    "role": {"end-user", "agent", "admin"},
    "active": bool,
    "verified": bool,
    "created_at": (TIME, None),
    "updated_at": (TIME, None),
    "role_type?": (int, None),
    "custom_role_id?": (int, None),
    "ticket_restriction?": (str, None),
    "restricted_agent?": bool,
    "only_private_comments?": bool,
    "chat_only?": bool,
    "suspended?": bool,
    "locale?": str,
    "time_zone?": str,
    "phone?": (str, None),
    "tags?": [str],
}
_METHODS: Final = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_FORMATS: Final = {"json", "xml", "form_encoded"}
WEBHOOK: Final = {
    "id": ULID,
    "name": str,
    "description": (str, None),
    "status": {"active", "inactive"},
    "endpoint": str,
    "http_method": _METHODS,
    "request_format": _FORMATS,
    "subscriptions": [str],
    "created_at": TIME,
    "created_by": str,
    "updated_at": TIME,
    "updated_by": str,
    "custom_headers?": ANYTHING,
    "authentication?": {"type": str, "add_position": {"header"}, "data?": {"username": str}},
}
CONDITION: Final = {"field": str, "operator": str, "value": (str, bool, int, [str], None)}
CONDITIONS: Final = {"all": [CONDITION], "any": [CONDITION]}
ACTION: Final = {"field": str, "value": ANYTHING}
TRIGGER: Final = {
    "id": int,
    "title": str,
    "raw_title": str,
    "description": (str, None),
    "active": bool,
    "position": int,
    "conditions": CONDITIONS,
    "actions": [ACTION],
    "category_id": DIGITS,
    "default": bool,
    "created_at": TIME,
    "updated_at": TIME,
    "url?": str,
}
INVOCATION: Final = {
    "id": ULID,
    "latest_completed_at": TIME,
    "status": {"accepted", "success", "terminated", "throttled", "circuit broken", "failed", "timeout", "unknown"},
    "status_code": (int, None),
}
_HEADERS: Final = [{"key": str, "value": str}]
ATTEMPT: Final = {
    "id": ULID,
    "invocation_id": ULID,
    "completed_at": TIME,
    "status": {"success", "terminated"},
    "status_code": (int, None),
    "request": {"endpoint": str, "headers": _HEADERS, "payload": str},
    "response": {"headers": _HEADERS, "payload": str},
}
NEVER_SENT: Final = {
    "id": ULID,
    "invocation_id": ULID,
    "status": {"throttled", "circuit broken"},
    "completed_at": TIME,
}
DEFINED: Final = {
    "subject": str,
    "title": str,
    "group?": str,
    "type?": str,
    "nullable?": bool,
    "repeatable?": bool,
    "operators?": [{"value": str, "title": str, "terminal": bool}],
    "values?": [{"value": str, "title": str, "enabled": bool}],
}
CATEGORY: Final = {"id": DIGITS, "name": str, "position": int, "created_at": TIME, "updated_at": TIME}
ERROR: Final = (
    {"error": str},
    {"error": str, "description": str},
    {"error": str, "message": str},
    {"error": str, "error_description": str},
    {"error": {"title": str, "message": str}},
    {"errors": [{"code": str, "title": str, "detail": str}]},
    {"error": {"RecordInvalid"}, "description": str, "details": ANYTHING},
)

NEW_WEBHOOK: Final = {
    "name": str,
    "status": {"active", "inactive"},
    "endpoint": str,
    "http_method": _METHODS,
    "request_format": _FORMATS,
    "subscriptions": [str],
    "description?": str,
}
SENT_ACTIONS: Final = [
    (
        {"field": {"notification_webhook"}, "value": [str]},
        {"field": {"current_tags", "remove_tags", "set_tags", "status", "priority"}, "value": str},
    )
]
NEW_TRIGGER: Final = {
    "title": str,
    "conditions": CONDITIONS,
    "actions": SENT_ACTIONS,
    "active?": bool,
    "description?": str,
    "category_id?": DIGITS,
}
GRANT: Final = {
    "grant_type": {"client_credentials"},
    "client_id": str,
    "client_secret": str,
    "scope": str,
    "expires_in": int,
}
NOTE: Final = {"html_body": str, "public": bool}
PAGE: Final = frozenset({"page[size]", "page[after]", "sort", "per_page", "page"})


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What may be asked at a path, and what is answered."""

    method: str
    path: str
    answers: dict[int, Any]
    request: Any = EMPTY
    query: frozenset[str] = field(default=frozenset())


def _one(name: str, shape: object) -> dict[int, Any]:
    return {200: {name: shape}}


def _listed(name: str, shape: object) -> dict[int, Any]:
    return {200: ({name: [shape]} | BY_CURSOR, {name: [shape]} | BY_OFFSET)}


_API: Final = "/api/v2"
_T: Final = f"{_API}/tickets/{_ID}"
_W: Final = f"{_API}/webhooks"
_TEST: Final = {"request": {"endpoint": str, "http_method": _METHODS, "request_format": _FORMATS, "payload": str}}
_TESTED: Final = {"response": {"status_code": (int, None), "headers": _HEADERS, "payload": str}}
_SECRET: Final = {"signing_secret": {"secret": str, "algorithm": {"SHA256"}}}
_UPDATED: Final = {"ticket": TICKET, "audit": AUDIT}
_TOKEN: Final = {"access_token": str, "token_type": {"bearer"}, "scope": str, "expires_in?": int}
_EXPORTED: Final = {
    "tickets": [TICKET],
    "after_cursor": (str, None),
    "after_url": LINK,
    "before_cursor": (str, None),
    "before_url": LINK,
    "end_of_stream": bool,
}
_CHANGED_TRIGGER: Final = {(name if name.endswith("?") else f"{name}?"): shape for name, shape in NEW_TRIGGER.items()}
_CHANGED_WEBHOOK: Final = {(name if name.endswith("?") else f"{name}?"): shape for name, shape in NEW_WEBHOOK.items()}
_SHOWN: Final = {"definitions": {"conditions_all": [DEFINED], "conditions_any": [DEFINED], "actions": [DEFINED]}}
_ROLE: Final = {"id": int, "name": str, "role_type": int, "configuration": ANYTHING}
_FOUND: Final = {"results": [TICKET | {"result_type": {"ticket"}}], "facets": None} | BY_CURSOR
_LOG_FILTERS: Final = frozenset({"filter[from_ts]", "filter[to_ts]", "filter[status]"})

EXCHANGES: Final = (
    Exchange(method="POST", path="/oauth/tokens", request=GRANT, answers={201: _TOKEN}),
    Exchange(
        method="GET",
        path=f"{_API}/oauth/tokens/current",
        answers=_one("token", {"id": int, "user_id": int, "scopes": [str], "token": str}),
    ),
    Exchange(method="GET", path=f"{_API}/users/(me|{_ID})", answers=_one("user", USER)),
    Exchange(method="GET", path=f"{_API}/custom_roles/{_ID}", answers=_one("custom_role", _ROLE)),
    Exchange(method="GET", path=f"{_API}/tickets", query=PAGE, answers=_listed("tickets", TICKET)),
    Exchange(method="GET", path=_T, answers=_one("ticket", TICKET)),
    Exchange(method="PUT", path=_T, request={"ticket": {"id?": int, "comment": NOTE}}, answers={200: _UPDATED}),
    Exchange(
        method="GET",
        path=f"{_T}/comments",
        query=PAGE | {"include_inline_images"},
        answers=_listed("comments", COMMENT),
    ),
    Exchange(method="PUT", path=f"{_T}/comments/{_ID}/make_private", answers={200: EMPTY}),
    Exchange(method="GET", path=f"{_T}/audits", query=PAGE, answers=_listed("audits", AUDIT)),
    Exchange(method="GET", path=f"{_T}/tags", answers=_one("tags", [str])),
    Exchange(method="PUT", path=f"{_T}/tags", request={"tags": [str]}, answers=_one("tags", [str])),
    Exchange(
        method="GET",
        path=f"{_API}/search/export",
        query=PAGE | {"filter[type]", "query"},
        answers={200: _FOUND},
    ),
    Exchange(
        method="GET",
        path=f"{_API}/incremental/tickets/cursor",
        query=frozenset({"start_time", "cursor", "per_page"}),
        answers={200: _EXPORTED},
    ),
    Exchange(
        method="GET",
        path=_W,
        query=PAGE | {"filter[name_contains]", "filter[status]"},
        answers={200: {"webhooks": [WEBHOOK]} | OF_WEBHOOKS},
    ),
    Exchange(
        method="POST",
        path=_W,
        request={"webhook": NEW_WEBHOOK},
        query=frozenset({"clone_webhook_id"}),
        answers={201: {"webhook": WEBHOOK}},
    ),
    Exchange(method="GET", path=f"{_W}/{_WEBHOOK_ID}", answers=_one("webhook", WEBHOOK)),
    Exchange(method="PUT", path=f"{_W}/{_WEBHOOK_ID}", request={"webhook": NEW_WEBHOOK}, answers={204: EMPTY}),
    Exchange(
        method="PATCH",
        path=f"{_W}/{_WEBHOOK_ID}",
        request={"webhook": _CHANGED_WEBHOOK | {"id?": ULID}},
        answers={204: EMPTY},
    ),
    Exchange(method="DELETE", path=f"{_W}/{_WEBHOOK_ID}", request=UNREAD, answers={204: EMPTY}),
    Exchange(method="GET", path=f"{_W}/{_WEBHOOK_ID}/signing_secret", answers={200: _SECRET}),
    Exchange(method="POST", path=f"{_W}/{_WEBHOOK_ID}/signing_secret", answers={201: _SECRET}),
    Exchange(method="POST", path=f"{_W}/test", request=_TEST, query=frozenset({"webhook_id"}), answers={200: _TESTED}),
    Exchange(
        method="GET",
        path=f"{_W}/{_WEBHOOK_ID}/invocations",
        query=PAGE | _LOG_FILTERS,
        answers={200: {"invocations": [INVOCATION]} | OF_WEBHOOKS},
    ),
    Exchange(
        method="GET",
        path=f"{_W}/{_WEBHOOK_ID}/invocations/{_WEBHOOK_ID}/attempts",
        answers={200: {"attempts": [(ATTEMPT, NEVER_SENT)]}},
    ),
    Exchange(
        method="GET",
        path=f"{_API}/triggers(/active|/search)?",
        query=PAGE | {"active", "query", "filter"},
        answers=_listed("triggers", TRIGGER),
    ),
    Exchange(
        method="POST", path=f"{_API}/triggers", request={"trigger": NEW_TRIGGER}, answers={201: {"trigger": TRIGGER}}
    ),
    Exchange(method="GET", path=f"{_API}/triggers/definitions", answers={200: _SHOWN}),
    Exchange(method="GET", path=f"{_API}/triggers/{_ID}", answers=_one("trigger", TRIGGER)),
    Exchange(
        method="PUT",
        path=f"{_API}/triggers/{_ID}",
        request={"trigger": _CHANGED_TRIGGER | {"id?": int}},
        answers=_one("trigger", TRIGGER),
    ),
    Exchange(method="DELETE", path=f"{_API}/triggers/{_ID}", request=UNREAD, answers={204: EMPTY}),
    Exchange(
        method="GET", path=f"{_API}/trigger_categories", query=PAGE, answers=_listed("trigger_categories", CATEGORY)
    ),
)

_watching: list[list[str]] = []


@contextmanager
def watched() -> Iterator[list[str]]:
    """Hold all that is asked and answered meanwhile against the shapes; the list says what does not fit."""
    found: list[str] = []
    _watching.append(found)
    try:
        yield found
    finally:
        _watching.remove(found)


def watch(request: Request, response: Response) -> Response:
    """Hold one exchange against the shapes, when somebody wants to know."""
    if _watching and request.path.startswith(("/api/", "/oauth/")):
        for problem in problems(request, response):
            for found in _watching:
                found.append(f"{request.method} {request.path}: {problem}")
    return response


def problems(request: Request, response: Response) -> Iterator[str]:
    """What of an exchange does not fit."""
    known = [
        each
        for each in EXCHANGES
        if each.method == request.method and re.fullmatch(each.path, request.path.rstrip("/"))
    ]
    own = request.headers.get("User-Agent", "").startswith(PRODUCT)
    if own and not known:
        yield "Zendesk has no such endpoint"
    if own and known:
        yield from (f"Zendesk knows no parameter {name}" for name in set(request.args) - known[0].query)
        yield from misfits(_read(request.get_data()), known[0].request, "request")
    if response.status_code >= 400:
        yield from misfits(_read(response.get_data()), ERROR, f"{response.status_code}")
    elif known and response.status_code not in known[0].answers:
        yield f"Zendesk does not answer {response.status_code}"
    elif known:
        yield from misfits(_read(response.get_data()), known[0].answers[response.status_code], "answer")
    if request.path.startswith(_W):
        yield from (f"no header {name} there" for name, _ in response.headers if name.startswith("ratelimit"))


def misfits(value: object, shape: Any, at: str) -> Iterator[str]:  # noqa: ANN401  # shapes are of many types
    """Where a value does not have a shape."""
    if shape is ANYTHING:
        return
    if isinstance(shape, tuple):
        each = [list(misfits(value, one, at)) for one in shape]
        if all(each):
            yield from min(each, key=len)
    elif isinstance(shape, dict) and isinstance(value, dict):
        names = {name.removesuffix("?"): name for name in shape}
        yield from (f"{at} has no field {name}" for name in value if name not in names)
        yield from (f"{at} lacks {name}" for name in shape if not name.endswith("?") and name not in value)
        for name in set(value) & set(names):
            yield from misfits(value[name], shape[names[name]], f"{at}.{name}")
    elif isinstance(shape, list) and isinstance(value, list):
        for item in value:
            yield from misfits(item, shape[0], f"{at}[]")
    elif not _is(value, shape):
        yield f"{at} is {type(value).__name__}"


def _is(value: object, shape: object) -> bool:
    if isinstance(shape, type):
        return type(value) is shape
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, set):
        return isinstance(value, str) and value in shape
    return value == shape and type(value) is type(shape)


def _read(body: bytes) -> object:
    """JSON as data; anything else as it is."""
    try:
        return json.loads(body) if body else EMPTY
    except ValueError:
        return body
