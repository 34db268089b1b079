"""One ticket's entry: where it goes from where, how long it waits, and that it always comes to an end."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from integration.cases import claims, results, stored, transitions
from integration.cases.entry import (
    FINAL,
    JOB_SECONDS,
    LEASE_SECONDS,
    STOP_SECONDS,
    Claim,
    Entry,
    Note,
    Policy,
    Request,
    State,
    Trouble,
)
from integration.cases.stored import NewerEntryError
from integration.errors import Held, Temporary
from integration.facts import Highlights, Person, Result, Session, Status
from integration.http import retry_after
from tests.tickets import key

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = 1_795_515_127.25
DAY = 24 * 60 * 60
POLICY = Policy(
    poll_after=300, failed_retry=(60, 300, 900), settle=60, backoff=5, random=lambda: 0.0, summariser="LogRocket"
)
HIGHLIGHTS = Highlights(summary="shops", sessions=(Session(place="5-1/0", text="pays"),))
TROUBLE = Temporary("LogRocket has trouble (503)")
LOST = Temporary("Zendesk did not answer", outcome_unknown=True)
ADA = Person(email="ada@shop.example", external_id="cus_4711")
KEY = key(35436)
OWN, OTHER = "0cc12cad4b5b" + "a" * 52, "ffffffffffff" + "b" * 52


def ready(request_id: str | None = OWN, highlights: Highlights = HIGHLIGHTS) -> Result:
    return Result(request_id=request_id, status=Status.READY, highlights=highlights)


def failed(request_id: str | None = OWN) -> Result:
    return Result(request_id=request_id, status=Status.FAILED)


def pending(request_id: str | None = OWN) -> Result:
    return Result(request_id=request_id, status=Status.PENDING)


def received(**changes: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    return Entry(
        **{
            "key": KEY,
            "received_at": NOW,
            "entered_at": NOW,
            "person": ADA,
            **changes,
        }
    )


def claim(entry: Entry, now: float, *, policy: Policy = POLICY, lease: str = "lease") -> Entry:
    """The entry under a lease for the step that its state calls for."""
    claimed = claims.claimed(entry, now, state=entry.state, lease=lease, policy=policy)
    assert claimed is not None
    return claimed


def requested(now: float = NOW, *, request_id: str = OWN) -> Entry:
    return transitions.requested(claim(received(), now), now, request_id=request_id, policy=POLICY)


def with_highlights(now: float = NOW) -> Entry:
    return results.told(requested(now), now, result=ready(), policy=POLICY)


def postponed(entry: Entry, now: float, error: Temporary = TROUBLE, *, policy: Policy = POLICY) -> Entry:
    return claims.postponed(entry, now, error=error, policy=policy)


def held(entry: Entry, now: float) -> Entry:
    """The entry was claimed, and its service refused our credentials."""
    return claims.held(claim(entry, now), now, error=Held("Zendesk refuses our credentials (401)"), delay=60)


def poll(entry: Entry, now: float) -> Entry:
    """LogRocket was asked and knows nothing yet."""
    return results.told(claim(entry, now), now, result=pending(), policy=POLICY)


def poll_until_it_goes_back(entry: Entry) -> tuple[Entry, int]:
    """Poll as long as the entry says, and count."""
    count = 0
    while entry.state is State.REQUESTED:
        entry, count = poll(entry, entry.wait_until), count + 1
        assert count < 100
    return entry, count


# -- The way of one ticket


def test_a_ticket_goes_from_received_to_posted() -> None:
    entry = requested()
    assert (entry.state, entry.request.id, entry.claim.lease) == (State.REQUESTED, OWN, None)
    entry = results.told(entry, NOW + 90, result=ready(), policy=POLICY)
    assert (entry.state, entry.note.highlights, entry.wait_until) == (State.READY, HIGHLIGHTS, 0)
    entry = transitions.posted(claim(entry, NOW + 91), NOW + 92, note_id="7")
    assert (entry.state, entry.note.id, entry.reason) == (State.POSTED, "7", None)
    assert [what for _, what in entry.history] == ["requested", "ready", "posted"]
    assert [when for when, _ in entry.history] == [NOW, NOW + 90, NOW + 92]


def test_the_history_stays_short() -> None:
    entry = received()
    for step in range(1000):
        entry = transitions.ended(entry, NOW + step, state=State.FAILED, reason="x")
    assert len(entry.history) <= 50
    assert entry.history[-1] == (NOW + 999, "failed")


def test_the_requesters_identity_is_written_down_when_zendesk_tells_it() -> None:
    entry = transitions.identified(received(person=Person()), person=Person(email="ada@shop.example"))
    assert (entry.person.email, entry.person.external_id) == ("ada@shop.example", None)


# -- A claim


def test_a_claimed_entry_cannot_be_claimed_until_its_lease_is_over() -> None:
    entry = claim(received(), NOW)
    assert (entry.claim.lease, entry.claim.lease_until, entry.claim.attempts) == ("lease", NOW + 28, 1)
    for now in (NOW, NOW + 27.9):
        assert claims.claimed(entry, now, state=State.RECEIVED, lease="x", policy=POLICY) is None
    again = claim(entry, NOW + 28, lease="other")
    assert (again.claim.lease, again.claim.attempts) == ("other", 2)


def test_a_job_is_over_before_it_is_stopped_and_stopped_before_its_lease_ends() -> None:
    assert (JOB_SECONDS, STOP_SECONDS, LEASE_SECONDS) == (20, 25, 28)


@pytest.mark.parametrize("state", list(State))
def test_an_entry_is_claimed_only_for_its_own_step(state: State) -> None:
    entry = received(state=state, request=Request(id=OWN), note=Note(highlights=HIGHLIGHTS))
    for step in set(State) - {state}:
        assert claims.claimed(entry, NOW, state=step, lease="x", policy=POLICY) is None


def test_nothing_is_claimed_before_its_time() -> None:
    entry = received(claim=Claim(not_before=NOW + 10))
    assert claims.claimed(entry, NOW + 9.9, state=State.RECEIVED, lease="x", policy=POLICY) is None
    assert claim(entry, NOW + 10).claim.attempts == 1


def test_a_worker_that_dies_while_it_posts_keeps_the_note_alone_until_it_must_have_settled() -> None:
    entry = claim(with_highlights(), NOW)
    assert entry.wait_until >= NOW + JOB_SECONDS + POLICY.settle


def test_a_worker_that_dies_while_it_asks_holds_its_ticket_up_for_its_lease_only() -> None:
    assert claim(received(), NOW).wait_until == NOW + 28
    assert claim(requested(), NOW + 300).wait_until == NOW + 328


# -- Notes of earlier attempts


def test_a_first_attempt_looks_for_no_earlier_note() -> None:
    assert claim(with_highlights(), NOW).earlier_requests == ()


def test_any_later_attempt_looks_for_the_note_of_the_one_before() -> None:
    for again in (
        postponed(claim(with_highlights(), NOW), NOW, LOST),
        claims.crashed(claim(with_highlights(), NOW), NOW, policy=POLICY),
        held(postponed(claim(with_highlights(), NOW), NOW, LOST), NOW + 60),
        held(claim(with_highlights(), NOW), NOW + 100),  # its worker was killed, and the next one met the hold
        claim(with_highlights(), NOW),  # its worker was killed
    ):
        assert claim(again, again.wait_until).earlier_requests == (OWN,)


def test_a_note_whose_attempt_met_refused_credentials_is_looked_for() -> None:
    # The refusal may have come after the write: when a note that came back public could not be made private.
    again = held(with_highlights(), NOW)
    assert claim(again, again.wait_until).earlier_requests == (OWN,)


def test_a_note_of_an_earlier_request_is_looked_for_too() -> None:
    entry = with_highlights()
    entry = dataclasses.replace(entry, note=dataclasses.replace(entry.note, tried=(OTHER,)))
    assert claim(entry, NOW).earlier_requests == (OTHER,)
    again = claim(claim(entry, NOW), NOW + 1000)
    assert set(again.earlier_requests) == {OWN, OTHER}


# -- Silence


def test_logrocket_is_first_asked_when_its_callback_is_overdue() -> None:
    assert requested().wait_until == NOW + 300


def test_after_six_polls_the_request_is_made_anew_and_after_six_more_it_has_failed() -> None:
    entry, polls = poll_until_it_goes_back(requested())
    assert (polls, entry.state, entry.request.id, entry.request.old_ids) == (6, State.RECEIVED, None, (OWN,))
    at = entry.wait_until
    entry = transitions.requested(claim(entry, max(at, NOW)), max(at, NOW), request_id=OTHER, policy=POLICY)
    entry, polls = poll_until_it_goes_back(entry)
    assert (polls, entry.state) == (6, State.FAILED)
    assert entry.reason


def test_polls_are_poll_after_seconds_apart() -> None:
    entry = requested()
    for number in range(1, 6):
        assert entry.wait_until == NOW + 300 * number
        entry = poll(entry, entry.wait_until)
    assert entry.wait_until == NOW + 300 * 6


def test_a_request_that_logrocket_does_not_know_is_a_poll_without_a_result() -> None:
    entry = results.unknown_request(claim(requested(), NOW + 300), NOW + 300, policy=POLICY)
    assert (entry.state, entry.request.id, entry.request.polls) == (State.REQUESTED, OWN, 1)
    assert entry.wait_until == NOW + 600


def test_a_callback_is_believed_although_logrocket_gave_the_same_id_again() -> None:
    entry = results.told(requested(), NOW + 1, result=failed(), policy=POLICY)
    entry = transitions.requested(claim(entry, NOW + 100), NOW + 100, request_id=OWN, policy=POLICY)
    found = results.called_back(entry, NOW + 101, result=ready(), policy=POLICY)
    assert found is not None
    assert found.state is State.READY


# -- FAILED


@pytest.mark.parametrize("waits", [(), (60.0,), (60.0, 300.0, 900.0)])
def test_failed_is_requested_again_as_often_and_as_late_as_configured(waits: tuple[float, ...]) -> None:
    policy = dataclasses.replace(POLICY, failed_retry=waits)
    entry, now = requested(), NOW
    for number, wait in enumerate(waits):
        entry = results.told(entry, now, result=failed(), policy=policy)
        assert (entry.state, entry.request.failures, entry.wait_until) == (State.RECEIVED, number + 1, now + wait)
        assert OWN in entry.request.old_ids
        now = entry.wait_until
        entry = transitions.requested(claim(entry, now), now, request_id=OWN[:-1] + str(number), policy=policy)
    entry = results.told(entry, now, result=failed(), policy=policy)
    assert entry.state is State.FAILED
    assert entry.reason is not None
    assert "LogRocket" in entry.reason


def test_polls_start_anew_after_failed() -> None:
    entry = requested()
    for _ in range(5):
        entry = poll(entry, entry.wait_until)
    entry = results.told(claim(entry, entry.wait_until), NOW + 2000, result=failed(), policy=POLICY)
    entry = transitions.requested(claim(entry, NOW + 3000), NOW + 3000, request_id=OTHER, policy=POLICY)
    entry, polls = poll_until_it_goes_back(entry)
    assert (polls, entry.state, entry.request.failures) == (6, State.RECEIVED, 1)


def test_the_count_of_failed_stays_when_a_request_is_made_anew_for_silence() -> None:
    policy = dataclasses.replace(POLICY, failed_retry=(60.0,))
    entry = results.told(requested(), NOW, result=failed(), policy=policy)
    entry = transitions.requested(claim(entry, NOW + 60), NOW + 60, request_id=OTHER, policy=policy)
    entry, _ = poll_until_it_goes_back(entry)
    entry = transitions.requested(claim(entry, NOW + 9000), NOW + 9000, request_id="third", policy=policy)
    assert results.told(entry, NOW + 9001, result=failed("third"), policy=policy).state is State.FAILED


# -- Ends


@pytest.mark.parametrize(
    "highlights",
    [Highlights(summary="x"), Highlights(summary=" ", sessions=(Session(place="a/0", text=""),))],
)
def test_a_result_without_sessions_or_text_ends_empty(highlights: Highlights) -> None:
    asked = dataclasses.replace(requested(), person=Person(email=ADA.email))
    entry = results.told(asked, NOW, result=ready(highlights=highlights), policy=POLICY)
    assert entry.state is State.EMPTY
    assert entry.reason


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize(
    "before", [received(request=Request(hint=OTHER), last_error="x"), requested(), claim(with_highlights(), NOW)]
)
def test_what_is_personal_is_deleted_at_every_end(state: State, before: Entry) -> None:
    entry = transitions.ended(before, NOW, state=state, reason="why")
    assert (entry.person.email, entry.person.external_id, entry.note.highlights, entry.request.hint) == (
        None,
        None,
        None,
        None,
    )
    document = stored.dump(entry)
    assert not any(personal in document for personal in ("ada", "shop.example", "cus_4711", "pays"))
    assert (entry.claim.lease, entry.wait_until, entry.reason) == (None, 0, "why")


def test_a_final_entry_is_changed_by_no_callback_and_claimed_by_nobody() -> None:
    for state in FINAL:
        entry = transitions.ended(requested(), NOW, state=state, reason="why")
        for result in (ready(), failed(), pending(), ready(OTHER), ready(None)):
            assert results.called_back(entry, NOW + 1, result=result, policy=POLICY) is None
        for step in (State.RECEIVED, State.REQUESTED, State.READY):
            assert claims.claimed(entry, NOW + 1, state=step, lease="x", policy=POLICY) is None


# -- Temporary errors


def test_the_wait_doubles_with_each_attempt_up_to_15_minutes() -> None:
    entry, waits, now = received(), [], NOW
    for _ in range(12):
        entry = postponed(claim(entry, now), now)
        waits.append(entry.wait_until - now)
        now = entry.wait_until
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]
    assert entry.last_error == "LogRocket has trouble (503)"
    assert entry.claim.lease is None


@unhurried
@given(attempts=st.integers(1, 10_000), jitter=st.floats(0, 1), backoff=st.floats(0.01, 100))
def test_jitter_spreads_the_waits_without_growing_them_out_of_proportion(
    attempts: int, jitter: float, backoff: float
) -> None:
    policy = dataclasses.replace(POLICY, random=lambda: jitter, backoff=backoff)
    wait = postponed(received(claim=Claim(attempts=attempts)), NOW, policy=policy).wait_until - NOW
    plain = min(backoff * 2.0 ** min(attempts - 1, 100), 900)
    assert plain / 2 - 1e-3 <= wait <= plain * 1.5 + 1e-3


def test_two_workers_do_not_wait_equally_long() -> None:
    policies = [dataclasses.replace(POLICY, random=partial(float, jitter)) for jitter in (0, 0.5, 1)]
    waits = {postponed(received(claim=Claim(attempts=3)), NOW, policy=policy).wait_until for policy in policies}
    assert len(waits) == 3


@pytest.mark.parametrize("seconds", [0.5, 7, 61, 600, 3599])
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_retry_after_is_honoured(seconds: float, jitter: float) -> None:
    policy = dataclasses.replace(POLICY, random=lambda: jitter)
    entry = postponed(claim(received(), NOW), NOW, Temporary("429", retry_after=seconds), policy=policy)
    assert entry.wait_until >= NOW + seconds
    assert entry.wait_until <= NOW + max(seconds, 5) * 1.5


def test_a_retry_after_shorter_than_the_backoff_does_not_shorten_it() -> None:
    entry = postponed(received(claim=Claim(attempts=6)), NOW, Temporary("429", retry_after=1))
    assert entry.wait_until == NOW + 160


@pytest.mark.parametrize("seconds", [1e5, 1e9, math.inf])
def test_no_retry_after_keeps_a_ticket_waiting_for_days(seconds: float) -> None:
    entry = postponed(claim(received(), NOW), NOW, Temporary("429", retry_after=seconds))
    assert entry.wait_until <= NOW + DAY


@unhurried
@given(
    attempts=st.integers(1, 50),
    wait=st.none() | st.floats(0, 3000),
    jitter=st.floats(0, 1),
    settle=st.floats(0, 2000),
    state=st.sampled_from([State.RECEIVED, State.READY]),
)
def test_an_unknown_outcome_is_left_alone_until_it_must_have_settled(
    attempts: int, wait: float | None, jitter: float, settle: float, state: State
) -> None:
    policy = dataclasses.replace(POLICY, random=lambda: jitter, settle=settle)
    error = Temporary("Zendesk did not answer", retry_after=wait, outcome_unknown=True)
    entry = postponed(
        received(state=state, claim=Claim(attempts=attempts, lease="x", not_before=NOW + 1)), NOW, error, policy=policy
    )
    assert entry.wait_until >= NOW + settle - 1e-3
    assert entry.wait_until >= NOW + (wait or 0) - 1e-3
    assert entry.state is state


def test_a_known_outcome_does_not_wait_for_settling() -> None:
    assert postponed(claim(with_highlights(), NOW), NOW).wait_until == NOW + 5


def test_a_step_is_given_up_a_day_after_its_first_attempt() -> None:
    entry, now = with_highlights(), NOW + 40 * DAY  # how long it waited for a worker does not count
    first = now
    while entry.state is State.READY:
        assert now - first < DAY + 1000, "never given up"
        entry = postponed(claim(entry, now), now, LOST)
        if entry.state is State.READY:
            assert now - first < DAY
            now = entry.wait_until
    assert now - first >= DAY
    assert (entry.state, entry.person.email, entry.note.highlights) == (State.FAILED, None, None)
    assert entry.reason is not None
    assert "24 hours" in entry.reason
    assert "Zendesk did not answer" in entry.reason


def test_each_step_has_a_day_of_its_own() -> None:
    entry = postponed(claim(received(), NOW), NOW)
    entry = transitions.requested(claim(entry, NOW + DAY - 1), NOW + DAY - 1, request_id=OWN, policy=POLICY)
    entry = postponed(claim(entry, NOW + DAY + 300), NOW + DAY + 300)
    assert entry.state is State.REQUESTED
    entry = results.told(claim(entry, NOW + 2 * DAY), NOW + 2 * DAY, result=ready(), policy=POLICY)
    assert postponed(claim(entry, NOW + 2 * DAY), NOW + 2 * DAY).state is State.READY


def test_a_poll_that_told_something_starts_the_day_of_temporary_errors_anew() -> None:
    entry = postponed(claim(requested(), NOW + 300), NOW + 300)
    entry = poll(entry, NOW + DAY - 1)
    assert postponed(claim(entry, NOW + DAY + 600), NOW + DAY + 600).state is State.REQUESTED


# -- Refused credentials


@unhurried
@given(times=st.lists(st.floats(1, DAY), min_size=1, max_size=60))
def test_refused_credentials_never_give_a_ticket_up(times: list[float]) -> None:
    entry, now = with_highlights(), NOW
    for later in times:
        now = max(now + later, entry.wait_until)
        entry = held(entry, now)
        assert (entry.state, entry.claim.lease) == (State.READY, None)
        assert now + 60 <= entry.wait_until <= now + 100  # it grows with the time, and not for ever
    assert entry.last_error is not None
    assert entry.note.highlights is not None


def test_the_day_of_temporary_errors_begins_after_the_credentials_work_again() -> None:
    entry = held(postponed(claim(received(), NOW), NOW), NOW + 60)
    entry = postponed(claim(entry, NOW + 3 * DAY), NOW + 3 * DAY)
    assert entry.state is State.RECEIVED


# -- Our own errors


def test_our_own_error_is_given_up_at_the_fifth() -> None:
    entry, now = with_highlights(), NOW
    for _ in range(4):
        entry = claims.crashed(claim(entry, now), now, policy=POLICY)
        assert entry.state is State.READY
        assert entry.wait_until >= now + POLICY.settle
        now = entry.wait_until
    entry = claims.crashed(claim(entry, now), now, policy=POLICY)
    assert (entry.state, entry.reason, entry.note.highlights) == (State.FAILED, "internal error", None)


def test_our_own_errors_are_counted_in_each_step_anew() -> None:
    entry, now = received(), NOW
    for _ in range(4):
        entry = claims.crashed(claim(entry, now), now, policy=POLICY)
        now = entry.wait_until
    entry = transitions.requested(claim(entry, now), now, request_id=OWN, policy=POLICY)
    assert claims.crashed(claim(entry, now + 300), now + 300, policy=POLICY).state is State.REQUESTED


# -- LogRocket's callback


def test_a_callback_makes_the_note_ready_at_once() -> None:
    entry = results.called_back(requested(), NOW + 60, result=ready(), policy=POLICY)
    assert entry is not None
    assert (entry.state, entry.wait_until) == (State.READY, 0)


def test_a_callback_takes_the_lease_of_a_poll_that_is_under_way() -> None:
    entry = results.called_back(claim(requested(), NOW + 300), NOW + 301, result=ready(), policy=POLICY)
    assert entry is not None
    assert (entry.state, entry.claim.lease) == (State.READY, None)


def test_a_callback_that_says_failed_is_believed() -> None:
    entry = results.called_back(requested(), NOW + 60, result=failed(), policy=POLICY)
    assert entry is not None
    assert (entry.state, entry.request.failures) == (State.RECEIVED, 1)


@pytest.mark.parametrize("entry", [received(), requested(), with_highlights(), claim(received(), NOW)])
def test_a_callback_that_says_pending_changes_nothing(entry: Entry) -> None:
    for request_id in (OWN, OTHER, None):
        assert results.called_back(entry, NOW + 60, result=pending(request_id), policy=POLICY) is None


def test_a_second_callback_changes_nothing() -> None:
    for result in (ready(), failed(), ready(OTHER)):
        assert results.called_back(with_highlights(), NOW + 60, result=result, policy=POLICY) is None


def test_a_late_callback_of_a_request_that_was_given_up_changes_nothing() -> None:
    back = results.told(requested(), NOW, result=failed(), policy=POLICY)
    assert results.called_back(back, NOW + 1, result=ready(OWN), policy=POLICY) is None
    anew = transitions.requested(claim(back, NOW + 60), NOW + 60, request_id=OTHER, policy=POLICY)
    assert results.called_back(anew, NOW + 61, result=ready(OWN), policy=POLICY) is None


@pytest.mark.parametrize("request_id", [OTHER, None])
@pytest.mark.parametrize("status", [Status.READY, Status.FAILED])
def test_a_callback_with_another_id_is_not_believed_and_logrocket_is_asked(
    request_id: str | None, status: Status
) -> None:
    result = Result(request_id=request_id, status=status, highlights=HIGHLIGHTS if status is Status.READY else None)
    entry = results.called_back(requested(), NOW + 60, result=result, policy=POLICY)
    assert entry is not None
    assert (entry.state, entry.request.id, entry.note.highlights) == (State.REQUESTED, OWN, None)
    assert entry.wait_until <= NOW + 60


def test_a_callback_with_another_id_does_not_shorten_a_retry_after() -> None:
    entry = postponed(claim(requested(), NOW + 300), NOW + 300, Temporary("429", retry_after=600))
    found = results.called_back(entry, NOW + 301, result=ready(OTHER), policy=POLICY) or entry
    assert found.wait_until >= NOW + 900


def test_callbacks_with_another_id_do_not_use_up_the_polls_of_the_request_on_record() -> None:
    entry, now = requested(), NOW
    for _ in range(20):
        now += 1
        entry = results.called_back(entry, now, result=ready(OTHER), policy=POLICY) or entry
        if entry.wait_until <= now:
            entry = poll(entry, now)
    assert (entry.state, entry.request.id) == (State.REQUESTED, OWN)


def test_a_callback_that_overtakes_the_answer_is_asked_about_once_the_answer_is_there() -> None:
    asking = claim(received(), NOW)
    told = results.called_back(asking, NOW + 1, result=ready(), policy=POLICY)
    assert told is not None
    assert (told.state, told.request.hint, told.claim.lease, told.note.highlights) == (
        State.RECEIVED,
        OWN,
        "lease",
        None,
    )
    assert results.called_back(told, NOW + 2, result=ready(), policy=POLICY) is None  # the same again
    entry = transitions.requested(told, NOW + 3, request_id=OWN, policy=POLICY)
    assert (entry.state, entry.request.id, entry.request.hint) == (State.REQUESTED, OWN, None)
    assert entry.wait_until <= NOW + 3


def test_a_hint_that_is_not_the_answer_is_not_believed() -> None:
    told = results.called_back(claim(received(), NOW), NOW + 1, result=ready(OTHER), policy=POLICY)
    assert told is not None
    entry = transitions.requested(told, NOW + 3, request_id=OWN, policy=POLICY)
    assert (entry.request.id, entry.request.hint, entry.wait_until) == (OWN, None, NOW + 303)


@pytest.mark.parametrize("error", [LOST, TROUBLE])
def test_a_hint_saves_a_request_whose_answer_was_lost(error: Temporary) -> None:
    told = results.called_back(claim(received(), NOW), NOW + 1, result=ready(), policy=POLICY)
    assert told is not None
    entry = postponed(told, NOW + 10, error)
    assert (entry.state, entry.request.id, entry.request.hint) == (State.REQUESTED, OWN, None)
    assert entry.wait_until <= NOW + 10


def test_a_callback_after_the_worker_died_saves_a_second_request() -> None:
    died = claim(received(), NOW)
    entry = results.called_back(died, NOW + 60, result=ready(), policy=POLICY)
    assert entry is not None
    assert (entry.state, entry.request.id, entry.note.highlights) == (State.REQUESTED, OWN, None)
    assert entry.wait_until <= NOW + 60


@pytest.mark.parametrize("later", [1, 60])  # while the job may still be at it, and when it has died
def test_a_callback_that_overtakes_the_answer_tells_which_project_was_asked(later: float) -> None:
    died = claim(received(), NOW)
    entry = results.called_back(died, NOW + later, result=ready(), policy=POLICY, project="LogRocket acme/outlet")
    assert entry is not None
    assert entry.request.project == "LogRocket acme/outlet"
    assert OWN in (entry.request.id, entry.request.hint)


def test_a_callback_without_an_id_gives_no_hint() -> None:
    assert results.called_back(claim(received(), NOW), NOW + 1, result=ready(None), policy=POLICY) is None


# -- The stored form

TEXT = st.text(max_size=20)
SECONDS = st.floats(0, 1e11)
STORED = st.builds(
    Entry,
    key=st.integers(1, 10**18 - 1).map(key),
    received_at=SECONDS,
    entered_at=SECONDS,
    state=st.sampled_from(State),
    person=st.builds(Person, email=st.none() | TEXT, external_id=st.none() | TEXT),
    pseudonym=st.none() | TEXT,
    claim=st.builds(
        Claim,
        not_before=SECONDS,
        lease=st.none() | TEXT,
        lease_until=SECONDS,
        attempts=st.integers(0, 1000),
        since=st.none() | SECONDS,
        crashes=st.integers(0, 5),
        refusals=st.integers(0, 5),
        refused_since=st.none() | SECONDS,
    ),
    request=st.builds(
        Request,
        id=st.none() | TEXT,
        hint=st.none() | TEXT,
        old_ids=st.lists(TEXT, max_size=3).map(tuple),
        polls=st.integers(0, 6),
        asked_early=st.booleans(),
        failures=st.integers(0, 20),
        silences=st.integers(0, 2),
    ),
    note=st.builds(
        Note,
        tried=st.lists(TEXT, max_size=3).map(tuple),
        highlights=st.none()
        | st.builds(
            Highlights,
            summary=st.text(),
            sessions=st.lists(st.builds(Session, place=st.none() | TEXT, text=st.text()), max_size=3).map(tuple),
            linked=st.none() | TEXT,
        ),
        replay=st.none() | TEXT,
        id=st.none() | TEXT,
        public_id=st.none() | TEXT,
        was_public=st.booleans(),
    ),
    tries=st.integers(0, 1000),
    redis_run=TEXT,
    redis_restarted=st.booleans(),
    quiet_until=SECONDS,
    recovered=st.booleans(),
    reason=st.none() | TEXT,
    last_error=st.none() | TEXT,
    history=st.lists(st.tuples(SECONDS, TEXT), max_size=3).map(tuple),
    troubles=st.lists(st.builds(Trouble, SECONDS, TEXT, SECONDS, st.integers(1, 9)), max_size=3).map(tuple),
)
PARTS = ("person", "claim", "request", "note")


@unhurried
@given(entry=STORED)
def test_any_entry_comes_back_as_it_was_stored(entry: Entry) -> None:
    assert stored.load(stored.dump(entry), entry.key) == entry
    assert stored.load(stored.dump(entry).encode(), entry.key) == entry


def test_a_new_entry_is_stored_without_times_for_redis_to_add() -> None:
    document = json.loads(stored.dump_without_times(received()))
    person = {"email": "ada@shop.example", "external_id": "cus_4711"}
    assert document == {"person": person}
    written = {"v": stored.VERSION, **document, "received_at": NOW, "entered_at": NOW}
    assert stored.load(json.dumps(written), KEY) == received()


@unhurried
@given(came=st.floats(1.7e9, 1.9e9), afters=st.lists(st.floats(0, 1e6), min_size=1, max_size=4))
def test_a_history_is_stored_by_the_seconds_since_the_case_came_and_comes_back_as_it_was(
    came: float, afters: list[float]
) -> None:
    history = tuple((round(came + after, 3), "requested") for after in afters)
    entry = received(received_at=came, history=history)
    assert stored.load(stored.dump(entry), entry.key) == entry
    older = {**json.loads(stored.dump(entry)), "history": history}
    assert stored.load(json.dumps(older), entry.key) == entry


def test_a_usual_history_is_short() -> None:
    entry = transitions.requested(received(history=((NOW, "received"),)), NOW + 0.057, request_id="r", policy=POLICY)
    entry = transitions.ended(entry, NOW + 9, state=State.FAILED, reason="x")
    assert json.loads(stored.dump(entry))["history"] == [0, "0.057 requested", 1]


def test_what_holds_its_default_is_not_stored_in_any_part() -> None:
    entry = received(claim=Claim(attempts=2), request=Request(), note=Note(replay="5-1/0"))
    document = json.loads(stored.dump(entry))
    assert (document["claim"], document["note"]) == ({"attempts": 2}, {"replay": "5-1/0"})
    assert not {"request", "history", "reason", "tries"} & document.keys()


def test_every_field_of_an_entry_and_its_parts_has_a_default_that_is_left_out_or_is_always_there() -> None:
    required = {field.name for field in dataclasses.fields(Entry) if field.default is dataclasses.MISSING}
    assert required == {"key", "received_at", "entered_at"}
    for part in (Claim, Request, Note, Person):
        assert all(field.default is not dataclasses.MISSING for field in dataclasses.fields(part))


@unhurried
@given(entry=STORED, version=st.integers(stored.VERSION + 1, 10**9), more=st.dictionaries(TEXT, TEXT, max_size=2))
def test_an_entry_of_a_newer_version_is_left_alone(entry: Entry, version: int, more: dict[str, str]) -> None:
    document = {**more, **json.loads(stored.dump(entry)), "v": version}
    for changed in (document, {**document, "state": "weighed", "note": 7}, {"v": version}):
        with pytest.raises(NewerEntryError):
            stored.load(json.dumps(changed), KEY)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("written", [7, "x", [1], None, [["id", "x"]]])
def test_an_entry_with_a_part_that_is_none_cannot_be_read(part: str, written: object) -> None:
    with pytest.raises(NewerEntryError):
        stored.load(json.dumps({**json.loads(stored.dump(received())), part: written}), KEY)


@unhurried
@given(entry=STORED)
def test_fields_that_another_release_of_the_same_version_added_are_ignored(entry: Entry) -> None:
    document = {**json.loads(stored.dump(entry)), "colour": {"deep": [1]}, "v": stored.VERSION}
    if document.get("note", {}).get("highlights"):
        document["note"]["highlights"]["language"] = "en"
    for part in PARTS:
        document[part] = {**document.get(part, {}), "colour": [{"deep": 1}]}
    assert stored.load(json.dumps(document), entry.key) == entry


def test_fields_that_an_older_release_did_not_know_have_their_defaults() -> None:
    document = {"v": 1, "key": "zendesk-35436", "received_at": NOW, "entered_at": NOW}
    assert stored.load(json.dumps(document), KEY) == received(person=Person())


def test_nothing_personal_is_in_an_entrys_repr() -> None:
    shown = repr(with_highlights())
    assert not any(personal in shown for personal in ("ada", "cus_4711", "pays", "shops"))


# -- Whatever happens, in whatever order

ERRORS = st.builds(
    lambda wait, unknown: Temporary("x", retry_after=wait, outcome_unknown=unknown),
    st.none() | st.floats(0, 1e6),
    st.booleans(),
)
POLICIES = st.builds(
    lambda poll_after, failed_retry, settle, backoff, jitter: Policy(
        poll_after=poll_after,
        failed_retry=tuple(failed_retry),
        settle=settle,
        backoff=backoff,
        random=lambda: jitter,
    ),
    st.floats(0.1, 600),
    st.lists(st.floats(0, 900), max_size=3),
    st.floats(0, 120),
    st.floats(0.01, 60),
    st.floats(0, 1),
)
IDS = st.sampled_from(["first", "second", "third", OWN])
RESULTS = st.one_of(
    st.builds(ready, st.none() | IDS), st.builds(failed, st.none() | IDS), st.builds(pending, st.none() | IDS)
)


class AnyLife(RuleBasedStateMachine):
    """One ticket, to which everything happens at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = POLICY
        self.now = NOW
        self.entry = received()
        self.claimed: Entry | None = None
        self.alone_until = 0.0  # a write with an unknown outcome may be under way

    @rule(policy=POLICIES)
    def an_admin_changes_the_settings(self, policy: Policy) -> None:
        self.policy = policy

    @rule(seconds=st.floats(0.01, 5000))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.entry.state not in FINAL)
    @rule()
    def the_entry_is_claimed_when_it_is_due(self) -> None:
        self.now = max(self.now, self.entry.wait_until)
        lease = f"lease {self.now}"
        self.claimed = claims.claimed(self.entry, self.now, state=self.entry.state, lease=lease, policy=self.policy)
        assert self.claimed is not None, "an entry that is due cannot be claimed"
        assert self.now >= self.alone_until, "touched before a lost write has settled"
        self.entry = self.claimed

    @precondition(lambda self: self.claimed is not None and self.claimed.claim.lease == self.entry.claim.lease)
    @rule(data=st.data(), error=ERRORS, request_id=IDS, result=RESULTS)
    def the_step_ends(self, data: st.DataObject, error: Temporary, request_id: str, result: Result) -> None:
        before = self.entry.state
        how = data.draw(st.sampled_from(["well", "well", "temporary", "held", "crashed", "unknown", "ended"]))
        if how == "well":
            self.entry = self._well(request_id, result)
        elif how == "temporary":
            self.entry = claims.postponed(self.entry, self.now, error=error, policy=self.policy)
            if error.outcome_unknown and before is State.READY and self.entry.state is State.READY:
                self.alone_until = self.now + self.policy.settle - 1e-3
        elif how == "held":
            self.entry = claims.held(self.entry, self.now, error=Held("401"), delay=60)
        elif how == "crashed":
            self.entry = claims.crashed(self.entry, self.now, policy=self.policy)
        elif how == "unknown" and before is State.REQUESTED:
            self.entry = results.unknown_request(self.entry, self.now, policy=self.policy)
        elif how == "ended":
            self.entry = transitions.ended(self.entry, self.now, state=State.SKIPPED, reason="closed")
        self.claimed = None

    def _well(self, request_id: str, result: Result) -> Entry:
        if self.entry.state is State.RECEIVED:
            return transitions.requested(self.entry, self.now, request_id=request_id, policy=self.policy)
        if self.entry.state is State.REQUESTED:
            return results.told(self.entry, self.now, result=result, policy=self.policy)
        return transitions.posted(self.entry, self.now, note_id="1")

    @rule(result=RESULTS)
    def logrocket_calls_back(self, result: Result) -> None:
        before = self.entry
        after = results.called_back(self.entry, self.now, result=result, policy=self.policy)
        if before.state in {State.READY, *FINAL}:
            assert after is None
        self.entry = after or before

    @rule()
    def it_is_stored_and_read_again(self) -> None:
        assert stored.load(stored.dump(self.entry), self.entry.key) == self.entry

    @invariant()
    def it_is_at_its_end_or_has_a_finite_wait(self) -> None:
        if self.entry.state in FINAL:
            assert (self.entry.person.email, self.entry.note.highlights) == (None, None)
            assert self.entry.claim.lease is None
        else:
            assert math.isfinite(self.entry.wait_until)
            assert self.entry.wait_until <= self.now + 2 * 60 * 60
        assert (self.entry.note.highlights is not None) == (self.entry.state is State.READY)
        assert (self.entry.state in {State.REQUESTED, State.READY}) <= (self.entry.request.id is not None)

    @invariant()
    def it_is_requested_boundedly(self) -> None:
        assert self.entry.request.silences <= 1
        assert self.entry.request.failures <= 4
        assert len(self.entry.request.old_ids) <= 5
        assert len(self.entry.history) <= 50


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150, stateful_step_count=40
)


