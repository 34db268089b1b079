"""A ticket's story: one log line for each change, whoever made it, and a way that says why it took so long."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
import requests
from redis import Redis

from integration import release
from integration.cases import again, claims, results, stored, story, transitions
from integration.cases.entry import Entry, Policy, State, Trouble
from integration.errors import Temporary
from integration.facts import Result, Status
from integration.logrocket import callback
from integration.settings import Settings
from sandbox import Fault, Sandbox
from tests.conftest import ROOT, InProcess, Processes, wait_for
from tests.tickets import key, new_ticket
from tests.variables import with_zendesk

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"
POLICY = Policy(
    poll_after=30.0, failed_retry=(60.0,), settle=60.0, backoff=5.0, random=lambda: 0.0, summariser="LogRocket"
)
ENTRY = Entry(key=key(1), received_at=1000.0, entered_at=1000.0, history=((1000.0, "received"),))

Lines = Callable[[int], list[str]]


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """LogRocket's callback does not overtake its answer, however slow this machine is."""
    sandbox.logrocket.delay = 1.0
    return sandbox


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines that were written of a ticket since it was asked last."""

    def lines(ticket_id: int) -> list[str]:
        return [
            line
            for line in capsys.readouterr().err.splitlines()
            if "debug" not in line[:40] and re.search(rf"\bticket_id={ticket_id}\b", line)
        ]

    return lines


def facts(line: str) -> dict[str, str]:
    return {name: value.strip("'\"") for name, value in re.findall(r"(\w+)=('[^']*'|\"[^\"]*\"|\S+)", line)}


def changes(lines: list[str]) -> list[tuple[str, str]]:
    """Who changed the ticket, and what it was then."""
    return [(facts(line)["step"], facts(line)["state"]) for line in lines if "state" in facts(line)]


# -- One line for each change


def test_each_step_of_a_ticket_is_one_line(sandbox: Sandbox, product: InProcess, told: Lines) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)
    lines = told(number)
    assert changes(lines) == [
        ("receive", "received"),
        ("request_highlights", "requested"),
        ("callback", "ready"),
        ("post_note", "posted"),
    ]
    assert len(lines) == 4
    assert {facts(line).get("request_id") for line in lines[1:]} == {entry.request.id}
    assert [facts(line).get("next") for line in (lines[0], lines[2], lines[3])] == ["now", "now", None]
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", facts(lines[1])["next"])
    assert [facts(line)["tries"] for line in lines] == ["0", "1", "1", "2"]
    [note] = sandbox.zendesk.internal_notes(number)
    assert str(entry.request.id)[:12] in note.html_body
    assert ADA not in "".join(lines)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("EMPTY", ("highlights empty", "found no session of the requester")),
        ("FAILED", ("ticket failed", "LogRocket failed to make highlights 3 times")),
    ],
)
def test_a_callback_that_ends_a_ticket_says_so(
    result: Literal["EMPTY", "FAILED"], said: tuple[str, str], sandbox: Sandbox, product: InProcess, told: Lines
) -> None:
    state = State(result.lower())
    sandbox.logrocket.default = result
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, state)
    *before, last = told(number)
    assert all(each in last for each in said)
    assert (facts(last)["step"], facts(last)["state"]) == ("callback", str(state))
    assert "next" not in facts(last)
    went_back = [line for line in before if "highlights will be requested again" in line]
    assert len(went_back) == (2 if state is State.FAILED else 1)  # or once more, at any time
    why = "LogRocket failed to make highlights" if state is State.FAILED else "looked for again by e-mail address"
    assert all(why in line and "next=" in line for line in went_back)


def test_trouble_is_told_with_its_reason_and_tries_are_counted_over_the_whole_life(
    sandbox: Sandbox, product: InProcess, told: Lines
) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=503, times=2))
    sandbox.faults.add(Fault(service="zendesk", method="PUT", status=500, drop="before"))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    lines = told(number)
    repeated = [line for line in lines if "step will be repeated" in line]
    assert [facts(line)["step"] for line in repeated] == ["request_highlights"] * 2 + ["post_note"]
    assert all("why" in facts(line) and "next" in facts(line) for line in repeated)
    assert facts(lines[-1])["tries"] == "5"


def test_a_refusal_is_told_once_and_with_whom_it_concerns(sandbox: Sandbox, product: InProcess, told: Lines) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=403, times=3))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.FAILED)
    lines = told(number)
    assert changes(lines) == [("receive", "received"), *[("request_highlights", "received")] * 2, lines_end()]
    assert all("step refused" in line for line in lines[1:3])


def lines_end() -> tuple[str, str]:
    return "request_highlights", "failed"


def test_the_ceiling_that_puts_a_ticket_off_is_told_and_is_no_try(
    sandbox: Sandbox, product: InProcess, told: Lines, redis: Redis
) -> None:
    redis.zadd(product.ledger.keys.asked, {str(number): product.ledger.reader.now() for number in range(5000)})
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    product.work()
    last = told(number)[-1]
    assert "step put off" in last
    assert (facts(last)["tries"], facts(last)["why"]) == ("0", "LOGROCKET_REQUESTS_PER_HOUR is reached")


def test_what_admins_and_recovery_do_is_told(sandbox: Sandbox, product: InProcess, told: Lines) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=400, times=2))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.FAILED)
    told(number)
    assert product.ledger.retry(key(number))
    assert changes(told(number)) == [("retry", "received")]
    assert product.ledger.forget(key(number))
    [erased] = told(number)
    assert "ticket erased" in erased
    product.ledger.receive(new_ticket(77), recovered=True)
    assert changes(told(77)) == [("recover", "received")]
    product.ledger.receive(new_ticket(77), recovered=True)
    assert not product.ledger.retry(key(77))
    assert not product.ledger.forget(key(78))
    assert told(77) + told(78) == []


def test_a_redis_that_is_another_one_is_told(product: InProcess, told: Lines, redis: Redis) -> None:
    product.ledger.receive(new_ticket(7, email=ADA))
    stored = json.loads(redis.get("highlights:case:zendesk-7") or b"{}") | {"redis_run": "another"}
    redis.set("highlights:case:zendesk-7", json.dumps(stored))
    told(7)
    product.work()
    [line] = told(7)
    assert "Redis is another one, or its clock jumped" in line
    assert "next" in facts(line)


def test_a_callback_that_changes_nothing_says_why(sandbox: Sandbox, product: InProcess, told: Lines) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    told(number)
    own = product.settings
    for ticket, why in ((number, "the ticket is posted already"), (9999, "the ticket is not known here")):
        url = callback.address(
            own.public_url, key(ticket), secret_keys=own.secret_keys, now=product.ledger.reader.now()
        )
        assert requests.post(url, json={"status": "FAILED", "result": None}, timeout=5).status_code == 200
        [line] = told(ticket)
        assert "callback changed nothing" in line
        assert why in line


# -- Refused callbacks


def refused(product: InProcess, query: str) -> None:
    answer = requests.post(f"{product.settings.public_url}{callback.PATH}?{query}", json={}, timeout=5)
    assert answer.status_code == 401


def test_a_refused_callback_names_the_ticket_that_its_address_claims(
    product: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (35436, 35437):
        refused(product, f"ticket_id={number}&token=wrong")
        assert f"claimed_ticket_id={number}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "query",
    ["ticket_id=1x", "ticket_id=" + "1" * 19, "ticket_id=1&ticket_id=2", "token=x", "ticket_id=ada%40shop.example"],
)
def test_what_is_no_ticket_number_is_not_named(
    query: str, product: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(product, query)
    said = capsys.readouterr().err
    assert "delivery refused" in said
    assert "claimed_ticket_id" not in said


def test_strangers_cannot_fill_the_log_with_names(product: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
    client = product.app.test_client()
    for number in range(1, 201):
        client.post(f"{callback.PATH}?ticket_id={number}&token=x")
    assert 0 < capsys.readouterr().err.count("claimed_ticket_id") <= 60


# -- The way


def test_the_way_keeps_why_it_went_back_and_what_it_waited_for() -> None:
    entry = story.remembered(ENTRY, transitions.requested(ENTRY, 1001.0, request_id="a" * 64, policy=POLICY), 1001.0)
    from_logrocket = results.told(entry, 1100.0, result=_result("FAILED"), policy=POLICY)
    entry = story.remembered(entry, from_logrocket, 1100.0)
    for now in (1200.0, 1300.0, 1400.0):
        claimed = claims.claimed(entry, now, state=State.RECEIVED, lease="x", policy=POLICY)
        assert claimed is not None
        after = claims.postponed(claimed, now, error=Temporary("LogRocket has trouble (503)"), policy=POLICY)
        entry = story.remembered(claimed, after, now)
    entry = transitions.ended(entry, 1500.0, state=State.POSTED, reason=None)
    first, second, third, last = story.way(entry)
    assert [each.state for each in (first, second, third, last)] == ["received", "requested", "received", "posted"]
    assert third.troubles == (
        Trouble(1100.0, "LogRocket failed to make highlights", 1160.0),
        Trouble(1200.0, "LogRocket has trouble (503)", 1420.0, 3),
    )
    assert (first.troubles, second.troubles, last.troubles) == ((), (), ())
    assert stored.load(stored.dump(entry), entry.key) == entry


def test_the_way_stays_short() -> None:
    entry = ENTRY
    for number in range(100):
        now = 2000.0 + 1000 * number
        claimed = claims.claimed(entry, now, state=State.RECEIVED, lease="x", policy=POLICY)
        assert claimed is not None
        after = claims.held(claimed, now, error=Temporary(f"trouble {number}"), delay=1.0)
        entry = story.remembered(claimed, after, now)
    assert len(entry.troubles) <= 20
    assert entry.troubles[-1].why == "trouble 99"


def test_a_retry_keeps_the_reason_that_it_takes_away() -> None:
    failed = transitions.ended(ENTRY, 1001.0004, state=State.FAILED, reason="LogRocket refuses the request (400)")
    retried = again.retried(failed, 1100.0)
    assert retried is not None
    way = story.way(story.remembered(failed, retried, 1100.0))
    assert [(each.state, [trouble.why for trouble in each.troubles]) for each in way] == [
        ("received", []),
        ("failed", ["LogRocket refuses the request (400)"]),
        ("received", []),
    ]


def _result(status: str) -> Result:
    return Result(request_id="a" * 64, status=Status(status))


# -- `status CASE`


@pytest.fixture
def status(environ: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python -m integration status ...`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "integration", "status", *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_one_case_is_told_with_its_way(sandbox: Sandbox, product: InProcess, status: Run) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=503))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)
    text = status(str(number))
    assert (text.returncode, text.stderr) == (0, "")
    ids = (str(entry.request.id), str(entry.note.id))
    assert all(each in text.stdout for each in (f"zendesk-{number}: posted", *ids, "LogRocket has trouble (503)"))
    assert ADA not in text.stdout

    found = json.loads(status(f"zendesk-{number}", "--json").stdout)
    assert (found["case"], found["state"], found["tries"]) == (f"zendesk-{number}", "posted", 3)
    assert (str(found["note_id"]), found["request_id"], found["next_look"]) == (entry.note.id, entry.request.id, None)
    assert [each["state"] for each in found["way"]] == ["received", "requested", "ready", "posted"]
    assert [each["why"] for each in found["way"][0]["troubles"]] == ["LogRocket has trouble (503)"]


def test_a_case_that_waits_says_for_what_and_until_when(product: InProcess, status: Run) -> None:
    product.ledger.receive(new_ticket(7, email=ADA))
    found = json.loads(status("7", "--json").stdout)
    assert (found["state"], found["reason"], found["note_id"]) == ("received", None, None)
    assert found["next_look"].endswith("Z")
    assert "Waits for LogRocket to be asked." in status("7").stdout


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("9999", 1),
        ("zendesk-9999", 1),
        ("intercom-524", 1),
        ("0", 2),
        ("x", 2),
        ("zendesk-x", 2),
        ("1 2", 2),
        ("a@b-1", 2),
    ],
)
def test_what_is_not_known_exits_1_and_what_is_no_case_2(case: str, code: int, status: Run) -> None:
    done = status(case)
    assert (done.returncode, done.stdout) == (code, "")
    assert ("is not known" if code == 1 else "usage:") in done.stderr


def test_status_lists_what_failed_and_what_waits(sandbox: Sandbox, product: InProcess, status: Run) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=400, times=2))
    failed = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(failed, State.FAILED)
    product.ledger.receive(new_ticket(77, email=ADA))
    text = status().stdout
    assert re.search(rf"{failed} +\S+Z  LogRocket refuses the request \(400\)", text)
    assert re.search(r"77 +received since \S+Z  Waits for LogRocket to be asked\. Next look: \S+Z\.", text)
    found = json.loads(status("--json").stdout)
    assert [(each["ticket"], each["reason"]) for each in found["failed"]] == [
        (failed, "LogRocket refuses the request (400)")
    ]
    assert [(each["ticket"], each["state"]) for each in found["waiting"]] == [(77, "received")]


# -- What a process says at its start


def started(processes: Processes, name: str) -> list[str]:
    return [line for line in processes.log(name).splitlines() if f"{name} started" in line]


def test_processes_say_which_release_they_are_and_what_they_use(
    environ: dict[str, str], processes: Processes, port: int
) -> None:
    processes._environ |= {"SOURCE_VERSION": "0123456789abcdef0123456789abcdef01234567", "WEB_CONCURRENCY": "1"}
    processes.start("web", "worker")
    for name in ("web", "worker"):
        [line] = wait_for(partial(started, processes, name))
        assert f"release={release.VERSION} commit=0123456789ab " in line
        assert f"zendesk={environ['ZENDESK_SUBDOMAIN']}" in line
        assert f"logrocket={environ['LOGROCKET_APP_ID']}" in line
        assert "webhook_secret=set" in line
        assert "redis=redis://127.0.0.1:" in line
    assert f"listens=127.0.0.1:{port}" in processes.log("web")
    assert "concurrency=2" in processes.log("worker")


def test_what_is_told_at_the_start_is_no_secret(settings: Settings) -> None:
    url = "rediss://user:hush@redis.example:6380/1?password=hush"
    own = with_zendesk(replace(settings, redis_url=url), webhook_secrets=())
    said = release.told(own, {"HEROKU_SLUG_COMMIT": "<script>", "SOURCE_VERSION": "x" * 40})
    assert (said["redis"], said["commit"]) == ("rediss://redis.example:6380/1", "unknown")
    assert "not set" in str(said["webhook_secret"])
    assert "hush" not in str(said)


def test_the_version_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == release.VERSION
