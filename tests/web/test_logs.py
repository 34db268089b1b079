"""Log lines: one line each, facts beside a message, and nothing in them that opens or names anything."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from integration import logs
from integration.settings import from_environment

unhurried = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=60
)

ENVIRON = {
    "REDIS_URL": "rediss://:redis-hush-1%2F%21@redis.example:6380/0",
    "PUBLIC_URL": "https://highlights.acme.example",
    "SECRET_KEY": "key-hush-2-" + "k" * 32,
    "SECRET_KEY_FALLBACKS": "old-hush-3-" + "k" * 32,
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_CLIENT_ID": "highlights",
    "ZENDESK_CLIENT_SECRET": "oauth-hush-4",
    "ZENDESK_WEBHOOK_SECRET": "webhook-hush-5,webhook-hush-6",
    "LOGROCKET_APP_ID": "acme/shop",
    "LOGROCKET_API_KEY": "acme:shop:logrocket-hush-7",
    "ADMIN_PASSWORD": 'admin-"hush"-8',
    "LOG_LEVEL": "INFO",
}
SECRETS = [
    "redis-hush-1%2F%21",
    "redis-hush-1/!",  # the same, as Redis is told it
    ENVIRON["SECRET_KEY"],
    ENVIRON["SECRET_KEY_FALLBACKS"],
    "oauth-hush-4",
    "webhook-hush-5",
    "webhook-hush-6",
    "acme:shop:logrocket-hush-7",
    'admin-"hush"-8',
]
CREDENTIALS = [
    ("Authorization: Bearer {}", "0a1b2c3d4e5f"),
    ("authorization: bearer {}", "0a1b2c.3d4e-5f_~+/="),
    ("{{'Authorization': 'Bearer {}'}}", "0a1b2c3d4e5f"),
    ("Authorization: Basic {}", "Ym90QGFjbWUuZXhhbXBsZS90b2tlbjpodXNo"),
    ("POST /logrocket/highlights?ticket_id=1&token={}", "WzEsMTc5NTYwMTUyN10.YnmAO0xiFnt1mxH8PS_ZwQySru8"),
    ("url=/logrocket/highlights?token={}&ticket_id=1", "WzEsMTc5NTYwMTUyN10.YnmAO0xiFnt1mxH8PS_ZwQySru8"),
    ("https://app.logrocket.com/acme/shop/sessions?e={}", "ada%40shop.example"),
    ("https://app.logrocket.com/acme/shop/sessions?u={}", "google-oauth2%7Cabc123"),
]
ADDRESSES = [
    "ada@shop.example",
    "ada.lovelace+tickets@mail.shop.example",
    "ada%40shop.example",
    "ADA%40SHOP.EXAMPLE",
    "j\u00f6rg@b\u00fccher.example",
    "o'hara@shop.example",
    "ada@localhost",
    "a@b.co",
    "ada@[192.0.2.7]",
    '"ada l"@shop.example',
]

Configure = Callable[..., None]
Written = Callable[[], list[str]]


@pytest.fixture
def stream() -> io.StringIO:
    """Where standard error leads."""
    return io.StringIO()


@pytest.fixture
def written(stream: io.StringIO) -> Written:
    """The lines that were written since it was asked last."""

    def lines() -> list[str]:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        assert not text or text.endswith("\n")
        return text.split("\n")[:-1]

    return lines


@pytest.fixture
def configure(stream: io.StringIO) -> Iterator[Configure]:
    """Set logging up as a process does; afterwards it is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {"rq.worker": logging.getLogger("rq.worker").level}
    here = dataclasses.replace(logs._here)

    def with_environ(*, clock: Callable[[], float] = time.monotonic, **changes: str) -> None:
        with contextlib.redirect_stderr(stream):
            logs.configure(from_environment({**ENVIRON, **changes}), clock=clock)

    yield with_environ
    logs._here.lines, logs._here.level = here.lines, here.level
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, own in levels.items():
        logging.getLogger(name).setLevel(own)


