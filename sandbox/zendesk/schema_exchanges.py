"""What may be asked of Zendesk's API, and what it answers: each endpoint with its query, its body and its answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.zendesk.schema_requests import GRANT, MERGE, NEW_MACRO, NEW_TRIGGER, NEW_WEBHOOK, NOTE, TAGS
from sandbox.zendesk.schema_shapes import (
    ANYTHING,
    ATTEMPT,
    AUDIT,
    BRAND,
    BY_CURSOR,
    BY_OFFSET,
    CATEGORY,
    COMMENT,
    DEFINED,
    EMPTY,
    FORMATS,
    HEADERS,
    INVOCATION,
    JOB,
    LINK,
    MACRO,
    METHODS,
    NEVER_SENT,
    OF_WEBHOOKS,
    TICKET,
    TICKET_FIELD,
    TICKET_FORM,
    TRIGGER,
    ULID,
    UNREAD,
    USER,
    WEBHOOK,
)

_ID: Final = r"\d+"
_WEBHOOK_ID: Final = r"[0-9A-HJKMNP-TV-Z]{26}"
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


def _listed(name: str, shape: object, beside: dict[str, Any] | None = None) -> dict[int, Any]:
    listed = {name: [shape]} | (beside or {})
    return {200: (listed | BY_CURSOR, listed | BY_OFFSET)}


def _all_optional(shape: dict[str, Any]) -> dict[str, Any]:
    return {(name if name.endswith("?") else f"{name}?"): part for name, part in shape.items()}


_API: Final = "/api/v2"
_T: Final = f"{_API}/tickets/{_ID}"
_W: Final = f"{_API}/webhooks"
_TEST: Final = {"request": {"endpoint": str, "http_method": METHODS, "request_format": FORMATS, "payload": str}}
_TESTED: Final = {"response": {"status_code": (int, None), "headers": HEADERS, "payload": str}}
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
_CHANGED_TRIGGER: Final = _all_optional(NEW_TRIGGER)
_CHANGED_WEBHOOK: Final = _all_optional(NEW_WEBHOOK)
_CHANGED_MACRO: Final = _all_optional(NEW_MACRO)
_SENT_TICKET: Final = {"id?": int, "comment?": NOTE, "tags?": [str], "additional_tags?": [str], "remove_tags?": [str]}
_WITH_USERS: Final = {"users?": [USER]}
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
    Exchange(method="GET", path=_T, query=frozenset({"include"}), answers={200: {"ticket": TICKET} | _WITH_USERS}),
    Exchange(method="PUT", path=_T, request={"ticket": _SENT_TICKET}, answers={200: _UPDATED}),
    Exchange(method="POST", path=f"{_T}/merge", request=MERGE, answers=_one("job_status", JOB)),
    Exchange(method="GET", path=f"{_API}/job_statuses/[0-9a-f]+", answers=_one("job_status", JOB)),
    Exchange(
        method="GET",
        path=f"{_T}/comments",
        query=PAGE | {"include", "include_inline_images"},
        answers=_listed("comments", COMMENT, _WITH_USERS),
    ),
    Exchange(method="PUT", path=f"{_T}/comments/{_ID}/make_private", answers={200: EMPTY}),
    Exchange(method="GET", path=f"{_T}/audits", query=PAGE, answers=_listed("audits", AUDIT)),
    Exchange(method="GET", path=f"{_T}/tags", answers=_one("tags", [str])),
    Exchange(method="POST", path=f"{_T}/tags", request=TAGS, answers={201: {"tags": [str]}}),
    Exchange(method="PUT", path=f"{_T}/tags", request=TAGS, answers=_one("tags", [str])),
    Exchange(method="DELETE", path=f"{_T}/tags", request=TAGS, answers={204: EMPTY}),
    Exchange(method="GET", path=f"{_API}/brands", query=PAGE, answers=_listed("brands", BRAND)),
    Exchange(method="GET", path=f"{_API}/ticket_forms", query=PAGE, answers=_listed("ticket_forms", TICKET_FORM)),
    Exchange(method="GET", path=f"{_API}/ticket_fields", query=PAGE, answers=_listed("ticket_fields", TICKET_FIELD)),
    Exchange(method="GET", path=f"{_API}/macros", query=PAGE | {"active"}, answers=_listed("macros", MACRO)),
    Exchange(method="POST", path=f"{_API}/macros", request={"macro": NEW_MACRO}, answers=_one("macro", MACRO)),
    Exchange(method="GET", path=f"{_API}/macros/{_ID}", answers=_one("macro", MACRO)),
    Exchange(
        method="PUT",
        path=f"{_API}/macros/{_ID}",
        request={"macro": _CHANGED_MACRO | {"id?": int}},
        answers=_one("macro", MACRO),
    ),
    Exchange(method="DELETE", path=f"{_API}/macros/{_ID}", request=UNREAD, answers={204: EMPTY}),
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
