"""Limits are shared: notes leave in order and at Zendesk's pace, requests within their ceiling, holds cost nothing."""

from __future__ import annotations

from typing import cast

import pytest
from redis import Redis

from integration import services
from integration.cases.entry import Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.lanes import Lanes, Leave, Wait
from integration.cases.ledger import Ledger
from integration.facts import Highlights, Pace, Result, Session, Status
from integration.zendesk import pace as limits
from integration.zendesk.pace import DEFAULT_INTERVAL
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.tickets import key, new_ticket
from worker import sweeper

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"
KEYS = Keys(DEFAULT_PREFIX)
POLICY = Policy(poll_after=60.0, failed_retry=(1.0,), settle=60.0, backoff=0.2, random=lambda: 0.0)
READY = Result(
    request_id="a" * 64,
    status=Status.READY,
    highlights=Highlights(summary="x", sessions=(Session(place="5-1/0", text="y"),)),
)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, keys=KEYS, routes=services.routes(), policy=POLICY, retention_days=1, requests_per_hour=3)


def make_ready(ledger: Ledger, ticket_id: int) -> None:
    """Bring a ticket to where its note waits, without a claim of the requests' lane."""
    ledger.receive(new_ticket(ticket_id))
    ledger.take_callback(key(ticket_id), READY)  # overtakes an answer that nobody stored
    ledger.take_callback(key(ticket_id), READY)


# -- Zendesk's headers


@pytest.mark.parametrize(
    ("headers", "interval", "pause"),
    [
        ({"zendesk-ratelimit-tickets-update": "total=100; remaining=40; resets=30"}, 1.5, 1.5),
        ({"Zendesk-Rate-Limit-Tickets-Update": "total=20; remaining=19; resets=59"}, 59 / 9, 59 / 9),
        ({"zendesk-ratelimit-tickets-update": "total=100; remaining=1; resets=41"}, 1.2, 41.0),
        ({"zendesk-ratelimit-tickets-update": "total=100; remaining=100; resets=1"}, 1.2, 1.2),
        ({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "10", "ratelimit-reset": "30"}, 6.0, 6.0),
        ({"rate-limit": "200", "rate-limit-remaining": "0"}, 0.6, 60.0),
        (
            {
                "X-Rate-Limit": "700",
                "X-Rate-Limit-Remaining": "699",
                "zendesk-ratelimit-tickets-update": "total=100; remaining=50; resets=50",
            },
            2.0,
            2.0,
        ),
    ],
)
def test_at_most_half_of_what_is_left_is_taken(headers: dict[str, str], interval: float, pause: float) -> None:
    pace = limits.read(headers)
    assert pace is not None
    assert pace.interval == pytest.approx(interval)
    assert pace.pause == pytest.approx(pause)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Rate-Limit": "many", "X-Rate-Limit-Remaining": "-1"},
        {"zendesk-ratelimit-tickets-update": "total=30; remaining=29; resets=599"},  # one ticket's, in ten minutes
        {"zendesk-ratelimit-tickets-update": "remaining=29"},
    ],
)
def test_headers_that_tell_nothing_of_the_account_change_nothing(headers: dict[str, str]) -> None:
    assert limits.read(headers) is None


# -- Notes


def test_without_headers_notes_go_slower_than_a_trial_account_allows(ledger: Ledger) -> None:
    make_ready(ledger, 1)
    make_ready(ledger, 2)
    before = ledger.reader.now()
    assert ledger.claim(key(1), State.READY) is not None
    assert ledger.claim(key(2), State.READY) is None
    assert before <= ledger.lanes.outlook().notes_at("Zendesk") - DEFAULT_INTERVAL <= ledger.reader.now()
    assert DEFAULT_INTERVAL > 60 / 20


def test_the_first_answer_that_tells_of_limits_ends_the_pace_of_one_that_knows_of_none(ledger: Ledger) -> None:
    make_ready(ledger, 1)
    make_ready(ledger, 2)
    assert ledger.claim(key(1), State.READY) is not None
    before = ledger.reader.now()
    ledger.lanes.answered("Zendesk")
    assert ledger.lanes.outlook().notes_at("Zendesk") > before + 3
    ledger.lanes.answered("Zendesk", Pace(interval=1.2, pause=1.2))
    assert before + 1.2 <= ledger.lanes.outlook().notes_at("Zendesk") <= ledger.reader.now() + 1.2
    ledger.lanes.answered("Zendesk", Pace(interval=0.1, pause=0.1))
    assert ledger.lanes.outlook().notes_at("Zendesk") >= before + 1.2


def test_a_note_does_not_pass_those_before_it(ledger: Ledger) -> None:
    for ticket_id in (1, 2, 3):
        make_ready(ledger, ticket_id)
    assert ledger.claim(key(3), State.READY) is None
    assert ledger.claim(key(2), State.READY) is None
    assert ledger.claim(key(1), State.READY) is not None


def note_at(redis: Redis) -> float:
    """When the next note may go, as Redis has it."""
    return float(cast("bytes", redis.hget(KEYS.lane("Zendesk"), "note_at")))


