"""How it stands is decided once: page, `/readyz`, `/metrics`, `status` and `check` say the same of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from integration import services
from integration.cases import heartbeats, overview, standing
from integration.cases.deliveries import Deliveries
from integration.cases.entry import State
from integration.cases.heartbeats import PARTS, Heart
from integration.cases.lanes import Hold
from integration.cases.queues import open_queue
from integration.cases.situation import Door, Facts, Failing, Refused, Seen, Severity, Trouble
from integration.cases.standing import WELL
from integration.settings import Settings, from_environment
from integration.web.status.checklist import checklist
from integration.web.status.snapshot import refusals
from sandbox import Fault, Sandbox
from tests.admin import PASSWORD
from tests.conftest import ROOT, Processes, wait_for
from tests.deliver import TICKET, signed

SERVICES: dict[str, Any] = {
    "places": ("Zendesk",),
    "summariser": "LogRocket",
    "ceiling_variable": "LOGROCKET_REQUESTS_PER_HOUR",
}
ADA = "ada@shop.example"
NOW = 1_800_000_000.0
AUTH = ("admin", PASSWORD)


def names(facts: Facts) -> list[str]:
    return [each.name for each in standing.troubles(facts)]


def facts(**other: Any) -> Facts:  # noqa: ANN401 -- any field of `Facts`
    """All is well, but for what is told."""
    told = {"now": NOW, "doors": door(), "alive": frozenset(PARTS), **SERVICES, **other}
    return Facts(**told)


def door(seen: Seen | None = None, *, has_secret: bool = True) -> dict[str, Door]:
    """Zendesk's door alone, with what it saw."""
    [zendesk] = services.routes().doors
    assert zendesk.signing is not None
    made = Door(service="Zendesk", signing=zendesk.signing, has_secret=has_secret, seen=seen or Seen())
    return {"zendesk": made}


def refused(reason: str, *, since: float = 60, last: float = 5, **seen: Any) -> Seen:  # noqa: ANN401 -- likewise
    return Seen(refused={reason: Refused(since=NOW - since, last=NOW - last, count=3)}, **seen)


# -- The rule: everything says the same


class Everywhere:
    """What each of the places says, as it is deployed."""

    def __init__(self, environ: Mapping[str, str], url: str) -> None:
        self.url = url
        self._environ = {**os.environ, **environ}

    def command(self, *arguments: str) -> str:
        """What a command prints."""
        run = [sys.executable, "-m", "integration", *arguments]
        return subprocess.run(run, cwd=ROOT, env=self._environ, capture_output=True, text=True, timeout=90).stdout  # noqa: PLW1510 -- `check` may fail

    def line_of_check(self) -> str:
        """What `check` says of how it stands."""
        told = json.loads(self.command("check", "--json"))["checks"]
        [line] = [each["found"] for each in told if each["name"] == "how it stands"]
        return str(line)

    def get(self, path: str) -> str:
        answer = requests.get(self.url + path, auth=AUTH, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text

    def troubles(self) -> dict[str, list[str]]:
        """The names of the troubles, by the place that tells them."""
        page, known = self.get("/"), set(standing.names(services.routes()))
        found = {
            "page": re.findall(r'id="trouble-(\w+)"', page),
            "readyz": re.findall(r"^(\w+): ", self.get("/readyz"), re.MULTILINE),
            "metrics": re.findall(
                r'^highlights_trouble\{name="(\w+)",severity="\w+"\} 1\.0$', self.get("/metrics"), re.MULTILINE
            ),
            "status --json": [each["name"] for each in json.loads(self.command("status", "--json"))["troubles"]],
            "status": re.findall(r"^(\w+): .*; ", self.command("status"), re.MULTILINE),
            "check": re.findall(r"\w+", self.line_of_check()),
        }
        assert (WELL in page) == (not found["page"])
        return {place: sorted(known & set(told)) for place, told in found.items()}


def no_secret(processes: Processes, sandbox: Sandbox) -> None:
    """What is there after the README's first five steps: processes without the webhook's secret."""
    processes._environ["ZENDESK_WEBHOOK_SECRET"] = ""
    processes.start("web", "worker")
    sandbox.zendesk.file_ticket(requester=ADA)


def another_secret(processes: Processes, sandbox: Sandbox) -> None:
    """The webhook was made anew in Zendesk."""
    processes._environ["ZENDESK_WEBHOOK_SECRET"] = "another-secret-than-that-of-the-webhook"
    processes.start("web", "worker")
    sandbox.zendesk.file_ticket(requester=ADA)


def no_worker(processes: Processes, redis: Redis) -> None:
    """The worker was never scaled up; another application's is at work on the same queue."""
    redis.sadd("rq:workers:highlights-notes", "rq:worker:of-another-application")
    redis.hset("rq:worker:of-another-application", "birth", "now")
    processes.start("web")


def logrocket_down(processes: Processes, sandbox: Sandbox) -> None:
    """LogRocket answers 503 to everything."""
    sandbox.faults.add(Fault(service="logrocket", status=503, times=None))
    processes.start("web", "worker")
    sandbox.zendesk.file_ticket(requester=ADA)


def zendesk_down(processes: Processes, sandbox: Sandbox) -> None:
    """Zendesk answers 503 to everything."""
    processes.start("web", "worker")
    sandbox.faults.add(Fault(service="zendesk", status=503, times=None))
    sandbox.zendesk.file_ticket(requester=ADA)


def well(processes: Processes, sandbox: Sandbox) -> None:
    """Nothing is wrong."""
    processes.start("web", "worker")
    ticket = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.internal_notes(ticket), seconds=60)


