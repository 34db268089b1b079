"""The endpoints below `/v1`: ask for highlights, and look what came of it. All answers are JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from integration import logs
from integration.ask import answers, asking, openapi
from integration.ask.asking import Asked, Offer, Refused
from integration.ask.records import Record, Records
from integration.ask.settings import DESK, AskSettings
from integration.facts import CaseKey, NewCase, Standing, as_logged, case_key, reference_of
from integration.ports import Cases
from integration.settings import Settings

PATH: Final = "/v1/highlights"
LATER_SECONDS: Final = 30  # after which a client is asked to come again,
FULL_SECONDS: Final = 300  # and when too much waits
_UNUSABLE: Final = ("unusable", "The request cannot be used.")
_BELOW: Final = "/v1/"
_OTHERS: Final = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address takes other methods."),
    413: ("too_large", f"The body may have {asking.MAX_BYTES} bytes."),
    503: ("unavailable", "Come again later."),
}
_FINAL: Final = frozenset({"posted", "empty", "skipped", "failed"})
_ID: Final = 32  # characters

log = logs.get(__name__)


def blueprint(settings: Settings, own: AskSettings, records: Records, cases: Cases, *, slack: bool) -> Blueprint:
    """The endpoints; nothing is known of a request that another token made. `slack`: results may go there, too."""
    api = Blueprint("ask", __name__)
    offer = Offer(hosts=own.callback_hosts, slack=slack, lookback=settings.cases.lookback_seconds)
    desk = _Desk(settings, offer, records, cases)
    _add_errors(api)

    @api.post(PATH)
    def ask() -> Response:
        """Ask for highlights."""
        client = asking.client(request.headers.get("Authorization", ""), own.tokens)
        header = request.headers.get("Idempotency-Key")
        asked = asking.read(_body(), header, offer=desk.offer, now=time.time())
        status, case_id, told = desk.ask(client, asked)
        url = f"{settings.public_url}{PATH}/{case_id}"
        answer = _answer(status, {"id": case_id, "status": told, "status_url": url})
        answer.headers["Location"] = url
        answer.headers["Retry-After"] = str(LATER_SECONDS)
        return answer

    @api.get(f"{PATH}/<id>")
    def look(id: str) -> Response:  # noqa: A002 -- its name in the address
        """Tell what came of a request."""
        client = asking.client(request.headers.get("Authorization", ""), own.tokens)
        return _answer(200, desk.look(client, id))

    @api.get("/v1/openapi.json")
    def describe() -> Response:
        """Describe these endpoints."""
        return _answer(200, openapi.document(settings.public_url))

    return api


class _Desk:
    """What the endpoints do with requests."""

    def __init__(self, settings: Settings, offer: Offer, records: Records, cases: Cases) -> None:
        self.offer = offer
        self._keys = settings.secret_keys
        self._ceiling = settings.requests_per_hour
        self._records, self._cases = records, cases

    def ask(self, client: str, asked: Asked) -> tuple[int, str, str]:
        """Take in a request, or find the one that it repeats: status, its id, and how it stands."""
        keys = list(self._case_keys(client, asked))
        for key in keys:
            record = self._records.find(key)
            if record is not None:
                return self._again(key, record, asked)
        key = keys[0]
        if self._cases.waiting() >= self._ceiling:
            raise Refused(429, "too_many_requests", "Too many requests wait for their highlights: come again later.")
        record = self._record(client, asked)
        if not self._records.add(key, record):  # the same came twice at once
            return self._again(key, self._records.find(key) or record, asked)
        if not self._cases.receive(_case(key, record, asked)) and self._is_over(key):
            self._records.drop(key)  # it had its result long ago, or was erased
            return 200, reference_of(key), answers.EXPIRED
        log.info("highlights asked for", **as_logged(key), client=client)
        return 202, reference_of(key), answers.QUEUED

    def look(self, client: str, case_id: str) -> dict[str, Any]:
        """What came of a request."""
        if len(case_id) != _ID or not case_id.isascii() or not case_id.isalnum():
            raise _not_found()
        key = case_key(DESK, case_id)
        record = self._records.find(key)
        if record is None or record.owner != client:
            raise _not_found()
        return answers.told(case_id, record, self._standing(key, record))

    def _again(self, key: CaseKey, record: Record, asked: Asked) -> tuple[int, str, str]:
        """The request that is repeated; it is taken in now, if that was cut off before."""
        if not any(hmac.compare_digest(record.mac, _mac(secret, asked.written)) for secret in self._keys):
            message = "Another request was made with this idempotency key."
            raise Refused(422, "idempotency_key_reused", message, field="Idempotency-Key")
        if record.result is None:
            self._cases.receive(_case(key, record, asked))
        return 200, reference_of(key), answers.status_of(record, self._standing(key, record))

    def _is_over(self, key: CaseKey) -> bool:
        standing = self._cases.standing(key)
        return standing is None or standing.state in _FINAL

    def _standing(self, key: CaseKey, record: Record) -> Standing | None:
        return None if record.result is not None else self._cases.standing(key)

    def _record(self, client: str, asked: Asked) -> Record:
        return Record(
            owner=client,
            mac=_mac(self._keys[0], asked.written),
            asked_at=round(time.time(), 3),
            reference=asked.reference,
            within=asked.within,
            slack=asked.slack,
            question=asked.question,
            callback_url=asked.callback_url,
        )

    def _case_keys(self, client: str, asked: Asked) -> Iterator[CaseKey]:
        """The case that an idempotency key leads to, also by earlier secrets; by none, a new one."""
        if asked.key is None:
            yield case_key(DESK, secrets.token_hex(_ID // 2))
            return
        for secret in self._keys:
            yield case_key(DESK, _mac(secret, f"{client}\n{asked.key}".encode())[:_ID])


def _case(key: CaseKey, record: Record, asked: Asked) -> NewCase:
    moment = record.asked_at if record.within is None else min(record.asked_at, record.within.end)
    return NewCase(key=key, person=asked.person, created=moment, settle=0.0)


def _mac(secret: str, text: bytes) -> str:
    """A keyed hash: nobody finds out by trying what was asked."""
    return hmac.digest(secret.encode(), b"ask\n" + text, hashlib.sha256).hex()


def _body() -> bytes:
    if (request.content_length or 0) > asking.MAX_BYTES:
        raise RequestEntityTooLarge
    request.max_content_length = asking.MAX_BYTES + 1  # a body without a length is cut there in silence
    body = request.get_data(cache=False)
    if len(body) > asking.MAX_BYTES:
        raise RequestEntityTooLarge
    return body


# -- Answers


def _answer(status: int, told: dict[str, Any]) -> Response:
    answer = Response(json.dumps(told), status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _error(status: int, code: str, message: str, *, field: str | None = None) -> Response:
    answer = _answer(status, {"error": {"code": code, "message": message, "field": field}})
    if status == 401:  # noqa: PLR2004 -- as RFC 6750 has it
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        answer.headers["Retry-After"] = str(FULL_SECONDS if status == 429 else LATER_SECONDS)  # noqa: PLR2004 -- above
    return answer


def _not_found() -> Refused:
    return Refused(404, "not_found", "There is no such request, its result has expired, or another client made it.")


def _add_errors(api: Blueprint) -> None:
    @api.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        log.warning("request refused", endpoint="ask", status=error.status, reason=error.code, field=error.field)
        return _error(error.status, error.code, str(error), field=error.field)

    @api.after_app_request  # an address that is none, or another method, is no endpoint's
    def as_json(answer: Response) -> Response:
        """What goes wrong on the way is answered for all endpoints alike, in plain text: here in JSON."""
        if not request.path.startswith(_BELOW) or answer.status_code < 400 or answer.is_json:  # noqa: PLR2004 -- errors
            return answer
        return _error(answer.status_code, *_OTHERS.get(answer.status_code, _UNUSABLE))
