"""Text in its plainest letters, so that one rule finds a number in every way to write it."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from integration.note.characters import clean

_KEPT: Final = frozenset("ªº¹²³")  # `3º B` is a floor, and stays one
_ACCENTED: Final = re.compile(r"\w[\u0300-\u036f]{1,4}")  # bounded: a letter may come with thousands of accents
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2212\ufe63\uff0d")


def plain(text: str) -> str:
    """The text with one kind of space, dash and digit, without what cannot be seen."""
    text = _ACCENTED.sub(_composed, clean(html.unescape(text)))
    return "".join(character if character.isascii() else _plain(character) for character in text)


def _composed(accented: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", accented[0])


def _plain(character: str) -> str:
    if character in _KEPT:
        return character
    if character in _DASHES:
        return "-"
    if character.isspace():
        return " "
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    simple = unicodedata.normalize("NFKC", character)  # letters of full width, of mathematics, in circles
    return simple if len(simple) == 1 and simple.isascii() else character
