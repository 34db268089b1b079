"""An Intercom that stands in, over real HTTP, and the place that writes notes there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.intercom import settings
from integration.intercom.inbox import Inbox
from integration.intercom.settings import IntercomSettings
from integration.variables import Reader
from sandbox.faults import Faults
from sandbox.intercom import Intercom


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def intercom(faults: Faults) -> Iterator[Intercom]:
    running = Intercom(faults=faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def configured(intercom: Intercom) -> IntercomSettings:
    read = settings.read(Reader(intercom.environment()))
    assert read is not None
    return read


@pytest.fixture
def inbox(configured: IntercomSettings) -> Iterator[Inbox]:
    place = Inbox(configured)
    yield place
    place.close()