@unhurried
@given(
    fates=st.lists(st.sampled_from(["temporary", "lost", "crashed", "killed", "silent", "failed"]), max_size=30),
    last=st.sampled_from(["temporary", "lost", "crashed", "silent", "failed"]),
    policy=POLICIES,
)
def test_a_ticket_with_which_nothing_ever_goes_well_comes_to_its_end(
    fates: list[str], last: str, policy: Policy
) -> None:
    entry, now, steps = received(), NOW, 0
    while entry.state not in FINAL:
        now = max(now, entry.wait_until)
        entry = claim(entry, now, policy=policy)
        entry = _fare(entry, now + 0.5, fates[steps] if steps < len(fates) else last, policy)
        now += 0.5
        steps += 1
        assert steps < 200_000, "it goes on for ever"
    assert entry.state is State.FAILED
    assert entry.reason


def _fare(entry: Entry, now: float, fate: str, policy: Policy) -> Entry:
    if fate == "temporary":
        return claims.postponed(entry, now, error=TROUBLE, policy=policy)
    if fate == "lost":
        return claims.postponed(entry, now, error=LOST, policy=policy)
    if fate == "crashed":
        return claims.crashed(entry, now, policy=policy)
    if fate == "killed":
        return entry
    if entry.state is State.RECEIVED:
        return transitions.requested(entry, now, request_id=f"id-{now}", policy=policy)
    return results.told(entry, now, result=pending() if fate == "silent" else failed(), policy=policy)


