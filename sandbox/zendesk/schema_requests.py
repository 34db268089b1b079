"""The shapes of what may be sent to Zendesk's API, in the terms of `schema_shapes`."""

from __future__ import annotations

from typing import Final

from sandbox.zendesk.schema_shapes import CONDITIONS, DIGITS, FORMATS, METHODS, TIME

NEW_WEBHOOK: Final = {
    "name": str,
    "status": {"active", "inactive"},
    "endpoint": str,
    "http_method": METHODS,
    "request_format": FORMATS,
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
NEW_MACRO: Final = {
    "title": str,
    "actions": [{"field": str, "value": (str, [str])}],
    "active?": bool,
    "description?": (str, None),
    "restriction?": ({"type": {"Group", "User"}, "id": int}, None),
}
MERGE: Final = {
    "ids": [int],
    "source_comment?": str,
    "target_comment?": str,
    "source_comment_is_public?": bool,
    "target_comment_is_public?": bool,
}
TAGS: Final = {"tags": [str], "updated_stamp?": TIME, "safe_update?": ({"true"}, bool)}
