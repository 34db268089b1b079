"""Makes text from elsewhere fit for a terminal: printable, with no secrets in names and addresses; no I/O."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_LONGEST_NAME: Final = 60
_LONGEST_ADDRESS: Final = 200
_LONGEST_READ: Final = 1000
_EMAIL: Final = re.compile(r"[^\s@<>\"(),;:]+@[^\s@<>\"(),;:]+")


def named(name: object) -> str:
    """A name in quotes. People call users, and triggers, by their e-mail address: it is masked."""
    text = _EMAIL.sub(lambda match: masked(match[0]), str(name)[:_LONGEST_READ])
    return printable(f'"{text[:_LONGEST_NAME]}"')


def address(url: str) -> str:
    """Scheme, host and path of a URL: user name, password, query and fragment may be secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:_LONGEST_ADDRESS])


def masked(email: str) -> str:
    """An e-mail address that its owner recognises and nobody else: `a•••@s•••.example`."""
    name, _, domain = email.rpartition("@")
    host, dot, top = domain.rpartition(".")
    return f"{_masked(name)}@{_masked(host)}{dot}{top}" if dot else f"{_masked(name)}@{_masked(domain)}"


def printable(text: object) -> str:
    """Text with a question mark for every character that does not print."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


def _masked(text: str) -> str:
    return f"{text[:1]}•••"
