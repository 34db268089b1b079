"""The same delivery and the same callback again and again, at once and late: one request, one note."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from integration.cases.entry import State
from integration.zendesk.settings import ZendeskSettings
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.deliver import signed
from tests.observed import asked
from tests.tickets import key

ADA = "ada@shop.example"
TIMES = 20


def deliver_at_once(product: InProcess, number: int) -> Counter[int]:
    body = b'{"ticket_id": "%d", "requester_email": "ada@shop.example"}' % number
    headers = signed(body, product.settings.of(ZendeskSettings).webhook_secrets[0])
    url = f"{product.settings.public_url}/zendesk/tickets"
    with ThreadPoolExecutor(TIMES) as at_once:
        answers = at_once.map(lambda _: requests.post(url, data=body, headers=headers, timeout=10), range(TIMES))
        return Counter(answer.status_code for answer in answers)


def call_back_at_once(sandbox: Sandbox, request_id: str) -> Counter[int | None]:
    with ThreadPoolExecutor(TIMES) as at_once:
        return Counter(at_once.map(sandbox.logrocket.call_back, [request_id] * TIMES))


def test_twenty_deliveries_and_twenty_callbacks_at_once_end_in_one_note(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.callbacks = "none"
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    assert deliver_at_once(product, number) == {202: 1, 200: TIMES - 1}
    product.work_until(number, State.REQUESTED)
    [request_id] = sandbox.logrocket.results

    assert call_back_at_once(sandbox, request_id) == {202: 1, 200: TIMES - 1}

    assert deliver_at_once(product, number) == {200: TIMES}
    product.work_until(number, State.POSTED)
    assert call_back_at_once(sandbox, request_id) == {200: TIMES}
    assert deliver_at_once(product, number) == {200: TIMES}
    product.work()
    assert len(asked(sandbox)) == 1
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_callbacks_at_once_that_overtake_logrockets_answer_cost_one_request(
    sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.logrocket.callbacks = "none"
    sandbox.faults.add(Fault(service="logrocket", method="POST", delay_after=2.0))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    with ThreadPoolExecutor(1) as beside:
        answers = beside.submit(
            lambda: call_back_at_once(sandbox, wait_for(lambda: [*sandbox.logrocket.results, None][0]) or "")
        )
        product.work_until(number, State.POSTED)
        assert set(answers.result()) <= {200, 202}
    assert len(asked(sandbox)) == 1
    assert len(sandbox.zendesk.internal_notes(number)) == 1


@pytest.mark.parametrize("end", [State.POSTED, State.FAILED, State.EMPTY, State.SKIPPED, None])
def test_a_callback_after_the_end_changes_nothing(end: State | None, sandbox: Sandbox, product: InProcess) -> None:
    """None: the entry was erased."""
    sandbox.logrocket.callbacks = "none"
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED)
    [request_id] = sandbox.logrocket.results
    match end:
        case State.FAILED:
            sandbox.faults.add(Fault(service="zendesk", method="PUT", status=422, body='{"error": "RecordInvalid"}'))
        case State.SKIPPED:
            sandbox.zendesk.set_status(number, "closed")
        case State.EMPTY:
            for _ in ("around the ticket's time", "at any time"):
                product.work_until(number, State.REQUESTED)
                request_id = [*sandbox.logrocket.results][-1]
                result = {"status": "READY", "requestID": request_id, "result": None}
                url = sandbox.logrocket.results[request_id]["webhookURL"] or ""
                assert requests.post(url, json=result, timeout=5).status_code == 202
            product.work_until(number, State.EMPTY)
        case None:
            product.ledger.forget(key(number))
    if end not in (State.EMPTY, None):
        assert sandbox.logrocket.call_back(request_id) == 202
        product.work_until(number, end)
    before = product.redis.get(f"highlights:case:zendesk-{number}")

    assert call_back_at_once(sandbox, request_id) == {200: TIMES}

    product.work()
    assert product.redis.get(f"highlights:case:zendesk-{number}") == before
    assert (before is None) == (end is None)
    assert len(sandbox.zendesk.internal_notes(number)) == (end is State.POSTED)