def set_lane(ledger: Ledger, redis: Redis, *, interval: float, late: float) -> float:
    """Let a lane be open for so many seconds; since when it is."""
    ledger.lanes.answered("Zendesk", Pace(interval=interval, pause=interval))
    since = round(ledger.reader.now() - late, 6)
    redis.hset(KEYS.lane("Zendesk"), "note_at", f"{since:.6f}")
    return since


def test_an_answer_that_takes_long_does_not_slow_the_notes_down(ledger: Ledger, redis: Redis) -> None:
    make_ready(ledger, 1)
    set_lane(ledger, redis, interval=1.2, late=0)
    assert ledger.claim(key(1), State.READY) is not None
    at = note_at(redis)
    ledger.lanes.answered("Zendesk", Pace(interval=1.2, pause=1.2))  # some time after the claim, by Redis' clock
    assert note_at(redis) == at
    ledger.lanes.answered("Zendesk", Pace(interval=3.0, pause=3.0))  # the limit is nearly used up
    assert note_at(redis) == pytest.approx(at + 1.8, abs=1e-5)
    ledger.lanes.answered("Zendesk", Pace(interval=1.2, pause=30.0))  # it is
    assert note_at(redis) == pytest.approx(ledger.reader.now() + 30, abs=5)


def test_a_fast_pace_is_one_on_average_however_late_a_sweep_is(ledger: Ledger, redis: Redis) -> None:
    make_ready(ledger, 1)
    since = set_lane(ledger, redis, interval=0.1, late=0.1)
    assert ledger.claim(key(1), State.READY) is not None
    assert note_at(redis) == pytest.approx(since + 0.1, abs=1e-5)


def test_a_fast_pace_makes_up_for_half_a_second_and_no_more(ledger: Ledger, redis: Redis) -> None:
    make_ready(ledger, 1)
    set_lane(ledger, redis, interval=0.1, late=60)
    before = ledger.reader.now()
    assert ledger.claim(key(1), State.READY) is not None
    assert before - 0.5 + 0.1 <= note_at(redis) + 1e-5 <= ledger.reader.now() - 0.4 + 1e-4


def test_a_slow_pace_is_kept_between_any_two_notes(ledger: Ledger, redis: Redis) -> None:
    make_ready(ledger, 1)
    set_lane(ledger, redis, interval=0.6, late=60)
    before = ledger.reader.now()
    assert ledger.claim(key(1), State.READY) is not None
    assert note_at(redis) >= before + 0.6


def test_a_refused_claim_costs_no_attempt(ledger: Ledger) -> None:
    make_ready(ledger, 1)
    make_ready(ledger, 2)
    assert ledger.claim(key(2), State.READY) is None
    entry = ledger.reader.find(key(2))
    assert entry is not None
    assert (entry.claim.attempts, entry.claim.lease, entry.note.tried) == (0, None, ())


