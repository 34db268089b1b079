"""What Intercom's records look like, as API 2.16 shows them; and a conversation as API 1.x did."""

from __future__ import annotations

import html
import re
import secrets
import time
from typing import Any, Final

Record = dict[str, Any]

MOST_PARTS: Final = 500
_BETWEEN_BLOCKS: Final = re.compile(r"(</(?:p|li|ul|ol)>|<(?:ul|ol)>|<br>)(?=<)")
_DROPPED: Final = re.compile(r"</?(?:html|body)>|<!--.*?-->", re.DOTALL)


def new_contact(*, email: str | None, external_id: str | None, role: str) -> Record:
    """Return a person."""
    number = secrets.token_hex(12)
    return {
        "type": "contact",
        "id": number,
        "role": role,
        "email": email or "",
        "external_id": external_id if role == "user" else str(secrets.token_hex(8)),
        "name": "Ada" if email else None,
    }


def merged(into: str) -> Record:
    """Return what is left of a person who was merged into another one."""
    return {"merged_into": into}


def new_conversation(number: str, contact: Record, text: str, *, created: int) -> Record:
    """Return a conversation that somebody started; `parts` are kept apart from what is shown."""
    author = {"type": contact["role"], "id": contact["id"], "name": contact["name"], "email": contact["email"]}
    source = {
        "type": "conversation",
        "id": "403918349",
        "delivered_as": "customer_initiated",
        "subject": "",
        "body": f"<p>{html.escape(text)}</p>",
        "url": "https://app.example.com/page",
        "author": author,
    }
    person = {"type": "contact", "id": contact["id"], "external_id": contact["external_id"]}
    return {
        "type": "conversation",
        "id": number,
        "created_at": created,
        "updated_at": created,
        "title": None,
        "state": "open",
        "open": True,
        "read": False,
        "source": source,
        "contacts": {"type": "contact.list", "contacts": [person]},
        "statistics": {"type": "conversation_statistics", "first_contact_reply_at": created},
        "parts": [],
    }


def conversation_part(part_type: str, body: str, author: Record) -> Record:
    """Return a part; Intercom lays the HTML of what it is sent out anew."""
    return {
        "type": "conversation_part",
        "id": str(secrets.randbelow(10**9) + 1),
        "part_type": part_type,
        "body": _BETWEEN_BLOCKS.sub(r"\1\n", _DROPPED.sub("", body).replace("<p>", '<p class="no-margin">')),
        "author": author,
        "created_at": int(time.time()),
        "app_package_code": None,
        "external_id": None,
    }


def shown(conversation: Record, *, plain: bool, with_parts: bool = True) -> Record:
    """Return a conversation as it is shown."""
    told = {name: value for name, value in conversation.items() if name != "parts"}
    source = conversation["source"]
    told["source"] = source | {"body": _plain(source["body"]) if plain else source["body"]}
    if not with_parts:
        return told
    newest = conversation["parts"][-MOST_PARTS:]
    parts = [part | {"body": _plain(part["body"]) if plain else part["body"]} for part in newest]
    kept = {"type": "conversation_part.list", "conversation_parts": parts, "total_count": len(conversation["parts"])}
    return told | {"conversation_parts": kept}


def as_before_2(conversation: Record) -> Record:
    """Return a conversation as apps of API 1.x are told of it."""
    [person], source = conversation["contacts"]["contacts"], conversation["source"]
    told = {name: conversation[name] for name in ("type", "id", "created_at", "updated_at", "open", "read")}
    author = source["author"]
    user = {"type": author["type"], "id": person["id"], "user_id": person["external_id"], "email": author["email"]}
    message = {"type": "conversation_message", "id": source["id"], "body": source["body"], "author": author}
    return told | {"user": user, "conversation_message": message, "assignee": {"type": "nobody_admin", "id": None}}


def _plain(markup: str) -> str:
    """Return a text without its tags; links become `label (url)`."""
    links = re.sub(r'<a href="([^"]*)">(.*?)</a>', r"\2 (\1)", markup, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"</(?:p|li|h\d)>|<br>", "\n", links))).strip()