@pytest.mark.parametrize(
    ("make", "name", "command"),
    [
        (no_secret, "no_signing_secret", "heroku run -- python -m integration install"),
        (another_secret, "signature_mismatch", "heroku run -- python -m integration install"),
        (no_worker, "no_worker", "heroku ps:scale worker=1"),
        (logrocket_down, "logrocket_down", "heroku run -- python -m integration check"),
        (zendesk_down, "zendesk_down", "heroku run -- python -m integration check"),
        (well, None, None),
    ],
)
def test_every_place_says_the_same(
    make: Callable[..., None],
    name: str | None,
    command: str | None,
    *,
    environ: dict[str, str],
    processes: Processes,
    sandbox: Sandbox,
    redis: Redis,
) -> None:
    made = {"processes": processes, "sandbox": sandbox, "redis": redis}
    make(**{each: made[each] for each in make.__annotations__ if each in made})
    everywhere = Everywhere({**environ, **processes._environ}, processes.url)
    wanted = [] if name is None else [name]

    def told() -> bool:
        found = re.findall(r'id="trouble-(\w+)"', everywhere.get("/"))
        return sorted(found) == wanted

    wait_for(told, seconds=150)
    assert everywhere.troubles() == dict.fromkeys(everywhere.troubles(), wanted)
    if command is not None:
        assert f"<code>{command}</code>" in everywhere.get("/")
        assert command in everywhere.get("/readyz")


# -- It works