@pytest.fixture(params=["text", "json"])
def both(request: pytest.FixtureRequest, configure: Configure) -> str:
    """Logging in each format."""
    configure(LOG_FORMAT=request.param)
    return str(request.param)


def fresh() -> logs.Log:
    return logs.get("integration.test_logs")


# -- It works


def test_a_line_is_a_time_a_level_a_message_and_facts(configure: Configure, written: Written) -> None:
    configure()
    fresh().info("note posted", ticket_id=35436, attempt=1, ms=412)
    (line,) = written()
    when = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z"
    assert re.fullmatch(rf"{when} info note posted ticket_id=35436 attempt=1 ms=412", line)


def test_a_line_may_be_json(configure: Configure, written: Written) -> None:
    configure(LOG_FORMAT="json")
    fresh().warning("ticket waits", ticket_id=35436, why='Zendesk "sleeps"', seconds=1.5, known=False, id=None)
    found = json.loads(written()[0])
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "level": "warning",
        "event": "ticket waits",
        "ticket_id": 35436,
        "why": 'Zendesk "sleeps"',
        "seconds": 1.5,
        "known": False,
        "id": None,
    }


def test_a_fact_with_blanks_is_quoted(configure: Configure, written: Written) -> None:
    configure()
    fresh().info("ticket skipped", why="the ticket is closed", empty="", plain="x")
    assert written()[0].endswith(' ticket skipped why="the ticket is closed" empty="" plain=x')


def test_own_lines_follow_the_level(configure: Configure, written: Written) -> None:
    configure(LOG_LEVEL="WARNING")
    fresh().info("quiet")
    fresh().warning("loud")
    assert len(written()) == 1
    configure(LOG_LEVEL="DEBUG")
    fresh().debug("quiet")
    assert len(written()) == 1


def test_libraries_are_heard_from_warning_up_whatever_the_level(
    both: str, configure: Configure, written: Written
) -> None:
    logging.getLogger("rq.worker").setLevel(logging.INFO)  # as RQ itself does when it is imported
    configure(LOG_LEVEL="DEBUG", LOG_FORMAT=both)
    for name in ("urllib3.connectionpool", "requests", "rq.worker", "zenpy.lib.api", "werkzeug"):
        logging.getLogger(name).debug("POST with a body")
        logging.getLogger(name).info("POST with a body")
    assert written() == []
    logging.getLogger("rq.worker").warning("a worker %s", "left")
    assert "a worker left" in written()[0]


# -- It hides


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_of_the_settings_is_ever_written(secret: str, both: str, written: Written) -> None:
    fresh().error(f"sent {secret} off", fact=secret, facts=[secret], deep={"a": {"b": secret}}, raw=secret.encode())
    logging.getLogger("zenpy").error("sent %s off", secret)
    lines = written()
    assert len(lines) == 2
    for line in lines:
        text = json.dumps(json.loads(line), ensure_ascii=False) if both == "json" else line
        assert secret not in text
        assert "hush" not in text
        assert "***" in text


@pytest.mark.parametrize(("form", "credential"), CREDENTIALS)
def test_what_looks_like_a_credential_is_blanked(form: str, credential: str, both: str, written: Written) -> None:
    fresh().error(form.format(credential), fact=form.format(credential), facts=[form.format(credential)])
    logging.getLogger("urllib3").error("%s", form.format(credential))
    lines = written()
    assert len(lines) == 2
    for line in lines:
        assert credential not in line
        assert credential[:12] not in line
    assert both


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_is_ever_written(address: str, both: str, written: Written) -> None:
    fresh().error(f"asked for {address}.", fact=address, facts=[address], deep={"userEmail": address})
    logging.getLogger("urllib3").error("GET /users/search?query=%s&page=1", address)
    for line in written():
        text = json.dumps(json.loads(line), ensure_ascii=False) if both == "json" else line
        assert address not in text
        assert not re.search(r"shop\.example|SHOP\.EXAMPLE|192\.0\.2\.7|b\u00fccher\.example", text)


