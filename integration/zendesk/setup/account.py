"""Zendesk for an admin: makes, changes and deletes our webhook and our trigger, and settles what runs at once left.

zenpy does the calls of webhooks and triggers; what it does not know (definitions, categories) is asked for beside it.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import requests
from zenpy.lib import api_objects
from zenpy.lib.util import json_encode_for_printing

from integration.errors import Held, Permanent, RemoteError, Temporary, Told
from integration.http import ServiceSession
from integration.zendesk import trouble, zenpy_client
from integration.zendesk.session import ZendeskAdapter
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.setup.conditions import Choices, Conditions
from integration.zendesk.setup.plan import FOR_TRIGGERS, Account, Kind, Plan, Step, Trigger, Webhook
from integration.zendesk.zenpy_client import understood

SCOPES: Final = "read webhooks:write triggers:write"
SETTLE_SECONDS: Final = 1.0  # after which a list of Zendesk's shows what another run made
MAX_ROUNDS: Final = 40
MAX_LISTED: Final = 20_000
_PAGE_SIZE: Final = 100
_TRIES: Final = 5  # of one request that meets 429
_LONGEST_WAIT: Final = 60.0

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_REFUSALS: Final = (400, 422)

Wait = Callable[[float], None]


class Gone(Permanent):
    """What was to be changed is not there (any more)."""


class Refused(Permanent):
    """Zendesk does not accept a webhook or a trigger, or does not let go of one that is in use."""


class Admin:
    """The webhooks and triggers of one account. Raises `RemoteError`."""

    def __init__(self, settings: ZendeskSettings, *, wait: Wait, scopes: str = SCOPES) -> None:
        self._zendesk = _AdminAdapter(settings, wait=wait, scopes=scopes)
        self._session = ServiceSession(self._zendesk)
        self._zenpy = zenpy_client.client(settings, self._session)
        self._made: set[tuple[Kind, str]] = set()
        self._deleted: set[tuple[Kind, str]] = set()

    def look(self) -> Account:
        """What there is now: what the lists show, and what this run changed and they do not show yet."""
        with understood(write=False):
            webhooks = [_webhook(webhook) for webhook in _all(self._zenpy.webhooks.list(page_size=_PAGE_SIZE))]
            triggers = [_trigger(trigger) for trigger in _all(self._zenpy.triggers())]
            return Account(
                webhooks=tuple(self._up_to_date("webhook", webhooks, self._zenpy.webhooks, _webhook)),
                triggers=tuple(self._up_to_date("trigger", triggers, self._zenpy.triggers, _trigger)),
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
                str(definition["subject"]): {str(value["value"]): str(value["title"]) for value in _values(definition)}
                for definition in defined
            }

    def do(self, step: Step) -> None:
        """Carry out a step. `Gone` when another run was faster, `Refused` when Zendesk does not want it."""
        with understood(write=True):
            match step.action, step.kind:
                case "create", "webhook":
                    made = self._zenpy.webhooks.create(api_objects.Webhook(**step.body))
                    self._made.add(("webhook", _id(made)))
                case "create", "trigger":
                    self._made.add(("trigger", self._create_trigger(step.body)))
                case "change", "webhook":
                    present = self._zenpy.webhooks(id=step.id)  # zenpy sends what differs from what it got
                    for name, value in step.body.items():
                        setattr(present, name, value)
                    self._zenpy.webhooks.patch(present)  # 204, without a body
                case "change", "trigger":
                    self._zenpy.triggers.update(api_objects.Trigger(id=int(step.id), **step.body))
                case "delete", "webhook":
                    self._zenpy.webhooks.delete(api_objects.Webhook(id=step.id))
                case "delete", "trigger":
                    self._zenpy.triggers.delete(api_objects.Trigger(id=int(step.id)))
        if step.action == "delete":
            self._deleted.add((step.kind, step.id))
            self._made.discard((step.kind, step.id))

    def _create_trigger(self, body: Any) -> str:  # noqa: ANN401 -- JSON
        try:
            return _id(self._zenpy.triggers.create(api_objects.Trigger(**body)))
        except Refused:
            category = self._first_category()
            if category is None:
                raise
        return _id(self._zenpy.triggers.create(api_objects.Trigger(**body, category_id=category)))

    def _first_category(self) -> str | None:
        """Some accounts want a trigger to be in a category; others have none (403), and mean something else."""
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


def settle(
    admin: Admin,
    plan_for: Callable[[Account], Plan],
    *,
    agree: Callable[[Plan], bool],
    tell: Callable[[Step], None],
    wait: Wait,
) -> Plan | None:
    """Go one step at a time until none is left, looking again before each; None when `agree` said no.

    Others may do the same at the same time: their steps are seen, and every run ends with a look that finds all well.
    """
    done: Counter[tuple[str, str, str]] = Counter()
    refused: set[tuple[str, str, str]] = set()
    unconfirmed = False  # something was made, and another run may have made the same
    for _ in range(MAX_ROUNDS):
        plan = plan_for(admin.look())
        if not plan.steps and not unconfirmed:
            return plan
        if not plan.steps or done[plan.steps[0].key]:  # the lists may show what was
            unconfirmed = False
            wait(SETTLE_SECONDS)
            done.clear()
            continue
        if not agree(plan):
            return None
        step = plan.steps[0]
        try:
            admin.do(step)
        except Gone:
            continue
        except Refused:
            if step.key in refused:
                raise
            refused.add(step.key)  # it may be that another run was faster: look again
            continue
        done[step.key] += 1
        unconfirmed = unconfirmed or step.action == "create"
        tell(step)
    raise Temporary("Zendesk's lists do not settle: run the command again")


class _AdminAdapter(ZendeskAdapter):
    """A transport that may change webhooks and triggers, waits when it came too often, and says what is not allowed."""

    def __init__(self, settings: ZendeskSettings, *, wait: Wait, scopes: str) -> None:
        super().__init__(settings, scopes=scopes)
        self._wait = wait

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send one request; again when Zendesk asks to come later, for then it did nothing."""
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
        kind = "trigger" if "/api/v2/trigger" in (response.request.url or "") else "webhook"
        if response.status_code == _FORBIDDEN:
            if trouble.is_a_page(response):
                return trouble.in_its_place(response, told)
            return Held(_not_allowed(kind, scope=b"required scopes" in response.content), status=_FORBIDDEN, **told)
        if response.status_code == _NOT_FOUND and not trouble.is_no_help_desk(response):
            return Gone(f"the {kind} is gone", **told)
        if response.status_code in _REFUSALS:
            return Refused(
                f"Zendesk refuses the {kind} ({response.status_code}): a trigger or an automation may use it, "
                "or the account may have as many as it can",
                **told,
            )
        return super().refused(response, told)


