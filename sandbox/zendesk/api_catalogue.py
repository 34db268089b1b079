"""What the account has of brands, forms and fields of tickets, over HTTP."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.zendesk.asking import desk, require_scope
from sandbox.zendesk.paging import page
from sandbox.zendesk.records import BRAND_ID, BRANDS, FIELDS, FORM_ID, FORMS

blueprint = Blueprint("catalogue", __name__)

_ALWAYS: Final = "2023-01-01T00:00:00Z"


@blueprint.get("/brands")
def list_brands() -> ResponseReturnValue:
    """List the brands, sorted by name."""
    require_scope("read")
    brands = sorted(BRANDS.items(), key=lambda brand: brand[1])
    return jsonify(page("brands", brands, lambda brand: _brand(*brand, subdomain=desk().subdomain)))


@blueprint.get("/ticket_forms")
def list_forms() -> ResponseReturnValue:
    """List the forms."""
    require_scope("read")
    return jsonify(page("ticket_forms", list(FORMS.items()), lambda form: _form(*form)))


@blueprint.get("/ticket_fields")
def list_fields() -> ResponseReturnValue:
    """List the account's own fields."""
    require_scope("read")
    return jsonify(page("ticket_fields", list(FIELDS.items()), lambda field: _field(*field)))


def _brand(number: int, name: str, *, subdomain: str) -> dict[str, Any]:
    """Write a brand."""
    own = subdomain if number == BRAND_ID else f"{subdomain}-{number}"
    return {
        "id": number,
        "name": name,
        "subdomain": own,
        "brand_url": f"https://{own}.zendesk.com",
        "active": True,
        "default": number == BRAND_ID,
        "is_deleted": False,
        "has_help_center": False,
        "help_center_state": "disabled",
        "host_mapping": None,
        "logo": None,
        "signature_template": "{{agent.signature}}",
        "ticket_form_ids": list(FORMS),
        "created_at": _ALWAYS,
        "updated_at": _ALWAYS,
    }


def _form(number: int, name: str) -> dict[str, Any]:
    """Write a form."""
    return {
        "id": number,
        "name": name,
        "raw_name": name,
        "display_name": name,
        "raw_display_name": name,
        "active": True,
        "default": number == FORM_ID,
        "end_user_visible": True,
        "in_all_brands": True,
        "restricted_brand_ids": [],
        "ticket_field_ids": list(FIELDS),
        "position": list(FORMS).index(number) + 1,
        "agent_conditions": [],
        "end_user_conditions": [],
        "created_at": _ALWAYS,
        "updated_at": _ALWAYS,
    }


def _field(number: int, title: str) -> dict[str, Any]:
    """Write a field of tickets, for text."""
    titles = dict.fromkeys(("title", "raw_title", "title_in_portal", "raw_title_in_portal"), title)
    shown = dict.fromkeys(("active", "editable_in_portal", "visible_in_portal", "removable"), True)
    hidden = dict.fromkeys(("required", "required_in_portal", "collapsed_for_agents"), False)
    return (
        {"id": number, "type": "text"}
        | titles
        | shown
        | hidden
        | {
            "description": "",
            "raw_description": "",
            "agent_description": None,
            "position": list(FIELDS).index(number) + 1,
            "regexp_for_validation": None,
            "tag": None,
            "created_at": _ALWAYS,
            "updated_at": _ALWAYS,
        }
    )