@unhurried
@given(address=st.emails(), before=st.sampled_from(["", " ", "<", "=", '"', "mailto:", "query="]))
def test_no_address_of_any_form_is_written(address: str, before: str, both: str, written: Written) -> None:
    written()
    fresh().info("asked", fact=f"{before}{address}")
    (line,) = written()
    assert address not in (json.loads(line)["fact"] if both == "json" else line)
    assert both


def fail() -> None:
    try:
        _ = dict[str, str]()["the cause said: 4711 and ada@shop.example"]
    except KeyError as cause:
        raise ValueError("answer was 'Countess of 4711' from https://evil.example/?q=4711") from cause


def test_the_text_of_an_exception_is_never_written(both: str, written: Written) -> None:
    log = fresh()
    try:
        fail()
    except ValueError as error:
        log.exception("internal error", ticket_id=1)
        log.error("internal error", exc_info=error, ticket_id=2)  # noqa: TRY400 -- the other way to say it
        log.error("internal error", exc_info=(type(error), error, error.__traceback__), ticket_id=3)  # noqa: TRY400
        logging.getLogger("rq.worker").exception("job failed")
        logging.getLogger("rq.worker").error("job failed", exc_info=error)  # noqa: TRY400 -- likewise
    lines = written()
    assert len(lines) == 5
    for line in lines:
        assert "4711" not in line
        assert "Countess" not in line
        assert "ValueError" in line
        assert "KeyError" in line
        assert "test_logs.py" in line
    assert both


def test_a_stack_is_never_written_over_several_lines(both: str, written: Written) -> None:
    logging.getLogger("rq.worker").error("job failed", stack_info=True)
    fresh().error("job failed", stack_info=True)
    assert len(written()) == 2
    assert both


def test_an_exception_group_and_a_circle_of_causes_are_survived(both: str, written: Written) -> None:
    first, second = ValueError("hush 1"), KeyError("hush 2")
    first.__cause__, second.__cause__ = second, first
    fresh().error("internal error", exc_info=first)
    fresh().error("internal error", exc_info=ExceptionGroup("hush 3", [ValueError("hush 4")]))
    lines = written()
    assert len(lines) == 2
    assert "hush" not in "".join(lines)
    assert both


# -- It survives

LINE_ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("end", [*LINE_ENDS, "\x00", "\x1b[2J", "\x7f", "\x9b2J", "\u202e", "\ud800"])
def test_nothing_that_is_logged_begins_a_line_or_steers_a_terminal(end: str, both: str, written: Written) -> None:
    forged = f"x{end}2026-11-24T10:12:07Z info note posted ticket_id=1"
    fresh().error(forged, fact=forged, facts=[forged])
    logging.getLogger("rq").error("%s", forged)
    lines = written()
    assert len(lines) == 2
    for line in lines:
        assert line.splitlines() == [line]
        assert line.isprintable()
    assert both


FOUND = (
    *("Bearer abc", "BASIC QWxhZGRpbg", "/x?e=ada", "ada@shop.example", "a%40b", "x" * 201, "token=x"),
    *("Ba\u017fic QWxhZGRpbg", "Bas\u0131c QWxhZGRpbg"),  # which are the same in another case
    *SECRETS,
)


@pytest.mark.parametrize("text", FOUND)
@unhurried
@given(others=st.dictionaries(st.sampled_from(["event", "said", "step"]), st.sampled_from(("a word", "x", *FOUND))))
def test_one_look_at_a_line_finds_what_a_look_at_each_fact_finds(text: str, others: dict[str, str]) -> None:
    redaction, facts = logs._Redaction(SECRETS), {**others, "fact": text}
    assert redaction.of(facts, long=("event",)) == {
        name: redaction._clean(text, logs.OWN_LENGTH if name == "event" else logs.FOREIGN_LENGTH)
        for name, text in facts.items()
    }
    assert text not in redaction.of({"fact": text, "step": "receive"}, long=()).values()


