"""LogRocket's addresses: made, read, and told from those of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integration.facts import Person
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
