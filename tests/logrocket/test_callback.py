"""The address that LogRocket calls back, and which callbacks are believed."""

from __future__ import annotations

import string
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict

from integration.errors import UnverifiedDelivery
from integration.facts import read_case_key
from integration.logrocket.callback import PATH, VALID_SECONDS, HighlightsCallback, address, verify
from tests.tickets import key

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = 1_795_515_127.25
KEY, OLD_KEY, OTHER_KEY = "k" * 40, "o" * 40, "x" * 40
PUBLIC_URL = "https://highlights.acme.example"

TICKETS = st.integers(1, 10**18 - 1)
KEYS = st.text(min_size=32, max_size=60)
TIMES = st.floats(0, 1e10)


def query(url: str) -> MultiDict[str, str]:
    """What a web server makes of the query of `url`."""
    return MultiDict(parse_qs(urlsplit(url).query, keep_blank_values=True))


def token(ticket_id: int = 1, *, secret_key: str = KEY, now: float = NOW) -> str:
    return query(address(PUBLIC_URL, key(ticket_id), secret_keys=[secret_key], now=now))["token"]


def refused(ticket_id: object, token: str, *, now: float = NOW) -> bool:
    try:
        verify(MultiDict({"ticket_id": str(ticket_id), "token": token}), secret_keys=[KEY, OLD_KEY], now=now)
    except UnverifiedDelivery:
        return True
    return False


# -- It works


def test_the_address_is_that_of_the_contract() -> None:
    url = urlsplit(address(PUBLIC_URL, key(35436), secret_keys=[KEY], now=NOW))
    assert (url.scheme, url.netloc, url.path) == ("https", "highlights.acme.example", "/logrocket/highlights")
    parameters = parse_qs(url.query)
    assert list(parameters) == ["ticket_id", "token"]
    assert parameters["ticket_id"] == ["35436"]
    assert PATH == "/logrocket/highlights"


@unhurried
@given(ticket_id=TICKETS, keys=st.lists(KEYS, min_size=1, max_size=3), now=TIMES, later=st.floats(0, VALID_SECONDS - 2))
def test_the_token_of_a_ticket_opens_it_for_a_day(ticket_id: int, keys: list[str], now: float, later: float) -> None:
    parameters = query(address(PUBLIC_URL, key(ticket_id), secret_keys=keys, now=now))
    assert verify(parameters, secret_keys=keys, now=now + later) == key(ticket_id)


def test_a_token_is_valid_for_24_hours() -> None:
    assert VALID_SECONDS == 24 * 60 * 60
    assert not refused(1, token(), now=NOW + 24 * 60 * 60 - 2)
    assert refused(1, token(), now=NOW + 24 * 60 * 60)


@unhurried
@given(ticket_id=TICKETS, now=TIMES)
def test_an_address_needs_no_escaping_and_says_nothing_but_the_ticket(ticket_id: int, now: float) -> None:
    url = address(PUBLIC_URL, key(ticket_id), secret_keys=[KEY], now=now)
    assert set(url) <= set(string.ascii_letters + string.digits + ":/?&=._-")
    assert len(url) < 300
    assert KEY not in url


def test_a_token_of_an_older_key_is_accepted_while_it_is_a_fallback() -> None:
    assert not refused(7, token(7, secret_key=OLD_KEY))
    assert refused(7, token(7, secret_key=OTHER_KEY))


def test_a_token_is_signed_with_the_first_key() -> None:
    parameters = query(address(PUBLIC_URL, key(7), secret_keys=[KEY, OLD_KEY], now=NOW))
    assert verify(parameters, secret_keys=[KEY], now=NOW) == key(7)
    with pytest.raises(UnverifiedDelivery):
        verify(parameters, secret_keys=[OLD_KEY], now=NOW)


def test_the_address_of_another_case_names_its_key() -> None:
    other = read_case_key("intercom-524")
    parameters = query(address(PUBLIC_URL, other, secret_keys=[KEY], now=NOW))
    assert parameters["case"] == "intercom-524"
    assert "ticket_id" not in parameters
    assert verify(parameters, secret_keys=[KEY], now=NOW) == other


def test_an_address_carries_the_project_that_was_asked_when_it_is_not_the_first() -> None:
    own = HighlightsCallback(public_url=PUBLIC_URL, secret_keys=[KEY])
    url = own.address(key(7), now=NOW, project="LogRocket acme/outlet")
    assert own.verify(query(url), now=NOW) == key(7)
    assert own.project(query(url)) == "LogRocket acme/outlet"
    assert own.project(query(own.address(key(7), now=NOW))) is None


@pytest.mark.parametrize("project", [["LogRocket acme/shop"], [], ["LogRocket acme/outlet"] * 2])
def test_the_project_cannot_be_changed(project: list[str]) -> None:
    for made_for in ("LogRocket acme/outlet", None):
        parameters = query(address(PUBLIC_URL, key(7), secret_keys=[KEY], now=NOW, project=made_for))
        if not project and made_for is None:
            continue
        parameters.setlist("project", project)
        with pytest.raises(UnverifiedDelivery):
            verify(parameters, secret_keys=[KEY], now=NOW)


