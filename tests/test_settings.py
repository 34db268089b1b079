"""What an admin sets: the contract's table, and one message for everything that is wrong with it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import certifi
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from redis import BlockingConnectionPool, ConnectionPool, Redis
from redis.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection

from integration.errors import SettingsError
from integration.facts import CaseSettings, NoteStyle
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment, names
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ApiToken, OAuthClient, ZendeskSettings
from tests.conftest import ROOT
from tests.tickets import key
from tests.variables import ALL, ASKED, ENVIRON, INTERCOM, LEGACY, NEEDED, SURVEYS_AND_SLACK

unhurried = limits(deadline=None, suppress_health_check=[HealthCheck.too_slow])


NAMES = names()


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in ENVIRON.items() if name not in names}


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        from_environment(environ)
    assert all(problem in str(refused.value) for problem in refused.value.problems)
    return refused.value.problems


def named(environ: dict[str, str]) -> list[str]:
    """The variables that are named as at fault, one a problem."""
    return [problem.split(" ", 1)[0] for problem in problems(environ)]


# -- It works


def test_the_needed_variables_are_read() -> None:
    settings = from_environment(ENVIRON)
    assert settings.redis_url == ENVIRON["REDIS_URL"]
    assert settings.public_url == "https://highlights.acme.example"
    assert settings.secret_keys == (ENVIRON["SECRET_KEY"], ENVIRON["SECRET_KEY_FALLBACKS"])
    assert settings.of(ZendeskSettings).subdomain == "acme"
    assert settings.of(ZendeskSettings).credentials == OAuthClient(client_id="highlights", client_secret="oauth-hush-4")
    assert settings.of(ZendeskSettings).webhook_secrets == ("webhook-hush-5",)
    assert (settings.of(LogRocketSettings).org, settings.of(LogRocketSettings).app) == ("acme", "shop")
    assert settings.of(LogRocketSettings).api_key == "acme:shop:logrocket-hush-6"
    assert settings.admin_password == "admin-hush-7"
    assert settings.warnings == ()


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = from_environment(without("SECRET_KEY_FALLBACKS", "ADMIN_PASSWORD", "ZENDESK_WEBHOOK_SECRET"))
    assert settings.redis_tls_verify
    assert (settings.key_prefix, settings.keep_alive_seconds) == ("highlights", 95)
    assert len(settings.secret_keys) == 1
    assert settings.of(ZendeskSettings).url == "https://acme.zendesk.com"
    assert settings.of(ZendeskSettings).webhook_secrets == ()
    assert settings.of(ZendeskSettings).identify_by == ("email", "external_id")
    assert (settings.of(ZendeskSettings).skip_domains, settings.of(ZendeskSettings).tag_posted) == ((), None)
    assert settings.of(LogRocketSettings).api_url == "https://api.logrocket.com"
    assert settings.of(LogRocketSettings).app_url == "https://app.logrocket.com"
    assert settings.of(LogRocketSettings).project_rules == ()
    assert [project.name for project in settings.of(LogRocketSettings).projects] == ["acme/shop"]
    assert settings.admin_password is None
    assert (settings.web_concurrency, settings.worker_concurrency) == (2, 4)
    assert settings.poll_after_seconds == 300
    assert list(settings.failed_retry_seconds) == [60, 300, 900]
    assert (settings.settle_seconds, settings.backoff_seconds, settings.retention_days) == (60, 5, 30)
    assert settings.note_style == NoteStyle(language="en", timezone="UTC", template=None)
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


def test_every_optional_variable_is_heard() -> None:
    settings = from_environment(
        {
            **ENVIRON,
            "REDIS_TLS_VERIFY": "False",
            "KEY_PREFIX": "Acme_Staging-2",
            "KEEP_ALIVE_SECONDS": "120",
            "ZENDESK_URL": "http://127.0.0.1:8001/",
            "IDENTIFY_BY": "field:0360001, External_ID,email",
            "SKIP_DOMAINS": "Acme.com, @acme.de,*.acme.org,b\u00fccher.example,acme.com",
            "TAG_POSTED": "Has_Highlights",
            "LOGROCKET_API_URL": "http://[::1]:8002",
            "LOGROCKET_APP_URL": "https://lr.acme.example/rocket/",
            "LOGROCKET_PROJECTS": "brand:Acme Pro=acme/pro:acme:pro:hush-hush",
            "WEB_CONCURRENCY": "3",
            "WORKER_CONCURRENCY": "8",
            "POLL_AFTER_SECONDS": "0.5",
            "FAILED_RETRY_SECONDS": "1, 2.5,3",
            "SETTLE_SECONDS": "0",
            "BACKOFF_SECONDS": "0.05",
            "RETENTION_DAYS": "7",
            "QUESTION": "OFF",
            "LOOKBACK_HOURS": "1.5",
            "LOOKAHEAD_MINUTES": "0",
            "DELAY_SECONDS": "0",
            "WHEN_EMPTY": "Link",
            "WHEN_FAILED": "link",
            "REUSE_MINUTES": "15",
            "LANGUAGE": "DE",
            "TIMEZONE": "Europe/Berlin",
            "NOTE_TEMPLATE": "{{ summary }}",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "JSON",
        }
    )
    assert not settings.redis_tls_verify
    assert (settings.key_prefix, settings.keep_alive_seconds) == ("Acme_Staging-2", 120)
    assert settings.keys.case(key(7)) == "Acme_Staging-2:case:zendesk-7"
    assert settings.cases == CaseSettings(
        question="off",
        lookback_seconds=5400,
        lookahead_seconds=0,
        delay_seconds=0,
        link_when_empty=True,
        link_when_failed=True,
        reuse_seconds=900,
    )
    assert settings.of(ZendeskSettings).url == "http://127.0.0.1:8001"
    assert settings.of(ZendeskSettings).identify_by == ("field:360001", "external_id", "email")
    assert settings.of(ZendeskSettings).skip_domains == ("acme.com", "acme.de", "acme.org", "b\u00fccher.example")
    assert settings.of(ZendeskSettings).tag_posted == "has_highlights"
    assert settings.of(LogRocketSettings).api_url == "http://[::1]:8002"
    assert settings.of(LogRocketSettings).app_url == "https://lr.acme.example/rocket"
    assert [str(rule) for rule in settings.of(LogRocketSettings).project_rules] == ["brand:Acme Pro"]
    assert (settings.web_concurrency, settings.worker_concurrency) == (3, 8)
    assert (settings.poll_after_seconds, settings.failed_retry_seconds) == (0.5, (1, 2.5, 3))
    assert (settings.settle_seconds, settings.backoff_seconds, settings.retention_days) == (0, 0.05, 7)
    assert settings.note_style == NoteStyle(language="de", timezone="Europe/Berlin", template="{{ summary }}")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")


def test_several_webhook_secrets_are_accepted_for_a_rotation() -> None:
    settings = from_environment({**ENVIRON, "ZENDESK_WEBHOOK_SECRET": " new-secret , old-secret ,"})
    assert settings.of(ZendeskSettings).webhook_secrets == ("new-secret", "old-secret")


def test_oauth_wins_over_a_legacy_token_without_a_warning() -> None:
    settings = from_environment({**ENVIRON, **LEGACY})
    assert isinstance(settings.of(ZendeskSettings).credentials, OAuthClient)
    assert settings.warnings == ()


def test_a_legacy_token_works_with_a_warning() -> None:
    settings = from_environment({**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY})
    assert settings.of(ZendeskSettings).credentials == ApiToken(email="bot@acme.example", token="token-hush-8")
    assert any("30 April 2027" in warning for warning in settings.warnings)


def test_without_a_webhook_secret_it_starts_with_a_warning() -> None:
    assert any(
        "ZENDESK_WEBHOOK_SECRET" in warning for warning in from_environment(without("ZENDESK_WEBHOOK_SECRET")).warnings
    )


def test_a_platform_that_tells_its_domain_needs_no_public_url() -> None:
    environ = {**without("PUBLIC_URL"), "HEROKU_APP_DEFAULT_DOMAIN_NAME": "highlights-1234.herokuapp.com"}
    assert from_environment(environ).public_url == "https://highlights-1234.herokuapp.com"


def test_a_public_url_wins_over_the_platforms_domain() -> None:
    environ = {**ENVIRON, "HEROKU_APP_DEFAULT_DOMAIN_NAME": "highlights-1234.herokuapp.com"}
    assert from_environment(environ).public_url == "https://highlights.acme.example"


@pytest.mark.parametrize(
    "url", ["http://localhost:5000", "http://127.0.0.1", "http://127.0.0.2:80", "http://[::1]:5000", "HTTP://LOCALHOST"]
)
def test_plain_http_is_allowed_on_this_machine(url: str) -> None:
    assert from_environment({**ENVIRON, "PUBLIC_URL": url}).public_url == url


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://u:p@r.example:6380/1?protocol=3", "unix:///run/redis"])
def test_each_kind_of_redis_address_is_accepted(url: str) -> None:
    assert from_environment({**ENVIRON, "REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize("key", ["some-key", "acme:shop:hush", "acme:shop:hu:sh", "acme:hush"])
def test_an_api_key_of_the_project_or_of_an_unknown_form_is_accepted(key: str) -> None:
    assert from_environment({**ENVIRON, "LOGROCKET_API_KEY": key}).of(LogRocketSettings).api_key == key


def test_a_secret_key_of_32_characters_is_enough() -> None:
    assert from_environment({**ENVIRON, "SECRET_KEY": "x" * 32}).secret_keys[0] == "x" * 32


REDIS_OPTIONS = [
    "redis://r.example/0?client_name=staging&socket_keepalive=true&protocol=2",
    "redis://r.example?db=3",
    "redis://:p%23%2F%3F@10.0.0.7:6379/15",
    "rediss://:p@[::1]:6380?ssl_cert_reqs=required&ssl_check_hostname=True",
    "unix://:p@/run/redis.sock?db=2",
]


@pytest.mark.parametrize("url", REDIS_OPTIONS)
def test_options_of_redis_that_change_no_answer_are_accepted(url: str) -> None:
    assert from_environment({**ENVIRON, "REDIS_URL": url}).redis_url == url


def test_a_certificate_authority_of_ones_own_is_loaded(tmp_path: Path) -> None:
    url = f"rediss://r.example:6380?ssl_ca_certs={tmp_path / 'ca.pem'}"
    (problem,) = problems({**ENVIRON, "REDIS_URL": url})
    assert "file that is not there" in problem
    (tmp_path / "ca.pem").write_text("no certificate")
    assert named({**ENVIRON, "REDIS_URL": url}) == ["REDIS_URL"]
    (tmp_path / "ca.pem").write_text(Path(certifi.where()).read_text())
    assert from_environment({**ENVIRON, "REDIS_URL": url}).redis_url == url


def test_options_of_tls_that_say_what_redis_tls_verify_says_are_accepted() -> None:
    url = "rediss://r.example?ssl_cert_reqs=none"
    settings = from_environment({**ENVIRON, "REDIS_URL": url, "REDIS_TLS_VERIFY": "false"})
    assert settings.redis_url == url


# -- .env


def test_dot_env_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, {"LOGROCKET_APP_ID": "acme/shop", "WEB_CONCURRENCY": "7"}, at=tmp_path)
    lines = [f"{name}='{value}'" for name, value in ENVIRON.items()]
    tmp_path.joinpath(".env").write_text("\n".join([*lines, "LOGROCKET_APP_ID=other/app", "WEB_CONCURRENCY=3"]))
    settings = from_environment()
    assert (settings.of(LogRocketSettings).org, settings.web_concurrency) == ("acme", 7)
    assert settings.secret_keys[0] == ENVIRON["SECRET_KEY"]


def test_dot_env_keeps_dollar_signs_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, {**ENVIRON, "HOME": "/nowhere"}, at=tmp_path)
    monkeypatch.delenv("ADMIN_PASSWORD")
    tmp_path.joinpath(".env").write_text("ADMIN_PASSWORD=long-a${HOME}b$c\n")
    assert from_environment().admin_password == "long-a${HOME}b$c"


def test_without_dot_env_the_environment_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, ENVIRON, at=tmp_path)
    assert from_environment().of(ZendeskSettings).subdomain == "acme"


def test_a_dot_env_in_another_folder_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    _only(monkeypatch, without("ZENDESK_SUBDOMAIN"), at=inner)
    tmp_path.joinpath(".env").write_text("ZENDESK_SUBDOMAIN=acme\n")
    with pytest.raises(SettingsError, match="ZENDESK_SUBDOMAIN is not set"):
        from_environment()


def test_a_dot_env_that_is_no_text_is_refused_as_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, without("ZENDESK_SUBDOMAIN"), at=tmp_path)
    tmp_path.joinpath(".env").write_bytes(b"ZENDESK_SUBDOMAIN=acme\nADMIN_PASSWORD=h\xff\xfesh\n")
    with pytest.raises(SettingsError):
        from_environment()


def _only(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *, at: Path) -> None:
    for name in ALL:
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(at)


# -- It refuses


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_variable_is_named(name: str) -> None:
    assert problems(without(name)) == (f"{name} is not set",)


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize("name", NEEDED)
def test_a_blank_variable_is_a_missing_one(name: str, blank: str) -> None:
    assert problems({**ENVIRON, name: blank}) == (f"{name} is not set",)


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_optional_variables_are_unset(blank: str) -> None:
    optional = {name: blank for name in ALL if name not in NEEDED}
    bare = {name: ENVIRON[name] for name in NEEDED}
    assert from_environment({**ENVIRON, **optional}) == from_environment(bare)


def test_all_that_is_missing_is_in_one_message() -> None:
    assert sorted(named({})) == sorted(NEEDED)


def test_missing_and_malformed_variables_are_in_one_message() -> None:
    environ = {
        **without("REDIS_URL", "ZENDESK_CLIENT_SECRET"),
        "PUBLIC_URL": "highlights.acme.example",
        "SECRET_KEY_FALLBACKS": "short",
        "WEB_CONCURRENCY": "many",
        "LOG_FORMAT": "xml",
    }
    expected = ["REDIS_URL", "ZENDESK_CLIENT_SECRET", "PUBLIC_URL", "SECRET_KEY_FALLBACKS", "WEB_CONCURRENCY"]
    assert sorted(named(environ)) == sorted([*expected, "LOG_FORMAT"])


@pytest.mark.parametrize("present", ["ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"])
@pytest.mark.parametrize("legacy", [{}, {"ZENDESK_EMAIL": "bot@acme.example"}])
def test_half_of_the_oauth_credentials_names_the_other_half(present: str, legacy: dict[str, str]) -> None:
    environ = {**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), present: "something", **legacy}
    missing = {"ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"} - {present}
    assert missing <= set(named(environ))


@pytest.mark.parametrize("present", LEGACY)
def test_half_of_the_legacy_credentials_names_the_other_half(present: str) -> None:
    environ = {**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), present: LEGACY[present]}
    assert set(LEGACY) - {present} <= set(named(environ))


MALFORMED = {
    "REDIS_URL": [
        "localhost:6379",
        "http://redis.example",
        "redis://",
        "redis://:6379",
        "redis://redis.example:port",
        "redis://redis.example:99999",
        "redis://redis .example",
        "redis://redis.example?db=first",
        "redis://[::1",
        "unix://",
    ],
    "KEY_PREFIX": ["two words", "a:b", "high*", "a[b]", "a.b", "-a", "_a", "caf\u00e9", "x" * 41, "a\\b", "{a}", "a?"],
    "KEEP_ALIVE_SECONDS": ["0", "-1", "1.5", "long", "3601", "99999", "1e2", "\uff12"],
    "REDIS_TLS_VERIFY": ["maybe", "2"],
    "PUBLIC_URL": [
        "highlights.acme.example",
        "//highlights.acme.example",
        "ftp://highlights.acme.example",
        "https://",
        "https:///path",
        "https://a b.example",
        "https://highlights.acme.example:port",
        "https://highlights.acme.example:99999",
        "https://[::1",
        "https://highlights.acme.example/path",
        "https://highlights.acme.example/path/",
        "https://highlights.acme.example/?a=b",
        "https://highlights.acme.example?",
        "https://highlights.acme.example/#top",
        "https://highlights.acme.example#",
        "https://highlights.acme.example\\@evil.example",
        "https://h\u00f6chst.example",
        "javascript:alert(1)",
    ],
    "SECRET_KEY": ["x", "change-me-" * 4, "x" * 31, "k" * 32 + "\udcff"],
    "SECRET_KEY_FALLBACKS": ["x" * 31, "x" * 32 + "," + "y" * 31],
    "ZENDESK_SUBDOMAIN": [
        "acme.zendesk.com",
        "https://acme.zendesk.com",
        "acme/",
        "-acme",
        "acme-",
        "a b",
        "evil.example#",
        "acme@evil",
        "\u00e4cme",
        "a" * 64,
    ],
    "ZENDESK_CLIENT_ID": ["highlights\x00", "high\nlights"],
    "ZENDESK_CLIENT_SECRET": [
        "changeme",
        "replace_me_now",
        "PLACEHOLDER",
        "********",
        "1234567",
        "two words",
        "caf\u00e9",
        "line\nbreak",
    ],
    "ZENDESK_WEBHOOK_SECRET": [
        *("two words", "caf\u00e9", "good-secret,b\u00e4d-secret", "nul\x00-secret", "short", "your-signing-secret"),
        *(ZENDESK_TEST_SECRET, f"good-secret,{ZENDESK_TEST_SECRET}", "good-secret,short", "xxxxxxxxxxxx"),
    ],
    "LOGROCKET_APP_ID": [
        "acme",
        "acme/",
        "/shop",
        "acme/shop/x",
        "acme/sh op",
        "../shop",
        "acme/..",
        "acme:shop",
        "a/?",
    ],
    "LOGROCKET_API_KEY": ["key", "your-api-key", "two words", "caf\u00e9", "line\nbreak"],
    "LOGROCKET_PROJECTS": [
        *("acme/pro", "brand", "brand:", "brand:Acme", "brand:Acme=", "brand:Acme=acme/pro", "brand:Acme=acme/pro:"),
        *("brand:=acme/pro:good-long-key", ":Acme=acme/pro:good-long-key", "Acme=acme/pro:good-long-key"),
        *("group:Acme=acme/pro:good-long-key", "brand:Acme, Inc=acme/pro:good-long-key"),
        *(
            "brand:Acme=acme:pro:good-long-key",
            "brand:Acme=acme/..:good-long-key",
            "brand:Ac\nme=acme/pro:good-long-key",
        ),
        *("brand:Acme=acme/pro:short", "brand:Acme=acme/pro:your-api-key", "brand:Acme=acme/pro:caf\u00e9-au-lait"),
        *(
            "brand:<name>=acme/pro:good-long-key",
            "brand:Acme=acme/pro:<secret-key>",
            "brand:Ac\udcffme=a/b:good-long-key",
        ),
    ],
    "IDENTIFY_BY": [
        *("phone", "e-mail", ",", "email;external_id", "email external_id", "email,email", "email,Email"),
        *("field", "field:", "field:0", "field:name", "field:7,field:07", "field:<id of the field>", "custom:360001"),
    ],
    "SKIP_DOMAINS": [
        *("acme", ",", "ada@acme.com", "https://acme.com", "acme.com/x", "acme..com", "acme.com;acme.de"),
        *("acme.com acme.de", "ac\nme.com", "acme.com:25", "<your-own-domain.com>"),
    ],
    "TAG_POSTED": ["two words", "a,b", "highlights", "No_Highlights", "<the tag>", "ta\ng", "\udcff"],
    "QUESTION": ["tickets", "none", "why?", "What\nhappened then?", "what happened " * 40],
    "LOOKBACK_HOURS": ["-1", "72h", "three", "nan", "inf", "8785", "1e3"],
    "LOOKAHEAD_MINUTES": ["-1", "10m", "ten", "nan", "1441"],
    "DELAY_SECONDS": ["-1", "30s", "nan", "3601"],
    "WHEN_EMPTY": ["loud", "links"],
    "WHEN_FAILED": ["loud", "links"],
    "REUSE_MINUTES": ["-1", "10m", "nan", "1441"],
    "WEB_CONCURRENCY": ["0", "-1", "1.5", "two", "1e3", "\uff12", "\u00b2", "9999", "1_0"],
    "WORKER_CONCURRENCY": ["0", "-1", "1.5", "two"],
    "POLL_AFTER_SECONDS": ["0", "-1", "soon", "nan", "inf", "1e3", "5m", "\u0663", "1_0"],
    "FAILED_RETRY_SECONDS": ["60;300", "60 300", "-60", "soon", "60,nan", "inf", ","],
    "SETTLE_SECONDS": ["-1", "soon", "nan", "inf"],
    "BACKOFF_SECONDS": ["0", "-1", "soon", "nan", "inf"],
    "RETENTION_DAYS": ["0", "-1", "1.5", "forever"],
    "LOG_LEVEL": ["LOUD", "7"],
    "LOG_FORMAT": ["xml", "text,json"],
    "ADMIN_PASSWORD": ["line\nbreak-line", "hush-hush-h\udcff", "elevenchars", "a", "please-change-me"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in MALFORMED.items() for value in values])
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    told = problems({**ENVIRON, name: value})
    assert [problem.split(" ", 1)[0] for problem in told] == [name]
    if len(value) > 8:  # a shorter one may well be part of the advice
        assert value not in "".join(told)


LISTS = {
    "SECRET_KEY_FALLBACKS": ("k1" * 16, "k2" * 16, "earlier values of SECRET_KEY"),
    "ZENDESK_WEBHOOK_SECRET": ("webhook-one", "webhook-two", "signing secrets without spaces"),
    "IDENTIFY_BY": ("email", "external_id", "email, external_id or field:<id of a ticket field>, separated by commas"),
    "SKIP_DOMAINS": ("acme.com", "acme.de", "domains such as acme.com, separated by commas"),
    "FAILED_RETRY_SECONDS": ("60", "300", "seconds, separated by commas, such as 60,300,900"),
    "LOGROCKET_PROJECTS": (
        "brand:Acme Pro=acme/pro:acme:pro:hush-hush",
        "form:360001=acme/eu:acme:eu:hush-hush",
        "brand:<id or name>=org/app:<key> or form:<id or name>=org/app:<key>, separated by commas",
    ),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("{} {}", "blanks in it, where a comma should stand"),
        ("{}\t{}", "blanks in it, where a comma should stand"),
        ("{}, {} {}", "blanks in it, where a comma should stand"),
        ('{},"{}"', "quotes around it"),
        ("'{}',{}", "quotes around it"),
        ('"{},{}"', "quotes around it"),
        ("{},<{}>", "should have been replaced"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_in_its_own_words(name: str, frame: str, reason: str) -> None:
    one, two, words = LISTS[name]
    (problem,) = problems({**ENVIRON, name: frame.format(one, two, two)})
    assert problem.startswith(f"{name} must be {words}"), problem
    assert reason in problem


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("frame", ["{},{}", " {} , {} ", "{},{},", ",{},,{}"])
def test_blanks_around_the_commas_of_a_list_and_a_comma_too_many_are_no_mistake(name: str, frame: str) -> None:
    one, two, _ = LISTS[name]
    usual, listed = (from_environment({**ENVIRON, name: form.format(one, two)}) for form in ("{},{}", frame))
    assert listed == usual


def test_all_that_is_wrong_with_a_list_is_one_line() -> None:
    (problem,) = problems({**ENVIRON, "ZENDESK_WEBHOOK_SECRET": "short,caf\u00e9-long-enough,also"})
    assert "too short" in problem
    assert "plain ASCII" in problem
    assert problem.count("too short") == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LOG_LEVEL", '"INFO"', "must be one of DEBUG, INFO, WARNING, ERROR"),
        ("WEB_CONCURRENCY", "'2'", "must be a whole number from 1 to 999"),
        ("PUBLIC_URL", '"https://highlights.acme.example"', "must be a URL that starts with https://"),
        ("ZENDESK_SUBDOMAIN", "\u201cacme\u201d", "such as acme"),
        ("LOGROCKET_API_KEY", '"acme:shop:logrocket-hush-6"', "LOGROCKET_API_KEY still has quotes around it"),
    ],
)
def test_a_quoted_value_is_told_with_the_words_of_its_variable(name: str, value: str, words: str) -> None:
    (problem,) = problems({**ENVIRON, name: value})
    assert words in problem
    assert "still has quotes around it" in problem
    assert "another project" not in problem  # the quotes explain it


def documented() -> list[str]:
    """The variables of this program, in the order in which their page lists them."""
    table = (ROOT / "docs" / "settings.md").read_text("utf-8")
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    cells = [re.findall(r"`([A-Z_]+)", row.split("|")[1]) for row in rows]
    return [name for cell in cells for name in cell if name in NAMES]


def test_messages_are_sorted_as_the_table_of_variables_is() -> None:
    wrong = dict.fromkeys(ALL, "ä ä")
    expected = [name for name in documented() if name not in (*LEGACY, "ZENDESK_CLIENT_ID")]
    order = [name for name in named(wrong) if name in expected]
    assert len(order) > 15
    assert order == [name for name in expected if name in order]
    assert named({}) == [name for name in documented() if name in NEEDED]


def every_option_of_redis() -> list[str]:
    """Whatever redis-py would take from an address."""
    classes = (Redis, ConnectionPool, BlockingConnectionPool, AbstractConnection, Connection, SSLConnection)
    parameters = [inspect.signature(kind.__init__).parameters for kind in (*classes, UnixDomainSocketConnection)]
    return sorted({name for names in parameters for name in names} - {"self", "kwargs", "connection_kwargs"})


HARMLESS = {"db", "client_name", "protocol", "socket_keepalive"}


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize("option", every_option_of_redis())
def test_every_option_of_redis_is_harmless_or_refused_by_its_name(option: str, scheme: str) -> None:
    for value in ("1", "True", "none", "CERT_NONE", "utf-8"):
        try:
            from_environment({**ENVIRON, "REDIS_URL": f"{scheme}://r.example?{option}={value}"})
        except SettingsError as error:
            (problem,) = error.problems
            assert problem.startswith("REDIS_URL ")
            told = option in problem or "file that is not there" in problem
            assert told
        else:
            assert option in HARMLESS or (scheme == "rediss" and option.startswith("ssl_"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://r.example?decode_responses=True", "decode_responses"),
        ("redis://r.example?ssl_cert_reqs=none", "rediss:// alone"),
        ("unix:///run/redis?ssl_cert_reqs=none", "rediss:// alone"),
        ("rediss://r.example?ssl_cert_reqs=none", "REDIS_TLS_VERIFY"),
        ("rediss://r.example?ssl_check_hostname=false", "REDIS_TLS_VERIFY"),
        ("rediss://r.example?ssl_cert_reqs=CERT_NONE", "ssl_cert_reqs"),
        ("rediss://r.example?ssl_cert_reqs=optional", "ssl_cert_reqs"),
        ("rediss://r.example?ssl_ciphers=nonsense", "no connection"),
        ("redis://r.example?password=hush", "before the @"),
        ("redis://r.example?host=other.example", "another address"),
        ("redis://r.example?socket_timeout=900", "sets itself"),
        ("redis://r.example?redis_connect_func=x", "sets itself"),
        ("redis://r.example?hush-hush=1", "does not know"),
        ("redis://r.example?family=0", "does not know"),
        ("redis://r.example?protocol=4", "protocol"),
        ("redis://r.example?db=-1", "db"),
        ("redis://r.example?db=", "db"),
        ("redis://r.example?db=1&db=2", "twice"),
        ("redis://r.example/1?db=2", "twice"),
        ("redis://r.example/first", "number"),
        ("redis://r.example/1/2", "number"),
        ("redis://r.example/-1", "number"),
        ("redis://a.example,b.example/0", "one host"),
        ("redis://r.example:0", "port above 0"),
        ("redis://r.example/0#hush", "%23"),
        ("unix://run/redis.sock", "three slashes"),
        ("redis+sentinel://r.example", "must start with"),
    ],
)
def test_what_cannot_work_in_the_address_of_redis_is_told_in_words(url: str, words: str) -> None:
    (problem,) = problems({**ENVIRON, "REDIS_URL": url})
    assert problem.startswith("REDIS_URL ")
    assert words in problem
    assert "hush" not in problem


def test_an_address_of_redis_must_not_contradict_redis_tls_verify() -> None:
    url = "rediss://r.example?ssl_cert_reqs=required"
    (problem,) = problems({**ENVIRON, "REDIS_URL": url, "REDIS_TLS_VERIFY": "false"})
    assert "REDIS_TLS_VERIFY" in problem


@pytest.mark.parametrize("name", ["ZENDESK_EMAIL", "ZENDESK_API_TOKEN"])
@pytest.mark.parametrize("value", ["two words", "caf\u00e9", "a:b c"])
def test_a_malformed_legacy_credential_is_named(name: str, value: str) -> None:
    environ = {**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY, name: value}
    assert named(environ) == [name]


@pytest.mark.parametrize("name", ["PUBLIC_URL", "ZENDESK_URL", "LOGROCKET_API_URL", "LOGROCKET_APP_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://acme.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "https://user:hush-hush@acme.example",
        "https://user@acme.example",
        "https://:hush-hush@acme.example",
        "https://@acme.example",
        "http://localhost@evil.example",
    ],
)
def test_plain_http_elsewhere_and_credentials_in_an_address_are_refused(name: str, url: str) -> None:
    told = problems({**ENVIRON, name: url})
    assert [problem.split(" ", 1)[0] for problem in told] == [name]
    assert "hush" not in "".join(told)


@pytest.mark.parametrize("domain", ["two words.example", "evil.example/path?x=", "user@evil.example", "a.example#"])
def test_a_malformed_domain_of_the_platform_is_refused(domain: str) -> None:
    environ = {**without("PUBLIC_URL"), "HEROKU_APP_DEFAULT_DOMAIN_NAME": domain}
    (problem,) = problems(environ)
    assert re.match("PUBLIC_URL|HEROKU_APP_DEFAULT_DOMAIN_NAME", problem)


@pytest.mark.parametrize("key", ["other:shop:hush-hush", "acme:other:hush-hush", "shop:acme:hush-hush"])
def test_an_api_key_of_another_project_is_refused_with_that_reason(key: str) -> None:
    (problem,) = problems({**ENVIRON, "LOGROCKET_API_KEY": key})
    assert problem.startswith("LOGROCKET_API_KEY ")
    assert "LOGROCKET_APP_ID" in problem
    assert "hush" not in problem


@pytest.mark.parametrize("key", ["pat:acme:shop:hush-hush", "pat:hush-hush"])
def test_a_personal_access_token_is_refused_with_that_reason(key: str) -> None:
    (problem,) = problems({**ENVIRON, "LOGROCKET_API_KEY": key})
    assert problem.startswith("LOGROCKET_API_KEY ")
    assert "personal access token" in problem


PRO_KEY = "acme:pro:hush-hush"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (f"shop:Acme={PRO_KEY}", "neither brand: nor form:"),
        (f"brand:Acme, Inc=acme/pro:{PRO_KEY}", "named by its id"),
        (f"brand:Acme={PRO_KEY}", "has no =org/app:<key>"),
        (f"brand: =acme/pro:{PRO_KEY}", "names no brand or form"),
        (f"brand:Acme=./pro:{PRO_KEY}", "has a project that must be org/app"),
        (f'brand:"Acme Pro"=acme/pro:{PRO_KEY}', "has an id or name that still has quotes around it"),
        (f"brand:<name>=acme/pro:{PRO_KEY}", "has an id or name that holds what should have been replaced"),
        (f"brand:Ac\tme=acme/pro:{PRO_KEY}", "has an id or name that has a character that cannot be printed"),
        ("brand:Acme=acme/pro:pat:acme:pro:hush-hush", "has a key that is a personal access token"),
        ("brand:Acme=acme/pro:acme:eu:hush-hush", "has a key that belongs to another project than the rule names"),
        ("brand:Acme=acme/pro:hush", "has a key that is too short"),
        (f"brand:A=acme/pro:{PRO_KEY} form:7=acme/pro:{PRO_KEY}", "blanks in it, where a comma should stand"),
        (f"brand:Acme=acme/pro:{PRO_KEY},Brand: ACME =acme/pro:{PRO_KEY}", "names a brand or a form twice"),
        (f"form:7=acme/pro:{PRO_KEY},form:7=acme/eu:acme:eu:hush-hush", "names a brand or a form twice"),
        (f"brand:A=acme/pro:{PRO_KEY},form:7=acme/pro:acme:pro:hush-hush-2", "names a project with two keys"),
        (f"brand:A=acme/pro:{PRO_KEY},form:7=Acme/pro:Acme:pro:hush-hush", "names a project in two spellings"),
        ("brand:A=acme/shop:acme:shop:hush-hush", "with two keys: LOGROCKET_APP_ID and LOGROCKET_API_KEY name it, too"),
    ],
)
def test_what_is_wrong_with_a_rule_for_projects_is_told_in_words(rules: str, words: str) -> None:
    (problem,) = problems({**ENVIRON, "LOGROCKET_PROJECTS": rules})
    assert problem.startswith("LOGROCKET_PROJECTS ")
    assert words in problem
    assert "hush" not in problem


def test_a_rule_for_the_default_project_is_no_contradiction_while_its_own_key_is_at_fault() -> None:
    environ = {**ENVIRON, "LOGROCKET_PROJECTS": "brand:A=acme/shop:acme:shop:hush-hush"}
    assert named({**environ, "LOGROCKET_API_KEY": ""}) == ["LOGROCKET_API_KEY"]
    assert named({**environ, "LOGROCKET_APP_ID": ""}) == ["LOGROCKET_APP_ID"]


def used(name: str) -> dict[str, str]:
    """Settings in which a variable is not set, and would be read."""
    if name in LEGACY:
        return {**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY}
    if name.startswith("ASK_"):
        return {**ENVIRON, **ASKED}
    if name.startswith(("SLACK_", "SURVEY_", "FORMBRICKS_", "TYPEFORM_")):
        return {**ENVIRON, **SURVEYS_AND_SLACK}
    if name.startswith("INTERCOM_"):
        return {**ENVIRON, **INTERCOM}
    return without("PUBLIC_URL") if name == "HEROKU_APP_DEFAULT_DOMAIN_NAME" else dict(ENVIRON)


VALID = {
    **ENVIRON,
    **LEGACY,
    **ASKED,
    "ASK_KEEP_HOURS": "7",
    **SURVEYS_AND_SLACK,
    **INTERCOM,
    "INTERCOM_REGION": "eu",
    "INTERCOM_ADMIN_ID": "7",
    "INTERCOM_URL": "https://a.example",
    "SLACK_API_URL": "https://a.example",
    "SURVEY_MAX_SCORE": "7",
    "REDIS_TLS_VERIFY": "true",
    "KEY_PREFIX": "highlights",
    "HEROKU_APP_DEFAULT_DOMAIN_NAME": "a.example",
    "LANGUAGE": "de",
    "TIMEZONE": "Europe/Madrid",
    "NOTE_TEMPLATE": "{{ summary }}",
    "QUESTION": "What happened before the payment failed?",
    "WHEN_EMPTY": "link",
    "WHEN_FAILED": "link",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "LOGROCKET_APP_URL": "https://a.example",
    "LOGROCKET_API_URL": "https://a.example",
    "LOGROCKET_PROJECTS": "brand:Acme Pro=acme/pro:acme:pro:hush-hush",
    "ZENDESK_URL": "https://a.example",
    "IDENTIFY_BY": "external_id,email",
    "SKIP_DOMAINS": "acme.example",
    "TAG_POSTED": "has_highlights",
    **{
        name: "7"
        for name in NAMES
        if name.endswith(("_CONCURRENCY", "_SECONDS", "_MINUTES", "_HOURS", "_DAYS", "_PER_HOUR"))
    },
}


def test_every_variable_is_known_by_its_name_and_has_a_valid_value_here() -> None:
    assert set(NAMES) == set(ALL) | {"LOGROCKET_REQUESTS_PER_HOUR"} == set(VALID)
    for name in NAMES:
        from_environment({**used(name), name: VALID[name]})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "frame",
    [
        *(
            '"{}"',
            "'{}'",
            "`{}`",
            "\u201c{}\u201d",
            "\u2018{}\u2019",
            "\u00ab{}\u00bb",
            ' "{}" ',
            '"{}" # a remark',
            '" {} "',
        ),
        *("<{}>", "$({})", "${{HOME}}", "{{{{{}}}}}"),
    ],
)
def test_no_variable_accepts_a_value_with_its_quotes_or_a_placeholder(name: str, frame: str) -> None:
    value = frame.format(VALID[name])
    told = problems({**used(name), name: value})
    assert name in [problem.split(" ", 1)[0] for problem in told]
    assert VALID[name] not in "".join(told) or len(VALID[name]) < 12


@pytest.mark.parametrize("name", ["ADMIN_PASSWORD", "SECRET_KEY"])
@pytest.mark.parametrize("value", ['"begins with one {}', "ends with one {}'", "it's <fine> $ok {}"])
def test_a_secret_may_have_quotes_of_its_own(name: str, value: str) -> None:
    from_environment({**ENVIRON, name: value.format("k" * 32)})


NEARLY = {
    "ZENDESK_CLIENTID": "ZENDESK_CLIENT_ID",
    "ZENDESK_WEBHOOK_SECRETS": "ZENDESK_WEBHOOK_SECRET",
    "ZENDESK_WEBHOOK_SECRT": "ZENDESK_WEBHOOK_SECRET",
    "SECRET_KEY_FALLBACK": "SECRET_KEY_FALLBACKS",
    "LOGROCKET_APPID": "LOGROCKET_APP_ID",
    "RETENTION_DAY": "RETENTION_DAYS",
    "ADMIN_PASSWD": "ADMIN_PASSWORD",
    "REDIS-TLS-VERIFY": "REDIS_TLS_VERIFY",
    "public_url": "PUBLIC_URL",
    "KEYPREFIX": "KEY_PREFIX",
    "POLL_AFTER_SECOND": "POLL_AFTER_SECONDS",
}


@pytest.mark.parametrize(("name", "meant"), NEARLY.items())
def test_a_variable_that_is_nearly_one_of_ours_is_warned_of(name: str, meant: str) -> None:
    (warning,) = from_environment({**ENVIRON, name: "hush-hush"}).warnings
    assert name in warning
    assert meant in warning
    assert "hush" not in warning


PLATFORMS = (
    *(
        "PORT",
        "DYNO",
        "HOME",
        "PATH",
        "PWD",
        "USER",
        "LANG",
        "SHLVL",
        "HOSTNAME",
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "LOGNAME",
    ),
    *("HEROKU_APP_ID", "HEROKU_APP_NAME", "HEROKU_SLUG_COMMIT", "REDIS_TLS_URL", "REDISCLOUD_URL", "DATABASE_URL"),
    *("SECRET_KEY_BASE", "REDIS_PRIVATE_URL", "REDIS_PUBLIC_URL", "REDISHOST", "REDIS_PASSWORD", "WEB_MEMORY"),
    *("RENDER_EXTERNAL_URL", "FLY_APP_NAME", "RAILWAY_PUBLIC_DOMAIN", "PYTHONUNBUFFERED", "GUNICORN_CMD_ARGS"),
    *("ZENDESK_TICKET", "LOGROCKET_RELEASE", "WORKERS", "LOG", "SECRET", "KUBERNETES_SERVICE_HOST", "DOKKU_APP_NAME"),
)


def test_names_that_may_mean_one_variable_are_one_warning() -> None:
    (warning,) = from_environment({**ENVIRON, "ZENDESK_CLIENTID": "x", "zendesk_client-id": "y"}).warnings
    assert warning == "ZENDESK_CLIENTID and zendesk_client-id are set, but are not read: is ZENDESK_CLIENT_ID meant?"


def test_variables_of_platforms_are_not_warned_of() -> None:
    assert from_environment({**ENVIRON, **dict.fromkeys(PLATFORMS, "hush")}).warnings == ()


# -- It survives


def test_no_secret_is_in_a_repr() -> None:
    rules = {"LOGROCKET_PROJECTS": "brand:Acme Pro=acme/pro:acme:pro:hush-hush"}
    for environ in ({**ENVIRON, **rules}, {**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY}):
        settings = from_environment(environ)
        shown = (
            repr(settings)
            + str(settings)
            + repr(settings.of(ZendeskSettings).credentials)
            + repr(settings.of(ZendeskSettings))
            + repr(settings.of(LogRocketSettings))
        )
        assert "hush" not in shown


def test_every_secret_is_listed_for_the_log_to_blank() -> None:
    rules = "brand:Acme Pro=acme/pro:acme:pro:hush-0, form:360001=acme/eu:acme:eu:hush-8"
    environ = {
        **ENVIRON,
        "ZENDESK_WEBHOOK_SECRET": "webhook-hush-5,webhook-hush-9",
        "LOGROCKET_PROJECTS": rules,
    }
    secrets = from_environment(environ).secrets
    listed = {match for secret in secrets for match in re.findall(r"hush-[0-9]", secret)}
    assert listed == {f"hush-{number}" for number in range(10)}
    legacy = from_environment({**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY})
    assert LEGACY["ZENDESK_API_TOKEN"] in legacy.secrets


VALUES = st.one_of(
    st.sampled_from([value for values in MALFORMED.values() for value in values]),
    st.sampled_from([*ENVIRON.values(), *LEGACY.values()]),
    st.text(max_size=50),
    st.text("htps:/[]@#?a.0", max_size=20).map("https://{}".format),
)


@unhurried
@given(environ=st.dictionaries(st.sampled_from(ALL), VALUES.map("hush-hush-{}".format) | VALUES, max_size=len(ALL)))
def test_any_environment_gives_settings_or_says_what_is_wrong_without_a_value(environ: dict[str, str]) -> None:
    try:
        settings = from_environment({**ENVIRON, **environ})
    except SettingsError as error:
        assert error.problems  # noqa: PT017 -- either outcome is right
        assert all(problem.split(" ", 1)[0] in ALL for problem in error.problems)  # noqa: PT017 -- likewise
        assert "hush" not in str(error)  # noqa: PT017 -- likewise
    else:
        assert isinstance(settings, Settings)
        assert settings.public_url.startswith(("https://", "http://", "HTTPS://", "HTTP://"))


@unhurried
@given(value=st.text(min_size=6, max_size=60).map("hush-hush-{}".format), name=st.sampled_from(ALL))
def test_a_value_in_the_wrong_variable_is_never_repeated(value: str, name: str) -> None:
    try:
        from_environment({**ENVIRON, name: value})
    except SettingsError as error:
        assert "hush" not in str(error)  # noqa: PT017 -- either outcome is right
