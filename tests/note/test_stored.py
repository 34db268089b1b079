"""A note that is kept for later is the same when it is read again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.facts import Highlights, Nothing
from integration.note import Note, compose, stored
from integration.note.document import Parts
from tests.note.notes import ADA, LINKS, REPLAY, REQUEST_ID, session

OF_EVERYTHING = f"""# A heading with [a link]({REPLAY})

She **paid**, _then_ `left`:\\
a new line

> - quoted
>   1. twice

3. as written
5. indeed

```
code
```
"""


def composed(told: Highlights | Nothing) -> Note:
    return compose(told, request_id=REQUEST_ID, links=LINKS, person=ADA)


def again(note: Note) -> Note:
    return stored.load(stored.dump(note))


@pytest.mark.parametrize(
    "told",
    [
        Highlights(summary=OF_EVERYTHING, sessions=(session(),)),
        Highlights(summary="x" * 70_000, sessions=(session(),)),
        Nothing.NO_SESSION,
    ],
)
def test_all_that_is_shown_is_kept(told: Highlights | Nothing) -> None:
    note = composed(told)
    assert again(note) == replace(note, parts=Parts())


@given(st.text(alphabet=st.sampled_from("*_`#>-1. \n[](){}<&@\\ax\u202e\u00e9"), max_size=80))
def test_whatever_the_text_is(text: str) -> None:
    note = composed(Highlights(summary=text, sessions=(session(),)))
    assert again(note) == replace(note, parts=Parts())


def test_what_is_no_note_is_not_read() -> None:
    with pytest.raises(ValueError, match="no block"):
        stored.load(stored.dump(composed(Nothing.FAILED)).replace('"paragraph"', '"picture"'))
