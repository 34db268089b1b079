"""`check` looks at Intercom, over real HTTP: each thing that can be wrong there is told, with what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask import request as asked
from werkzeug.serving import make_server

from integration.errors import UnverifiedDelivery
from integration.findings import Outcome, Result
from integration.intercom import checks
from integration.intercom.settings import IntercomSettings
from integration.intercom.webhook import ConversationDoor
from sandbox.faults import Fault, Faults
from sandbox.intercom import Intercom

OK, WARNING, FAILURE, SKIPPED = Outcome.OK, Outcome.WARNING, Outcome.FAILURE, Outcome.SKIPPED
NAMES = [f"Intercom {what}" for what in ("token", "region", "app", "author", "conversations", "contacts", "webhook")]


class Web:
    """A web process that has Intercom's door, or what is left of one: `status` is what it answers instead."""

    def __init__(self, settings: IntercomSettings) -> None:
        self.door, self.status = ConversationDoor(settings), 0
        app = Flask("web")
        app.add_url_rule(self.door.path, "tried", lambda: ("", self.status or 200), methods=["HEAD"])
        app.add_url_rule(self.door.path, "door", self._answer, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _answer(self) -> tuple[str, int]:
        body = asked.get_data()
        try:
            self.door.verify(body, asked.headers, now=0.0)
        except UnverifiedDelivery:
            return "", 401
        return "", self.status or (202 if self.door.read(body, {}) else self.door.ignored)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web(configured: IntercomSettings) -> Iterator[Web]:
    running = Web(configured)
    yield running
    running.stop()


def found(settings: IntercomSettings, web: Web) -> dict[str, Result]:
    return {result.name: result for result in checks.of_intercom(settings, public_url=web.url)}


def outcomes(results: dict[str, Result]) -> list[Outcome]:
    return [result.outcome for result in results.values()]


def test_all_is_well_and_nothing_is_written(configured: IntercomSettings, intercom: Intercom, web: Web) -> None:
    number = intercom.start_conversation(intercom.add_contact(email="ada@shop.example"), told=False)
    results = found(configured, web)
    assert list(results) == NAMES
    assert outcomes(results) == [OK] * 7
    assert results["Intercom token"].found == 'acts as "LogRocket notes"'
    assert results["Intercom app"].found == 'of the workspace "Acme" (a86dr8yl)'
    assert intercom.parts(number) == []
    assert not any(request.path.endswith("/reply") for request in intercom.requests)
    assert not any("ada@" in f"{result}" for result in results.values())


def test_a_token_that_is_refused_is_told_with_the_region_and_the_webhook_all_the_same(
    configured: IntercomSettings, intercom: Intercom, web: Web
) -> None:
    intercom.token = "another"
    results = found(configured, web)
    assert list(results) == ["Intercom token", "Intercom webhook"]
    assert outcomes(results) == [FAILURE, OK]
    assert "INTERCOM_REGION is us" in (results["Intercom token"].fix or "")
    assert configured.token not in f"{results}"


@pytest.mark.parametrize(("region", "outcome"), [("US", OK), ("EU", FAILURE), ("AU", FAILURE), (None, SKIPPED)])
def test_another_region_is_told(
    region: str, outcome: Outcome, configured: IntercomSettings, intercom: Intercom, web: Web
) -> None:
    intercom.region = region
    result = found(configured, web)["Intercom region"]
    assert result.outcome is outcome
    if outcome is FAILURE:
        assert result.fix == f"Set INTERCOM_REGION={region.lower()}."


@pytest.mark.parametrize("app", ["null", "{}", '{"id_code": 7, "region": "US"}'])
def test_a_workspace_that_is_not_told_is_a_failure_for_its_conversations_wait(
    app: str, configured: IntercomSettings, faults: Faults, web: Web
) -> None:
    body = f'{{"type": "admin", "id": "7", "name": "LogRocket notes", "app": {app}}}'
    faults.add(Fault(service="intercom", path="/me", status=200, body=body))
    results = found(configured, web)
    assert results["Intercom app"].outcome is FAILURE
    assert "wait" in results["Intercom app"].found
    assert results["Intercom region"].outcome is SKIPPED


def test_the_author_has_to_be_a_teammate(configured: IntercomSettings, intercom: Intercom, web: Web) -> None:
    other = intercom.add_admin("Highlights", seat=False)
    seatless = found(replace(configured, admin_id=other), web)["Intercom author"]
    assert seatless.outcome is WARNING
    assert "no seat" in seatless.found
    assert found(replace(configured, admin_id="7"), web)["Intercom author"].outcome is FAILURE
    intercom.permissions.remove("read_admins")
    assert found(replace(configured, admin_id=other), web)["Intercom author"].outcome is WARNING


@pytest.mark.parametrize(
    ("permission", "name"),
    [("read_conversations", "Intercom conversations"), ("read_contacts", "Intercom contacts")],
)
def test_a_permission_that_is_missing_is_told(
    permission: str, name: str, configured: IntercomSettings, intercom: Intercom, web: Web
) -> None:
    intercom.permissions.remove(permission)
    results = found(configured, web)
    assert [result.name for result in results.values() if result.outcome is FAILURE] == [name]
    assert "permissions" in (results[name].fix or "")


@pytest.mark.parametrize("status", [404, 503, 500, 204])
def test_a_web_process_that_answers_otherwise_is_told(status: int, configured: IntercomSettings, web: Web) -> None:
    web.status = status
    result = found(configured, web)["Intercom webhook"]
    assert result.outcome is FAILURE
    assert str(status) in result.found


def test_a_web_process_with_another_secret_is_told(configured: IntercomSettings, web: Web) -> None:
    result = found(replace(configured, client_secret="another-hush"), web)["Intercom webhook"]
    assert result.outcome is FAILURE
    assert "another INTERCOM_CLIENT_SECRET" in result.found
    assert "hush" not in f"{result}"


def test_a_web_process_that_is_not_there_is_told(configured: IntercomSettings, web: Web) -> None:
    web.stop()
    result = found(configured, web)["Intercom webhook"]
    assert result.outcome is FAILURE
    assert "connection refused" in result.found
    web = Web(configured)  # the fixture stops it
    web.stop()


@pytest.mark.parametrize(("status", "body"), [(500, ""), (200, "<html>"), (302, "")])
def test_an_address_that_is_not_intercoms_is_told(
    status: int, body: str, configured: IntercomSettings, web: Web, faults: Faults
) -> None:
    faults.add(Fault(service="intercom", status=status, body=body))
    result = found(configured, web)["Intercom token"]
    assert result.outcome is FAILURE
    assert "INTERCOM_URL" in (result.fix or "")


def test_what_others_call_themselves_is_printed_harmlessly(
    configured: IntercomSettings, intercom: Intercom, web: Web
) -> None:
    intercom.name = "Ac\x1b[31mme"
    intercom.admins[intercom.own_id]["name"] = "ada@shop.example\n\x07"
    results = found(configured, web)
    assert all(result.found.isprintable() for result in results.values())
    assert "ada@shop" not in f"{results}"
