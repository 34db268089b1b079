"""Each desk is looked through for missed cases by itself, and has a name of its own in what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from redis import Redis

from integration import services
from integration.cases import overview, redis_trouble, standing
from integration.cases.entry import Policy
from integration.cases.keys import Keys
from integration.cases.ledger import Ledger
from integration.cases.lost_writes import LostWrites
from integration.cases.recovery import Recovery
from integration.cases.situation import Door, Facts, Refused, Seen
from integration.cases.steps import Routes
from integration.errors import RemoteError, Temporary
from integration.facts import NewCase, Stretch, case_key
from integration.missed_cases import Candidate, Candidates, Created
from integration.ports import Service, Signing
from integration.settings import Settings
from integration.web.status import snapshot
from integration.web.status.checklist import checklist

POLICY = Policy(poll_after=60.0, failed_retry=(1.0,), settle=60.0, backoff=5.0, random=lambda: 0.0)
FRESHDESK = Service(
    name="Freshdesk", credentials="FRESHDESK_API_KEY", desk="freshdesk", signing=Signing(secret="FRESHDESK_SECRET")
)


class Shop:
    """A desk that remembers its cases, and takes part in both roles of a look; `trouble` is what it answers."""

    kept_hours = 24
    nobody_tells = "nobody tells"
    lag = 0.0
    missed: int | None = 0
    stretches: tuple[Stretch, ...] = ()

    def __init__(self, desk: str) -> None:
        self._desk = desk
        self.looked_through: list[Stretch] = []
        self.trouble: RemoteError | None = None

    def in_words(self, error: RemoteError) -> str:
        return str(error)

    def sources(self) -> int | None:
        return 1

    def look(self, *, since: float, now: float) -> Shop:
        assert since < now
        if self.trouble is not None:
            raise self.trouble
        return self

    def told_since(self) -> float:
        return 0.0

    def created(self, stretches: Sequence[Stretch], *, now: float) -> Created:
        assert stretches[-1].start < now
        self.looked_through += stretches
        case = NewCase(key=case_key(self._desk, 31))
        candidate = Candidate(id="31", case=case, created=stretches[0].start, record={})
        return Created(lag=0.0, parts=iter([Candidates(cases=[candidate], until=None)]))

    def was_meant(self, candidate: Candidate) -> bool | None:
        return candidate.case is not None


@pytest.fixture
def routes() -> Routes:
    known = services.routes()
    return replace(
        known,
        recovered={**known.recovered, "freshdesk": "Freshdesk"},
        places={**known.places, "freshdesk": "Freshdesk"},
        intervals={**known.intervals, "Freshdesk": 1.0},
        doors=(*known.doors, FRESHDESK),
    )


@pytest.fixture
def ledger(redis: Redis, settings: Settings, routes: Routes) -> Ledger:
    return Ledger(redis, keys=settings.keys, routes=routes, policy=POLICY, retention_days=30)


@pytest.fixture
def shops() -> dict[str, Shop]:
    return {"zendesk": Shop("zendesk"), "freshdesk": Shop("freshdesk")}


@pytest.fixture
def recoveries(ledger: Ledger, redis: Redis, shops: dict[str, Shop]) -> dict[str, Recovery]:
    return {
        desk: Recovery(shop, ledger, redis, keys=ledger.keys, desk=desk, retention_days=30)
        for desk, shop in shops.items()
    }


def another_run(redis: Redis, keys: Keys) -> None:
    """Redis became another one an hour ago, which was noticed then."""
    redis.delete(keys.run)
    LostWrites(redis, keys, desks=("zendesk", "freshdesk")).notice()
    for desk in ("zendesk", "freshdesk"):
        for name in ("since", "until"):
            redis.hincrby(keys.recovery_lost_of(desk), name, -3600)
    redis.hset(keys.recovery_lost, "handed_on", b":".join(_noticed(redis, keys)))


def _noticed(redis: Redis, keys: Keys) -> tuple[bytes, bytes]:
    return cast("tuple[bytes, bytes]", (redis.hget(keys.recovery_lost, "until"), redis.get(keys.run)))


# -- Recovery


def test_what_redis_may_have_lost_is_looked_for_at_each_desk_once(
    recoveries: dict[str, Recovery], shops: dict[str, Shop], redis: Redis, ledger: Ledger
) -> None:
    another_run(redis, ledger.keys)
    for desk, recovery in recoveries.items():
        assert recovery.recover(1, goes_on=True).taken_in == 1, desk
        assert recovery.lost() is None, desk
        assert recovery.recover(1, goes_on=True).taken_in == 0, desk
    assert [len(shop.looked_through) for shop in shops.values()] == [1, 1]


def test_a_desk_in_trouble_holds_up_no_other_and_is_looked_through_when_it_is_back(
    recoveries: dict[str, Recovery], shops: dict[str, Shop], redis: Redis, ledger: Ledger
) -> None:
    another_run(redis, ledger.keys)
    shops["freshdesk"].trouble = Temporary("Freshdesk has trouble (503)")
    for recovery in recoveries.values():
        recovery.recover(1, goes_on=True)
    assert recoveries["zendesk"].lost() is None
    assert recoveries["freshdesk"].lost() is not None
    assert len(shops["zendesk"].looked_through) == 1

    shops["freshdesk"].trouble = None
    assert recoveries["freshdesk"].recover(1, goes_on=True).taken_in == 1
    assert recoveries["freshdesk"].lost() is None


def test_each_desk_goes_on_where_its_own_look_has_ended(
    recoveries: dict[str, Recovery], shops: dict[str, Shop]
) -> None:
    shops["freshdesk"].trouble = Temporary("Freshdesk has trouble (503)")
    for recovery in recoveries.values():
        recovery.recover(24, goes_on=True)
    assert recoveries["zendesk"].hours() == pytest.approx(1, abs=0.1)  # the overlap of two looks
    assert recoveries["freshdesk"].hours() == 24


def test_the_trouble_of_a_look_has_the_desks_name(
    recoveries: dict[str, Recovery], shops: dict[str, Shop], settings: Settings, redis: Redis, routes: Routes
) -> None:
    shops["freshdesk"].trouble = Temporary("Freshdesk has trouble (503)")
    for recovery in recoveries.values():
        recovery.recover(1)
    own = replace(routes, doors=services.routes().doors)
    assert overview.read(settings, redis, routes=own).facts.missed == {"Freshdesk": "Freshdesk has trouble (503)"}
    told = {each.service: each.trouble for each in snapshot.missed(redis, settings.keys, recovered=routes.recovered)}
    assert told == {"Zendesk": None, "Freshdesk": "Freshdesk has trouble (503)"}


# -- What is told


def facts(routes: Routes, seen: Seen, *, has_secret: bool = True) -> Facts:
    """Facts of two doors, of which Freshdesk's saw something."""
    doors = {
        service.endpoint: Door(
            service=service.name,
            signing=service.signing,
            has_secret=has_secret,
            seen=seen if service is FRESHDESK else Seen(),
        )
        for service in routes.doors
        if service.signing is not None
    }
    return Facts(now=1000.0, doors=doors, summariser=routes.summariser)


