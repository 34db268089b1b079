"""What an admin sets about Intercom."""

from __future__ import annotations

import pytest

from integration.intercom import settings
from integration.intercom.settings import IntercomSettings
from integration.variables import Reader

NEEDED = {"INTERCOM_ACCESS_TOKEN": "dG9rOmh1c2gtMQ==", "INTERCOM_CLIENT_SECRET": "hush-2-of-the-client"}


def configured(environ: dict[str, str]) -> IntercomSettings:
    read = settings.read(Reader(environ))
    assert read is not None
    return read


def test_without_any_of_it_there_is_no_intercom() -> None:
    reader = Reader({"INTERCOM_ACCESS_TOKEN": " ", "INTERCOM_REGION": ""})
    assert settings.read(reader) is None
    assert reader.problems == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INTERCOM_REGION", "eu"),
        ("INTERCOM_ADMIN_ID", "991267696"),
        ("INTERCOM_URL", "https://intercom.example"),
        *NEEDED.items(),
    ],
)
def test_token_and_client_secret_are_needed_as_soon_as_one_variable_is_set(name: str, value: str) -> None:
    reader = Reader({name: value})
    settings.read(reader)
    assert reader.problems == {needed: "is not set" for needed in NEEDED if needed != name}


def test_token_and_client_secret_are_enough_and_are_shown_nowhere() -> None:
    read = configured(NEEDED)
    assert (read.region, read.admin_id, read.url) == ("us", None, "https://api.intercom.io")
    assert set(read.secrets) == set(NEEDED.values())
    assert not any(secret in f"{read!r}{read.account}{read.facts()}" for secret in read.secrets)


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us", "https://api.intercom.io"),
        ("EU", "https://api.eu.intercom.io"),
        ("au", "https://api.au.intercom.io"),
    ],
)
def test_each_region_has_an_address_of_its_own(region: str, url: str) -> None:
    assert configured(NEEDED | {"INTERCOM_REGION": region}).url == url


def test_an_address_and_an_author_are_heard() -> None:
    more = {"INTERCOM_URL": "http://127.0.0.1:8007/", "INTERCOM_ADMIN_ID": "991267696"}
    read = configured(NEEDED | more)
    assert (read.url, read.admin_id) == ("http://127.0.0.1:8007", "991267696")


@pytest.mark.parametrize(
    ("more", "inbox"),
    [
        ({}, "https://app.intercom.com"),
        ({"INTERCOM_REGION": "eu"}, "https://app.eu.intercom.com"),
        ({"INTERCOM_REGION": "au"}, "https://app.au.intercom.com"),
        ({"INTERCOM_REGION": "eu", "INTERCOM_URL": "http://127.0.0.1:8007/"}, "http://127.0.0.1:8007"),
    ],
)
def test_teammates_work_where_the_workspace_is(more: dict[str, str], inbox: str) -> None:
    assert configured(NEEDED | more).inbox_url == inbox


def test_all_that_is_missing_or_malformed_is_told_at_once_and_no_value() -> None:
    wrong = {
        "INTERCOM_ACCESS_TOKEN": "your-access-token",
        "INTERCOM_CLIENT_SECRET": "",
        "INTERCOM_REGION": "mars",
        "INTERCOM_ADMIN_ID": "bot@acme.example",
        "INTERCOM_URL": "http://intercom.example",
    }
    reader = Reader(wrong)
    settings.read(reader)
    assert set(reader.problems) == set(settings.NAMES)
    assert reader.problems["INTERCOM_CLIENT_SECRET"] == "is not set"
    told = " ".join(reader.problems.values())
    assert not any(value in told for value in wrong.values() if value)


@pytest.mark.parametrize("number", ["0", "-1", "last", "1" * 19, "12 34"])
def test_an_author_is_a_number(number: str) -> None:
    reader = Reader(NEEDED | {"INTERCOM_ADMIN_ID": number})
    settings.read(reader)
    assert list(reader.problems) == ["INTERCOM_ADMIN_ID"]
