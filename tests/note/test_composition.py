"""What a note consists of, out of what LogRocket says and the ledger keeps."""

from __future__ import annotations

import json

from integration.cases import results
from integration.cases.entry import Entry, Policy, Request, State
from integration.cases.stored import dump, load
from integration.facts import Highlights, Result
from integration.logrocket.links import ProjectLinks
from integration.logrocket.results import read
from tests.deliveries.recorded import delivery
from tests.note.notes import BELOW_A_PATH, EVERYTHING, LAST_LINE, REPLAY, REQUEST_ID, body, note, note_of, session
from tests.tickets import key


def test_a_note_has_a_first_line_the_summary_a_line_a_session_all_sessions_and_its_marker() -> None:
    made = note("The user **shops**.", "The user [pays](https://app.logrocket.com/acme/shop/s/5-14de/0?t=1)", "")
    assert made == (
        "<p><strong>ada@shop.example</strong>: 2 sessions in LogRocket.</p>"
        "<p>The user <strong>shops</strong>.</p>"
        f'<p>1. <a href="{REPLAY}">Session replay</a>: '
        'The user <a href="https://app.logrocket.com/acme/shop/s/5-14de/0?t=1">pays</a></p>'
        f'<p>2. <a href="{REPLAY}">Session replay</a></p>'
        f'<p><a href="{EVERYTHING}">All sessions of this person</a></p>'
        f"<p>{LAST_LINE}</p>"
    )


def test_the_recorded_result_of_the_first_page_keeps_its_links() -> None:
    links = ProjectLinks(app_url="https://app.logrocket.com", org="orgID", app="appID")
    made = note_of(read(delivery("logrocket/ready_first_page").body).highlights, links=links)
    assert made.count("<a ") == 2 + 2 + 4 + 2  # where to look first, and all sessions
    assert "t=1715564734801" in made


def test_the_recorded_hostile_result_becomes_a_harmless_note() -> None:
    made = note_of(read(delivery("logrocket/ready_hostile_text").body).highlights)
    assert 'href="https://app.logrocket.com/acme/shop/s/5-1/0?t=1"' in made
    assert made.count("<a ") == 3 + 1  # all sessions


def test_the_replay_of_each_session_is_linked() -> None:
    sessions = (session("a", "5-1/0"), session("b", "6-2/17"))
    made = note_of(Highlights(summary="x", sessions=sessions), links=BELOW_A_PATH)
    assert '<a href="https://lr.acme.example/rocket/acme/shop/s/5-1/0">' in made
    assert '<a href="https://lr.acme.example/rocket/acme/shop/s/6-2/17">' in made


def test_a_session_is_one_line_whatever_its_text_is_made_of() -> None:
    made = note("x", "# Title\n\n- one\n- two\n\n> quoted\n\n```\ncode\n```")
    line = made.split("</p>")[2]
    assert all(word in line for word in ("Session replay", "Title", "one", "two", "quoted", "code"))


def test_the_line_of_a_session_keeps_numbers_bullets_rows_and_breaks() -> None:
    made = note("x", "one\ntwo\n\n1. a\n   - b\n   - c\n\n|d|e|\n|-|-|\n|1|2|\n\n7. f\n8. ```\n   g\n   ```")
    assert made.split("Session replay</a>: ")[1].split("</p>")[0] == (
        "one<br>two<br>1. a<br>\u2022 b<br>\u2022 c<br>\u2022 <strong>d</strong>: 1; <strong>e</strong>: 2"
        "<br>7. f<br>8. <code>g</code>"
    )


def test_a_session_without_ids_is_told_without_a_link_and_with_no_text_not_at_all() -> None:
    found = read(
        b'{"status": "READY", "result": {"highlights": "", "sessions": ['
        b'{"highlights": "The user [pays](https://app.logrocket.com/x)"}, {"highlights": ""}, null,'
        b'{"recordingID": "../x", "sessionID": 0, "highlights": "The user shops"},'
        b'{"recordingID": "5-14de", "sessionID": 0, "highlights": "The user leaves", "mood": ["new"]}]}}'
    )
    entry = told(found)
    assert (entry.state, entry.note.replay) == (State.READY, "5-14de/0")
    kept = load(dump(entry), entry.key)
    assert kept == entry
    assert body(note_of(kept.note.highlights)) == (
        '<p>1. Session: The user <a href="https://app.logrocket.com/x">pays</a></p><p>2. Session: The user shops</p>'
        f'<p>3. <a href="{REPLAY}">Session replay</a>: The user leaves</p>'
    )


def test_a_summary_that_links_to_sessions_is_told_with_an_empty_list() -> None:
    link = f"The user [pays]({REPLAY}?t=1)"
    found = read(json.dumps({"status": "READY", "result": {"highlights": link, "sessions": []}}).encode())
    entry = told(found)
    assert (entry.state, entry.note.replay) == (State.READY, "5-14de/0")
    assert body(note_of(entry.note.highlights)) == f'<p>The user <a href="{REPLAY}?t=1">pays</a></p>'


def told(result: Result) -> Entry:
    """The entry of a ticket for which LogRocket said this."""
    policy = Policy(poll_after=240, failed_retry=(), settle=60, backoff=5, random=lambda: 0.5)
    entry = Entry(key=key(1), received_at=0, entered_at=0, state=State.REQUESTED, request=Request(id=REQUEST_ID))
    return results.told(entry, 1, result=result, policy=policy)
