"""What the page of the other doors lets go wrong, each a switch: on until it is switched off."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox.faults import Fault, Faults

if TYPE_CHECKING:
    from sandbox.doors import Doors


@dataclass(frozen=True)
class Switch:
    """A switch: what it says, how it is set, whether it is on, and how often what it lets happen has happened."""

    label: str
    set: Callable[[bool], None]
    is_on: Callable[[], bool]
    happened: Callable[[], int | None] = lambda: None


_REPLY: Final[dict[str, Any]] = {"service": "intercom", "method": "POST", "path": "/reply$"}
_POST: Final[dict[str, Any]] = {"service": "slack", "method": "POST", "path": r"/chat\.postMessage$"}


def switches(doors: Doors) -> dict[str, Switch]:
    """Every switch, by its name in the form."""
    return _of_intercom(doors) | _of_slack(doors) | _of_the_rest(doors)


def _of_intercom(doors: Doors) -> dict[str, Switch]:
    faults, intercom = doors.faults, doors.intercom
    busy = {"status": 429, "body": _errors("rate_limit_exceeded")}
    refused = {"status": 401, "body": _errors("unauthorized")}
    return {
        "intercom-lost": _fault(faults, "Intercom writes notes, but its answers get lost", **_REPLY, drop="after"),
        "intercom-busy": _fault(faults, "Intercom is too busy for notes (429)", **_REPLY, **busy),
        "intercom-down": _fault(faults, "Intercom is down (503)", service="intercom", status=503),
        "intercom-token": _fault(faults, "Intercom refuses our token (401)", service="intercom", **refused),
        "intercom-comment": _field(
            "Intercom makes notes replies that customers read", intercom, "note_becomes", on="comment"
        ),
        "intercom-silent": _field(
            "Intercom calls no webhook: the worker finds the conversations within minutes",
            intercom.webhook,
            "disabled",
            on=True,
        ),
        "intercom-old": _field("Intercom tells of conversations as API 1.x did", intercom, "old_payloads", on=True),
    }


def _of_slack(doors: Doors) -> dict[str, Switch]:
    faults, slack = doors.faults, doors.slack
    busy = {"status": 429, "headers": {"Retry-After": "5"}, "body": _not_ok("ratelimited")}
    odd = {"status": 200, "body": _not_ok("internal_error"), "handle": True}
    return {
        "slack-lost": _fault(faults, "Slack posts messages, but its answers get lost", **_POST, drop="after"),
        "slack-odd": _fault(faults, "Slack posts messages, and says internal_error", **_POST, **odd),
        "slack-busy": _fault(faults, "Slack is too busy for messages (429, come back in 5 s)", **_POST, **busy),
        "slack-down": _fault(faults, "Slack is down (503)", service="slack", path="^/api/", status=503),
        "slack-token": _field("Slack has revoked our token", slack, "token_refusal", on="token_revoked"),
        "slack-out": _field("Our app is not in Slack's channel", slack.channel, "is_member", on=False),
        "slack-archived": _field("Slack's channel is archived", slack.channel, "is_archived", on=True),
        "slack-shared": _field(
            "Slack's channel is shared with another company: check warns of that",
            slack.channel,
            "is_ext_shared",
            on=True,
        ),
    }


def _of_the_rest(doors: Doors) -> dict[str, Switch]:
    return {
        "survey-apart": _field("The survey sends score and comment apart, each twice", doors.survey, "apart", on=True),
        "survey-token": _field("The survey has a wrong token", doors.survey, "token", on="wrong"),
        "ask-callback": _field("Callbacks are refused (503)", doors.asker, "refuses_callbacks", on=True),
    }


def _fault(faults: Faults, label: str, **what: Any) -> Switch:  # noqa: ANN401 -- fields of Fault
    fault = Fault(times=None, **what)

    def switch(on: bool) -> None:  # noqa: FBT001 -- a switch is on or off
        faults.remove(fault)
        if on:
            faults.add(fault)

    return Switch(label, switch, lambda: faults.happened(fault) is not None, lambda: faults.happened(fault))


def _field(label: str, owner: object, name: str, *, on: object) -> Switch:
    """A switch that sets a field of a stand-in's, and sets it back."""
    usual = getattr(owner, name)

    def switch(wanted: bool) -> None:  # noqa: FBT001 -- likewise
        setattr(owner, name, on if wanted else usual)

    return Switch(label, switch, lambda: getattr(owner, name) == on)


def _errors(code: str) -> str:
    """What Intercom says with a refusal."""
    return json.dumps({"type": "error.list", "errors": [{"code": code, "message": code}]})


def _not_ok(word: str) -> str:
    """What Slack says with a refusal."""
    return json.dumps({"ok": False, "error": word})
