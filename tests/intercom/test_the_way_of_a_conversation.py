"""A conversation's way through the product's own processes, with a stand-in for Intercom: one note, whatever fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from integration.note import marker
from sandbox import Fault, Sandbox
from sandbox.intercom import Intercom
from tests.admin import PASSWORD, Admin
from tests.conftest import Processes, wait_for

pytestmark = pytest.mark.slow

UNREAD = Fault(service="intercom", path="/conversations/search", status=503)  # the worker's own look finds nothing


@pytest.fixture
def intercom(sandbox: Sandbox) -> Iterator[Intercom]:
    running = Intercom(faults=sandbox.faults)
    running.webhook.retry_after = 0.5
    running.start()
    yield running
    running.stop()


@pytest.fixture
def environ(environ: dict[str, str], intercom: Intercom) -> dict[str, str]:
    return {**environ, **intercom.environment(), "ADMIN_PASSWORD": PASSWORD}


@pytest.fixture
def product(environ: dict[str, str], port: int, tmp_path: Path, intercom: Intercom) -> Iterator[Processes]:
    made = Processes(environ, port, tmp_path)
    try:
        made.start("web", "worker")
        assert intercom.subscribe(f"{made.url}/intercom/conversations") == 200
        yield made
    finally:
        made.end_all()


def run(product: Processes, *command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "integration", *command]
    environ = {**os.environ, **product._environ}
    return subprocess.run(
        words, cwd=product._source, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def status(product: Processes, number: str) -> dict[str, Any]:
    """What `status CASE --json` tells; nothing when the case is not known."""
    done = run(product, "status", f"intercom-{number}", "--json")
    told: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return told


def state(product: Processes, number: str) -> str:
    return str(status(product, number).get("state"))


def told(intercom: Intercom, topic: str) -> list[int | None]:
    """What the product answered to deliveries of a topic."""
    return [attempt.status for attempt in intercom.webhook.attempts if attempt.topic == topic]


def deliver(intercom: Intercom, product: Processes, topic: str, item: dict[str, Any], **more: str) -> int:
    body = json.dumps(intercom.webhook.notification(topic, item)).encode()
    headers = intercom.webhook.headers(body, **more)
    return requests.post(f"{product.url}/intercom/conversations", data=body, headers=headers, timeout=10).status_code


# -- It works


def test_a_conversation_gets_one_internal_note_and_customers_see_nothing(
    intercom: Intercom, sandbox: Sandbox, product: Processes
) -> None:
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"))
    ticket = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    [note] = wait_for(lambda: intercom.notes(number))
    assert marker.any_is_in([note["body"]])
    assert note["author"]["id"] == intercom.own_id
    assert "this conversation" in note["body"]
    assert "ticket" not in note["body"]
    wait_for(lambda: sandbox.zendesk.internal_notes(ticket))
    known = wait_for(lambda: (read := status(product, number)).get("state") == "posted" and read)
    assert (known["case"], known["note_is_public"]) == (f"intercom-{number}", False)
    assert known["ticket_url"] == f"{intercom.url}/a/inbox/_/inbox/conversation/{number}"
    intercom.tell("conversation.user.created", number)
    wait_for(lambda: told(intercom, "conversation.user.created") == [202, 200])
    assert len(intercom.notes(number)) == 1
    assert intercom.seen_by_customers(number) == []
    assert "ada@" not in product.log("web") + product.log("worker")


@pytest.mark.parametrize("version", ["old_payloads", "html_payloads"])
@pytest.mark.usefixtures("product")
def test_apps_of_every_version_are_understood(version: str, intercom: Intercom) -> None:
    setattr(intercom, version, True)
    number = intercom.start_conversation(intercom.add_contact(external_id="cus_4711"))
    assert len(wait_for(lambda: intercom.notes(number))) == 1


@pytest.mark.parametrize("how", ["contact.lead.added_email", "conversation.user.replied"])
def test_a_lead_is_looked_at_again_when_an_address_comes(how: str, intercom: Intercom, product: Processes) -> None:
    lead = intercom.add_contact(role="lead")
    number = intercom.start_conversation(lead)
    wait_for(lambda: state(product, number) == "skipped", seconds=40)
    intercom.reply(number)  # which tells nobody anything
    wait_for(lambda: told(intercom, "conversation.user.replied") == [202])
    wait_for(lambda: state(product, number) == "skipped", seconds=40)
    assert intercom.notes(number) == []
    if how == "contact.lead.added_email":
        intercom.add_email(lead, "lin@shop.example")
    else:
        intercom.reply(number, email="lin@shop.example")
    assert len(wait_for(lambda: intercom.notes(number))) == 1
    wait_for(lambda: state(product, number) == "posted")
    intercom.reply(number)
    intercom.add_email(lead, "lin@shop.example")
    wait_for(lambda: told(intercom, how)[-1:] == [200])
    assert len(intercom.notes(number)) == 1


def test_what_is_of_no_use_to_us_is_answered_as_intercom_wants(
    intercom: Intercom, product: Processes, sandbox: Sandbox
) -> None:
    sandbox.faults.add(UNREAD)
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"), told=False)
    item = {"type": "conversation", "id": number}
    for topic in ("ping", "conversation.admin.noted", "conversation.user.replied", "never.heard.of"):
        assert deliver(intercom, product, topic, item) == 200
    assert deliver(intercom, product, "ping", item, secret="of-somebody-else") == 401
    assert deliver(intercom, product, "conversation.user.created", {"type": "conversation", "id": "last"}) == 400
    address = f"{product.url}/intercom/conversations"
    assert requests.post(address, data=b"{}", timeout=10).status_code == 401
    assert requests.get(address, timeout=10).status_code == 405
    assert status(product, number) == {}


def test_what_is_told_of_another_workspace_gets_no_note_and_takes_none_away(
    intercom: Intercom, product: Processes
) -> None:
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"), told=False)
    intercom.webhook.app_id = "another"
    intercom.tell("conversation.user.created", number)
    wait_for(lambda: state(product, number) == "skipped")
    assert "another account" in str(status(product, number)["reason"])
    intercom.tell("conversation.user.created", number)
    wait_for(lambda: told(intercom, "conversation.user.created") == [202, 200])
    assert intercom.notes(number) == []
    intercom.webhook.app_id = None
    intercom.tell("conversation.user.created", number)
    assert len(wait_for(lambda: intercom.notes(number))) == 1


# -- It survives


def test_a_note_whose_answer_was_lost_is_found_again(intercom: Intercom, sandbox: Sandbox, product: Processes) -> None:
    sandbox.faults.add(Fault(service="intercom", method="POST", path="/reply", drop="after"))
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"))
    wait_for(lambda: state(product, number) == "posted", seconds=40)
    assert len(intercom.notes(number)) == 1
    assert sum(request.path.endswith("/reply") for request in intercom.requests) == 1


def test_intercoms_trouble_does_not_hold_up_zendesk(intercom: Intercom, sandbox: Sandbox, product: Processes) -> None:
    token, intercom.token = intercom.token, "another"
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"))
    wait_for(lambda: any(request.path == "/me" for request in intercom.requests))
    ticket = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    wait_for(lambda: sandbox.zendesk.internal_notes(ticket))
    admin = Admin(product.url)
    wait_for(lambda: "INTERCOM_ACCESS_TOKEN" in admin.page())
    admin.session.close()
    assert intercom.notes(number) == []
    intercom.token = token
    assert len(wait_for(lambda: intercom.notes(number), seconds=60)) == 1


class TestATeammateWhoIsGone:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "INTERCOM_ADMIN_ID": "404"}

    def test_notes_wait_for_an_admin_and_come_when_there_is_an_author_again(
        self, intercom: Intercom, product: Processes
    ) -> None:
        number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"))
        admin = Admin(product.url)
        wait_for(lambda: "INTERCOM_ADMIN_ID" in admin.page(), seconds=40)
        admin.session.close()
        assert state(product, number) == "ready"
        intercom.admins["404"] = {**intercom.admins[intercom.own_id], "id": "404"}
        assert len(wait_for(lambda: intercom.notes(number), seconds=60)) == 1


def test_what_intercom_gave_up_is_recovered(intercom: Intercom, product: Processes, sandbox: Sandbox) -> None:
    sandbox.faults.add(UNREAD)
    ada = intercom.add_contact(email="ada@shop.example")
    number = intercom.start_conversation(ada, told=False, ago=600)
    wait_for(lambda: status(product, number) == {})
    sandbox.faults.remove(UNREAD)
    done = run(product, "recover", "--hours", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(wait_for(lambda: intercom.notes(number))) == 1
    run(product, "recover", "--hours", "1")
    wait_for(lambda: state(product, number) == "posted")
    assert len(intercom.notes(number)) == 1


def test_a_conversation_that_was_forgotten_gets_no_second_note(intercom: Intercom, product: Processes) -> None:
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"))
    wait_for(lambda: state(product, number) == "posted")
    assert run(product, "forget", "--ticket", f"intercom-{number}").returncode == 0
    intercom.tell("conversation.user.created", number)
    intercom.reply(number)
    wait_for(lambda: told(intercom, "conversation.user.replied") == [200])
    assert status(product, number) == {}
    assert len(intercom.notes(number)) == 1
