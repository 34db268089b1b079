"""A keyed hash that stands for an e-mail address, or for an id: what is stored can be found, and erased; no I/O.

It names the key that it was made with, by a short hash of that: with another key it could not be told whose it is.
"""

from __future__ import annotations

import enum
import functools
import hmac
from collections.abc import Sequence
from typing import Final

from integration.cases import stored
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey, Person

_PURPOSE: Final = b"e-mail address\0"  # keeps these hashes apart from all else that SECRET_KEY signs
_KEY_PURPOSE: Final = b"name of this key\0"
_ANY: Final = CaseKey("")  # whose case it is does not matter here
_LENGTH: Final = 32  # hexadecimal digits
_KEY_LENGTH: Final = 8


class Whose(enum.Enum):
    """Whether a stored entry is of the address that is looked for."""

    THEIRS = enum.auto()
    OTHERS = enum.auto()
    UNKNOWN_KEY = enum.auto()  # it names a key that is not here (any more)
    UNREADABLE = enum.auto()


def of(email: str, secret_key: str) -> str:
    """The hash of an address, however its letters are cased, behind the name of the key."""
    text = _folded(email).encode("utf-8", "replace")
    return f"{_name(secret_key)}:{_hash(secret_key, _PURPOSE + text)[:_LENGTH]}"


class Pseudonyms:
    """The hashes that the current one of our keys makes; none without a key."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._secret_keys = secret_keys

    def of_address(self, email: str) -> str | None:
        """What stands for an address in an entry whose address is deleted."""
        return of(email, self._secret_keys[0]) if email and self._secret_keys else None

    def of_people(self, people: Sequence[Person]) -> str | None:
        """What stands for a person by whichever identities are known: for the address, if there is one."""
        for email in (person.email for person in people if person.email is not None):
            return self.of_address(email)
        for own_id in (person.external_id for person in people if person.external_id is not None):
            return self.of_address(f"id\n{_capitals_kept(own_id)}")
        return None

    def of_request(self, person: Person, service: str) -> str | None:
        """What stands for a person in a project, so that other cases of theirs find the request that was made there."""
        return self.of_address(f"{person.email or ''}\n{_capitals_kept(person.external_id or '')}\n{service}")

    def of_contact(self, desk: str, contact: str) -> list[str]:
        """What stands for somebody by what their desk calls them: by each key that may have been the current one."""
        return [of(f"{desk}\n{contact}", secret_key) for secret_key in self._secret_keys]

    def search(self, email: str) -> Search:
        """A search for the entries of an address."""
        return Search(email, self._secret_keys)


class Search:
    """Looks for one address among stored entries."""

    def __init__(self, email: str, secret_keys: Sequence[str]) -> None:
        self._email = _folded(email)
        self._hashes = {of(email, key) for key in secret_keys}
        self._names = {_name(key) for key in secret_keys}

    def whose(self, document: bytes) -> Whose:
        """Whose an entry is, as it is stored."""
        try:
            email, pseudonym = stored.whose(document)
        except (ValueError, AttributeError, RecursionError):
            return Whose.UNREADABLE
        if isinstance(email, str) and _folded(email) == self._email:
            return Whose.THEIRS
        if isinstance(pseudonym, str) and pseudonym in self._hashes:
            return Whose.THEIRS
        try:
            entry = stored.load(document, _ANY)
        except NewerEntryError:
            return Whose.UNREADABLE
        name = (entry.pseudonym or "").partition(":")[0]
        if entry.person.email is None and entry.pseudonym is not None and name not in self._names:
            return Whose.UNKNOWN_KEY
        return Whose.OTHERS


def _capitals_kept(own_id: str) -> str:
    """A person's own id in a form whose hash tells capitals apart, as an address's does not."""
    return own_id.encode("utf-8", "replace").hex()


def _folded(email: str) -> str:
    return email.strip().casefold()


@functools.cache
def _name(secret_key: str) -> str:
    return _hash(secret_key, _KEY_PURPOSE)[:_KEY_LENGTH]


def _hash(secret_key: str, text: bytes) -> str:
    return hmac.digest(secret_key.encode(), text, "sha256").hex()