def test_notes_drain_in_order_at_the_pace_of_the_headers_without_a_429(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.zendesk.desk.limits.account_updates = 240
    sandbox.logrocket.callbacks = "none"
    tickets = [sandbox.zendesk.file_ticket(requester=ADA, deliver=False) for _ in range(12)]
    for ticket_id in tickets:
        product.ledger.receive(new_ticket(ticket_id, email=ADA))
    wait_for(lambda: worked(product).get(State.REQUESTED) == 12)
    product.ledger.lanes.pause("Zendesk", 5.0)
    for request_id in sandbox.logrocket.results:
        sandbox.logrocket.call_back(request_id)
    wait_for(lambda: ready(product) == 12)
    line = [each.key for each in product.ledger.reader.first_in_line("Zendesk", 12)]

    wait_for(lambda: worked(product).get(State.POSTED) == 12, seconds=60)

    updates = [each for each in sandbox.zendesk.requests if each.method == "PUT"]
    assert [each.status for each in updates] == [200] * 12
    assert [key(int(each.path.split("/")[4].removesuffix(".json"))) for each in updates] == line


def test_the_sweeper_queues_the_first_of_the_line_only(ledger: Ledger, redis: Redis) -> None:
    for ticket_id in (1, 2, 3):
        make_ready(ledger, ticket_id)
    redis.delete("rq:queue:highlights-notes")
    sweeper.sweep(ledger)
    assert ledger.reader.queued([(key(ticket_id), State.READY) for ticket_id in (1, 2, 3)]) == {(key(1), State.READY)}


def test_the_sweeper_comes_again_when_the_next_note_may_go(ledger: Ledger, redis: Redis) -> None:
    for ticket_id in (1, 2):
        make_ready(ledger, ticket_id)
    set_lane(ledger, redis, interval=0.8, late=1)
    assert sweeper.sweep(ledger) == 0.8
    set_lane(ledger, redis, interval=0.8, late=-0.5)
    assert sweeper.sweep(ledger) <= 0.5


def test_a_ticket_that_is_gone_leaves_the_line(ledger: Ledger, redis: Redis) -> None:
    redis.zadd(KEYS.line("Zendesk"), {key(9): 0})
    make_ready(ledger, 1)
    sweeper.sweep(ledger)
    assert redis.zrange("highlights:line:zendesk", 0, -1) == [b"zendesk-1"]


# -- Requests


def again(ledger: Ledger) -> float:
    """When a request may be made that cannot be made now."""
    wait = ledger.lanes.ask()
    assert isinstance(wait, Wait)
    assert wait.why == "LOGROCKET_REQUESTS_PER_HOUR is reached"
    return wait.until


def test_requests_over_the_ceiling_come_again_when_the_oldest_is_an_hour_old(ledger: Ledger, redis: Redis) -> None:
    assert [ledger.lanes.ask() for _ in range(3)] == [Leave(with_question=True)] * 3
    assert again(ledger) == pytest.approx(ledger.reader.now() + 3600, abs=5)
    oldest = cast("list[tuple[bytes, float]]", redis.zrange("highlights:asked", 0, 0, withscores=True))
    redis.zadd("highlights:asked", {name: when - 3601 for name, when in oldest})
    assert isinstance(ledger.lanes.ask(), Leave)
    assert again(ledger) == pytest.approx(ledger.reader.now() + 3600, abs=5)


def test_a_request_counts_for_a_whole_hour(ledger: Ledger, redis: Redis) -> None:
    for _ in range(3):
        ledger.lanes.ask()
    asked = cast("list[tuple[bytes, float]]", redis.zrange("highlights:asked", 0, -1, withscores=True))
    redis.zadd("highlights:asked", {name: when - 3500 for name, when in asked})
    assert again(ledger) == pytest.approx(ledger.reader.now() + 100, abs=5)


def test_a_ticket_over_the_ceiling_waits_without_an_attempt_and_is_looked_up_once(
    sandbox: Sandbox, product: InProcess
) -> None:
    while isinstance(product.ledger.lanes.ask(), Leave):
        pass
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    product.ledger.receive(new_ticket(number))
    wait_for(lambda: worked(product) and product.entry(number).last_error)
    entry = product.entry(number)
    assert (entry.claim.attempts, entry.person.email) == (0, ADA)
    assert entry.claim.not_before == pytest.approx(product.ledger.reader.now() + 3600, abs=10)
    assert sandbox.logrocket.requests == []


def test_polls_do_not_count_as_requests(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1))
    ledger.take_callback(key(1), READY)
    assert ledger.claim(key(1), State.REQUESTED) is not None
    assert ledger.lanes.outlook().free_requests == 3


# -- Holds


def test_a_hold_closes_the_lane_for_all_and_ends_with_the_first_answer(redis: Redis, ledger: Ledger) -> None:
    lanes = Lanes(redis, keys=KEYS, routes=services.routes(), requests_per_hour=3, backoff=0.2)
    ledger.receive(new_ticket(1))
    delays = [lanes.hold("LogRocket", "LogRocket refuses our credentials (401)") for _ in range(12)]
    assert delays[:3] == [pytest.approx(0.2), pytest.approx(0.4), pytest.approx(0.8)]
    assert max(delays) == 60.0
    assert ledger.claim(key(1), State.RECEIVED) is None
    [hold] = lanes.holds()
    assert (hold.service, hold.reason) == ("LogRocket", "LogRocket refuses our credentials (401)")
    assert lanes.answered("LogRocket", None)
    assert lanes.holds() == []
    assert not lanes.answered("LogRocket", None)


def test_held_tickets_go_on_when_the_credentials_are_mended(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="zendesk", status=403, times=6))
    first, second = (sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2))
    wait_for(lambda: worked(product) and product.ledger.lanes.holds())
    product.work_until(first, State.POSTED, seconds=40)
    entry = product.work_until(second, State.POSTED, seconds=40)
    assert entry.claim.crashes == 0
    assert len(sandbox.zendesk.internal_notes()) == 2
    assert product.ledger.lanes.holds() == []


def test_too_many_requests_for_one_after_the_other_pause_the_lane_for_all(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=429, headers={"Retry-After": "2"}, times=2))
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(3)]
    for number in tickets:
        product.work_until(number, State.POSTED, seconds=40)
    requests = [each for each in sandbox.logrocket.requests if each.method == "POST"]
    assert len(requests) in (5, 6)  # the third may have passed before the second was answered
    assert requests[-1].at - requests[1].at >= 2.0


def test_a_pause_is_not_shortened_by_an_answer_that_was_on_its_way(ledger: Ledger) -> None:
    ledger.lanes.pause("Zendesk", 30.0)
    ledger.lanes.answered("Zendesk", Pace(interval=0.1, pause=0.1))
    outlook = ledger.lanes.outlook()
    assert outlook.notes_at("Zendesk") - outlook.now > 29


def ready(product: InProcess) -> int:
    return worked(product)[State.READY]


def worked(product: InProcess) -> dict[State, int]:
    product.work()
    return product.ledger.reader.counts()