def _not_allowed(kind: str, *, scope: bool) -> str:
    if scope:
        return (
            f"Zendesk does not allow this (403): the OAuth client lacks a scope; it needs {SCOPES.replace(' ', ', ')}. "
            "See Admin Center > Apps and integrations > APIs > OAuth clients"
        )
    return (
        f"Zendesk does not allow this (403): the user of these credentials lacks the permission to manage {kind}s. "
        f"Let an admin's credentials do it, or give the user a role that may manage {kind}s "
        "(Admin Center > People > Team > Roles)"
    )


def _all(entries: Iterable[Any]) -> list[Any]:
    """Every entry of a list, whose pages zenpy follows; not for ever."""
    listed = list(itertools.islice(entries, MAX_LISTED + 1))
    if len(listed) > MAX_LISTED:
        raise Temporary(f"Zendesk lists more than {MAX_LISTED} webhooks or triggers")
    return listed


def _webhook(record: Any) -> Webhook:  # noqa: ANN401 -- zenpy's object
    plain = _plain(record)
    return Webhook(
        id=_id(record),
        name=_text(plain.get("name")),
        description=_text(plain.get("description")),
        endpoint=_text(plain.get("endpoint")),
        status=_text(plain.get("status")),
        http_method=_text(plain.get("http_method")),
        request_format=_text(plain.get("request_format")),
        for_triggers=FOR_TRIGGERS in (plain.get("subscriptions") or ()),
        created_at=_text(plain.get("created_at")),
        subscriptions=tuple(map(str, plain.get("subscriptions") or ())),
    )


def _trigger(record: Any) -> Trigger:  # noqa: ANN401 -- zenpy's object
    plain = _plain(record)
    lists = plain.get("conditions") or {}
    return Trigger(
        id=str(int(_id(record))),
        name=_text(plain.get("title")),
        description=_text(plain.get("description")),
        active=plain.get("active") is True,
        conditions=Conditions(all=_objects(lists.get("all")), any=_objects(lists.get("any"))),
        actions=tuple(action for action in plain.get("actions") or () if isinstance(action, dict)),
        created_at=_text(plain.get("created_at")),
    )


def _objects(listed: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401 -- JSON
    """The conditions of a list; one that cannot be read is no condition to leave out: the trigger would do more."""
    conditions = tuple(listed or ())
    if not all(isinstance(condition, dict) for condition in conditions):
        raise TypeError("a condition is no object")
    return conditions


def _plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 -- zenpy's object
    """What zenpy's object and the ones in it hold, as plain JSON."""
    encode = functools.partial(json.dumps, default=json_encode_for_printing)
    plain: dict[str, Any] = json.loads(encode(record.to_dict()))
    return plain


def _id(record: Any) -> str:  # noqa: ANN401 -- zenpy's object
    if record.id is None:
        raise ValueError("no id")
    return str(record.id)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _values(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The values of a condition: a list, or an object that holds one."""
    values = definition.get("values") or []
    listed = values.get("list") or [] if isinstance(values, dict) else values
    return [value for value in listed if isinstance(value, dict) and "value" in value and "title" in value]
