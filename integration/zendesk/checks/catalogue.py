"""Whether what the settings name is there in Zendesk: a ticket field, brands, forms; told when something is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from integration.errors import RemoteError
from integration.findings import Result, ok, skipped, warning
from integration.safe_text import printable
from integration.settings import Settings
from integration.zendesk.checks.user import CheckSession
from integration.zendesk.labels import BRANDS, FORMS
from integration.zendesk.settings import FIELD, ZendeskSettings
from integration.zendesk.zenpy_client import SURPRISES

FIELDS, LABELS = "ticket field", "brands and forms"
_LISTS: Final = {"brand": BRANDS, "form": FORMS}
_NOT_SHOWN: Final = "Zendesk does not show these credentials what there is"

Records = list[Mapping[str, Any]]


def of_what_settings_name(session: CheckSession, settings: Settings) -> Iterator[Result]:
    """The field of `IDENTIFY_BY`, and the brands and forms of `LOGROCKET_PROJECTS`."""
    fields = [way.removeprefix(FIELD) for way in settings.of(ZendeskSettings).identify_by if way.startswith(FIELD)]
    if fields:
        yield _fields(session, fields)
    if settings.project_rules:
        yield _labels(session, settings)


def without_user(why: str, settings: Settings) -> Iterator[Result]:
    """The same, where Zendesk cannot be asked."""
    if any(way.startswith(FIELD) for way in settings.of(ZendeskSettings).identify_by):
        yield skipped(FIELDS, why)
    if settings.project_rules:
        yield skipped(LABELS, why)


def _fields(session: CheckSession, wanted: list[str]) -> Result:
    known = _listed(session, "ticket_fields")
    if known is None:
        return skipped(FIELDS, _NOT_SHOWN)
    ids = {str(field.get("id")) for field in known if field.get("active") is not False}
    missing = [number for number in wanted if number not in ids]
    if missing:
        told = f"IDENTIFY_BY names {_those(missing)}, which this account does not have, or not any more"
        return warning(FIELDS, told, "Compare it with Admin Center > Objects and rules > Tickets > Fields.")
    return ok(FIELDS, f"{_those(wanted)} of IDENTIFY_BY is there" if len(wanted) == 1 else "those of IDENTIFY_BY exist")


def _labels(session: CheckSession, settings: Settings) -> Result:
    rules = settings.project_rules
    listed = {kind: _listed(session, _LISTS[kind]) for kind in dict.fromkeys(str(rule.kind) for rule in rules)}
    shown = [rule for rule in rules if listed[rule.kind] is not None]
    missing = [
        str(rule)
        for rule in shown
        if not any(rule.names((str(record.get("id")), _name(record))) for record in listed[rule.kind] or ())
    ]
    if missing:
        told = f"LOGROCKET_PROJECTS names {_those(missing)}, which this account does not have"
        return warning(
            LABELS, told, "Compare names and ids with Admin Center: tickets of others go to LOGROCKET_APP_ID."
        )
    if len(shown) < len(rules):
        told = f"{_NOT_SHOWN}: tickets of those that LOGROCKET_PROJECTS knows by their names go to LOGROCKET_APP_ID"
        return warning(LABELS, told, "Add the scope read to the OAuth client, or name them by their ids.")
    return ok(LABELS, "those of LOGROCKET_PROJECTS are there")


def _listed(session: CheckSession, name: str) -> Records | None:
    """A list of the account's; None when Zendesk does not show it."""
    try:
        return list(session.listed(name))
    except (RemoteError, *SURPRISES):
        return None


def _name(record: Mapping[str, Any]) -> str | None:
    name = record.get("name")
    return name if isinstance(name, str) else None


def _those(names: list[str]) -> str:
    return printable(", ".join(names))[:300]
