"""Zendesk's deliveries: which are believed, and what is read from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from integration.errors import MalformedDelivery, UnverifiedDelivery
from integration.facts import NewCase
from integration.json_body import email_address, identity
from integration.zendesk.settings import ZENDESK_TEST_SECRET
from integration.zendesk.webhook import FRESH_SECONDS, read, verify
from tests.deliveries.recorded import SECRET, delivery, names
from tests.tickets import key, new_ticket

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 11, 24, 10, 12, 7, tzinfo=UTC)
BODY = b'{"ticket_id": "35436"}'
SIGNATURE = "X-Zendesk-Webhook-Signature"
TIMESTAMP = "X-Zendesk-Webhook-Signature-Timestamp"

SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds must be naive


def written(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(body: bytes, timestamp: str, secret: str) -> str:
    """The documentation's formula, on its own."""
    return base64.b64encode(hmac.digest(secret.encode(), timestamp.encode() + body, hashlib.sha256)).decode()


def signed(body: bytes = BODY, timestamp: str = written(NOW), secret: str = SECRET) -> Headers:
    return Headers([(SIGNATURE, signature(body, timestamp, secret)), (TIMESTAMP, timestamp)])


def refused(body: bytes, headers: Headers, *secrets: str, now: datetime = NOW) -> bool:
    try:
        verify(body, headers, secrets=secrets or (SECRET,), now=now.timestamp())
    except UnverifiedDelivery:
        return True
    return False


# -- A signature: it works


@pytest.mark.parametrize("name", [name for name in names("zendesk") if "test_before" not in name])
def test_a_recorded_delivery_is_verified(name: str) -> None:
    recorded = delivery(name)
    verify(recorded.body, recorded.headers, secrets=(SECRET,), now=NOW.timestamp())


@unhurried
@given(body=st.binary(max_size=300), when=TIMES, secret=SECRETS, late=st.integers(-FRESH_SECONDS, FRESH_SECONDS))
def test_whatever_is_signed_with_the_secret_is_accepted_while_it_is_fresh(
    body: bytes, when: datetime, secret: str, late: int
) -> None:
    assume(secret != ZENDESK_TEST_SECRET)
    now = when.replace(microsecond=0) + timedelta(seconds=late)
    verify(body, signed(body, written(when), secret), secrets=(secret,), now=now.timestamp())


@unhurried
@given(secrets=st.lists(SECRETS, min_size=1, max_size=5, unique=True), data=st.data())
def test_each_secret_of_a_rotation_is_accepted_and_no_other(secrets: list[str], data: st.DataObject) -> None:
    headers = signed(secret=data.draw(st.sampled_from(secrets)))
    verify(BODY, headers, secrets=secrets, now=NOW.timestamp())
    other = data.draw(SECRETS.filter(lambda secret: secret not in secrets))
    assert refused(BODY, signed(secret=other), *secrets)


def test_the_names_of_headers_may_be_written_in_any_case() -> None:
    headers = Headers([(name.lower(), value) for name, value in signed().items()])
    verify(BODY, headers, secrets=(SECRET,), now=NOW.timestamp())


def test_a_timestamp_may_have_fractions_of_a_second() -> None:
    timestamp = "2026-11-24T10:12:07.672717030Z"
    verify(BODY, signed(timestamp=timestamp), secrets=(SECRET,), now=NOW.timestamp())


# -- A signature: it refuses


def test_the_public_test_secret_opens_nothing_even_when_it_is_set() -> None:
    recorded = delivery("zendesk/test_before_the_webhook_exists")
    assert recorded.headers[SIGNATURE] == "Wb/BC3XvCTqp72GKVLqs9iFW0fZR9t2RKmvqLbf1WRo="  # known from elsewhere
    at = datetime(2026, 7, 22, 10, 0, 0, tzinfo=UTC)
    for secrets in ((SECRET,), (ZENDESK_TEST_SECRET,), (ZENDESK_TEST_SECRET, SECRET), (SECRET, ZENDESK_TEST_SECRET)):
        assert refused(recorded.body, recorded.headers, *secrets, now=at)


@unhurried
@given(body=st.binary(max_size=50))
def test_nothing_is_ever_accepted_with_the_public_test_secret(body: bytes) -> None:
    assert refused(body, signed(body, secret=ZENDESK_TEST_SECRET), ZENDESK_TEST_SECRET, SECRET)