@given(
    st.builds(
        Facts,
        now=st.just(NOW),
        places=st.just(SERVICES["places"]),
        summariser=st.just(SERVICES["summariser"]),
        ceiling_variable=st.just(SERVICES["ceiling_variable"]),
        writes=st.none() | st.just("its memory is full"),
        alive=st.frozensets(st.sampled_from(PARTS)) | st.just(frozenset(PARTS)),
        doors=st.builds(
            door,
            st.sampled_from([Seen(), refused("wrong_signature"), refused("unsigned"), refused("unusable")]),
            has_secret=st.booleans(),
        ),
        callbacks=st.sampled_from([Seen(), refused("wrong_signature"), refused("too_large")]),
        failing=st.dictionaries(
            st.sampled_from(services.routes().services),
            st.builds(
                Failing,
                since=st.floats(NOW - 9999, NOW),
                last=st.just(NOW),
                tries=st.integers(1, 9),
                reason=st.just("LogRocket has trouble (503)"),
            ),
        ),
        holds=st.lists(
            st.builds(
                Hold,
                service=st.sampled_from(services.routes().services),
                reason=st.just("Zendesk refuses our credentials (401)"),
                since=st.just(NOW),
                suspected=st.booleans(),
            ),
            max_size=1,
        ).map(tuple),
        asked=st.sampled_from([0, 1000]),
        counts=st.dictionaries(st.sampled_from(State), st.integers(0, 3)),
        oldest=st.dictionaries(st.sampled_from(State), st.floats(NOW - 9999, NOW)),
        public=st.sampled_from([0, 1, 2]),
        missed=st.sampled_from([{}, {"Zendesk": "no webhook in Zendesk has our endpoint"}]),
    )
)
def test_all_is_well_when_nothing_is_wrong_and_only_then(found: Facts) -> None:
    troubles = standing.troubles(found)
    said = standing.summary(found, troubles)
    assert (WELL in said) == (troubles == ())
    assert {each.name for each in troubles} <= set(standing.names(services.routes()))
    assert len({each.name for each in troubles}) == len(troubles)
    grades = [list(Severity).index(each.severity) for each in troubles]
    assert grades == sorted(grades)
    assert all(each.what in said for each in troubles[:3])
    assert ("more" in said) == (len(troubles) > 3)
    for each in troubles:
        assert each.do.endswith(".")


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ({}, []),
        ({"doors": door(has_secret=False)}, ["no_signing_secret"]),
        ({"alive": frozenset()}, ["no_worker"]),
        ({"alive": frozenset({"notes"})}, ["worker_part_missing"]),
        ({"writes": "its memory is full"}, ["redis_refuses_writes"]),
        ({"doors": door(refused("wrong_signature"))}, ["signature_mismatch"]),
        ({"doors": door(refused("wrong_signature", genuine=NOW))}, []),
        ({"doors": door(refused("out_of_date"))}, ["signature_out_of_date"]),
        ({"doors": door(refused("unusable"))}, ["deliveries_unusable"]),
        ({"doors": door(refused("unusable")), "last_received": NOW}, []),
        *(
            ({"doors": door(refused(each))}, [])
            for each in ("unsigned", "too_large", "too_slow", "broken_off", "redis")
        ),
        ({"callbacks": refused("wrong_signature")}, ["callbacks_refused"]),
        ({"callbacks": refused("unsigned")}, []),
        ({"asked": 1000}, ["request_ceiling"]),
        ({"asked": 999}, []),
        ({"counts": {State.FAILED: 2}}, ["tickets_failed"]),
        ({"public": 1}, ["public_notes"]),
        ({"missed": {"Zendesk": "no webhook has our endpoint"}}, ["missed_tickets"]),
        (
            {
                "missed": {"Zendesk": "Zendesk has trouble (503)"},
                "holds": (Hold(service="Zendesk", reason="Zendesk refuses our credentials (401)", since=NOW),),
            },
            ["zendesk_refuses"],
        ),
        ({"oldest": {State.RECEIVED: NOW - 2800}}, ["tickets_wait"]),
        ({"oldest": {State.RECEIVED: NOW - 2600}}, []),
        ({"oldest": {State.READY: NOW - 3700}}, ["tickets_wait"]),
        ({"oldest": {State.READY: NOW - 3700}, "alive": frozenset()}, ["no_worker"]),
        ({"oldest": {State.RECEIVED: NOW - 3700}, "asked": 1000}, ["request_ceiling"]),
    ],
)
def test_what_is_wrong_has_its_name(what: dict[str, Any], wanted: list[str]) -> None:
    assert names(facts(**what)) == wanted


@pytest.mark.parametrize(
    ("since", "tries", "waiting", "last", "down"),
    [
        (120, 2, 1, 1, True),
        (59, 9, 1, 1, False),
        (120, 1, 1, 1, False),
        (7200, 9, 1, 3600, True),
        (7200, 9, 0, 3600, False),
        (7200, 9, 0, 60, True),
    ],
)
def test_a_service_is_down_when_nothing_was_done_for_a_while(
    since: float, tries: int, waiting: int, last: float, *, down: bool
) -> None:
    failing = Failing(since=NOW - since, last=NOW - last, tries=tries, reason="Zendesk has trouble (503)")
    found = facts(failing={"Zendesk": failing}, counts={State.READY: waiting})
    assert names(found) == (["zendesk_down"] if down else [])


