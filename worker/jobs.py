"""What a worker does for one case: three steps, each claimed in the ledger before it touches a remote service.

A job never raises: what came of it, good or bad, is written into the ledger, and the sweeper decides what is next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from integration import logs
from integration.cases import claims, counters, results, transitions
from integration.cases.changes import Decide
from integration.cases.entry import MAX_RETRY_AFTER_SECONDS, Entry, Instead, State
from integration.cases.lanes import Sign
from integration.cases.steps import STEPS
from integration.errors import (
    CaseClosed,
    Held,
    NoNotePossible,
    NoteIsThere,
    NotItsTurn,
    NotThere,
    RemoteError,
    StillPublic,
    Temporary,
)
from integration.facts import CaseKey, as_logged
from integration.ports import KnowsAccounts, Place, Summariser
from worker import asking, merging, posting
from worker.kit import Kit

log = logs.get(__name__)

_SUSPECTED_SECONDS = 150.0  # that refused cases wait for a sign of whose trouble it is, while we are accepted


@dataclass(frozen=True, kw_only=True)
class Jobs(Kit):
    """The jobs of one worker process, with all that they need."""

    def by_name(self) -> Mapping[str, Callable[[CaseKey], None]]:
        """Every function that an RQ job may name."""
        jobs = {
            State.RECEIVED: self.request_highlights,
            State.REQUESTED: self.collect_highlights,
            State.READY: self.post_note,
        }
        return {STEPS[state].function: job for state, job in jobs.items()}

    def request_highlights(self, key: CaseKey) -> None:
        """Ask what the person did lately."""
        self._step(key, State.RECEIVED, self._request)

    def collect_highlights(self, key: CaseKey) -> None:
        """Ask what came of the request, when no callback told."""
        self._step(key, State.REQUESTED, self._collect)

    def post_note(self, key: CaseKey) -> None:
        """Post the summary as an internal note, unless it is there already."""
        self._step(key, State.READY, self._post)

    # -- Each returns how the entry goes on

    def _request(self, entry: Entry) -> Decide:
        if entry.request.hint is not None:  # a callback named the request whose answer we never stored
            return partial(transitions.requested, request_id=entry.request.hint, policy=self.policy)
        self._refuse_others(entry)
        try:
            prepared = asking.prepare(self, entry)
        except CaseClosed as error:
            return merging.sent_on(self, entry, error)
        except NoteIsThere as error:
            return partial(transitions.posted, note_id=error.note_id, in_run=entry.redis_run)
        try:
            return asking.ask(self, prepared)
        except RemoteError as error:
            return prepared.then(self._after(error, prepared.entry))

    def _refuse_others(self, entry: Entry) -> None:
        """Raise `NoNotePossible` when deliveries told of the case as of other accounts' alone."""
        place = self.place(entry)
        if not entry.accounts or not isinstance(place, KnowsAccounts) or any(map(place.is_of, entry.accounts)):
            return
        service = self.routes.place(entry.key)
        raise NoNotePossible(f"{service} told of it as of another account's, not ours", service=service)

    def _collect(self, entry: Entry) -> Decide:
        result = self.summariser_of(entry).result(entry.request.id or "")
        self.answered(self.routes.project(entry))
        if result is None:
            return partial(results.unknown_request, policy=self.policy)
        return partial(results.told, result=result, policy=self.policy)

    def _post(self, entry: Entry) -> Decide:
        try:
            return posting.post(self, entry)
        except CaseClosed as error:
            return merging.sent_on(self, entry, error)

    # -- What all three have in common

    def _step(self, key: CaseKey, state: State, work: Callable[[Entry], Decide]) -> None:
        started = time.monotonic()
        try:
            claimed = self.ledger.claim(key, state)
            if claimed is None:
                log.debug("nothing to do", **as_logged(key), step=STEPS[state].name)
                return
            outcome = self._outcome(claimed, work)
            took = time.monotonic() - started
            counters.count_step(STEPS[state].name, took)
            settled = self.ledger.settle(claimed, outcome, ms=round(took * 1000))
            if settled is None:
                self._overtaken(key, state)
        except (RedisError, JobTimeoutException) as error:
            self.ledger.lanes.forget_untold()
            why = "Redis cannot be used, or the step took too long: the sweeper queues it again"
            log.warning(
                "step broken off", **as_logged(key), step=STEPS[state].name, why=why, error=type(error).__name__
            )

    def _overtaken(self, key: CaseKey, state: State) -> None:
        """A step that is over changes nothing: what was counted in it is written alone."""
        why = "a callback came meanwhile, the ticket was erased, or the step took longer than its lease"
        log.info("step overtaken, its outcome is dropped", **as_logged(key), step=STEPS[state].name, why=why)
        try:
            self.ledger.write_counts()
        except (RedisError, JobTimeoutException) as error:
            log.debug("counts are written later", error=type(error).__name__)

    def _outcome(self, claimed: Entry, work: Callable[[Entry], Decide]) -> Decide:
        """How the entry goes on after its work, or after what went wrong with it."""
        try:
            return work(claimed)
        except NotItsTurn as error:
            until, why = error.until + self.policy.random(), str(error)  # not all of them at once
            return lambda current, _: claims.deferred(current, until=until, error=why)
        except RemoteError as error:
            return self._after(error, claimed)
        except JobTimeoutException:
            slow = Temporary("the step took too long", outcome_unknown=True)
            self.ledger.lanes.failed(self._service(slow, claimed), str(slow))
            return partial(claims.postponed, error=slow, policy=self.policy)
        except RedisError:
            raise
        except Exception:
            log.exception("internal error", **as_logged(claimed.key), step=STEPS[claimed.state].name)
            return partial(claims.crashed, policy=self.policy)

    def _after(self, error: RemoteError, claimed: Entry) -> Decide:
        """How the entry goes on after an error; when it has failed at the summariser, as the admin wishes."""
        decide = self._after_error(error, claimed)
        if claimed.state is State.READY or self._service(error, claimed) == self.routes.place(claimed.key):
            return decide

        def or_link(current: Entry, now: float) -> Entry | None:
            new = decide(current, now)
            if new is None or new.state is not State.FAILED:
                return new
            reason = new.reason or str(error)
            return transitions.no_highlights(current, now, reason=reason, instead=Instead.FAILED, policy=self.policy)

        return or_link

    def _after_error(self, error: RemoteError, claimed: Entry) -> Decide:
        match error:
            case NoNotePossible():
                return partial(transitions.ended, state=State.SKIPPED, reason=str(error))
            case NotThere():
                return partial(claims.not_there, error=error, policy=self.policy)
            case StillPublic():
                log.error("our note is public, customers can read it", **as_logged(claimed.key), why=str(error))
                return partial(claims.still_public, error=error, policy=self.policy)
            case Held():
                return self._refused(error, claimed)
            case Temporary():
                self.ledger.lanes.failed(self._service(error, claimed), str(error))
                if error.too_many:
                    self._limited(error, claimed)
                return partial(claims.postponed, error=error, policy=self.policy)
            case _:
                return partial(transitions.ended, state=State.FAILED, reason=str(error))

    def _refused(self, error: Held, claimed: Entry) -> Decide:
        """Find out who is meant by a refusal: our account, one case after another, or this case alone."""
        service = self._service(error, claimed)
        another, own = self.ledger.lanes.met(service, Sign.REFUSED, claimed)
        accepted = False if error.of_account else self._takes_our_credentials(service, error, claimed)
        if accepted is False:
            return self._hold(service, error, claimed)
        since = claimed.claim.refused_since if claimed.claim.refused_since is not None else claimed.claim.lease_until
        if another and not own and claimed.claim.lease_until - since < _SUSPECTED_SECONDS:
            suspicion = Held(
                f"{service} refuses one ticket after another ({error.status}), although it accepts our credentials: "
                "is a permission or a scope missing?"
            )
            suspicion.said, suspicion.outcome_unknown = error.said, error.outcome_unknown
            return self._hold(service, suspicion, claimed, longest=0.0)
        if own or accepted:
            own_trouble = Held(self._denied(service, error, claimed), status=error.status)
            own_trouble.outcome_unknown = error.outcome_unknown
            return partial(claims.refused, error=own_trouble, reason=str(own_trouble), policy=self.policy)
        delay = claims.refused_again(claimed, error=error, policy=self.policy)
        return partial(claims.held, error=error, delay=delay)

    def _hold(self, service: str, error: Held, claimed: Entry, **options: float) -> Decide:
        log.error("refused, all tickets that need it wait", service=service, why=str(error))
        delay = self.ledger.lanes.hold(service, str(error), **options)
        delay = max(delay, claims.refused_again(claimed, error=error, policy=self.policy))
        if error.outcome_unknown:
            delay = max(delay, self.policy.settle)
        return partial(claims.held, error=error, delay=delay)

    def _takes_our_credentials(self, service: str, error: Held, claimed: Entry) -> bool | None:
        if service == self.routes.place(claimed.key):
            return self.place(claimed).takes_our_credentials()
        return self.summariser_of(claimed).takes_our_credentials(refused_with=error.status)

    def _denied(self, service: str, error: Held, claimed: Entry) -> str:
        """Why a case has failed that the service refuses, in words that lead an admin to the right place."""
        own = service == self.routes.place(claimed.key)
        refuses: Summariser | Place = self.place(claimed) if own else self.summariser_of(claimed)
        return refuses.denied(error)

    def _limited(self, error: Temporary, claimed: Entry) -> None:
        """Close the lane after a 429 that is meant for all; one that is meant for this case delays it alone."""
        service = self._service(error, claimed)
        another, _ = self.ledger.lanes.met(service, Sign.LIMITED, claimed)
        if error.limit_used_up or (another and error.limit_used_up is None):
            seconds = min(error.retry_after or self.policy.backoff, MAX_RETRY_AFTER_SECONDS)
            self.ledger.lanes.pause(service, seconds)

    def _service(self, error: RemoteError, claimed: Entry) -> str:
        """The service that an error came from; the one of the step when the error does not tell."""
        if error.service is not None:
            return error.service
        return self.routes.place(claimed.key) if claimed.state is State.READY else self.routes.project(claimed)
