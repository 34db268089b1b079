"""A note of ours that customers can read: made internal, tried again, told and counted, and never let go."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from integration.cases import counters
from integration.cases.entry import FINAL, STILL_PUBLIC, Entry, State
from integration.cases.reader import PublicNotes
from integration.facts import reference_of
from integration.zendesk.settings import ZendeskSettings
from sandbox import Fault, Sandbox
from tests.admin import PASSWORD, Admin
from tests.conftest import ROOT, InProcess, wait_for
from tests.steps import bring_to_its_note
from tests.tickets import key

pytestmark = pytest.mark.usefixtures("roomy")

NO_NOTES = PublicNotes(latest=(), number=0)
ADA = "ada@shop.example"
PUT = r"/tickets/\d+(\.json)?$"
MAKE_PRIVATE = r"/make_private"
NOT_FOUND = '{"error": "RecordNotFound", "description": "Not found"}'
INVALID = '{"error": "RecordInvalid", "description": "Record validation errors", "details": {}}'
ANSWERS: dict[str, dict[str, Any]] = {
    "404": {"status": 404, "body": NOT_FOUND},
    "404 of no help desk": {"status": 404, "body": '{"error": {"title": "No help desk at acme.zendesk.com"}}'},
    "422": {"status": 422, "body": INVALID},
    "422 closed": {"status": 422, "body": INVALID.replace("{}", '{"status": [{"description": "cerrado"}]}')},
    "401": {"status": 401},
    "403": {"status": 403, "body": '{"error": {"title": "Forbidden"}}'},
    "429": {"status": 429, "headers": {"Retry-After": "0"}},
    "503": {"status": 503},
    "nothing": {"drop": "before"},
}


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "ADMIN_PASSWORD": PASSWORD, "BACKOFF_SECONDS": "0.01"}


@pytest.fixture
def admin(product: InProcess) -> Iterator[Admin]:
    made = Admin(product.settings.public_url)
    yield made
    made.session.close()


def publish(sandbox: Sandbox, **of_make_private: Any) -> int:  # noqa: ANN401 -- fields of Fault
    """A ticket whose note will come back public; and what make_private answers, always, when anything is said of it."""
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=PUT, public=True))
    if of_make_private:
        sandbox.faults.add(
            Fault(service="zendesk", method="PUT", path=MAKE_PRIVATE, **{"times": None, **of_make_private})
        )
    return sandbox.zendesk.file_ticket(requester=ADA)


def post(product: InProcess, ticket_id: int) -> Entry:
    """Try the ticket's note until that ends; without RQ, which would take most of the time."""
    known = product.ledger.reader.find(key(ticket_id))
    if known is None or known.state is State.RECEIVED:
        bring_to_its_note(product, ticket_id)

    def ended() -> Entry | None:
        product.jobs.post_note(key(ticket_id))
        entry = product.entry(ticket_id)
        return entry if entry.state in FINAL else None

    return wait_for(ended)


def number_of(entry: Entry) -> int:
    return int(reference_of(entry.key))


def posted(product: InProcess, ticket_id: int) -> Entry:
    """The entry of a ticket whose note is on it, after all."""
    entry = post(product, ticket_id)
    assert entry.state is State.POSTED
    return entry


def notes(sandbox: Sandbox, ticket_id: int) -> list[bool]:
    """Of each note of ours on the ticket, whether it is public."""
    return [each.public for each in sandbox.zendesk.comments(ticket_id) if "Highlights request" in each.html_body]


def counted(product: InProcess, redis: Redis) -> int:
    return counters.read(redis.hgetall(product.ledger.keys.metrics)).public_notes  # type: ignore[arg-type]  # redis' types


def tries(sandbox: Sandbox) -> int:
    return sum(bool(re.search(MAKE_PRIVATE, each.path)) for each in sandbox.zendesk.requests)