def test_a_suspicion_does_not_say_that_tickets_wait() -> None:
    hold = Hold(service="Zendesk", reason="Zendesk refuses one ticket after another (403)", since=NOW)
    [real] = standing.troubles(facts(holds=(hold,)))
    assert (real.name, real.severity) == ("zendesk_refuses", Severity.NO_NOTES)
    suspected = Hold(service=hold.service, reason=hold.reason, since=NOW, suspected=True)
    [suspicion] = standing.troubles(facts(holds=(suspected,)))
    assert (suspicion.name, suspicion.severity) == ("zendesk_refusal_suspected", Severity.LOOK)
    assert "tickets wait" not in f"{suspicion.what}{suspicion.do}".lower()


def of_signatures(**seen: Any) -> Trouble:  # noqa: ANN401 -- any field of `Seen`
    [found] = standing.troubles(facts(doors=door(refused("wrong_signature", **seen))))
    return found


def test_wrong_signatures_beside_verified_ones_are_for_information() -> None:
    assert of_signatures().severity is Severity.NO_NOTES
    assert of_signatures(genuine=NOW - 3000).severity is Severity.NO_NOTES
    assert of_signatures(genuine=NOW - 100).severity is Severity.NOTE
    mixed = of_signatures(genuine=NOW - 1, mixed=NOW - 6)
    assert mixed.severity is Severity.NOTE
    assert "a stranger" in mixed.do
    assert names(facts(doors=door(refused("wrong_signature", genuine=NOW - 1, mixed=NOW - 4000)))) == []


def test_the_checklist_goes_away_with_the_first_note() -> None:
    assert [each.name for each in checklist(facts())] == ["secret", "worker", "webhook", "logrocket", "ticket"]
    assert [each.done for each in checklist(facts())] == [True, True, False, False, False]
    done = facts(doors=door(Seen(genuine=NOW)), accepted={"LogRocket": NOW}, last_received=NOW)
    assert [each.done for each in checklist(done)] == [True, True, True, True, False]
    assert checklist(facts(noted=True)) == ()


# -- What Redis has of it


def test_the_worker_lives_and_ends(redis: Redis, settings: Settings) -> None:
    heart, other = Heart(redis, settings.keys, "notes"), Heart(redis, settings.keys, "notes")
    assert overview.read(settings, redis, routes=services.routes()).facts.alive == frozenset()
    heart.beat()
    other.beat()
    assert overview.read(settings, redis, routes=services.routes()).facts.alive == {"notes"}
    heart.stop()
    assert overview.read(settings, redis, routes=services.routes()).facts.alive == {"notes"}
    other.stop()
    found = overview.read(settings, redis, routes=services.routes()).facts
    assert found.alive == frozenset()
    assert found.now - found.beats["notes"] < 10


def test_one_that_was_killed_is_missed(redis: Redis, settings: Settings) -> None:
    Heart(redis, settings.keys, "notes").beat()
    [(member, at)] = cast("list[tuple[bytes, float]]", redis.zrange(settings.keys.beats, 0, -1, withscores=True))
    redis.zadd(settings.keys.beats, {member: at - heartbeats.SILENT_SECONDS - 1})
    assert overview.read(settings, redis, routes=services.routes()).facts.alive == frozenset()


def test_what_a_lane_met_is_told_until_the_service_does_what_it_is_asked(redis: Redis, settings: Settings) -> None:
    lanes = services.open_ledger(settings, redis, jitter=lambda: 0.0).lanes
    lanes.hold("Zendesk", "Zendesk refuses one ticket after another (403)", longest=0.0)
    lanes.failed("LogRocket", "LogRocket has trouble (503)")
    lanes.failed("LogRocket", "LogRocket did not answer")
    found = overview.read(settings, redis, routes=services.routes()).facts
    assert [each.suspected for each in found.holds] == [True]
    failing = found.failing["LogRocket"]
    assert (failing.tries, failing.reason) == (2, "LogRocket did not answer")
    assert failing.since <= failing.last

    lanes.hold("Zendesk", "Zendesk refuses our credentials (401)")
    assert [each.suspected for each in overview.read(settings, redis, routes=services.routes()).facts.holds] == [False]
    for service in services.routes().services:
        lanes.answered(service)
    found = overview.read(settings, redis, routes=services.routes()).facts
    assert (found.holds, found.failing) == ((), {})


