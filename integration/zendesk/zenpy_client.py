"""zenpy as we use it: on a session of ours, and with its exceptions made into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from zenpy import Zenpy
from zenpy.lib.exception import ZenpyException

from integration.http import CONNECT_SECONDS, READ_SECONDS, ServiceSession
from integration.zendesk import trouble
from integration.zendesk.settings import ZendeskSettings

SURPRISES: Final = (
    *(ZenpyException, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError),
    ArithmeticError,  # an id that is Infinity
)
"""What zenpy, or a look into what it returns, raises when an answer is JSON of a shape that it does not expect."""


def client(settings: ZendeskSettings, session: ServiceSession) -> Zenpy:
    """Zenpy on a session that authorises its requests itself, which zenpy calls anonymous."""
    return Zenpy(
        subdomain=settings.subdomain,
        session=session,
        anonymous=True,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        disable_cache=True,
    )


@contextmanager
def understood(*, write: bool) -> Iterator[None]:
    """Translate zenpy's surprises into `Temporary`, so that no answer of Zendesk's reaches a log or a person."""
    try:
        yield
    except SURPRISES as error:
        raise trouble.unreadable(outcome_unknown=write) from error
