"""The shapes of what Zendesk's API has: field names and types, from its published description and recorded traffic.

A shape is a type (`int` is no `bool`), None, a pattern that a text fits whole, a set of the texts that there are, a
list with the shape of its items, a tuple of the shapes that are possible, or an object: a dict by field name, where `?`
at the end of a name says that the field may be missing. An object has no other fields. `ANYTHING` is what Zendesk keeps
as it was sent.
"""

from __future__ import annotations

import re
from typing import Final

ANYTHING: Final = object()
UNREAD: Final = ANYTHING  # zenpy sends the object that is to be deleted; Zendesk does not read it
EMPTY: Final = b""
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
DIGITS: Final = re.compile(r"\d+")

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
    "followup_ids?": [int],
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
METHODS: Final = {"GET", "POST", "PUT", "PATCH", "DELETE"}
FORMATS: Final = {"json", "xml", "form_encoded"}
WEBHOOK: Final = {
    "id": ULID,
    "name": str,
    "description": (str, None),
    "status": {"active", "inactive"},
    "endpoint": str,
    "http_method": METHODS,
    "request_format": FORMATS,
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
HEADERS: Final = [{"key": str, "value": str}]
ATTEMPT: Final = {
    "id": ULID,
    "invocation_id": ULID,
    "completed_at": TIME,
    "status": {"success", "terminated"},
    "status_code": (int, None),
    "request": {"endpoint": str, "headers": HEADERS, "payload": str},
    "response": {"headers": HEADERS, "payload": str},
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
MACRO: Final = {
    "id": int,
    "title": str,
    "raw_title?": str,
    "description": (str, None),
    "active": bool,
    "position": int,
    "actions": [{"field": str, "value": (str, [str])}],
    "restriction": ({"type": {"Group", "User"}, "id": int, "ids?": [int]}, {}, None),
    "default": bool,
    "created_at": TIME,
    "updated_at": TIME,
    "url?": str,
}
BRAND: Final = {
    "id": int,
    "name": str,
    "subdomain": str,
    "brand_url": str,
    "active": bool,
    "default": bool,
    "is_deleted": bool,
    "has_help_center": bool,
    "help_center_state": {"enabled", "disabled", "restricted"},
    "host_mapping": (str, None),
    "logo": ANYTHING,
    "signature_template": str,
    "ticket_form_ids": [int],
    "created_at": TIME,
    "updated_at": TIME,
    "url?": str,
}
TICKET_FORM: Final = {
    "id": int,
    "name": str,
    "raw_name": str,
    "display_name": str,
    "raw_display_name": str,
    "active": bool,
    "default": bool,
    "end_user_visible": bool,
    "in_all_brands": bool,
    "restricted_brand_ids": [int],
    "ticket_field_ids": [int],
    "position": int,
    "agent_conditions": [ANYTHING],
    "end_user_conditions": [ANYTHING],
    "created_at": TIME,
    "updated_at": TIME,
    "url?": str,
}
TICKET_FIELD: Final = {
    "id": int,
    "type": str,
    "title": str,
    "raw_title": str,
    "title_in_portal": str,
    "raw_title_in_portal": str,
    "description": str,
    "raw_description": str,
    "agent_description": (str, None),
    "active": bool,
    "removable": bool,
    "required": bool,
    "required_in_portal": bool,
    "editable_in_portal": bool,
    "visible_in_portal": bool,
    "collapsed_for_agents": bool,
    "position": int,
    "regexp_for_validation": (str, None),
    "tag": (str, None),
    "created_at": TIME,
    "updated_at": TIME,
    "url?": str,
}
JOB: Final = {
    "id": str,
    "url": str,
    "job_type?": str,
    "status": {"queued", "working", "failed", "completed", "killed"},
    "total": (int, None),
    "progress": (int, None),
    "message": (str, None),
    "results": ([{"id": int, "action": str, "status": str, "success": bool}], None),
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