def command(environ: dict[str, str], folder: Path, *arguments: str) -> str:
    """What `python -m integration ...` prints, run in an empty folder."""
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    found = subprocess.run(
        [sys.executable, "-m", "integration", *arguments],
        env={**surroundings, **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def left_public(sandbox: Sandbox, product: InProcess) -> Entry:
    """A ticket whose note stays public: it has failed. Zendesk works again."""
    number = publish(sandbox, **ANSWERS["422"])
    entry = post(product, number)
    assert entry.state is State.FAILED
    sandbox.faults.clear()
    return entry


# -- It is not let go


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_note_that_cannot_be_made_internal_fails_after_bounded_tries_is_told_and_can_be_retried(
    answer: str, sandbox: Sandbox, product: InProcess, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    number = publish(sandbox, **ANSWERS[answer])
    entry = post(product, number)
    assert entry.state is State.FAILED
    assert str(entry.reason).startswith("the note is public and could not be made private: ")
    assert (entry.note.was_public, entry.note.public_id) == (True, str(sandbox.zendesk.comments(number)[-1].id))
    assert notes(sandbox, number) == [True]
    assert STILL_PUBLIC <= tries(sandbox) <= 2 * STILL_PUBLIC  # a 401 is asked again with a new token
    assert counted(product, redis) == 1
    told = [line for line in "".join(capfd.readouterr()).splitlines() if "customers can read it" in line]
    assert len(told) == STILL_PUBLIC
    assert all(" error " in line and f"ticket_id={number}" in line for line in told)

    sandbox.faults.clear()
    assert product.ledger.retry(key(number))
    mended = post(product, number)
    assert (mended.state, mended.note.public_id, mended.note.was_public) == (State.POSTED, None, True)
    assert notes(sandbox, number) == [False]
    assert counted(product, redis) == 1


def test_a_note_that_was_public_for_a_moment_is_recorded_logged_as_an_error_and_counted(
    sandbox: Sandbox, product: InProcess, redis: Redis, capfd: pytest.CaptureFixture[str]
) -> None:
    number = publish(sandbox)
    entry = posted(product, number)
    assert (entry.note.was_public, entry.note.public_id) == (True, None)
    assert notes(sandbox, number) == [False]
    assert counted(product, redis) == 1
    assert re.search(rf" error .*our note was public.*ticket_id={number}", "".join(capfd.readouterr()))


def test_one_that_is_mended_at_the_third_try_is_counted_once(
    sandbox: Sandbox, product: InProcess, redis: Redis
) -> None:
    number = publish(sandbox, **ANSWERS["503"], times=2)
    entry = posted(product, number)
    assert (entry.note.was_public, entry.note.public_id) == (True, None)
    assert notes(sandbox, number) == [False]
    assert counted(product, redis) == 1
    assert [each.key for each in product.ledger.reader.public_notes(9).latest] == [key(number)]


def test_one_that_is_found_after_a_lost_answer_is_told_too(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=PUT, public=True, drop="after"))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = posted(product, number)
    assert entry.note.was_public
    assert notes(sandbox, number) == [False]
    assert counted(product, redis) == 1


def test_a_step_that_runs_out_of_time_while_it_makes_a_note_internal_remembers_it(
    sandbox: Sandbox, product: InProcess
) -> None:
    number = publish(sandbox, delay=5, drop="before", times=1)
    bring_to_its_note(product, number)
    wait_for(lambda: (outlook := product.ledger.lanes.outlook()).notes_at("Zendesk") <= outlook.now)
    with UnixSignalDeathPenalty(2, JobTimeoutException):  # type: ignore[no-untyped-call]  # RQ's
        product.jobs.post_note(key(number))
    entry = product.entry(number)
    assert entry.note.public_id == str(sandbox.zendesk.comments(number)[-1].id)
    assert "could not be made private: Zendesk does not answer in time" in str(entry.last_error)
    posted(product, number)
    assert notes(sandbox, number) == [False]


def test_one_that_somebody_made_internal_by_hand_needs_nothing_more(sandbox: Sandbox, product: InProcess) -> None:
    entry = left_public(sandbox, product)
    number = number_of(entry)
    sandbox.zendesk.desk.account.make_private(number, int(entry.note.public_id or 0))
    sandbox.faults.add(Fault(service="zendesk", path=MAKE_PRIVATE, times=None, **ANSWERS["422"]))
    assert product.ledger.retry(entry.key)
    posted(product, number)
    assert notes(sandbox, number) == [False]


@pytest.mark.parametrize("public", ["", '"public": null,', '"public": "false",', '"public": 0,', '"public": true,'])
def test_an_answer_that_does_not_say_internal_is_not_taken_for_it(
    public: str, sandbox: Sandbox, product: InProcess
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    note_id = 1_000_000
    event = f'{{"id": {note_id}, {public} "type": "Comment", "body": "x"}}'
    body = f'{{"ticket": {{"id": {number}}}, "audit": {{"id": 5, "ticket_id": {number}, "events": [{event}]}}}}'
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=PUT, status=200, body=body))
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=MAKE_PRIVATE, status=200, body='""'))
    assert posted(product, number).note.was_public
    assert [each.path for each in sandbox.zendesk.requests if f"/comments/{note_id}/make_private" in each.path]


# -- It is told


def test_the_status_command_tells_until_an_admin_has_seen_it(
    sandbox: Sandbox, product: InProcess, environ: dict[str, str], tmp_path: Path
) -> None:
    product.show_that_it_works()
    left = number_of(left_public(sandbox, product))
    mended = publish(sandbox)
    posted(product, mended)
    told = json.loads(command(environ, tmp_path, "status", "--json"))["public_notes"]
    assert [(each["ticket"], each["still_public"]) for each in told] == [(mended, False), (left, True)]
    assert all(each["since"].endswith("Z") for each in told)
    text = command(environ, tmp_path, "status")
    assert f"ticket {left}: customers can read its note" in text
    assert f"ticket {mended}: its note was public for a while" in text

    assert command(environ, tmp_path, "retry", str(left)) == f"ticket {left}: back to work\n"
    posted(product, left)
    assert notes(sandbox, left) == [False]
    for number in (left, mended):
        assert product.ledger.public_seen(key(number))
        assert not product.ledger.public_seen(key(number))
    assert "public" not in command(environ, tmp_path, "status")


