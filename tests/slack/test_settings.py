"""What an admin sets about Slack."""

from __future__ import annotations

import pytest

from integration.slack import settings
from integration.slack.settings import SlackSettings
from integration.variables import Reader

TOKEN = "xoxb-hush-123456"
BOTH = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_CHANNEL": "C0123456789"}


def test_without_any_of_it_there_is_no_slack() -> None:
    reader = Reader({"SLACK_BOT_TOKEN": " ", "SLACK_CHANNEL": ""})
    assert settings.read(reader) is None
    assert reader.problems == {}


def test_token_and_channel_are_enough_and_the_token_is_shown_nowhere() -> None:
    read = settings.read(Reader(BOTH))
    assert read == SlackSettings(token=TOKEN, channel="C0123456789", api_url="https://slack.com/api")
    assert TOKEN not in repr(read)
    assert read is not None
    assert read.secrets == (TOKEN,)


def test_an_address_of_its_own_has_no_slash_at_its_end() -> None:
    read = settings.read(Reader(BOTH | {"SLACK_API_URL": "https://slack-gov.com/api/"}))
    assert read is not None
    assert read.api_url == "https://slack-gov.com/api"


@pytest.mark.parametrize("missing", ["SLACK_BOT_TOKEN", "SLACK_CHANNEL"])
def test_one_needs_the_other(missing: str) -> None:
    reader = Reader(BOTH | {missing: ""})
    settings.read(reader)
    assert reader.problems == {missing: "is not set"}


def test_the_address_alone_needs_both() -> None:
    reader = Reader({"SLACK_API_URL": "https://slack.com/api"})
    settings.read(reader)
    assert reader.problems.keys() == {"SLACK_BOT_TOKEN", "SLACK_CHANNEL"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-hush-123456", "xoxb-"),
        ("SLACK_BOT_TOKEN", "https://hooks.slack.com/services/T0/B0/hush", "xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-hush", "expires"),
        ("SLACK_BOT_TOKEN", "xoxb-change-me", "stands for a secret"),
        ("SLACK_CHANNEL", "#low-scores", "id"),
        ("SLACK_CHANNEL", "low-scores", "id"),
        ("SLACK_CHANNEL", "D0123456789", "id"),
        ("SLACK_CHANNEL", "c0123456789", "id"),
        ("SLACK_API_URL", "http://slack.com/api", "https://"),
    ],
)
def test_what_cannot_be_meant_is_told_without_its_value(name: str, value: str, told: str) -> None:
    reader = Reader(BOTH | {name: value})
    settings.read(reader)
    assert reader.problems.keys() == {name}
    assert told in reader.problems[name]
    assert value not in reader.problems[name]