@pytest.mark.parametrize("reason", ["wrong_signature", "out_of_date", "unusable"])
def test_the_troubles_of_another_door_have_names_and_words_of_its_own(reason: str, routes: Routes) -> None:
    seen = Seen(refused={reason: Refused(since=900.0, last=990.0, count=2)})
    [trouble] = [each for each in standing.troubles(facts(routes, seen)) if each.name.startswith("freshdesk_")]
    said = f"{trouble.what} {trouble.what_to_do}"
    assert trouble.name in standing.names(routes)
    assert "Zendesk" not in said.replace("ZENDESK", "Zendesk")
    assert "install" not in said  # it has no such command


def test_each_door_without_a_secret_is_told_of_and_stands_on_the_checklist(routes: Routes) -> None:
    shut = facts(routes, Seen(), has_secret=False)
    found = {trouble.name: trouble.what_to_do for trouble in standing.troubles(shut)}
    assert "ZENDESK_WEBHOOK_SECRET" in found["no_signing_secret"]
    assert "Set FRESHDESK_SECRET" in found["freshdesk_no_signing_secret"]
    tasks = [task.name for task in checklist(shut)]
    assert tasks == ["secret", "freshdesk_secret", "worker", "webhook", "freshdesk_webhook", "logrocket", "ticket"]


def test_who_tries_again_while_redis_is_away_is_named() -> None:
    one = redis_trouble.of_writes("its memory is full", desks=("Zendesk",))
    both = redis_trouble.of_writes("its memory is full", desks=("Zendesk", "Freshdesk"))
    assert "; Zendesk tries again by itself for a while." in one.do
    assert "; Zendesk and Freshdesk try again by themselves for a while." in both.do
