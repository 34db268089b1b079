"""`/readyz`: for everybody whether Redis answers; for an admin also what tickets wait for."""

from __future__ import annotations

import pytest
import requests

from tests.admin import PASSWORD, ask
from tests.conftest import InProcess

REFUSED = "LogRocket refuses our credentials (401)"


def test_an_admin_reads_what_tickets_wait_for(product: InProcess) -> None:
    product.show_that_it_works()
    assert ask(product, "/readyz", password=PASSWORD).text == "ok\n"
    product.ledger.lanes.hold("LogRocket", REFUSED)
    answer = ask(product, "/readyz", password=PASSWORD)
    assert answer.status_code == 200
    assert answer.text.startswith(f"ok\nlogrocket_refuses: {REFUSED}: tickets wait for you (since 20")
    assert "tickets get no note. Look at LOGROCKET_API_KEY" in answer.text
    assert "(on Heroku: `heroku run -- python -m integration check`)" in answer.text


def test_nobody_else_does(product: InProcess) -> None:
    product.ledger.lanes.hold("LogRocket", REFUSED)
    everybody = requests.get(f"{product.settings.public_url}/readyz", timeout=10)
    assert (everybody.status_code, everybody.text) == (200, "ok\n")
    guess = ask(product, "/readyz", password="guess")
    assert guess.status_code == 401
    assert REFUSED not in guess.text


def test_guessing_there_is_slowed_down_too(product: InProcess) -> None:
    for _ in range(11):
        answer = ask(product, "/readyz", password="guess")
    assert answer.status_code == 429


@pytest.mark.parametrize("scheme", ["Bearer x", "Basic !", "Basic"])
def test_a_hostile_header_is_unauthorized(scheme: str, product: InProcess) -> None:
    url = f"{product.settings.public_url}/readyz"
    assert requests.get(url, headers={"Authorization": scheme}, timeout=10).status_code in (200, 401)
