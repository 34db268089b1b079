"""The status page's addresses: the page, the admin's two deeds with their question before, and `/metrics`.

    GET  /                                the page; ?ticket=N searches, ?state=failed narrows the list
    POST /status/tickets/N/retry          puts a ticket that ended without a note back to work
    POST /status/check                    runs `check` in the background
    POST /status/tickets/N/seen           takes a note that is or was public off the list at the top
    GET  /status/tickets/N/erase          asks whether to; POST does it
    GET  /status/failed/retry, /erase     asks about all that have failed; POST does it, or a good part of it
    GET  /metrics                         for Prometheus

Every POST carries a token against forged requests and ends in a redirect.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, NotFound, TooManyRequests

from integration import logs
from integration.cases import overview, standing, story
from integration.cases.entry import RETRYABLE, Entry, NewerEntryError, State
from integration.cases.ledger import Ledger
from integration.facts import CaseKey, as_logged, name_of, read_name
from integration.logrocket.links import ProjectLinks
from integration.settings import Settings
from integration.web.status import figures, login, metrics
from integration.web.status import snapshot as reading
from integration.web.status import wording as words
from integration.web.status.checking import Checker
from integration.web.status.checklist import checklist

BULK_SECONDS: Final = 8.0  # that one press of a button works on many tickets; the rest is left for the next
RETRY_AFTER_SECONDS: Final = 30
_MAX_FORM_BYTES: Final = 16 * 1024
_WEEK: Final = 7 * 24 * 60 * 60
_DONE: Final = {"retry": "put back to work", "erase": "erased"}

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search for a ticket brought: its entry, or why there is none."""

    asked: str
    entry: Entry | None = None
    problem: str | None = None


def register(app: Flask, settings: Settings, ledger: Ledger, redis: Redis) -> login.Doorkeeper | None:
    """Give the application its status page, and tell who lets admins in; without ADMIN_PASSWORD there is neither."""
    if settings.admin_password is None:
        return None
    csrf = login.protect(app, settings)
    doorkeeper = login.Doorkeeper(settings, redis)
    secure = login.headers(settings)
    pages = Blueprint("status", __name__, template_folder="templates")
    files = Blueprint("status_files", __name__, static_folder="static", static_url_path="/status/files")

    @pages.before_request
    @doorkeeper.auth.login_required  # type: ignore[untyped-decorator]  # Flask-HTTPAuth publishes no types
    def admit() -> None:
        request.max_content_length = _MAX_FORM_BYTES
        csrf.protect()

    @pages.after_request
    @files.after_request
    def set_headers(response: Response) -> Response:
        return login.set_headers(secure, response)

    doorkeeper.auth.error_handler(_unauthorized)
    _add_refusals(pages)
    checker = Checker(settings, redis)
    _add_page(pages, settings, ledger, redis, checker)
    _add_deeds(pages, ledger)
    _add_check(pages, checker)
    _add_metrics(pages, settings, ledger, redis)
    _add_words(pages, settings)
    app.register_blueprint(pages)
    app.register_blueprint(files)
    return doorkeeper


# -- The page


def _add_page(pages: Blueprint, settings: Settings, ledger: Ledger, redis: Redis, checker: Checker) -> None:
    @pages.get("/")
    def page() -> ResponseReturnValue:
        """Show how it stands."""
        stands = reading.snapshot(ledger, redis)
        facts = overview.facts(settings, redis, routes=ledger.lanes.routes)
        found = standing.troubles(facts)
        state = _state(request.args.get("state", ""))
        return render_template(
            "status/page.html",
            stands=stands,
            troubles=found,
            grave=found[0].severity.name if found else None,
            summary=standing.summary(facts, found),
            tasks=checklist(facts),
            checked=checker.last(),
            refusals=reading.refusals(redis, ledger.keys),
            public=overview.public_notes(ledger),
            lanes=_lanes(stands, settings),
            missed=reading.missed(redis, ledger.keys),
            flows=reading.flows(redis, ledger.keys, stands.now),
            reasons=figures.grouped(reading.reasons(redis, ledger.keys, since=stands.now - _WEEK)),
            found=_found(ledger, request.args.get("ticket", "")),
            state=state,
            tickets=ledger.latest(reading.SHOWN) if state is None else reading.latest_in(redis, ledger.keys, state),
            refreshes="refresh" in request.args,
        )


