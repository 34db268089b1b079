"""What an admin sets about requests over HTTP, and what `check` says of it."""

from __future__ import annotations

import pytest

from integration.ask.checks import of_ask
from integration.ask.hosts import Host
from integration.ask.settings import AskSettings, read
from integration.errors import SettingsError
from integration.findings import Outcome
from integration.settings import from_environment
from integration.variables import Reader
from tests.variables import ASKED, ENVIRON


def asked(**changes: str) -> AskSettings:
    reader = Reader({**ASKED, **changes})
    settings = read(reader)
    assert reader.problems == {}
    assert settings is not None
    return settings


def test_nothing_is_set_up_when_nothing_is_set() -> None:
    assert read(Reader({})) is None
    assert read(Reader({"ASK_TOKENS": " ", "ASK_KEEP_HOURS": "24"})) is None


def test_all_of_it_is_read_and_no_secret_is_shown() -> None:
    settings = asked(ASK_TOKENS="crm:token-of-the-crm-0123456789, bot:token-of-the-bot-0123456789,")
    assert [token.name for token in settings.tokens] == ["crm", "bot"]
    assert settings.callback_hosts == (Host(name="hooks.example"), Host(name="10.1.2.3", port=8443))
    assert settings.keep_seconds == 24 * 3600
    assert "token-of" not in repr(settings)
    assert "whsec_" not in repr(settings)
    assert len(settings.secrets) == 3


def test_without_zendesk_requests_over_http_are_enough() -> None:
    environ = {name: value for name, value in ENVIRON.items() if not name.startswith("ZENDESK_")}
    assert from_environment({**environ, **ASKED}).find(AskSettings) is not None
    with pytest.raises(SettingsError):
        from_environment(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            ("ASK_TOKENS", value)
            for value in ("token-without-a-name-0123", "crm:short", "crm:", ":x", "a b:" + "0f" * 12)
        ],
        *[("ASK_TOKENS", value) for value in ("crm:caf\u00e9-0123456789-0123456789", "crm:" + "a" * 30, "<crm>:x")],
        ("ASK_TOKENS", "crm:token-of-the-crm-0123456789,crm:another-one-of-it-0123"),
        ("ASK_TOKENS", "crm:token-of-the-crm-0123456789,bot:token-of-the-crm-0123456789"),
        *[
            ("ASK_CALLBACK_SECRET", value)
            for value in ("whsec_", "whsec_c2hvcnQ=", "c2hvcnQ=" * 5, "whsec_" + "?" * 32)
        ],
        *[("ASK_CALLBACK_HOSTS", value) for value in ("https://a.example", "a.example/x", "*.example", "a_b", "a:0")],
        *[("ASK_CALLBACK_HOSTS", value) for value in ("a@b.example", "a.example:x", "a..b", "caf\u00e9.example", "-a")],
        *[("ASK_KEEP_HOURS", value) for value in ("0", "-1", "1.5", "721", "a day")],
    ],
)
def test_a_malformed_variable_is_named_and_its_value_is_not_shown(name: str, value: str) -> None:
    reader = Reader({**ASKED, name: value})
    read(reader)
    assert list(reader.problems) == [name]
    if len(value) > 12:
        assert value not in reader.problems[name]


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ("ASK_CALLBACK_SECRET", ["ASK_TOKENS", "ASK_CALLBACK_HOSTS"]),
        ("ASK_CALLBACK_HOSTS", ["ASK_TOKENS", "ASK_CALLBACK_SECRET"]),
    ],
)
def test_what_is_needed_with_it_is_told_at_once(given: str, lacking: list[str]) -> None:
    reader = Reader({given: ASKED[given]})
    read(reader)
    assert set(reader.problems) == set(lacking)


def test_check_says_who_may_ask_and_where_each_host_leads() -> None:
    def resolve(host: str, _port: int) -> list[str]:
        if host == "gone.example":
            raise OSError("no such name")
        return {"inside.example": ["10.0.0.1"]}.get(host, [host if host[0].isdigit() else "93.184.216.34"])

    settings = asked(ASK_CALLBACK_HOSTS="hooks.example,10.1.2.3,inside.example,gone.example")
    found = list(of_ask(settings, public_url="https://a.example", resolve=resolve))
    outcomes = [result.outcome for result in found]
    assert outcomes == [Outcome.OK, Outcome.OK, Outcome.OK, Outcome.FAILURE, Outcome.WARNING]
    assert "crm" in found[0].found
    assert "hush" not in repr(found)