def test_a_redis_that_refuses_writes_is_told(redis: Redis, settings: Settings) -> None:
    redis.config_set("maxmemory", "1")
    try:
        assert overview.read(settings, redis, routes=services.routes()).facts.writes == "its memory is full"
    finally:
        redis.config_set("maxmemory", "0")
    assert overview.read(settings, redis, routes=services.routes()).facts.writes is None
    assert redis.keys("highlights:check*") == []


@pytest.mark.parametrize("path", ["/readyz", "/"])
def test_page_and_readiness_say_that_redis_refuses_writes(path: str, environ: dict[str, str], redis: Redis) -> None:
    from integration.web.app import create_app  # noqa: PLC0415 -- used here alone

    client = create_app(from_environment(environ)).test_client()
    redis.config_set("maxmemory", "1")
    try:
        answer = client.get(path, auth=AUTH)
    finally:
        redis.config_set("maxmemory", "0")
    assert answer.status_code == 503
    assert "Redis refuses writes: its memory is full" in answer.text


def test_the_facts_are_few_round_trips(redis: Redis, settings: Settings) -> None:
    overview.read(settings, redis, routes=services.routes())
    before = redis.info("stats")["total_reads_processed"]  # redis' own count of what it was sent
    overview.read(settings, redis, routes=services.routes())
    assert redis.info("stats")["total_reads_processed"] - before <= 3  # with the one that asks


# -- Refusals


def count_of(url: str, reason: str, endpoint: str = "zendesk") -> float:
    text = requests.get(f"{url}/metrics", auth=AUTH, timeout=10).text
    sample = f'highlights_deliveries_refused_total{{endpoint="{endpoint}",reason="{reason}"}}'
    other = f'highlights_deliveries_refused_total{{reason="{reason}",endpoint="{endpoint}"}}'
    [found] = [float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith((sample, other))]
    return found


def test_refusals_are_counted_and_listed_by_reason(processes: Processes, environ: dict[str, str]) -> None:
    processes.start("web")
    url, secret = f"{processes.url}/zendesk/tickets", environ["ZENDESK_WEBHOOK_SECRET"]
    for _ in range(3):
        assert requests.post(url, data=TICKET, timeout=5).status_code == 401
    assert requests.post(url, data=TICKET, headers=signed(TICKET, "another" * 6), timeout=5).status_code == 401
    assert requests.post(url, data=b"{}", headers=signed(b"{}", secret), timeout=5).status_code == 400
    callback = f"{processes.url}/logrocket/highlights?ticket_id=1&token="
    assert requests.post(f"{callback}x", data=b"{}", timeout=5).status_code == 401
    assert requests.post(f"{callback}{'a' * 20}.{'b' * 27}", data=b"{}", timeout=5).status_code == 401

    wait_for(lambda: count_of(processes.url, "unsigned") == 3)
    wait_for(lambda: count_of(processes.url, "wrong_signature") == 1)
    wait_for(lambda: count_of(processes.url, "unusable") == 1)
    wait_for(lambda: count_of(processes.url, "unsigned", "logrocket") == 1)
    wait_for(lambda: count_of(processes.url, "wrong_signature", "logrocket") == 1)
    page = requests.get(processes.url, auth=AUTH, timeout=10).text
    card = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition('id="refusals"')[2].partition("</section>")[0]))
    assert "Zendesk endpoint: signed with another secret (401)" in card
    assert "Zendesk endpoint: not signed, or not as it should be (401), 3 in that hour" in card
    assert "LogRocket callback: signed with another secret (401)" in card
    assert "ada@" not in page


