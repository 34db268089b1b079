"""By its marker a note is found again, in whichever form a place gives its text back."""

from __future__ import annotations

import html
import re

import pytest

from integration.note import marker
from tests.note.notes import LAST_LINE, REQUEST_ID, note

OTHER = "ffffffffffff" + "b" * 52


@pytest.mark.parametrize("request_id", [REQUEST_ID, "ab", "0cc12cad4b5b"])
def test_the_marker_has_the_first_12_characters_of_the_request(request_id: str) -> None:
    assert marker.of(request_id) == f"Highlights request {request_id[:12]}"


def test_a_note_is_found_by_its_own_marker_and_by_no_others() -> None:
    made = note("The user pays")
    for form in (made, html.unescape(re.sub("<[^>]+>", "\n", made))):
        assert marker.one_is_in(["", form], [marker.of(OTHER), marker.of(REQUEST_ID)])
        assert not marker.one_is_in([form], [marker.of(OTHER)])
        assert not marker.one_is_in([form], [])
        assert marker.any_is_in(["", form])


@pytest.mark.parametrize("text", ["", "Highlights request ", f"{LAST_LINE}0", f"{LAST_LINE}-", "Highlights request é"])
def test_what_only_begins_like_a_marker_is_none(text: str) -> None:
    assert not marker.any_is_in([text])
