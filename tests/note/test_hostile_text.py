"""No text breaks a note's rules, whatever it is mixed of, and none costs more time than it should."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.facts import Highlights, NoteStyle, Nothing, Occasion, Person, Said
from integration.note import compose, slack, text
from tests.note.hostile import BOMBS, PIECES
from tests.note.notes import BELOW_A_PATH, LAST_LINE, LINKS, REQUEST_ID, note, note_of, session, unhurried

HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(unhurried, max_examples=300)
@given(summary=HOSTILE, text=HOSTILE)
@example(summary="{\u034f{", text="https:/\ufe0f/evil.example")
def test_no_mix_of_hostile_pieces_breaks_the_rules(summary: str, text: str) -> None:
    note(summary, text)
    note(text, summary, links=BELOW_A_PATH)


@unhurried
@given(summary=st.text(), text=st.text(), email=st.none() | st.text(min_size=1, max_size=40))
def test_no_text_breaks_the_rules(summary: str, text: str, email: str | None) -> None:
    note(summary, text, person=Person(email=email, external_id="cus_4711"))


TIMES = st.none() | st.floats(-1e12, 1e12, allow_nan=False) | st.sampled_from([0.0, 1.8e9, 1.8e12, 2e12])
OCCASIONS = st.builds(
    Occasion,
    name=HOSTILE,
    case=HOSTILE,
    created_at=st.none() | st.floats(1.4e9, 2e9),
    now=st.none() | st.floats(1.4e9, 2e9),
    older=st.booleans(),
    on_demand=st.booleans(),
    said=st.none() | st.builds(Said, score=st.floats(0, 10), comment=HOSTILE.map(lambda comment: comment[:100])),
    reused_from=HOSTILE,
    merged_from=HOSTILE,
)
STYLES = st.builds(
    NoteStyle,
    language=st.sampled_from(["en", "de", "es"]),
    timezone=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/St_Johns"]),
    template=st.sampled_from(
        [
            None,
            (
                "{{ who }} {{ remark }}\n\n{{ summary }}\n{% for session in sessions %}\n{{ session.number }}. "
                "[{{ session.when }}]({{ session.url }}) {{ session.text }}{% endfor %}"
            ),
            "[{{ who }}]({{ first_look }}){{ summary }}{{ sessions[0].text if sessions }}[x]({{ all_sessions }})",
        ]
    ),
)


@settings(unhurried, max_examples=200)
@given(summary=HOSTILE, told=HOSTILE, at=TIMES, occasion=OCCASIONS, style=STYLES)
def test_no_occasion_and_no_style_breaks_the_rules(
    summary: str, told: str, at: float | None, occasion: Occasion, style: NoteStyle
) -> None:
    link = "" if at is None else f" [y](https://app.logrocket.com/acme/shop/s/5-14de/0?t={at:.0f}) "
    highlights = Highlights(summary=summary + link, sessions=(session(link + told), session(told)))
    note_of(highlights, occasion=occasion, style=style)
    note_of(Nothing.FAILED, occasion=occasion, style=style)


@settings(unhurried, max_examples=100)
@given(summary=HOSTILE, told=HOSTILE, occasion=OCCASIONS)
def test_no_text_calls_anybody_or_leads_elsewhere_in_slack(summary: str, told: str, occasion: Occasion) -> None:
    highlights = Highlights(summary=summary + "<!channel> <@U1>", sessions=(session(f"@here {told} <#C1|x>"),))
    made = slack.render(compose(highlights, request_id=REQUEST_ID, links=LINKS, person=Person(email="a@b.example")))
    assert not any(mention in made for mention in ("<!", "<@", "<#", "@here"))
    assert made.endswith(LAST_LINE)
    named = compose(highlights, request_id=REQUEST_ID, links=LINKS, person=Person(), occasion=occasion)
    assert not any(mention in slack.render(named) for mention in ("<!", "<@", "<#", "@here"))
    assert len(slack.render(named)) <= slack.MAX_CHARACTERS
    assert len(text.render(named, max_characters=500)) <= 500


@settings(unhurried, max_examples=8)
@given(piece=HOSTILE.filter(bool), repeats=st.integers(1_000, 2_000))
def test_no_long_text_breaks_the_rules(piece: str, repeats: int) -> None:
    note((piece * repeats)[:30_000])


@pytest.mark.parametrize("markdown", BOMBS.values(), ids=BOMBS)
def test_a_time_bomb_does_not_go_off(markdown: str) -> None:
    started = time.process_time()
    note(markdown, *[markdown] * 3)
    seconds = time.process_time() - started
    print(f"{seconds:.2f} s")  # noqa: T201 -- pytest -rP shows them all
    assert seconds < 2  # one, and as much again for a machine that is busy


def test_a_hundred_thousand_sessions_do_not_go_off() -> None:
    started = time.process_time()
    sessions = tuple(session("x" * 100) for _ in range(100_000))
    made = note_of(Highlights(summary="x", sessions=sessions))
    assert "This note was cut" in made
    assert time.process_time() - started < 5