def _lanes(stands: reading.Snapshot, settings: Settings) -> dict[str, list[str]]:
    return {
        "Zendesk": words.of_zendesk(stands.outlook, stands.holds.get("Zendesk")),
        "LogRocket": words.of_logrocket(
            stands.outlook,
            stands.holds.get("LogRocket"),
            asked=stands.asked,
            ceiling=settings.requests_per_hour,
        ),
    }


def _state(raw: str) -> State | None:
    return State(raw) if raw in list(State) else None


def _found(ledger: Ledger, raw: str) -> Found | None:
    """The ticket that was searched for; None when none was."""
    asked = raw.strip()
    if not asked:
        return None
    key = _key(asked.removeprefix("#"))
    if key is None:
        return Found(asked=asked[:40], problem="is no ticket number: it has digits only, 18 at most.")
    try:
        entry = ledger.find(key)
    except NewerEntryError:
        return Found(asked=name_of(key), problem="was written by a newer release, which this one leaves alone.")
    unknown = "is not known: it never arrived here, was erased, or is older than RETENTION_DAYS."
    return Found(asked=name_of(key), entry=entry, problem=None if entry else unknown)


def _key(raw: str) -> CaseKey | None:
    try:
        return read_name(raw)
    except ValueError:
        return None


# -- Retry, seen and erase


def _add_deeds(pages: Blueprint, ledger: Ledger) -> None:
    deeds: dict[str, Callable[[CaseKey], bool]] = {"retry": ledger.retry, "erase": ledger.forget}

    @pages.post("/status/tickets/<number>/retry")
    def retry(number: str) -> ResponseReturnValue:
        """Put a ticket that ended without a note back to work."""
        key = _existing(number)
        if ledger.retry(key):
            flash(f"Ticket {name_of(key)} was put back to work.")
        else:
            flash(f"Ticket {name_of(key)} was left as it is: {_why_not(ledger, key)}.")
        return redirect(url_for("status.page", ticket=name_of(key)), 303)

    @pages.post("/status/tickets/<number>/seen")
    def seen(number: str) -> ResponseReturnValue:
        """Take a note that is or was public off the list: the admin has seen it."""
        key = _existing(number)
        if ledger.public_seen(key):
            log.info("public note seen by an admin", **as_logged(key))
            flash(f"You have seen that the note of ticket {name_of(key)} is or was public.")
        else:
            flash(f"The note of ticket {name_of(key)} is not on the list of public ones.")
        return redirect(url_for("status.page"), 303)

    @pages.get("/status/tickets/<number>/erase")
    def ask_to_erase(number: str) -> ResponseReturnValue:
        """Ask whether a ticket is to be erased."""
        return render_template("status/ask.html", deed="erase", ticket=name_of(_existing(number)), number=1)

    @pages.post("/status/tickets/<number>/erase")
    def erase(number: str) -> ResponseReturnValue:
        """Erase all that is stored of a ticket."""
        key = _existing(number)
        erased = ledger.forget(key)
        flash(f"Ticket {name_of(key)} was erased." if erased else f"Of ticket {name_of(key)} nothing was stored.")
        return redirect(url_for("status.page"), 303)

    @pages.get("/status/failed/<any(retry, erase):deed>")
    def ask_for_all(deed: str) -> ResponseReturnValue:
        """Ask whether all failed tickets are meant."""
        number = ledger.counts()[State.FAILED]
        return render_template("status/ask.html", deed=deed, ticket=None, number=number)

    @pages.post("/status/failed/<any(retry, erase):deed>")
    def do_to_all(deed: str) -> ResponseReturnValue:
        """Do it to all failed tickets, for as long as a request may take."""
        done = _each_in_time(ledger.in_state(State.FAILED), deeds[deed], seconds=BULK_SECONDS)
        left = ledger.counts()[State.FAILED]
        log.info("failed tickets dealt with by an admin", deed=deed, count=done, left=left)
        rest = f" {words.count(left, 'ticket')} that have failed are left: go on where you began." if left else ""
        flash(f"{words.count(done, 'ticket')} {'was' if done == 1 else 'were'} {_DONE[deed]}.{rest}")
        return redirect(url_for("status.page"), 303)


