"""Zendesk's side of a delivery: our webhook, its trigger, its signing secret, and a delivery for a test."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from integration.errors import Held, RemoteError, Temporary
from integration.findings import Outcome, Result, failure, ok, skipped, warning
from integration.http import ServiceSession
from integration.probe import Answered, ProbeAdapter
from integration.safe_text import address, named, printable
from integration.settings import Settings
from integration.zendesk import webhook as deliveries
from integration.zendesk.checks.on_demand import ON_DEMAND, of_demands, on_demand
from integration.zendesk.checks.ratings import of_ratings, ratings
from integration.zendesk.checks.trigger_body import BODY, Fault, fault_of
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ZendeskSettings
from integration.zendesk.settings_checks import signing_secret_is_set
from integration.zendesk.setup.account import Admin, Refused
from integration.zendesk.setup.conditions import fires_on_creation
from integration.zendesk.setup.inventory import Inventory
from integration.zendesk.setup.objects import Account, Trigger, Webhook, payloads_for
from integration.zendesk.trouble import of_trouble
from integration.zendesk.webhook import ENDPOINT, normalised_endpoint

WEBHOOK, TRIGGER, SECRET, DELIVERY = "webhook", "trigger", "signing secret", "test delivery"
TEST_PAYLOAD: Final = json.dumps({"type": "zen:event-type:helpdesk-highlights.check"})
"""An event of another kind: taken with 204, and nothing follows from it."""

_CREATED: Final = "zen:event-type:ticket.created"
_TAKEN: Final = 204  # the contract's answer to another kind of event
_LONGEST_WAIT: Final = 5.0
_INSTALL: Final = "Run `python -m integration install`, which makes it or sets it right."
_SET_IT: Final = (
    "Run `python -m integration install`, which shows the secret, set ZENDESK_WEBHOOK_SECRET, and restart the web "
    "process."
)
_BODY_FIX: Final = f"It has to begin with {BODY[:-1]}; `python -m integration install` writes it."
_WEB: Final = "See the log of the web process"
_ANSWERS: Final = {
    401: ("the signature is refused", _SET_IT),
    404: ("there is no such page", "Does PUBLIC_URL lead to this project's web process?"),
    503: ("it can take in nothing", f"Is ZENDESK_WEBHOOK_SECRET set there, and does Redis answer? {_WEB}."),
}

_RESTART: Final = (
    "Restart the web process with the ZENDESK_WEBHOOK_SECRET that is set here (on Heroku: heroku ps:restart). If "
    "that does not help, its log says why it refuses."
)
_ANSWERS_OF_A_STALE_PROCESS: Final = {
    401: ("the signature is refused: it runs with another, probably an older secret than is set here", _RESTART),
    503: (
        "it can take in nothing: it runs without a secret, or cannot use Redis",
        f"{_RESTART} If the check PUBLIC_URL fails too, it is Redis.",
    ),
}


def of_webhook(
    settings: Settings, *, is_admin: bool, tells_ratings: bool, clock: Callable[[], float]
) -> Iterator[Result]:
    """Every check of the webhook. `is_admin`: whether the acting user is an admin, for the advice."""
    admin = Admin(settings.of(ZendeskSettings), wait=_wait, scopes="read")
    try:
        account = admin.look()
    except Held:
        why = "Zendesk does not let these credentials look at webhooks and triggers"
        yield warning(WEBHOOK, why, _rights("read", is_admin=is_admin))
        yield from without_webhook("the webhook is not known", settings, but=DELIVERY)
        yield delivery_from_here(settings, is_admin=is_admin, now=clock())
        return
    except RemoteError as error:
        yield of_trouble(WEBHOOK, error, settings.of(ZendeskSettings))
        yield from without_webhook("the webhook is not known", settings)
        return
    ours = chosen(account, settings)
    yield webhook(ours, account, settings)
    if ours is None:
        yield from without_webhook("there is no webhook", settings)
        return
    inventory = Inventory(account, settings.public_url + ENDPOINT)
    yield trigger(ours, account, inventory)
    yield on_demand(ours, inventory)
    of_bad_ratings = ratings(ours, inventory, told=tells_ratings)
    if of_bad_ratings is not None:
        yield of_bad_ratings
    secret = signing_secret(admin, ours, settings, is_admin=is_admin)
    yield secret
    secret_is_right = secret.outcome is not Outcome.FAILURE and bool(settings.of(ZendeskSettings).webhook_secrets)
    yield delivery(settings, ours, is_admin=is_admin, now=clock(), secret_is_right=secret_is_right)


def without_webhook(why: str, settings: Settings, *, but: str | None = None) -> Iterator[Result]:
    """What cannot be told without the webhook. That no secret is set, the settings tell by themselves."""
    for name in (TRIGGER, ON_DEMAND, SECRET, DELIVERY):
        told = signing_secret_is_set(settings.of(ZendeskSettings))
        if name == SECRET and told.outcome is not Outcome.OK:
            yield failure(SECRET, told.found, _SET_IT)
        elif name != but:
            yield skipped(name, why)


def chosen(account: Account, settings: Settings) -> Webhook | None:
    """Our webhook: of several, one that is switched on and that a trigger calls."""
    ours = [
        hook
        for hook in account.webhooks
        if normalised_endpoint(hook.endpoint) == normalised_endpoint(settings.public_url + ENDPOINT)
    ]
    called = {called for caller in account.triggers if caller.active for called in caller.calls}
    return max(ours, key=lambda hook: (hook.status == "active", hook.id in called), default=None)


def webhook(ours: Webhook | None, account: Account, settings: Settings) -> Result:
    """Whether Zendesk calls us at PUBLIC_URL, as we expect it to."""
    endpoint = settings.public_url + ENDPOINT
    if ours is None:
        elsewhere = sorted(
            {hook.endpoint for hook in account.webhooks if normalised_endpoint(hook.endpoint)[2].endswith(ENDPOINT)}
        )
        others = f" (there is one for {address(elsewhere[0])})" if elsewhere else ""
        return failure(WEBHOOK, f"none has the endpoint {endpoint}{others}", f"Is PUBLIC_URL right? {_INSTALL}")
    name = named(ours.name)
    if ours.status != "active":
        return failure(WEBHOOK, f"{name} is switched off", _INSTALL)
    if (ours.http_method, ours.request_format) != ("POST", "json"):
        return failure(WEBHOOK, f"{name} sends {printable(ours.http_method)[:10]} and not POST with JSON", _INSTALL)
    if urlsplit(ours.endpoint).path != urlsplit(endpoint).path:
        return failure(WEBHOOK, f"{name} has an endpoint with a slash at its end", _INSTALL)
    twins = sum(
        hook.status == "active" and normalised_endpoint(hook.endpoint) == normalised_endpoint(endpoint)
        for hook in account.webhooks
    )
    if twins > 1:
        told = f"{twins} have the endpoint {endpoint}: Zendesk may deliver tickets twice (each still gets one note)"
        return warning(WEBHOOK, told, "Delete those that are not needed, or run `python -m integration install`.")
    return ok(WEBHOOK, f"{name} is active and leads to {endpoint}")


def trigger(ours: Webhook, account: Account, inventory: Inventory) -> Result:
    """Whether something makes Zendesk call the webhook when a ticket is created."""
    if _CREATED in ours.subscriptions:
        return ok(TRIGGER, "none is needed: the webhook is subscribed to new tickets")
    if not ours.for_triggers:
        return failure(TRIGGER, "the webhook is subscribed to other events than new tickets", _INSTALL)
    others = (*of_demands(inventory), *of_ratings(inventory))
    callers = [caller for caller in account.triggers if ours.id in caller.calls and caller not in others]
    active = [caller for caller in callers if caller.active]
    if not active:
        told = f"{named(callers[0].name)} is switched off" if callers else "no trigger calls the webhook"
        return failure(TRIGGER, told, _INSTALL)
    return _bodies_and_conditions(active, ours)


def _bodies_and_conditions(active: Sequence[Trigger], ours: Webhook) -> Result:
    """Whether the triggers that call the webhook send what is read, and when."""
    faulty = [(caller, fault) for caller in active if (fault := _fault_of_its_bodies(caller, ours)) is not None]
    losing = [(caller, fault) for caller, fault in faulty if fault.loses_tickets]
    if len(losing) == len(active):
        return failure(TRIGGER, f"the body of {named(losing[0][0].name)} {losing[0][1].words}", _BODY_FIX)
    usable = [caller for caller in active if caller not in [loser for loser, _ in losing]]
    if not any(fires_on_creation(caller.conditions) for caller in usable):
        told = f"{named(usable[0].name)} has no condition Ticket > Is > Created: it fires on every change"
        return warning(TRIGGER, told, _INSTALL)
    if faulty:
        return warning(TRIGGER, f"the body of {named(faulty[0][0].name)} {faulty[0][1].words}", _BODY_FIX)
    return ok(TRIGGER, f"{named(usable[0].name)} is active and fires when a ticket is created")


def _fault_of_its_bodies(trigger: Trigger, webhook: Webhook) -> Fault | None:
    """The least that is wrong with the bodies that a trigger sends to the webhook: one good body is enough."""
    faults = [fault_of(body) for body in payloads_for(trigger, webhook.id)] or [fault_of(None)]
    return min(faults, key=lambda fault: 0 if fault is None else 1 + fault.loses_tickets)


def signing_secret(admin: Admin, ours: Webhook, settings: Settings, *, is_admin: bool) -> Result:
    """Whether the secret that Zendesk signs with is one of those that are accepted here."""
    if not settings.of(ZendeskSettings).webhook_secrets:
        return failure(SECRET, "ZENDESK_WEBHOOK_SECRET is not set: no ticket is accepted", _SET_IT)
    try:
        theirs = admin.signing_secret(ours.id)
    except Held:
        why = "Zendesk does not let these credentials read the webhook's secret"
        return warning(SECRET, why, _rights("read", is_admin=is_admin))
    except RemoteError as error:
        return of_trouble(SECRET, error, settings.of(ZendeskSettings))
    matches = [hmac.compare_digest(secret, theirs) for secret in settings.of(ZendeskSettings).webhook_secrets]
    if not any(matches) or theirs == ZENDESK_TEST_SECRET:
        return failure(SECRET, "ZENDESK_WEBHOOK_SECRET is not the secret of the webhook", _SET_IT)
    if len(matches) > 1:
        return ok(SECRET, f"one of the {len(matches)} that are set is the webhook's")
    return ok(SECRET, "the one that is set is the webhook's")


def delivery(settings: Settings, ours: Webhook, *, is_admin: bool, now: float, secret_is_right: bool) -> Result:
    """Let Zendesk call the web process: its address, its signature, the way between.

    `secret_is_right`: nothing is wrong with the secret that is set here, where `check` runs.
    """
    admin = Admin(settings.of(ZendeskSettings), wait=_wait, scopes="read webhooks:write")
    try:
        status = admin.deliver_test(ours, TEST_PAYLOAD)
    except Held:
        return delivery_from_here(settings, is_admin=is_admin, now=now)
    except Refused:
        fix = "Zendesk calls addresses on the internet alone, with https://: see that PUBLIC_URL is one."
        return failure(DELIVERY, "Zendesk refuses to call the webhook for a test", fix)
    except RemoteError as error:
        return of_trouble(DELIVERY, error, settings.of(ZendeskSettings))
    if status == _TAKEN:
        return ok(DELIVERY, "Zendesk called the web process, which took it (204)")
    return _not_taken("Zendesk", status, secret_is_right=secret_is_right)


def delivery_from_here(settings: Settings, *, is_admin: bool, now: float) -> Result:
    """When Zendesk may not be asked to call: sign as it would, and call the web process from this machine."""
    secrets = [secret for secret in settings.of(ZendeskSettings).webhook_secrets if secret != ZENDESK_TEST_SECRET]
    if not secrets:
        why = "Zendesk does not let these credentials test the webhook, and there is no secret to sign with here"
        return skipped(DELIVERY, why, _rights("webhooks:write", is_admin=is_admin))
    body = TEST_PAYLOAD.encode()
    session = ServiceSession(ProbeAdapter("The web process", settings.public_url))
    headers = {"Content-Type": "application/json"} | deliveries.signed(body, secret=secrets[0], now=now)
    status: int | None
    try:
        status = session.post(settings.public_url + ENDPOINT, data=body, headers=headers).status_code
    except Answered as answer:
        status = answer.status
    except RemoteError:
        status = None
    if status == _TAKEN:
        told = "this machine called the web process, which took it (204); Zendesk does not let these credentials test"
        return warning(DELIVERY, told, _rights("webhooks:write", is_admin=is_admin))
    return _not_taken("this machine", status, secret_is_right=True)  # it is what the delivery was signed with


def _not_taken(caller: str, status: int | None, *, secret_is_right: bool) -> Result:
    """What an answer other than 204 means. Where the right secret is set here, the web process has another one."""
    if status is None:
        fix = f"Does the web process run, and does PUBLIC_URL lead to it? {_WEB}."
        return failure(DELIVERY, f"{caller} called the web process and got no answer", fix)
    otherwise = ("this is not the answer of this project's web process", "Does PUBLIC_URL lead to it, past any log-in?")
    why, fix = (_ANSWERS_OF_A_STALE_PROCESS if secret_is_right else {}).get(status) or _ANSWERS.get(status, otherwise)
    return failure(DELIVERY, f"{caller} called the web process and got {status}: {why}", fix)


def _rights(scope: str, *, is_admin: bool) -> str:
    """What the credentials need, for a check that the service itself can do without."""
    whose = "" if is_admin else "an admin's credentials, or a role that may manage webhooks; with OAuth also "
    return (
        f"The service does not need this, so nothing is wrong. The check needs {whose}the scope {scope} among "
        "the client's allowed scopes. Or look yourself: Admin Center > Apps and integrations > Webhooks."
    )


def _wait(seconds: float) -> None:
    """Wait for Zendesk's limit when it is short."""
    if seconds > _LONGEST_WAIT:
        raise Temporary(f"Zendesk asks to come again in {seconds:.0f} s")
    time.sleep(seconds)