def test_without_a_secret_nothing_is_accepted() -> None:
    for headers in (signed(), signed(secret="")):
        with pytest.raises(UnverifiedDelivery):
            verify(BODY, headers, secrets=(), now=NOW.timestamp())


@unhurried
@given(body=st.binary(min_size=1, max_size=100), data=st.data())
def test_one_changed_byte_of_the_body_is_refused(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))
    changed = body[:at] + bytes([other]) + body[at + 1 :]
    assert refused(changed, signed(body))


@unhurried
@given(body=st.binary(max_size=100), more=st.binary(min_size=1, max_size=5))
def test_bytes_before_or_after_the_body_are_refused(body: bytes, more: bytes) -> None:
    assert refused(body + more, signed(body))
    assert refused(more + body, signed(body))


@pytest.mark.parametrize("name", [SIGNATURE, TIMESTAMP])
def test_one_changed_character_of_a_header_is_refused(name: str) -> None:
    value = signed()[name]
    for at in range(len(value)):
        for other in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=-_:.TZ \x00\u00e9":
            if other != value[at]:
                headers = Headers(signed())
                headers.remove(name)
                headers.add(name, value[:at] + other + value[at + 1 :])
                assert refused(BODY, headers), (at, other)


def test_the_seam_between_timestamp_and_body_cannot_be_moved() -> None:
    timestamp = written(NOW)
    headers = Headers([(SIGNATURE, signature(b"7Z" + BODY, timestamp[:-2], SECRET)), (TIMESTAMP, timestamp)])
    assert not refused(BODY, headers)  # the same bytes are signed,
    headers[TIMESTAMP] = timestamp[:-2]  # but a timestamp in two lengths would make two readings of them
    assert refused(b"7Z" + BODY, headers)


RIGHT = signed()[SIGNATURE]
HOSTILE_SIGNATURES = {
    "empty": "",
    "a blank": " ",
    "non-ASCII": "\u00e9" * 44,
    "non-ASCII, as long as one in UTF-8": "\u00e9" * 22,
    "what UTF-8 looks like in latin-1": RIGHT[:-2].encode().decode("latin-1") + "\u00c3\u00a9",
    "beyond latin-1": "\u4e00" * 44,
    "a lone surrogate": "\udce9" * 44,
    "digits that are no ASCII digits": "\uff11" * 43 + "=",
    "a letter that folds to an ASCII one": "\u212a" * 43 + "=",
    "whitespace before": " " + RIGHT,
    "whitespace after": RIGHT + " ",
    "a line end after": RIGHT + "\n",
    "a tab inside": RIGHT[:20] + "\t" + RIGHT[20:],
    "NUL": "\x00" * 44,
    "NUL after": RIGHT + "\x00",
    "too short": RIGHT[:-1],
    "too long": RIGHT + "=",
    "a megabyte": "A" * 1_000_000 + "=",
    "not base64": "!" * 43 + "=",
    "base64 for URLs": "-_" * 21 + "A=",
    "hexadecimal": hmac.new(SECRET.encode(), written(NOW).encode() + BODY, hashlib.sha256).hexdigest(),
    "several": f"{RIGHT}, {RIGHT}",
    "several without a space": f"{RIGHT},{RIGHT}",
    "with its scheme": f"sha256={RIGHT}",
    "lower case": RIGHT.lower(),
    "of another secret": signed(secret="another")[SIGNATURE],
    "body first": base64.b64encode(hmac.digest(SECRET.encode(), BODY + written(NOW).encode(), hashlib.sha256)).decode(),
    "with the decoded secret": base64.b64encode(
        hmac.digest(base64.b64decode(SECRET), written(NOW).encode() + BODY, hashlib.sha256)
    ).decode(),
}


@pytest.mark.parametrize("value", HOSTILE_SIGNATURES.values(), ids=HOSTILE_SIGNATURES)
def test_a_hostile_signature_is_refused(value: str) -> None:
    assert refused(BODY, FixedHeaders({SIGNATURE: value, TIMESTAMP: written(NOW)}))


