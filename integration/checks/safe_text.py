"""What other services say, fit for the output of `check`: names and addresses without secrets, errors with advice."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from integration.checks import Result, failure
from integration.errors import RemoteError
from integration.settings import Settings
from integration.web.status.wording import masked
from integration.zendesk import trouble
from integration.zendesk.setup.conditions import printable

_LONGEST_NAME: Final = 60
_LONGEST_ADDRESS: Final = 200
_LONGEST_READ: Final = 1000
_EMAIL: Final = re.compile(r"[^\s@<>\"(),;:]+@[^\s@<>\"(),;:]+")


def named(name: object) -> str:
    """A name in quotes. People call users, and triggers, by their e-mail address: it is masked."""
    text = _EMAIL.sub(lambda found: masked(found[0]), str(name)[:_LONGEST_READ])
    return printable(f'"{text[:_LONGEST_NAME]}"')


def address(url: str) -> str:
    """Scheme, host and path of a URL: user name, password, query and fragment may be secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:_LONGEST_ADDRESS])


def of_trouble(name: str, error: RemoteError, settings: Settings) -> Result:
    """A check that failed because Zendesk did not do what was asked: in the words of all other commands."""
    told = trouble.in_words(error, settings.zendesk)
    return failure(name, told.found, told.fix or trouble.AGAIN)