def _each_in_time(tickets: list[CaseKey], deed: Callable[[CaseKey], bool], *, seconds: float) -> int:
    """Do it to one ticket after another while there is time; to how many it was done."""
    deadline, done = time.monotonic() + seconds, 0
    for each in tickets:
        done += deed(each)
        if time.monotonic() > deadline:
            break
    return done


def _existing(name: str) -> CaseKey:
    """The case that an address names."""
    key = _key(name)
    if key is None:
        raise NotFound
    return key


def _why_not(ledger: Ledger, key: CaseKey) -> str:
    try:
        entry = ledger.find(key)
    except NewerEntryError:
        return "a newer release wrote it"
    return "it is not known" if entry is None else f"there is nothing to retry, it is {words.STATES[entry.state]}"


# -- Check


def _add_check(pages: Blueprint, checker: Checker) -> None:
    @pages.post("/status/check")
    def check() -> ResponseReturnValue:
        """Run `check` in the background."""
        if checker.start():
            log.info("check started by an admin")
            flash("The checks run. What they find stands below within a minute.")
        else:
            flash("The checks run already: what they find stands below within a minute.")
        return redirect(url_for("status.page"), 303)


# -- Metrics


def _add_metrics(pages: Blueprint, settings: Settings, ledger: Ledger, redis: Redis) -> None:
    @pages.get("/metrics")
    def for_prometheus() -> ResponseReturnValue:
        """Tell Prometheus."""
        body, kind = metrics.exposition(settings, ledger, redis, accept=request.headers.get("Accept", ""))
        return Response(body, content_type=kind)


# -- Refusals


def _unauthorized(_status: int) -> Response:
    return _refusal(401, "Log in", f"The user is {login.USER}, the password is what ADMIN_PASSWORD is set to.")


def _add_refusals(pages: Blueprint) -> None:
    @pages.errorhandler(RedisError)
    def no_redis(error: RedisError) -> ResponseReturnValue:
        log.error("status page without Redis", error=type(error).__name__)
        trouble = standing.away(error)
        answer = _refusal(503, trouble.what, f"{trouble.do} python -m integration check tells what is wrong with it.")
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer

    @pages.errorhandler(CSRFError)
    def forged(error: CSRFError) -> ResponseReturnValue:
        log.warning("form refused", reason=error.description)
        return _refusal(400, "Nothing was done", "This form is out of date. Open the status page again and repeat it.")

    @pages.errorhandler(TooManyRequests)
    def too_many(error: TooManyRequests) -> ResponseReturnValue:
        wait = error.retry_after if isinstance(error.retry_after, int) else RETRY_AFTER_SECONDS
        answer = _refusal(
            429,
            "Too many wrong passwords",
            f"This one was not let in. Try again in {words.duration(wait)}, one at a time.",
        )
        answer.headers["Retry-After"] = str(wait)
        return answer

    @pages.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        return _refusal(error.code or 400, error.name, "Nothing was done.")

    @pages.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        log.error("status page failed", exc_info=error)
        return _refusal(503, "Something is wrong here", "The log of the web process says what.")


def _refusal(status: int, title: str, text: str) -> Response:
    """An answer that is not the page: in HTML, but for Prometheus."""
    if request.endpoint == "status.for_prometheus":
        return Response(f"{title}. {text}\n", status=status, mimetype="text/plain")
    return Response(render_template("status/refusal.html", title=title, text=text), status=status)


# -- Words for the templates


def _add_words(pages: Blueprint, settings: Settings) -> None:
    links = ProjectLinks.of(settings)

    @pages.context_processor
    def vocabulary() -> dict[str, Any]:
        return {
            "words": words,
            "figures": figures,
            "way_of": story.way,
            "RETRYABLE": RETRYABLE,
            "name_of": name_of,
            "ticket_url": lambda key: f"{settings.zendesk_url}/agent/tickets/{name_of(key)}",
            "replay_url": lambda entry: links.replay(entry.replay),
            "retention_days": settings.retention_days,
        }
