"""Zendesk for an admin: makes, changes and deletes our webhook and our triggers.

zenpy does the calls of webhooks and triggers; what it does not know (definitions, categories) is asked for beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import requests
from zenpy.lib import api_objects

from integration.errors import Held, Permanent, RemoteError, Temporary, Told
from integration.http import ServiceSession
from integration.zendesk import trouble, zenpy_client
from integration.zendesk.session import ZendeskAdapter
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.setup.conditions import Choices
from integration.zendesk.setup.objects import Account, Kind, Webhook
from integration.zendesk.setup.plan import Step
from integration.zendesk.setup.zenpy_objects import read_id, read_trigger, read_values, read_webhook
from integration.zendesk.zenpy_client import understood

SCOPES: Final = "read webhooks:write triggers:write"
MAX_LISTED: Final = 20_000
_PAGE_SIZE: Final = 100
_TRIES: Final = 5  # of one request that meets 429
_LONGEST_WAIT: Final = 60.0

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_REFUSALS: Final = (400, 422)
_IN_USE: Final = "a trigger or an automation may use it, or the account may have as many as it can"
_WHY_REFUSED: Final = {
    "webhook": _IN_USE,
    "trigger": _IN_USE,
    "macro": "the account may have as many as it can",
}

Wait = Callable[[float], None]


class Gone(Permanent):
    """What was to be changed is not there (any more)."""


class Refused(Permanent):
    """Zendesk does not accept a webhook or a trigger, or does not let go of one that is in use."""


class Admin:
    """The webhooks and triggers of one account. Raises `RemoteError`."""

    def __init__(self, settings: ZendeskSettings, *, wait: Wait, scopes: str = SCOPES) -> None:
        self._zendesk = AdminAdapter(settings, wait=wait, scopes=scopes)
        self._session = ServiceSession(self._zendesk)
        self._zenpy = zenpy_client.client(settings, self._session)
        self._made: set[tuple[Kind, str]] = set()
        self._deleted: set[tuple[Kind, str]] = set()

    def look(self) -> Account:
        """What there is now: what the lists show, and what this run changed and they do not show yet."""
        with understood(write=False):
            webhooks = [read_webhook(webhook) for webhook in _all(self._zenpy.webhooks.list(page_size=_PAGE_SIZE))]
            triggers = [read_trigger(trigger) for trigger in _all(self._zenpy.triggers())]
            return Account(
                webhooks=tuple(self._up_to_date("webhook", webhooks, self._zenpy.webhooks, read_webhook)),
                triggers=tuple(self._up_to_date("trigger", triggers, self._zenpy.triggers, read_trigger)),
            )

    def _up_to_date(
        self, kind: Kind, listed: list[Any], api: Callable[..., Any], read: Callable[[Any], Any]
    ) -> Iterator[Any]:
        yield from (item for item in listed if (kind, item.id) not in self._deleted)
        for missing in {made for known, made in self._made if known == kind} - {item.id for item in listed}:
            try:
                yield read(api(id=missing))
            except Gone:  # another run deleted it
                self._made.discard((kind, missing))

    def choices(self) -> Choices:
        """The values that the conditions of triggers can have in this account."""
        response = self._session.get(f"{self._zendesk.asked_url}/api/v2/triggers/definitions")
        with understood(write=False):
            defined = response.json()["definitions"]["conditions_all"]
            return {
                str(definition["subject"]): {
                    str(value["value"]): str(value["title"]) for value in read_values(definition)
                }
                for definition in defined
            }

    def do(self, step: Step) -> None:
        """Carry out a step. `Gone` when another run was faster, `Refused` when Zendesk does not accept it."""
        with understood(write=True):
            match step.action, step.kind:
                case "create", "webhook":
                    made = self._zenpy.webhooks.create(api_objects.Webhook(**step.body))
                    self._made.add(("webhook", read_id(made)))
                case "create", "trigger" | "on-demand trigger" | "ratings trigger":
                    self._made.add(("trigger", self._create_trigger(step.body)))
                case "change", "webhook":
                    present = self._zenpy.webhooks(id=step.id)  # zenpy sends what differs from what it got
                    for name, value in step.body.items():
                        setattr(present, name, value)
                    self._zenpy.webhooks.patch(present)  # 204, without a body
                case "change", "trigger" | "on-demand trigger" | "ratings trigger":
                    self._zenpy.triggers.update(api_objects.Trigger(id=int(step.id), **step.body))
                case "delete", "webhook":
                    self._zenpy.webhooks.delete(api_objects.Webhook(id=step.id))
                case "delete", "trigger" | "on-demand trigger" | "ratings trigger":
                    self._zenpy.triggers.delete(api_objects.Trigger(id=int(step.id)))
        if step.action == "delete":
            listed: Kind = "webhook" if step.kind == "webhook" else "trigger"
            self._deleted.add((listed, step.id))
            self._made.discard((listed, step.id))

    def _create_trigger(self, body: Any) -> str:  # noqa: ANN401 -- JSON
        try:
            return read_id(self._zenpy.triggers.create(api_objects.Trigger(**body)))
        except Refused:
            category = self._first_category()
            if category is None:
                raise
        return read_id(self._zenpy.triggers.create(api_objects.Trigger(**body, category_id=category)))

    def _first_category(self) -> str | None:
        """The id of the first category of triggers: some accounts need one, others have none (404, or 403)."""
        try:
            response = self._session.get(f"{self._zendesk.asked_url}/api/v2/trigger_categories")
        except (Held, Gone):
            return None
        categories = response.json().get("trigger_categories")
        return str(categories[0]["id"]) if categories else None

    def signing_secret(self, webhook_id: str) -> str:
        """The secret that a webhook signs its deliveries with."""
        with understood(write=False):
            secret = self._zenpy.webhooks.show_secret(webhook_id).secret
        if not isinstance(secret, str) or not secret.isascii() or not secret.isprintable() or set(" ,") & set(secret):
            raise Temporary("Zendesk's answer holds no signing secret")
        return secret

    def deliver_test(self, webhook: Webhook, payload: str) -> int | None:
        """Have Zendesk call a webhook once, signed as always; the status that it got, None when it got no answer."""
        named = {"webhook_id": webhook.id}
        request = {
            "endpoint": webhook.endpoint,
            "http_method": webhook.http_method,
            "request_format": webhook.request_format,
            "payload": payload,
        }
        url = f"{self._zendesk.asked_url}/api/v2/webhooks/test"
        response = self._session.post(url, params=named, json={"request": request})
        with understood(write=False):
            status = response.json()["response"].get("status_code")
            return int(status) if status else None


class AdminAdapter(ZendeskAdapter):
    """A transport that may change webhooks and triggers, waits when it came too often, and says what is not allowed."""

    def __init__(self, settings: ZendeskSettings, *, wait: Wait, scopes: str) -> None:
        super().__init__(settings, scopes=scopes)
        self._scopes = scopes
        self._wait = wait

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send one request, and again after a 429: Zendesk has not acted on it then."""
        for attempt in itertools.count(1):
            try:
                return super().send(request, **options)
            except Temporary as error:
                if not error.too_many or attempt == _TRIES:
                    raise
                self._wait(min(error.retry_after or _LONGEST_WAIT, _LONGEST_WAIT))
        raise AssertionError("the last attempt returns or raises")

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        kind = _asked_for(response.request.url or "")
        if response.status_code == _FORBIDDEN:
            if trouble.is_a_page(response):
                return trouble.in_its_place(response, told)
            if b"required scopes" in response.content:
                return Held(_lacks_scope(self._scopes), status=_FORBIDDEN, **told)
            return Held(_not_allowed(kind), status=_FORBIDDEN, **told)
        if response.status_code == _NOT_FOUND and not trouble.is_no_help_desk(response):
            return Gone(f"the {kind} is gone", **told)
        if response.status_code in _REFUSALS:
            return Refused(f"Zendesk refuses the {kind} ({response.status_code}): {_WHY_REFUSED[kind]}", **told)
        return super().refused(response, told)


def _asked_for(url: str) -> str:
    """What a request is about, in a word."""
    return "trigger" if "/api/v2/trigger" in url else "macro" if "/api/v2/macros" in url else "webhook"


def _lacks_scope(scopes: str) -> str:
    needed = SCOPES if set(scopes.split()) <= set(SCOPES.split()) else scopes
    return (
        f"Zendesk does not allow this (403): the OAuth client lacks a scope; it needs {needed.replace(' ', ', ')}. "
        "See Admin Center > Apps and integrations > APIs > OAuth clients"
    )


def _not_allowed(kind: str) -> str:
    return (
        f"Zendesk does not allow this (403): the user of these credentials lacks the permission to manage {kind}s. "
        f"Let an admin's credentials do it, or give the user a role that may manage {kind}s "
        "(Admin Center > People > Team > Roles)"
    )


def _all(entries: Iterable[Any]) -> list[Any]:
    """Every entry of a list, whose pages zenpy follows, up to `MAX_LISTED`."""
    listed = list(itertools.islice(entries, MAX_LISTED + 1))
    if len(listed) > MAX_LISTED:
        raise Temporary(f"Zendesk lists more than {MAX_LISTED} webhooks or triggers")
    return listed
