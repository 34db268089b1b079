"""The page of the other doors: start a conversation, answer a survey, ask for a summary, and watch what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from sandbox import outcome
from sandbox.control import refuse_other_sites
from sandbox.customers import CUSTOMERS
from sandbox.doors import Doors
from sandbox.doors.asking import CALLBACK_PATH
from sandbox.doors.switches import switches
from sandbox.intercom import Intercom
from sandbox.page import HEADERS
from sandbox.slack import mentions
from sandbox.slack.shown import as_html
from sandbox.views import SwitchView


@dataclass(frozen=True)
class PartView:
    """Something that was written in a conversation."""

    author: str
    kind: str
    text: Markup

    @property
    def internal(self) -> bool:
        """Whether it is seen by teammates alone."""
        return self.kind == "note"


@dataclass(frozen=True)
class ConversationView:
    """A conversation as a teammate sees it; `said` is the last line of the product's log."""

    number: str
    customer: str
    parts: list[PartView]
    noted: bool
    said: str | None


def blueprint(doors: Doors) -> Blueprint:
    """Return the routes of the page."""
    routes = Blueprint("doors", __name__, url_prefix="/sandbox/doors")
    routes.before_request(refuse_other_sites)
    known = switches(doors)

    def show() -> ResponseReturnValue:
        shown = render_template(
            "doors.html",
            customers=CUSTOMERS,
            conversations=_conversations(doors),
            messages=list(reversed(doors.slack.own_messages())),
            mentions_of=mentions.of,
            shown=as_html,
            summaries=[(summary, _said_of(doors, f"ask-{summary.id}")) for summary in doors.asker.summaries()],
            switches={name: SwitchView(s.label, s.is_on(), s.happened()) for name, s in known.items()},
            slack=doors.slack,
            survey=doors.survey,
            survey_said=_said_of(doors, f"survey-{doors.survey.number}"),
            subscribed=doors.intercom.webhook.url is not None,
        )
        return shown, HEADERS

    def start_conversation() -> ResponseReturnValue:
        start(doors.intercom, request.form)
        return _back("conversations")

    def reply(number: str) -> ResponseReturnValue:
        if number not in doors.intercom.conversations:
            abort(404)
        doors.intercom.reply(number, request.form.get("text", ""), email=request.form.get("email", "").strip() or None)
        return _back("conversations")

    def answer_survey() -> ResponseReturnValue:
        doors.survey.answer(request.form)
        return _back("survey")

    def ask() -> ResponseReturnValue:
        doors.asker.ask(request.form)
        return _back("summaries")

    def take_callback() -> ResponseReturnValue:
        headers = {name.lower(): value for name, value in request.headers}
        return "", doors.asker.take_callback(headers, request.get_data())

    def switch() -> ResponseReturnValue:
        chosen, wanted = known.get(request.form.get("trouble", "")), request.form.get("switch")
        if chosen is None or wanted not in ("on", "off"):
            abort(400)
        chosen.set(wanted == "on")
        return _back("troubles")

    routes.add_url_rule("", view_func=show)
    routes.add_url_rule("/conversations", view_func=start_conversation, methods=["POST"])
    routes.add_url_rule("/conversations/<number>", view_func=reply, methods=["POST"])
    routes.add_url_rule("/survey", view_func=answer_survey, methods=["POST"])
    routes.add_url_rule("/summaries", view_func=ask, methods=["POST"])
    routes.add_url_rule(CALLBACK_PATH.removeprefix("/sandbox/doors"), view_func=take_callback, methods=["POST"])
    routes.add_url_rule("/trouble", view_func=switch, methods=["POST"])
    return routes


def start(intercom: Intercom, form: Mapping[str, str]) -> str:
    """Let a customer of the list, or whoever is named in the form, start a conversation; its number."""
    customer = CUSTOMERS.get(form.get("customer", ""))
    if customer is not None:
        email, user_id, name, text = customer.email, customer.external_id, customer.name, customer.description
    else:
        email, user_id = form.get("email", "").strip() or None, None
        name, text = email or "Somebody", form.get("text", "").strip() or "(no text)"
    role = "user" if email or user_id else "lead"
    contact = intercom.add_contact(email=email, external_id=user_id, role=role)
    intercom.contacts[contact]["name"] = name
    return intercom.start_conversation(contact, text=text)


def _back(anchor: str) -> ResponseReturnValue:
    return redirect(url_for("doors.show", _anchor=anchor), 303)


def _conversations(doors: Doors) -> list[ConversationView]:
    """The conversations, newest first."""
    with doors.intercom.lock:
        conversations = list(reversed(doors.intercom.conversations.values()))
    return [_conversation(doors, conversation) for conversation in conversations]


def _conversation(doors: Doors, conversation: dict[str, Any]) -> ConversationView:
    number, author = conversation["id"], conversation["source"]["author"]
    first = PartView(author["name"], "comment", Markup(conversation["source"]["body"]))  # noqa: S704 -- escaped there
    return ConversationView(
        number=number,
        customer=f"{author['name']} <{author['email']}>" if author["email"] else f"{author['name']}, no e-mail",
        parts=[first, *map(_part, doors.intercom.parts(number))],
        noted=bool(doors.intercom.notes(number)),
        said=_said_of(doors, f"intercom-{number}"),
    )


def _said_of(doors: Doors, case: str) -> str | None:
    line = doors.said_of(case)
    return None if line is None else outcome.words_of(line)


def _part(part: dict[str, Any]) -> PartView:
    """What somebody wrote later: of teammates it is HTML, of customers what they typed."""
    by_teammate = part["author"]["type"] == "admin"
    text = Markup(part["body"]) if by_teammate else escape(part["body"])  # noqa: S704 -- the page's policy runs nothing
    return PartView(part["author"]["name"] or "Somebody", part["part_type"], text)