def listed(admin: Admin) -> dict[int, str]:
    """What the red list at the top of the page says of each ticket."""
    items = re.findall(r'<li id="public-(\d+)">(.*?)</li>', admin.page(), re.DOTALL)
    return {int(number): " ".join(re.sub(r"<[^>]+>", " ", html).split()) for number, html in items}


def test_the_page_shows_it_until_an_admin_has_seen_it(sandbox: Sandbox, product: InProcess, admin: Admin) -> None:
    product.show_that_it_works()
    left = number_of(left_public(sandbox, product))
    mended = publish(sandbox)
    posted(product, mended)
    said = listed(admin)
    assert list(said) == [mended, left]
    assert f"Ticket {left} still public , noticed" in said[left]
    assert f"Ticket {mended} internal again , noticed" in said[mended]
    page = admin.page()
    assert f'href="{product.settings.of(ZendeskSettings).url}/agent/tickets/{left}"' in page
    assert "No ticket waits. 2 notes are or were public. 1 ticket has failed." in page
    assert page.index('id="public"') < page.index('id="summary"')

    answer = admin.post(f"/status/tickets/{mended}/seen")
    assert f"You have seen that the note of ticket {mended} is or was public." in answer.text
    assert list(listed(admin)) == [left]
    assert "is not on the list" in admin.post(f"/status/tickets/{mended}/seen").text
    assert "Its note was public for a while." in admin.page(f"/?ticket={mended}")


def test_one_that_is_retried_on_the_page_is_made_internal_and_stays_listed_until_seen(
    sandbox: Sandbox, product: InProcess, admin: Admin
) -> None:
    product.show_that_it_works()
    left = number_of(left_public(sandbox, product))
    assert f"Ticket {left} was put back to work." in admin.post(f"/status/tickets/{left}/retry").text
    posted(product, left)
    assert notes(sandbox, left) == [False]
    assert "internal again" in listed(admin)[left]
    admin.post(f"/status/tickets/{left}/seen")
    assert listed(admin) == {}
    assert "No ticket waits. All is well." in admin.page()


def test_one_that_was_seen_and_that_another_retry_does_not_mend_is_listed_anew(
    sandbox: Sandbox, product: InProcess, admin: Admin, redis: Redis
) -> None:
    left = number_of(left_public(sandbox, product))
    admin.post(f"/status/tickets/{left}/seen")
    assert listed(admin) == {}
    sandbox.faults.add(Fault(service="zendesk", path=MAKE_PRIVATE, times=None, **ANSWERS["422"]))
    product.ledger.retry(key(left))
    assert post(product, left).state is State.FAILED
    assert list(listed(admin)) == [left]
    assert counted(product, redis) == 1


def test_a_forged_seen_takes_nothing_from_the_list(sandbox: Sandbox, product: InProcess, admin: Admin) -> None:
    left = number_of(left_public(sandbox, product))
    address = f"{admin.url}/status/tickets/{left}/seen"
    assert admin.session.post(address, data={"csrf_token": "x"}, timeout=5).status_code == 400
    assert admin.session.get(address, timeout=5).status_code == 405
    assert list(listed(admin)) == [left]


def test_what_is_erased_is_not_listed(sandbox: Sandbox, product: InProcess) -> None:
    left = number_of(left_public(sandbox, product))
    assert product.ledger.forget(key(left))
    assert product.ledger.reader.public_notes(9) == NO_NOTES


def test_the_list_ends_with_what_is_remembered(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    left = number_of(left_public(sandbox, product))
    product.ledger.trim()
    assert product.ledger.reader.public_notes(9).number == 1
    long_ago = product.ledger.reader.now() - (product.settings.retention_days + 2) * 24 * 60 * 60
    redis.zadd(product.ledger.keys.public, {key(left): long_ago})
    product.ledger.trim()
    assert product.ledger.reader.public_notes(9) == NO_NOTES


def test_one_of_which_nothing_more_is_known_says_so(
    sandbox: Sandbox, product: InProcess, admin: Admin, redis: Redis
) -> None:
    left = number_of(left_public(sandbox, product))
    redis.set(product.ledger.keys.case(key(left)), '{"v": 99}')
    assert "Whether it still is cannot be told here any more" in listed(admin)[left]


def test_a_long_list_is_cut_and_tells_how_many_there_are(product: InProcess, admin: Admin, redis: Redis) -> None:
    redis.zadd(product.ledger.keys.public, {key(number): number for number in range(1, 71)})
    assert len(listed(admin)) == 50
    assert "And 20 more." in admin.page()
    assert "70 notes are or were public." in admin.page()


def test_it_is_in_the_metrics_and_there_is_an_alert_for_it(sandbox: Sandbox, product: InProcess, admin: Admin) -> None:
    assert "highlights_public_notes_total 0.0" in admin.page("/metrics")
    left_public(sandbox, product)
    found = admin.page("/metrics")
    assert "highlights_public_notes_total 1.0" in found
    assert "highlights_public_notes_unseen 1.0" in found
    alerts = (ROOT / "docs/alerts.md").read_text()
    assert "increase(highlights_public_notes_total[" in alerts
