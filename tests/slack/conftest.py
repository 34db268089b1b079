"""A Slack that stands in, over real HTTP, and the place that posts to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.slack import settings
from integration.slack.channel import Channel
from integration.slack.settings import SlackSettings
from integration.variables import Reader
from sandbox.faults import Faults
from sandbox.slack import Slack


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def slack(faults: Faults) -> Iterator[Slack]:
    running = Slack(faults=faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def configured(slack: Slack) -> SlackSettings:
    read = settings.read(Reader(slack.environment()))
    assert read is not None
    return read


@pytest.fixture
def channel(configured: SlackSettings) -> Iterator[Channel]:
    place = Channel(configured)
    yield place
    place.close()