# -- Retry-After, as services write it


@pytest.mark.parametrize(
    ("written", "seconds"), [("0", 0), ("30", 30), (" 30 ", 30), ("1.5", 1.5), ("-5", 0), (".5", 0.5)]
)
def test_a_retry_after_in_seconds_is_read(written: str, seconds: float) -> None:
    assert retry_after({"Retry-After": written}) == seconds


@pytest.mark.parametrize("seconds", [90, 3600, -90])
def test_a_retry_after_as_a_date_is_read(seconds: int) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    found = retry_after({"Retry-After": when})
    assert found == pytest.approx(max(seconds, 0), abs=5)


@pytest.mark.parametrize(
    "nonsense", ["", " ", "soon", "nan", "10 seconds", "2026-11-24", "\u221e", "Tue, 99 Foo 9999", "0x10"]
)
def test_a_retry_after_that_is_nonsense_is_none(nonsense: str) -> None:
    assert retry_after({"Retry-After": nonsense}) is None
    assert retry_after({}) is None


@unhurried
@given(written=st.text(max_size=40) | st.floats().map(str) | st.datetimes().map(format_datetime))
def test_any_retry_after_is_a_bounded_number_of_seconds_or_none(written: str) -> None:
    found = retry_after({"Retry-After": written})
    assert found is None or 0 <= found <= DAY
