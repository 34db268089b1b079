"""What LogRocket says of its refusal, as far as its sentence is a known one; no I/O."""

from __future__ import annotations

from typing import Final

from integration.machine_words import known_sentence

_SENTENCES: Final = ("token signature is invalid", "Missing request authorization", "Invalid API key")


def refusal_words(body: bytes) -> str:
    """The sentence of a refusal; empty when it is none of the known ones."""
    return known_sentence(body, _SENTENCES)
