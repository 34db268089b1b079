"""LogRocket's addresses: made, read, and told from those of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.facts import Moment, Person
from integration.logrocket.links import ProjectLinks, first_place, place
from tests.note.hostile import PIECES
from tests.note.notes import BELOW_A_PATH, LINKS, leads_to_logrocket, unhurried


def test_a_place_leads_to_its_replay_and_is_read_from_there_again() -> None:
    known = place("5-14de", 7)
    assert known == "5-14de/7"
    for links, url in (
        (LINKS, "https://app.logrocket.com/acme/shop/s/5-14de/7"),
        (BELOW_A_PATH, "https://lr.acme.example/rocket/acme/shop/s/5-14de/7"),
    ):
        assert links.replay(known) == url
        assert links.trusts(url)
        assert first_place(f"See [it]({url}?t=1).") == known


def test_the_sessions_of_a_person_are_found_by_address_or_else_by_id() -> None:
    listed = "https://app.logrocket.com/acme/shop/sessions"
    assert LINKS.sessions(Person(email="a+b@shop.example", external_id="7")) == f"{listed}?e=a%2Bb%40shop.example"
    assert LINKS.sessions(Person(external_id="auth|7&e=x")) == f"{listed}?u=auth%7C7%26e%3Dx"


@unhurried
@given(links=st.sampled_from([LINKS, BELOW_A_PATH]), url=st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_address_is_trusted_that_does_not_lead_to_logrocket(links: ProjectLinks, url: str) -> None:
    for tried in (url, links.app_url + url, "https://" + url):
        assert not links.trusts(tried) or leads_to_logrocket(tried, links)


@pytest.mark.parametrize(
    ("url", "at"),
    [
        ("https://app.logrocket.com/acme/shop/s/5-14de/7?t=1715564734801", 1715564734.801),
        ("https://app.logrocket.com/other/project/s/5-14de/7?a=b&t=5#c", 0.005),
    ],
)
def test_the_moment_of_a_session_is_read_from_its_address(url: str, at: float) -> None:
    assert LINKS.moment(url) == Moment(place="5-14de/7", at=at)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.logrocket.com/acme/shop/s/5-14de/7",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=-1",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=1.5",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=1e9",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=1&t=2",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=%D9%A1",
        "https://app.logrocket.com/acme/shop/s/5-14de/7?t=" + "9" * 5_000,
        "https://app.logrocket.com/acme/shop/sessions?t=1",
        "https://app.logrocket.com/acme/shop?x=/s/5-14de/7&t=1",
        "https://evil.example/acme/shop/s/5-14de/7?t=1",
        "https://app.logrocket.com@evil.example/acme/shop/s/5-14de/7?t=1",
    ],
)
def test_what_is_no_moment_of_a_session_is_none(url: str) -> None:
    assert LINKS.moment(url) is None