def test_what_is_counted_is_of_a_closed_list(redis: Redis, settings: Settings) -> None:
    counted = Deliveries(redis, settings.keys, ["zendesk"])
    with pytest.raises(ValueError, match="none of the endpoints"):
        counted.refused("a-strangers", "unsigned", 401)
    counted.refused("zendesk", "a-strangers", 401)
    wait_for(lambda: redis.zcard(settings.keys.refused))
    counted.close()
    assert [(each.endpoint, each.reason) for each in refusals(redis, settings.keys, endpoints=["zendesk"])] == [
        ("zendesk", "internal")
    ]
    assert refusals(redis, settings.keys, endpoints=["freshdesk"]) == []  # of a desk that is not there any more


def test_a_strangers_garbage_alone_does_not_turn_the_page_red(processes: Processes, redis: Redis) -> None:
    processes.start("web", "worker")
    for _ in range(200):
        requests.post(f"{processes.url}/zendesk/tickets", data=b"garbage", timeout=5)
    wait_for(lambda: count_of(processes.url, "unsigned") == 200)
    wait_for(lambda: WELL in requests.get(processes.url, auth=AUTH, timeout=10).text)
    assert "trouble-" not in requests.get(processes.url, auth=AUTH, timeout=10).text
    assert redis.zcard("highlights:refused") <= 2  # hours


def test_a_secret_that_is_mended_makes_the_page_green(processes: Processes, environ: dict[str, str]) -> None:
    processes.start("web", "worker")
    url = f"{processes.url}/zendesk/tickets"
    requests.post(url, data=TICKET, headers=signed(TICKET, "another" * 6), timeout=5)
    wait_for(lambda: "trouble-signature_mismatch" in requests.get(processes.url, auth=AUTH, timeout=10).text)
    requests.post(url, data=TICKET, headers=signed(TICKET, environ["ZENDESK_WEBHOOK_SECRET"]), timeout=5)
    wait_for(lambda: "trouble-signature_mismatch" not in requests.get(processes.url, auth=AUTH, timeout=10).text)


def test_refusing_waits_for_nobody_when_redis_is_away(environ: dict[str, str]) -> None:
    from integration.web.app import create_app  # noqa: PLC0415 -- used here alone
    from tests.ports import free_port  # noqa: PLC0415 -- likewise

    app = create_app(from_environment({**environ, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}))
    client, started = app.test_client(), time.monotonic()
    for _ in range(100):
        assert client.post("/zendesk/tickets", data=b"x").status_code == 401
    assert time.monotonic() - started < 5
    app.extensions["deliveries"].close()


# -- The checks, from the page


def test_the_checks_run_from_the_page(processes: Processes, environ: dict[str, str]) -> None:
    processes.start("web", "worker")
    with requests.Session() as session:
        session.auth = AUTH
        page = session.get(processes.url, timeout=10).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        url = f"{processes.url}/status/check"
        assert session.post(url, timeout=10).status_code == 400  # forged
        answers = [session.post(url, data={"csrf_token": token[1]}, timeout=10).text for _ in range(2)]
        assert "The checks run." in answers[0]
        assert "The checks run already" in answers[1]

        def card() -> str:
            text = session.get(processes.url, timeout=20).text.partition('id="check"')[2].partition("</section>")[0]
            return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))

        found = wait_for(lambda: (text := card()) and re.search(r"\d+ checks, ", text) and text, seconds=90)
    assert "Redis persistence (warning)" in found
    assert "Run the checks" in found
    for name in ("SECRET_KEY", "ZENDESK_WEBHOOK_SECRET", "ZENDESK_CLIENT_SECRET", "LOGROCKET_API_KEY"):
        assert environ[name] not in found


def test_a_job_that_a_worker_has_taken_runs(redis: Redis, settings: Settings) -> None:
    for name, job in zip(settings.keys.queues, ("one", "another"), strict=True):
        queue = open_queue(name, redis)
        redis.rpush(queue.key, "waits")
        redis.rpush(queue.intermediate_queue_key, job)
    stands = overview.read(settings, redis, routes=services.routes())
    assert (stands.jobs_waiting, stands.jobs_running) == (2, 2)
