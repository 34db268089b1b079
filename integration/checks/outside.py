"""Names and addresses from other services, fit for the output of `check`: nobody's e-mail, no password, one line."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from integration.status.words import masked
from integration.zendesk.conditions import printable

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
