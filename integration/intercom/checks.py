"""Whether Intercom takes our token and lets us do what notes need, and whether its app reaches us; nothing is written.

Intercom shows nobody the webhook of an app: what can be proven is that our address answers as Intercom wants.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from integration import unreachable
from integration.errors import Held, NotThere, RemoteError
from integration.findings import Result, failure, ok, skipped, warning
from integration.http import ServiceSession
from integration.intercom.client import Intercom, NoSuchTeammate
from integration.intercom.settings import SERVICE, IntercomSettings
from integration.intercom.webhook import ENDPOINT, SIGNATURE, TOPICS, signature
from integration.probe import Answered, ProbeAdapter
from integration.safe_text import named, printable

TOKEN, REGION, APP, AUTHOR, CONVERSATIONS, CONTACTS, WEBHOOK = (
    f"Intercom {what}" for what in ("token", "region", "app", "author", "conversations", "contacts", "webhook")
)
PING: Final = json.dumps(
    {"type": "notification_event", "topic": "ping", "id": None, "data": {"item": {"type": "ping"}}}
)
"""What Intercom sends to see whether we are there: nothing follows from it."""

_APP_PAGE: Final = "Developer Hub > our app"
_PERMISSIONS: Final = f"Add it to the app's permissions ({_APP_PAGE} > Configure > Authentication)."
_HUB: Final = f"In {_APP_PAGE} > Configure > Webhooks, is {{}} the endpoint, with the topics {', '.join(TOPICS)}?"
_SUCCESS: Final = 200
_LAST_MINUTE: Final = 60


def of_intercom(settings: IntercomSettings, *, public_url: str) -> Iterator[Result]:
    """The token, the workspace, whose notes they will be, what the app may do, and whether its webhook reaches us."""
    intercom = Intercom(settings)
    try:
        try:
            own = intercom.who_we_are()
        except RemoteError as error:
            yield _of_trouble(TOKEN, error, settings)
        else:
            yield ok(TOKEN, printable(f"acts as {named(own.get('name'))}"))
            yield from _workspace(own.get("app"), settings)
            yield _author(intercom, own, settings)
            yield _may_read(CONVERSATIONS, "conversations", lambda: _read_conversations(intercom), settings)
            yield _may_read(CONTACTS, "users and leads", intercom.contacts, settings)
        yield _webhook(settings, public_url=public_url)
    finally:
        intercom.close()


def _workspace(app: object, settings: IntercomSettings) -> Iterator[Result]:
    """Whether it is the region's, and which one it is: an admin knows the right one."""
    if not isinstance(app, dict) or not isinstance(app.get("id_code"), str):
        yield skipped(REGION, "Intercom does not tell the workspace")
        told = "Intercom does not tell which workspace the token is of: its conversations wait until it does"
        yield failure(APP, told, f"Copy the access token anew ({_APP_PAGE} > Authentication).")
        return
    region = str(app.get("region", "")).lower()
    if region == settings.region:
        yield ok(REGION, f"the workspace is in the region {region}")
    elif region in ("us", "eu", "au"):
        told = f"the workspace is in the region {region}, and INTERCOM_REGION says {settings.region}"
        yield failure(REGION, told, f"Set INTERCOM_REGION={region}.")
    else:
        yield skipped(REGION, "Intercom does not tell the region")
    yield ok(APP, printable(f"of the workspace {named(app.get('name'))} ({app['id_code'][:40]})"))


def _author(intercom: Intercom, own: Mapping[str, Any], settings: IntercomSettings) -> Result:
    """Whose notes ours will be."""
    if settings.admin_id is None or settings.admin_id == str(own.get("id")):
        return _seated(own, f"notes will be {named(own.get('name'))}'s, whose token it is")
    fix = "Set INTERCOM_ADMIN_ID to the number of a teammate, or to nothing for the one whose token it is."
    try:
        admin = intercom.admin(settings.admin_id)
    except (NotThere, NoSuchTeammate):
        return failure(AUTHOR, "the workspace has no teammate with the number that INTERCOM_ADMIN_ID names", fix)
    except Held as error:
        return warning(AUTHOR, f"Intercom does not show us the teammate that INTERCOM_ADMIN_ID names: {error}", fix)
    except RemoteError as error:
        return _of_trouble(AUTHOR, error, settings)
    return _seated(admin, f"notes will be {named(admin.get('name'))}'s")


def _seated(admin: Mapping[str, Any], told: str) -> Result:
    if admin.get("has_inbox_seat") is False:
        fix = "If no note appears, give the teammate a seat (Settings > Teammates)."
        return warning(AUTHOR, f"{told}, who has no seat in the inbox", fix)
    return ok(AUTHOR, told)


def _read_conversations(intercom: Intercom) -> None:
    now = int(time.time())
    for _ in intercom.created(after=now - _LAST_MINUTE, before=now + 1, pages=1):
        break


def _may_read(name: str, what: str, read: Callable[[], object], settings: IntercomSettings) -> Result:
    try:
        read()
    except Held as error:
        return failure(name, f"our app may not read {what}: {error}", _PERMISSIONS)
    except RemoteError as error:
        return _of_trouble(name, error, settings)
    if name == CONVERSATIONS:
        return ok(name, "our app may read them; whether it may write notes shows with the first one")
    return ok(name, "our app may read them")


def _webhook(settings: IntercomSettings, *, public_url: str) -> Result:
    """Whether our address answers Intercom's HEAD, and a ping with the client secret that is set here."""
    url = f"{public_url}{ENDPOINT}"
    session = ServiceSession(ProbeAdapter("PUBLIC_URL", public_url))
    headers = {SIGNATURE: signature(PING.encode(), settings.client_secret), "Content-Type": "application/json"}
    try:
        tried = session.head(url)
        pinged = session.post(url, data=PING.encode(), headers=headers)
    except Answered as answered:
        return _refused(answered.status, url)
    except RemoteError as error:
        why = unreachable.why(error)
        told = f"{url} cannot be reached{'' if why is None else f': {why}'}"
        return failure(WEBHOOK, told, "Does the web process run, and does PUBLIC_URL lead to it?")
    finally:
        session.close()
    if {tried.status_code, pinged.status_code} != {_SUCCESS}:
        return _refused(pinged.status_code, url)
    told = f"{url} takes a ping that the client secret signs; that Intercom has it, a new conversation shows"
    return ok(WEBHOOK, told)


def _refused(status: int, url: str) -> Result:
    known = {
        401: ("runs with another INTERCOM_CLIENT_SECRET", "Restart the web process with the one that is set here."),
        404: ("has no such page", "Does PUBLIC_URL lead to this project's web process, with Intercom set up there?"),
        503: ("can take in nothing", "Does Redis answer? See the log of the web process."),
    }
    told, fix = known.get(status, ("answers otherwise than Intercom wants", _HUB.format(url)))
    return failure(WEBHOOK, f"the web process at {url} {told} ({status})", fix)


def _of_trouble(name: str, error: RemoteError, settings: IntercomSettings) -> Result:
    if isinstance(error, Held):
        other = f"INTERCOM_REGION is {settings.region}: a token of another region's workspace is not known there."
        return failure(name, f"{error}", f"Copy the access token anew ({_APP_PAGE} > Authentication). {other}")
    why = unreachable.why(error)
    told = f"{error}" if why is None else f"{error}: {why}"
    return failure(name, told, f"May this machine reach {settings.url}? Is {SERVICE} all right (INTERCOM_URL)?")
