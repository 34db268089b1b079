"""What an admin sets: the contract's table, and one message for everything that is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from integration.errors import SettingsError
from integration.settings import ZENDESK_TEST_SECRET, ApiToken, OAuthClient, Settings, from_environment

unhurried = limits(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ENVIRON = {
    "REDIS_URL": "rediss://:redis-hush-1@redis.example:6380/0",
    "PUBLIC_URL": "https://highlights.acme.example",
    "SECRET_KEY": "key-hush-2-" + "k" * 32,
    "SECRET_KEY_FALLBACKS": "old-hush-3-" + "k" * 32,
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_CLIENT_ID": "highlights",
    "ZENDESK_CLIENT_SECRET": "oauth-hush-4",
    "ZENDESK_WEBHOOK_SECRET": "webhook-hush-5",
    "LOGROCKET_APP_ID": "acme/shop",
    "LOGROCKET_API_KEY": "acme:shop:logrocket-hush-6",
    "ADMIN_PASSWORD": "admin-hush-7",
}
LEGACY = {"ZENDESK_EMAIL": "bot@acme.example", "ZENDESK_API_TOKEN": "token-hush-8"}
NEEDED = (
    "REDIS_URL",
    "PUBLIC_URL",
    "SECRET_KEY",
    "ZENDESK_SUBDOMAIN",
    "ZENDESK_CLIENT_ID",
    "ZENDESK_CLIENT_SECRET",
    "LOGROCKET_APP_ID",
    "LOGROCKET_API_KEY",
)
ALL = (
    *ENVIRON,
    *LEGACY,
    *("KEY_PREFIX", "KEEP_ALIVE_SECONDS"),
    *("REDIS_TLS_VERIFY", "HEROKU_APP_DEFAULT_DOMAIN_NAME", "LOGROCKET_APP_URL", "LOGROCKET_API_URL", "ZENDESK_URL"),
    *("WEB_CONCURRENCY", "WORKER_CONCURRENCY", "POLL_AFTER_SECONDS", "FAILED_RETRY_SECONDS", "SETTLE_SECONDS"),
    *("BACKOFF_SECONDS", "RETENTION_DAYS", "LOG_LEVEL", "LOG_FORMAT"),
)


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
    assert settings.zendesk_subdomain == "acme"
    assert settings.zendesk_credentials == OAuthClient(client_id="highlights", client_secret="oauth-hush-4")
    assert settings.zendesk_webhook_secrets == ("webhook-hush-5",)
    assert (settings.logrocket_org, settings.logrocket_app) == ("acme", "shop")
    assert settings.logrocket_api_key == "acme:shop:logrocket-hush-6"
    assert settings.admin_password == "admin-hush-7"
    assert settings.warnings == ()


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = from_environment(without("SECRET_KEY_FALLBACKS", "ADMIN_PASSWORD", "ZENDESK_WEBHOOK_SECRET"))
    assert settings.redis_tls_verify
    assert (settings.key_prefix, settings.keep_alive_seconds) == ("highlights", 95)
    assert len(settings.secret_keys) == 1
    assert settings.zendesk_url == "https://acme.zendesk.com"
    assert settings.zendesk_webhook_secrets == ()
    assert settings.logrocket_api_url == "https://api.logrocket.com"
    assert settings.logrocket_app_url == "https://app.logrocket.com"
    assert settings.admin_password is None
    assert (settings.web_concurrency, settings.worker_concurrency) == (2, 4)
    assert settings.poll_after_seconds == 300
    assert list(settings.failed_retry_seconds) == [60, 300, 900]
    assert (settings.settle_seconds, settings.backoff_seconds, settings.retention_days) == (60, 5, 30)
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


def test_every_optional_variable_is_heard() -> None:
    settings = from_environment(
        {
            **ENVIRON,
            "REDIS_TLS_VERIFY": "False",
            "KEY_PREFIX": "Acme_Staging-2",
            "KEEP_ALIVE_SECONDS": "120",
            "ZENDESK_URL": "http://127.0.0.1:8001/",
            "LOGROCKET_API_URL": "http://[::1]:8002",
            "LOGROCKET_APP_URL": "https://lr.acme.example/rocket/",
            "WEB_CONCURRENCY": "3",
            "WORKER_CONCURRENCY": "8",
            "POLL_AFTER_SECONDS": "0.5",
            "FAILED_RETRY_SECONDS": "1, 2.5,3",
            "SETTLE_SECONDS": "0",
            "BACKOFF_SECONDS": "0.05",
            "RETENTION_DAYS": "7",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "JSON",
        }
    )
    assert not settings.redis_tls_verify
    assert (settings.key_prefix, settings.keep_alive_seconds) == ("Acme_Staging-2", 120)
    assert settings.keys.ticket(7) == "Acme_Staging-2:ticket:7"
    assert settings.zendesk_url == "http://127.0.0.1:8001"
    assert settings.logrocket_api_url == "http://[::1]:8002"
    assert settings.logrocket_app_url == "https://lr.acme.example/rocket"
    assert (settings.web_concurrency, settings.worker_concurrency) == (3, 8)
    assert (settings.poll_after_seconds, settings.failed_retry_seconds) == (0.5, (1, 2.5, 3))
    assert (settings.settle_seconds, settings.backoff_seconds, settings.retention_days) == (0, 0.05, 7)
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")


def test_several_webhook_secrets_are_accepted_for_a_rotation() -> None:
    settings = from_environment({**ENVIRON, "ZENDESK_WEBHOOK_SECRET": " new , old ,"})
    assert settings.zendesk_webhook_secrets == ("new", "old")


def test_oauth_wins_over_a_legacy_token_without_a_warning() -> None:
    settings = from_environment({**ENVIRON, **LEGACY})
    assert isinstance(settings.zendesk_credentials, OAuthClient)
    assert settings.warnings == ()


def test_a_legacy_token_works_with_a_warning() -> None:
    settings = from_environment({**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY})
    assert settings.zendesk_credentials == ApiToken(email="bot@acme.example", token="token-hush-8")
    assert any("30 April 2027" in warning for warning in settings.warnings)


def test_without_a_webhook_secret_it_starts_with_a_warning() -> None:
    assert any(
        "ZENDESK_WEBHOOK_SECRET" in each for each in from_environment(without("ZENDESK_WEBHOOK_SECRET")).warnings
    )


def test_the_public_test_secret_is_warned_of() -> None:
    settings = from_environment({**ENVIRON, "ZENDESK_WEBHOOK_SECRET": ZENDESK_TEST_SECRET})
    assert any("test secret" in warning for warning in settings.warnings)


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
    assert from_environment({**ENVIRON, "LOGROCKET_API_KEY": key}).logrocket_api_key == key


def test_a_secret_key_of_32_characters_is_enough() -> None:
    assert from_environment({**ENVIRON, "SECRET_KEY": "x" * 32}).secret_keys[0] == "x" * 32


# -- .env


def test_dot_env_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, {"LOGROCKET_APP_ID": "acme/shop", "WEB_CONCURRENCY": "7"}, at=tmp_path)
    lines = [f"{name}='{value}'" for name, value in ENVIRON.items()]
    tmp_path.joinpath(".env").write_text("\n".join([*lines, "LOGROCKET_APP_ID=other/app", "WEB_CONCURRENCY=3"]))
    settings = from_environment()
    assert (settings.logrocket_org, settings.web_concurrency) == ("acme", 7)
    assert settings.secret_keys[0] == ENVIRON["SECRET_KEY"]


def test_dot_env_keeps_dollar_signs_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, {**ENVIRON, "HOME": "/nowhere"}, at=tmp_path)
    monkeypatch.delenv("ADMIN_PASSWORD")
    tmp_path.joinpath(".env").write_text("ADMIN_PASSWORD=a${HOME}b$c\n")
    assert from_environment().admin_password == "a${HOME}b$c"


def test_without_dot_env_the_environment_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _only(monkeypatch, ENVIRON, at=tmp_path)
    assert from_environment().zendesk_subdomain == "acme"


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
        "https://highlights.acme.example/?a=b",
        "https://highlights.acme.example?",
        "https://highlights.acme.example/#top",
        "https://highlights.acme.example#",
        "https://highlights.acme.example\\@evil.example",
        "https://h\u00f6chst.example",
        "javascript:alert(1)",
    ],
    "SECRET_KEY": ["x", "x" * 31, "k" * 32 + "\udcff"],
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
    "ZENDESK_CLIENT_SECRET": ["two words", "caf\u00e9", "line\nbreak"],
    "ZENDESK_WEBHOOK_SECRET": ["two words", "caf\u00e9", "good,b\u00e4d", "nul\x00"],
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
    "LOGROCKET_API_KEY": ["two words", "caf\u00e9", "line\nbreak"],
    "WEB_CONCURRENCY": ["0", "-1", "1.5", "two", "1e3", "\uff12", "\u00b2", "9999", "1_0"],
    "WORKER_CONCURRENCY": ["0", "-1", "1.5", "two"],
    "POLL_AFTER_SECONDS": ["0", "-1", "soon", "nan", "inf", "1e3", "5m", "\u0663", "1_0"],
    "FAILED_RETRY_SECONDS": ["60;300", "60 300", "-60", "soon", "60,nan", "inf", ","],
    "SETTLE_SECONDS": ["-1", "soon", "nan", "inf"],
    "BACKOFF_SECONDS": ["0", "-1", "soon", "nan", "inf"],
    "RETENTION_DAYS": ["0", "-1", "1.5", "forever"],
    "LOG_LEVEL": ["LOUD", "7"],
    "LOG_FORMAT": ["xml", "text,json"],
    "ADMIN_PASSWORD": ["line\nbreak", "h\udcff"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in MALFORMED.items() for value in values])
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    found = problems({**ENVIRON, name: value})
    assert [problem.split(" ", 1)[0] for problem in found] == [name]
    if len(value) > 8:  # a shorter one may well be part of the advice
        assert value not in "".join(found)


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
    found = problems({**ENVIRON, name: url})
    assert [problem.split(" ", 1)[0] for problem in found] == [name]
    assert "hush" not in "".join(found)


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


# -- It survives


def test_no_secret_is_in_a_repr() -> None:
    for environ in (ENVIRON, {**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY}):
        settings = from_environment(environ)
        shown = repr(settings) + str(settings) + repr(settings.zendesk_credentials)
        assert "hush" not in shown


def test_every_secret_is_listed_for_the_log_to_blank() -> None:
    environ = {**ENVIRON, "ZENDESK_WEBHOOK_SECRET": "webhook-hush-5,webhook-hush-9"}
    secrets = from_environment(environ).secrets
    listed = {match for secret in secrets for match in re.findall(r"hush-[0-9]", secret)}
    assert listed == {f"hush-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9)}
    legacy = from_environment({**without("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"), **LEGACY})
    assert LEGACY["ZENDESK_API_TOKEN"] in legacy.secrets


VALUES = st.one_of(
    st.sampled_from([each for values in MALFORMED.values() for each in values]),
    st.sampled_from([*ENVIRON.values(), *LEGACY.values()]),
    st.text(max_size=50),
    st.text("htps:/[]@#?a.0", max_size=20).map("https://{}".format),
)


@unhurried
@given(environ=st.dictionaries(st.sampled_from(ALL), VALUES.map("hush-hush-{}".format) | VALUES, max_size=len(ALL)))
def test_any_environment_gives_settings_or_says_what_is_wrong_without_a_value(environ: dict[str, str]) -> None:
    try:
        found = from_environment({**ENVIRON, **environ})
    except SettingsError as error:
        assert error.problems  # noqa: PT017 -- either outcome is right
        assert all(problem.split(" ", 1)[0] in ALL for problem in error.problems)  # noqa: PT017 -- likewise
        assert "hush" not in str(error)  # noqa: PT017 -- likewise
    else:
        assert isinstance(found, Settings)
        assert found.public_url.startswith(("https://", "http://", "HTTPS://", "HTTP://"))


@unhurried
@given(value=st.text(min_size=6, max_size=60).map("hush-hush-{}".format), name=st.sampled_from(ALL))
def test_a_value_in_the_wrong_variable_is_never_repeated(value: str, name: str) -> None:
    try:
        from_environment({**ENVIRON, name: value})
    except SettingsError as error:
        assert "hush" not in str(error)  # noqa: PT017 -- either outcome is right