@pytest.mark.parametrize("pairs", [{"ticket_id": "524"}, {"case": "intercom-525"}, {"case": "zendesk-524"}])
def test_the_token_of_another_case_opens_nothing_else(pairs: dict[str, str]) -> None:
    token = query(address(PUBLIC_URL, read_case_key("intercom-524"), secret_keys=[KEY], now=NOW))["token"]
    with pytest.raises(UnverifiedDelivery):
        verify(MultiDict({**pairs, "token": token}), secret_keys=[KEY], now=NOW)


def test_a_ticket_cannot_be_named_in_both_ways() -> None:
    both = MultiDict({"ticket_id": "1", "case": "zendesk-1", "token": token(1)})
    with pytest.raises(UnverifiedDelivery):
        verify(both, secret_keys=[KEY], now=NOW)


# -- It refuses


@unhurried
@given(ticket_id=TICKETS, other=TICKETS)
def test_the_token_of_one_ticket_opens_no_other(ticket_id: int, other: int) -> None:
    assume(ticket_id != other)
    assert refused(other, token(ticket_id))


@pytest.mark.parametrize(
    "spelling", ["01", " 1", "1 ", "+1", "1.0", "1_", "\uff11", "\u0661", "", "1\n", "1,2", "true"]
)
def test_another_spelling_of_the_ticket_id_is_refused(spelling: str) -> None:
    assert refused(spelling, token(1))


@unhurried
@given(ticket_id=TICKETS, now=TIMES, late=st.floats(VALID_SECONDS, 1e9))
def test_an_expired_token_is_refused(ticket_id: int, now: float, late: float) -> None:
    assert refused(ticket_id, token(ticket_id, now=now), now=now + late)


@pytest.mark.parametrize("other", [*string.ascii_letters, *string.digits, "-", "_", ".", "=", "!", "\x00", "\u00e9"])
def test_a_token_with_one_character_changed_is_refused(other: str) -> None:
    right = token(35436)
    for at in range(len(right)):
        if right[at] != other:
            assert refused(35436, right[:at] + other + right[at + 1 :]), f"accepted with {other!r} at {at} of {right}"


@pytest.mark.parametrize("more", ["=", "==", "!", ".", "A", " ", "\n", "\x00", "\u00e9"])
def test_a_token_with_a_character_more_is_refused(more: str) -> None:
    right = token(35436)
    for at in range(len(right) + 1):
        assert refused(35436, right[:at] + more + right[at:]), f"accepted with {more!r} at {at} of {right}"


def test_a_token_with_something_missing_is_refused() -> None:
    right = token(35436)
    assert all(refused(35436, right[:at] + right[at + 1 :]) for at in range(len(right)))
    assert all(refused(35436, right[:at]) for at in range(len(right)))
    assert refused(35436, right.replace(".", ""))


def test_tokens_cannot_be_mixed() -> None:
    first, second = token(1).split("."), token(2).split(".")
    for ticket_id in (1, 2):
        assert refused(ticket_id, f"{first[0]}.{second[-1]}")
        assert refused(ticket_id, f"{second[0]}.{first[-1]}")


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("ticket_id", "1")],
        [("token", token())],
        [("ticket_id", ""), ("token", token())],
        [("ticket_id", "1"), ("token", "")],
        [("ticket_id", "1"), ("ticket_id", "1"), ("token", token())],
        [("ticket_id", "2"), ("ticket_id", "1"), ("token", token())],
        [("ticket_id", "1"), ("token", token()), ("token", token())],
        [("ticket_id", "1"), ("token", "x"), ("token", token())],
        [("Ticket_Id", "1"), ("Token", token())],
    ],
)
def test_a_query_without_exactly_one_of_each_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(UnverifiedDelivery):
        verify(MultiDict(pairs), secret_keys=[KEY], now=NOW)


@pytest.mark.parametrize("salt", [None, "admin-session", "cookie-session", "forget", "itsdangerous"])
def test_a_token_that_was_signed_for_something_else_is_refused(salt: str | None) -> None:
    claims = [1, int(NOW) + 1000]
    for kind in (URLSafeSerializer, URLSafeTimedSerializer):
        made = kind(KEY, salt=salt) if salt else kind(KEY)
        assert refused(1, str(made.dumps(claims)))


# -- It survives


@pytest.mark.parametrize(
    "claims",
    [
        *(None, 1, "1", [], [1], [1, 2, 3], ["1", 9e9], [1, "9"], [1, None], {"1": 2}, [[1], 9], [1.0, 9e9]),
        *([1, 9000000000], ["zendesk-1"], ["zendesk-1", "9"], ["zendesk-1", 9e9], ["1", 9000000000]),
    ],
)
def test_claims_of_another_shape_are_refused_although_they_are_signed(claims: object) -> None:
    made = URLSafeSerializer(KEY, salt="logrocket-callback").dumps(claims)
    assert refused(1, str(made))


@unhurried
@given(ticket_id=st.text(st.characters(), max_size=30), token=st.text(st.characters(), max_size=100))
def test_garbage_is_refused_in_one_way(ticket_id: str, token: str) -> None:
    assert refused(ticket_id, token)


@pytest.mark.parametrize(
    "garbage",
    [
        "." * 10_000,
        "A" * 1_000_000,
        "\udcff",
        "\x00",
        ".eJw",
        "W10.",
        ".W10",
        "W10.W10",
        "\u00e9.\u00e9",
        "[" * 5000,
        "null.x",
    ],
)
def test_hostile_garbage_is_refused_in_one_way(garbage: str) -> None:
    assert refused(1, garbage)
    assert refused(1, token() + garbage)
    assert refused(garbage, token())