@unhurried
@given(message=st.text(st.characters()), fact=st.text(st.characters()) | st.binary() | st.lists(st.text()))
def test_any_message_and_any_fact_is_one_printable_line(
    message: str, fact: object, both: str, written: Written
) -> None:
    written()
    fresh().info(message, fact=fact)
    (line,) = written()
    assert line.isprintable()
    if both == "json":
        json.loads(line)


@unhurried
@given(fact=st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_no_fact_can_pretend_to_be_another(fact: str, configure: Configure, written: Written) -> None:
    assume("@" not in fact and "%40" not in fact)
    configure()
    written()
    fresh().info("x", fact=fact, last=1)
    (line,) = written()
    facts = re.findall(r' ([a-z]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?= |$)', line.partition(" info x")[2])
    assert [name for name, _ in facts] == ["fact", "last"], line
    assert line.endswith(" last=1")


def test_a_fact_with_a_quote_cannot_pretend_to_be_another(configure: Configure, written: Written) -> None:
    configure()
    fresh().error("ticket skipped", why='x" ticket_id="1', last=1)
    (line,) = written()
    assert '" ticket_id="1' not in line


class Broken:
    """Something that cannot be shown."""

    def __str__(self) -> str:
        raise ValueError


def test_a_fact_that_cannot_be_shown_stops_nobody(both: str, written: Written) -> None:
    fresh().info("x", fact=Broken())
    fresh().info("y", fact=1)
    assert len(written()) == 1
    assert both


def test_a_line_of_our_own_makes_no_record_of_logging_which_costs_more_than_the_line(
    both: str, written: Written
) -> None:
    before, made = logging.getLogRecordFactory(), []

    def counted(*facts: Any, **more: Any) -> logging.LogRecord:  # noqa: ANN401 -- logging's own
        made.append(facts)
        return before(*facts, **more)

    logging.setLogRecordFactory(counted)
    try:
        fresh().info("ticket received", ticket_id=1)
    finally:
        logging.setLogRecordFactory(before)
    assert (len(written()), made) == (1, [])
    assert both


# -- It is not filled by strangers

LONG = 8000
WORST = {
    "letters": "a",
    "words": "aaaa ",
    "at": "@",
    "addresses": "a@",
    "open literals": "a@[",
    "quotes": '"',
    "quoted words": '"a',
    "quoted and broken": '"a" ',
    "percents": "%",
    "percent signs": "%25",
    "almost an at": "%4",
    "quoted ats": "%40",
    "dots": "a.",
    "dots of a domain": "a@b.",
    "token": "token=",
    "bearer": "Bearer ",
    "basic": "Basic ",
    "basic and short": "Basic AAAAAAA",
    "queries": "?e=&u=",
    "stars": "*",
    "backslashes": "\\",
    "line ends": "\r\n",
    "not printable": "\x00",
    "not Latin": "\u0430",
    "a secret's beginning": ENVIRON["SECRET_KEY"][:-1],
    "a secret": ENVIRON["SECRET_KEY"],
}


def seconds_for(text: str) -> float:
    """What the patterns take for it, of the processor's time."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        logs._WORD.sub(logs._without_address, logs._CREDENTIAL.sub("***", text))
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("unit", WORST.values(), ids=WORST)
@pytest.mark.parametrize("before", ["", '"', "a@[", "token=", "Basic ", "a"])
def test_the_patterns_are_linear(unit: str, before: str) -> None:
    once = before + unit * (4_000 // len(unit))
    assert seconds_for(once * 4) < 12 * seconds_for(once) + 0.01  # quadratic: 16 times, and seconds


@pytest.mark.parametrize("unit", WORST.values(), ids=WORST)
def test_what_strangers_say_is_cut_short(unit: str, both: str, written: Written) -> None:
    text = unit * (LONG // len(unit))
    logging.getLogger("gunicorn.error").warning("Invalid request from ip=%s: %r", "192.0.2.7", text)
    fresh().warning("delivery refused", reason=text)
    for line in written():
        found = json.loads(line) if both == "json" else {"event": line.partition(" warning ")[2]}
        assert max(len(str(value)) for value in found.values()) < 500  # some letters are written as an escape
        assert "hush" not in line


def test_what_is_cut_off_is_a_whole_word(configure: Configure, written: Written) -> None:
    configure()
    for length in range(150, 200):
        fresh().warning("delivery refused", reason="x" * length + " ada.lovelace@shop.example " + "y" * 100)
        fresh().warning("delivery refused", reason="x" * length + " " + ENVIRON["SECRET_KEY"] + " y" * 100)
    for line in written():
        assert not re.search(r"\bada\b|lovelace|shop|hush", line)
        assert re.search(r"\[[0-9]+ characters\]", line)


def test_our_own_words_are_not_cut(configure: Configure, written: Written) -> None:
    configure()
    why = "Zendesk refuses this one ticket's note: give the agent whose credentials are set access to its group. " * 3
    fresh().warning("ticket failed", why=why, ticket_id=1)
    assert why in written()[0]


@pytest.fixture
def at(both: str, configure: Configure) -> list[float]:
    """What the clock shows; logging is in each format."""
    time_now = [1000.0]
    configure(clock=lambda: time_now[0], LOG_FORMAT=both)
    return time_now


def repeats(line: str) -> int:
    """How many the line says were left out."""
    found = re.search(r"repeated\"?[=:] ?([0-9]+)", line)
    return int(found[1]) if found else 0


def test_equal_warnings_are_counted_and_not_repeated(at: list[float], written: Written) -> None:
    for _ in range(1000):
        fresh().warning("delivery refused", path="/zendesk/tickets", reason="signature wrong")
    fresh().warning("delivery refused", path="/zendesk/tickets", reason="another")
    assert [repeats(line) for line in written()] == [0, 0]
    at[0] += logs.REPEAT_SECONDS
    logs.tell_repeats()
    (line,) = written()
    assert "signature wrong" in line
    assert repeats(line) == 999
    fresh().warning("delivery refused", path="/zendesk/tickets", reason="signature wrong")
    assert written() == []
    at[0] += logs.REPEAT_SECONDS
    fresh().info("something else")
    assert [repeats(line) for line in written()] == [1, 0]


def test_a_warning_that_stopped_is_written_at_once_when_it_comes_again(at: list[float], written: Written) -> None:
    for _ in range(2):
        fresh().warning("wrong admin password")
        assert [repeats(line) for line in written()] == [0]
        at[0] += logs.REPEAT_SECONDS


def test_what_is_said_of_a_ticket_is_always_written(both: str, written: Written) -> None:
    for _ in range(3):
        fresh().error("ticket failed", ticket_id=1)
        fresh().error("job failed", job_id="post_note:1")
        fresh().info("sweep")
        logging.getLogger("rq.worker").error("job 1 failed")
    assert len(written()) == 12
    assert both


def test_the_number_is_told_at_the_end(at: list[float], written: Written) -> None:
    for _ in range(3):
        logging.getLogger("gunicorn.error").warning("Invalid request")
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, logs._Lines))
    handler.close()
    assert [repeats(line) for line in written()] == [0, 2]
    assert at


def test_many_different_warnings_take_a_bounded_place(at: list[float], written: Written) -> None:
    fresh().warning("first")
    fresh().warning("first")
    for number in range(1000):
        fresh().warning("another", number=number)
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, logs._Lines))
    assert len(handler._repeats._seen) < 300
    assert [repeats(line) for line in written() if "first" in line] == [0, 1]
    assert at
