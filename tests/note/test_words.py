"""All languages say the same, in the same places, and the settings offer just those that there are."""

from __future__ import annotations

import re

import pytest
from babel import Locale

from integration.note.words import CATALOGUES
from integration.note_settings import LANGUAGES


def placeholders(sentence: str | dict[str, str]) -> set[frozenset[str]]:
    """The placeholders of each form of a sentence."""
    forms = [sentence] if isinstance(sentence, str) else list(sentence.values())
    return {frozenset(re.findall(r"\{(\w+)\}", form)) | {"count"} for form in forms}


def test_the_settings_offer_the_languages_that_there_are() -> None:
    assert tuple(CATALOGUES) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_the_entries_and_placeholders_of_all_others(language: str) -> None:
    ours, english = CATALOGUES[language], CATALOGUES["en"]
    assert list(ours) == list(english)
    for entry, sentence in ours.items():
        assert placeholders(sentence) == placeholders(english[entry]), entry  # type: ignore[arg-type]
        if not isinstance(sentence, str):
            assert {"one", "other"} <= set(sentence) <= Locale(language).plural_form.tags | {"other"}, entry