class FixedHeaders(Headers):
    """Headers with values that werkzeug would not write, but a server might hand on."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__()
        self._list = list(values.items())


HOSTILE_TIMESTAMPS = {
    "empty": "",
    "a blank": " ",
    "Unix time": str(int(NOW.timestamp())),
    "Unix time with fractions": str(NOW.timestamp()),
    "Unix time in milliseconds": str(int(NOW.timestamp() * 1000)),
    "another time zone": "2026-11-24T12:12:07+02:00",
    "UTC as an offset": "2026-11-24T10:12:07+00:00",
    "without a zone": "2026-11-24T10:12:07",
    "with a space": "2026-11-24 10:12:07Z",
    "without seconds": "2026-11-24T10:12Z",
    "without separators": "20261124T101207Z",
    "a week date": "2026-W48-2T10:12:07Z",
    "a date alone": "2026-11-24",
    "lower case": "2026-11-24t10:12:07z",
    "as in mails": "Tue, 24 Nov 2026 10:12:07 GMT",
    "a month of 99": "2026-99-24T10:12:07Z",
    "30 February": "2026-02-30T10:12:07Z",
    "an hour of 25": "2026-11-24T25:12:07Z",
    "a second of 61": "2026-11-24T10:12:61Z",
    "the year 0": "0000-11-24T10:12:07Z",
    "the year 1": "0001-01-01T00:00:00Z",
    "the year 9999": "9999-12-31T23:59:59Z",
    "a year of five digits": "12026-11-24T10:12:07Z",
    "a negative year": "-2026-11-24T10:12:07Z",
    "non-ASCII digits": "\uff12\uff10\uff12\uff16-11-24T10:12:07Z",
    "raised digits": "\u00b2" * 20,
    "latin-1": "2026-11-24T10:12:07\u00e9",
    "a lone surrogate": "2026-11-24T10:12:07Z\udce9",
    "whitespace before": " 2026-11-24T10:12:07Z",
    "whitespace after": "2026-11-24T10:12:07Z ",
    "a line end after": "2026-11-24T10:12:07Z\n",
    "NUL": "2026-11-24T10:12:07Z\x00",
    "several": "2026-11-24T10:12:07Z, 2026-11-24T10:12:07Z",
    "nonsense": "now",
    "not a number": "nan",
    "a megabyte": "2026-11-24T10:12:07." + "0" * 1_000_000 + "Z",
    "16 minutes old": written(NOW - timedelta(minutes=16)),
    "16 minutes ahead": written(NOW + timedelta(minutes=16)),
    "a second too old": written(NOW - timedelta(seconds=FRESH_SECONDS + 1)),
    "a second too far ahead": written(NOW + timedelta(seconds=FRESH_SECONDS + 1)),
    "a day old": written(NOW - timedelta(days=1)),
}


@pytest.mark.parametrize("timestamp", HOSTILE_TIMESTAMPS.values(), ids=HOSTILE_TIMESTAMPS)
def test_a_hostile_timestamp_is_refused_although_it_is_signed_right(timestamp: str) -> None:
    message = timestamp.encode("utf-8", "surrogateescape") + BODY
    right = base64.b64encode(hmac.digest(SECRET.encode(), message, hashlib.sha256)).decode()
    assert refused(BODY, FixedHeaders({SIGNATURE: right, TIMESTAMP: timestamp}))


def test_a_delivery_without_one_of_the_headers_is_refused() -> None:
    assert refused(BODY, Headers())
    for name in (SIGNATURE, TIMESTAMP):
        headers = Headers(signed())
        headers.remove(name)
        assert refused(BODY, headers)


@pytest.mark.parametrize("now", [0.0, -1.0, 1e12, float("inf")])
def test_a_clock_that_is_far_off_accepts_nothing(now: float) -> None:
    with pytest.raises(UnverifiedDelivery):
        verify(BODY, signed(), secrets=(SECRET,), now=now)


@unhurried
@given(
    signature=st.text(st.characters(), max_size=60) | st.from_regex(r"[A-Za-z0-9+/]{43}=", fullmatch=True),
    timestamp=st.text(st.characters(), max_size=40)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?Z?", fullmatch=True),
    body=st.binary(max_size=30),
)
def test_any_other_header_is_refused_in_one_way(signature: str, timestamp: str, body: bytes) -> None:
    assert refused(body, FixedHeaders({SIGNATURE: signature, TIMESTAMP: timestamp}))


@unhurried
@given(when=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_any_time_that_is_not_now_is_refused_although_it_is_signed_right(when: datetime) -> None:
    timestamp = f"{when:%H:%M:%S}"
    timestamp = f"{when.year:04}-{when.month:02}-{when.day:02}T{timestamp}Z"
    assume(abs((when.replace(tzinfo=UTC) - NOW).total_seconds()) > FRESH_SECONDS + 1)
    assert refused(BODY, signed(timestamp=timestamp))


# -- What a delivery tells: it works


ADA = new_ticket(35436, email="ada@shop.example", external_id="cus_4711")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("trigger", ADA),
        ("trigger_with_bare_numbers", new_ticket(35436, email="ada@shop.example", external_id="4711")),
        ("trigger_with_suppressed_placeholders", new_ticket(35436)),
        ("trigger_of_ids_only", new_ticket(35436)),
        ("trigger_broken_by_a_quote", new_ticket(35436)),
        ("trigger_broken_by_a_newline", new_ticket(35436)),
        ("trigger_with_an_injected_key", new_ticket(35436)),
        ("trigger_not_utf8", new_ticket(35436)),
        ("event_ticket_created", replace(new_ticket(5158), created=1736331127.0)),
        ("event_status_changed", None),
    ],
)
def test_a_recorded_delivery_tells_of_its_ticket(name: str, expected: NewCase | None) -> None:
    assert read(delivery(f"zendesk/{name}").body) == expected


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ('{"ticket_id": "7", "on_demand": true}', True),
        ('{"ticket_id": "7", "requester_email": "ada@shop.example", "on_demand": true}', True),
        ('{"ticket_id": "7", "on_demand": false}', False),
        ('{"ticket_id": "7", "on_demand": "true"}', False),
        ('{"ticket_id": "7", "on_demand": 1}', False),
        ('{"ticket_id": "7", "on_demand": true, "requester_email": "a"b"}', True),
        ('{"ticket_id": 7, "on_demand": true, "requester_email": "a"b"}', True),
        ('{"ticket_id": "7", "requester_email": "a"b", "on_demand": true}', False),
        ('{"ticket_id": "7", "on_demand": truer, "requester_email": "a"b"}', False),
    ],
)
def test_a_body_may_ask_for_highlights_on_demand(body: str, *, asked: bool) -> None:
    case = read(body.encode())
    assert case is not None
    assert (case.key, case.on_demand) == (key(7), asked)


@pytest.mark.parametrize(
    ("created_at", "created"),
    [
        ('"2025-01-08T10:12:07Z"', 1736331127.0),
        ('"2025-01-08T10:12:07.672717030Z"', 1736331127.672717),
        *((text, None) for text in ('"yesterday"', "17", "null", "{}", '""')),
    ],
)
def test_an_event_tells_when_its_ticket_was_created(created_at: str, created: float | None) -> None:
    body = f'{{"type": "zen:event-type:ticket.created", "detail": {{"id": "7", "created_at": {created_at}}}}}'
    assert read(body.encode()) == replace(new_ticket(7), created=created)


@pytest.mark.parametrize("digits", ["1", "7", "35436", "9" * 18, "007"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_ticket_id_of_1_to_18_digits_is_read_quoted_or_not(digits: str, quote: str) -> None:
    if quote or not digits.startswith("0"):
        assert read(f'{{"ticket_id": {quote}{digits}{quote}}}'.encode()) == new_ticket(int(digits))


@pytest.mark.parametrize("absent", ["", '""', '" "', "null", "false", "[]", "{}", "1.5"])
def test_an_identity_that_is_empty_absent_or_no_text_is_none(absent: str) -> None:
    more = f', "requester_email": {absent}, "requester_external_id": {absent}' if absent else ""
    assert read(f'{{"ticket_id": "1"{more}}}'.encode()) == new_ticket(1)


@pytest.mark.parametrize("email", ["ada", "ada.example", "@", "12", "ada at shop.example"])
def test_an_email_without_an_at_counts_as_absent(email: str) -> None:
    body = json.dumps({"ticket_id": "1", "requester_email": email, "requester_external_id": "x"}).encode()
    assert read(body) == new_ticket(1, external_id="x")


def test_identities_are_freed_from_blanks_around_them() -> None:
    body = b'{"ticket_id": "1", "requester_email": " ada@shop.example\\n", "requester_external_id": "\\tx "}'
    assert read(body) == new_ticket(1, email="ada@shop.example", external_id="x")


def test_unknown_keys_are_ignored_and_their_order_does_not_matter() -> None:
    body = b'{"v": 2, "requester_email": "ada@shop.example", "x": {"y": [1]}, "ticket_id": "1"}'
    assert read(body) == new_ticket(1, email="ada@shop.example")


def test_an_identity_may_hold_letters_of_any_script() -> None:
    body = json.dumps(
        {"ticket_id": 1, "requester_email": "j\u00f6rg@b\u00fccher.example", "requester_external_id": "\u4e00"}
    )
    expected = new_ticket(1, email="j\u00f6rg@b\u00fccher.example", external_id="\u4e00")
    assert read(body.encode()) == expected


@pytest.mark.parametrize("kind", ["ticket.status_changed", "ticket.comment_added", "user.created", "nonsense", ""])
def test_another_event_of_zendesk_is_none_of_ours(kind: str) -> None:
    assert read(json.dumps({"type": f"zen:event-type:{kind}", "detail": {"id": "1"}}).encode()) is None


def test_the_external_id_of_an_event_is_the_tickets_and_not_the_requesters() -> None:
    body = b'{"type": "zen:event-type:ticket.created", "detail": {"id": "1", "external_id": "not a person"}}'
    assert read(body) == new_ticket(1)


@pytest.mark.parametrize("kind", ["5", "null", '"TASK"', "[]"])
def test_a_trigger_may_have_a_type_of_its_own(kind: str) -> None:
    assert read(f'{{"type": {kind}, "ticket_id": "1"}}'.encode()) == new_ticket(1)


@pytest.mark.parametrize(
    "broken",
    [
        b'{"ticket_id": "123", "requester_email": "a"b"}',
        b'{"ticket_id": 123, "requester_email": }',
        b'{"ticket_id":"123","x":"\\u00"}',
        b'\r\n\t {\r\n "ticket_id" : "123" , oops',
        b'{"ticket_id": "123", "x": "\xff"}',
        b'{"ticket_id": "123", "x": NaN}',
        b'{"ticket_id": "123", "x": -Infinity}',
        b'{"ticket_id": "123"} and more',
        b'{"ticket_id": "123", "ticket_id": "124"}',
        b'{"ticket_id": "123", "requester_email": "a@b.example", "requester_email": "c@d.example"}',
        b'{"ticket_id": "123", "x": {"y": 1, "y": 2}}',
        b'{"ticket_id": "123", "x": ' + b"[" * 100_000,
        b'{"ticket_id": "123", "x": ' + b"9" * 10_000 + b"}",
        b'{"ticket_id": "123", "requester_email": "a@b.example", "x": "\x00"}',
    ],
)
def test_a_broken_body_still_yields_the_ticket_id_at_its_start_and_nothing_else(broken: bytes) -> None:
    assert read(broken) == new_ticket(123)


# -- What a delivery tells: it refuses


@pytest.mark.parametrize(
    "value",
    [
        *("0", "00", '"0"', '"000"', "1234567890123456789", '"1234567890123456789"', "-1", '"-1"', '"+1"'),
        *("1.0", "1.5", "1e3", '"1e3"', '"1.0"', "true", "false", "null", '""', '" "', '" 1"', '"1 "', '"1\\n"'),
        *('"\\u0661"', '"\\uff11"', '"\\u00b2"', '"0x10"', '"1_0"', '"1,2"', '"{{ticket.id}}"', '"\\ud800"'),
        *('["1"]', '{"id": "1"}', "[]", "{}", "NaN", "Infinity", "9" * 5000, f'"{"9" * 5000}"'),
    ],
)
def test_what_is_no_ticket_id_is_malformed(value: str) -> None:
    for body in (
        f'{{"ticket_id": {value}}}',
        f'{{"ticket_id": {value}, "x": }}',
        f'{{"type": "zen:event-type:ticket.created", "detail": {{"id": {value}}}}}',
    ):
        with pytest.raises(MalformedDelivery):
            read(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"1",
        b'"ticket_id"',
        b"[]",
        b"{}",
        b'[{"ticket_id": "1"}]',
        b'{"ticket": {"ticket_id": "1"}}',
        b'{"Ticket_Id": "1"}',
        b"ticket_id=1",
        b"<ticket_id>1</ticket_id>",
        b"\xff\xfe",
        '{"ticket_id": "1"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"ticket_id": "1"}',
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"ticket_id": "12',
        b'{"ticket_id": 12',
        b'{"ticket_id": "12, "x": "y"}',
        b'{"ticket_id": 12", "x": "y"}',
        b'{"x": "1", "ticket_id": "1", oops',
        b'{"requester_email": "a@b.example", "ticket_id": "1", "ticket_id": "1"}',
        b'{"type": "zen:event-type:ticket.created"}',
        b'{"type": "zen:event-type:ticket.created", "detail": null}',
        b'{"type": "zen:event-type:ticket.created", "detail": "1"}',
        b'{"type": "zen:event-type:ticket.created", "detail": {}}',
        b'{"type": "zen:event-type:ticket.created", "detail": [{"id": "1"}]}',
        b'{"type": "zen:event-type:ticket.created", "detail": {"id": "1", "id": "2"}}',
    ],
)
def test_a_body_without_a_ticket_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedDelivery):
        read(body)


@pytest.mark.parametrize("name", ["trigger_broken_before_its_id", "event_without_detail"])
def test_a_recorded_delivery_without_a_readable_ticket_is_malformed(name: str) -> None:
    with pytest.raises(MalformedDelivery):
        read(delivery(f"zendesk/{name}").body)


# -- What a delivery tells: it survives

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["ticket_id", "requester_email", "requester_external_id", "type", "detail", "id"])
LIKELY = JSON | st.sampled_from(["1", 1, "0", "a@b.example", "zen:event-type:ticket.created", {"id": "1"}])


def is_usable(case: NewCase | None) -> bool:
    if case is None:
        return True
    texts = [text for text in (case.person.email, case.person.external_id) if text is not None]
    return (
        case.number is not None
        and 0 < case.number < 10**18
        and case.key == key(case.number)
        and (case.person.email is None or "@" in case.person.email)
        and all(text == text.strip() and text and text.isprintable() and text.encode() for text in texts)
    )


def read_or_refuse(body: bytes) -> NewCase | None:
    try:
        return read(body)
    except MalformedDelivery:
        return None


@unhurried
@given(body=st.binary(max_size=200))
@example(body=b'{"ticket_id": "1", "requester_email": "\\ud800@x.example"}')
@example(body=b'{"ticket_id": "1", "requester_external_id": "\\u0000"}')
@example(body=b'{"ticket_id": "1", "requester_external_id": "\\u202e"}')
def test_any_bytes_tell_of_a_usable_ticket_or_are_malformed(body: bytes) -> None:
    assert is_usable(read_or_refuse(body))


@unhurried
@given(payload=st.dictionaries(KEYS, LIKELY, max_size=6), broken=st.booleans())
def test_any_json_tells_of_a_usable_ticket_or_is_malformed(payload: dict[str, Any], broken: bool) -> None:  # noqa: FBT001 -- hypothesis draws it
    body = json.dumps(payload).encode()
    assert is_usable(read_or_refuse(body[:-1] if broken else body))


@unhurried
@given(ticket_id=st.integers(1, 10**18 - 1), rest=st.binary(max_size=50))
def test_a_ticket_id_at_the_start_is_read_whatever_follows(ticket_id: int, rest: bytes) -> None:
    case = read(b'{"ticket_id": "%d", "requester_external_id": "' % ticket_id + rest)
    assert case is not None
    assert case == new_ticket(ticket_id)


@unhurried
@given(value=JSON)
def test_an_identity_is_text_or_none(value: object) -> None:
    for text in (identity(value), email_address(value)):
        assert text is None or (text == text.strip() != "")


def test_what_is_personal_is_in_no_repr() -> None:
    assert "ada" not in repr(ADA)
    assert "4711" not in repr(ADA)


@pytest.mark.parametrize(
    "body",
    [
        b'{"ticket_id": "12"',
        b'{"ticket_id": "12" "x',
        b'{"ticket_id": "12", "type": "zen:event-type:user.created"}',
        b'{"ticket_id": "12", "type": "zen:event-type:ticket.created", "detail": {"id": "999"}}',
    ],
)
def test_the_id_at_the_start_is_believed_whatever_a_requester_put_behind_it(body: bytes) -> None:
    assert read(body) == new_ticket(12)
