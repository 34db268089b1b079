"""The status page's addresses: the page, `check`, and `/metrics`; what an admin can do to tickets is in `actions`.

    GET  /                                the page; ?ticket=N searches, ?state=failed narrows the list
    POST /status/check                    runs `check` in the background
    GET  /metrics                         for Prometheus

Every POST carries a token against forged requests and ends in a redirect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, TooManyRequests

from integration import logs, services
from integration.cases import overview, redis_trouble, standing, story
from integration.cases.entry import RETRYABLE, Entry, State
from integration.cases.ledger import Ledger
from integration.cases.steps import Routes
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey, name_of
from integration.safe_text import masked
from integration.settings import Settings
from integration.web.status import actions, figures, login, metrics, snapshot, wording
from integration.web.status.checking import Checker
from integration.web.status.checklist import checklist

RETRY_AFTER_SECONDS: Final = 30
_MAX_FORM_BYTES: Final = 16 * 1024
_WEEK: Final = 7 * 24 * 60 * 60

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search for a ticket: the entry that it brought, or why there is none."""

    asked: str
    entry: Entry | None = None
    problem: str | None = None


def register(app: Flask, settings: Settings, ledger: Ledger, redis: Redis) -> login.Doorkeeper:
    """Give the application its status page, and tell who lets admins in."""
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
    _add_refusals(pages, ledger.lanes.routes)
    checker = Checker(settings, redis)
    _add_page(pages, settings, ledger, redis, checker)
    actions.add(pages, ledger)
    _add_check(pages, checker)
    _add_metrics(pages, settings, ledger, redis)
    _add_vocabulary(pages, settings, ledger.lanes.routes)
    app.register_blueprint(pages)
    app.register_blueprint(files)
    return doorkeeper


# -- The page


def _add_page(pages: Blueprint, settings: Settings, ledger: Ledger, redis: Redis, checker: Checker) -> None:
    @pages.get("/")
    def page() -> ResponseReturnValue:
        """Show how it stands."""
        stands = overview.read(settings, redis, routes=ledger.lanes.routes)
        facts, troubles = stands.facts, standing.troubles(stands.facts)
        state = _state(request.args.get("state", ""))
        return render_template(
            "status/page.html",
            stands=stands,
            troubles=troubles,
            grave=troubles[0].severity.name if troubles else None,
            summary=standing.summary(facts, troubles),
            tasks=checklist(facts),
            checked=checker.last(),
            refusals=snapshot.refusals(redis, ledger.keys, endpoints=ledger.lanes.routes.endpoints),
            public=ledger.reader.public_notes(snapshot.SHOWN),
            lanes=wording.of_lanes(
                stands.outlook, stands.holds, asked=stands.facts.asked, ceiling=stands.facts.ceiling
            ),
            missed=snapshot.missed(redis, ledger.keys, recovered=ledger.lanes.routes.recovered),
            flows=snapshot.flows(redis, ledger.keys, stands.now),
            reasons=figures.grouped(snapshot.reasons(ledger.reader, since=stands.now - _WEEK)),
            search=_search(ledger, request.args.get("ticket", "")),
            state=state,
            tickets=snapshot.latest(ledger.reader, state),
            refreshes="refresh" in request.args,
        )


def _state(raw: str) -> State | None:
    return State(raw) if raw in list(State) else None


def _search(ledger: Ledger, raw: str) -> Search | None:
    """The ticket that was searched for; None when none was."""
    asked = raw.strip()
    if not asked:
        return None
    key = actions.read_key(asked.removeprefix("#"))
    if key is None:
        return Search(asked=asked[:40], problem="is no ticket number, and no key such as intercom-524.")
    try:
        entry = ledger.reader.find(key)
    except NewerEntryError:
        return Search(asked=name_of(key), problem="was written by a newer release, which this one leaves alone.")
    unknown = "is not known: it never arrived here, was erased, or is older than RETENTION_DAYS."
    return Search(asked=name_of(key), entry=entry, problem=None if entry else unknown)


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


def _add_refusals(pages: Blueprint, routes: Routes) -> None:
    @pages.errorhandler(RedisError)
    def no_redis(error: RedisError) -> ResponseReturnValue:
        log.error("status page without Redis", error=type(error).__name__)
        trouble = redis_trouble.away(error, desks=routes.desks)
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
            f"This one was not let in. Try again in {wording.duration(wait)}, one at a time.",
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


def _add_vocabulary(pages: Blueprint, settings: Settings, routes: Routes) -> None:
    links = services.links(settings)

    def ticket_url(key: CaseKey) -> str:
        """Where people look at a ticket; here, when its desk does not say."""
        return services.case_url(settings, key) or url_for("status.page", ticket=name_of(key))

    @pages.context_processor
    def vocabulary() -> dict[str, Any]:
        return {
            "wording": wording,
            "figures": figures,
            "way_of": story.way,
            "RETRYABLE": RETRYABLE,
            "routes": routes,
            "name_of": name_of,
            "masked": masked,
            "listed": standing.listed,
            "ticket_url": ticket_url,
            "replay_url": lambda entry: links.replay(entry.note.replay),
            "retention_days": settings.retention_days,
        }
