"""Scores of all scales, and one answer out of several deliveries."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from integration.cases.again import said_more
from integration.cases.entry import FINAL, Claim, Entry, Note, Policy, State
from integration.cases.looks import window
from integration.errors import MalformedDelivery
from integration.facts import Person, Said, Stretch
from integration.surveys import fields
from integration.surveys.answer import Answer
from integration.surveys.scale import OF_TEN, Scale
from integration.surveys.settings import SurveySettings

LIMITS = SurveySettings(max_score=6)
SCORE = Answer(reference="17", score=3.0, person=Person(email="ada@shop.example"), given_at=100.0)
COMMENT = Answer(reference="17", comment="I could not pay", person=Person(external_id="u-7"), given_at=160.0)


@pytest.mark.parametrize(
    ("scale", "score", "of_ten"),
    [
        ("0-10", 0, 0.0),
        ("0-10", 6, 6.0),
        ("0-10", "10", 10.0),
        ("0-10", " 6,5 ", 6.5),
        ("1-5", 1, 0.0),
        ("1-5", 2, 2.5),
        ("1-5", 4, 7.5),
        ("1 to 5", 5, 10.0),
        ("1-7", 3, 3.33),
        ("0-100", 61.0, 6.1),
        ("1-10", 1, 0.0),
    ],
)
def test_a_score_is_told_in_points_of_ten(scale: str, score: object, of_ten: float) -> None:
    assert Scale.read(scale).of_ten(score) == of_ten


@pytest.mark.parametrize("score", [None, "", "  "])
def test_no_score_is_none_and_not_zero(score: object) -> None:
    assert OF_TEN.of_ten(score) is None


@pytest.mark.parametrize("text", ["", "5", "5-5", "10-0", "a-b", "0-1000", "0-10-20"])
def test_a_scale_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="scale"):
        Scale.read(text)


@pytest.mark.parametrize("score", [True, "three", [], 10.01, -0.01, float("inf")])
def test_a_score_that_would_mean_something_else_is_refused(score: object) -> None:
    with pytest.raises(MalformedDelivery):
        OF_TEN.of_ten(score)


@pytest.mark.parametrize(("score", "low"), [(None, None), (0.0, True), (6.0, True), (6.01, False), (10.0, False)])
def test_what_is_low_includes_the_limit(score: float | None, low: bool | None) -> None:  # noqa: FBT001 -- pytest gives it
    answer = replace(SCORE, score=score)
    assert answer.is_low(max_score=6) is low
    assert answer.as_case(SurveySettings(max_score=6)).begins is (low is True)


def entry(answer: Answer) -> Entry:
    """The entry that an answer began, whoever it is of."""
    case = answer.as_case(LIMITS)
    return Entry(key=case.key, received_at=100, entered_at=100, person=case.person, said=case.said)


def more(known: Entry, answer: Answer) -> Entry:
    """What is known when the answer has come, too."""
    return said_more(known, 101.0, case=answer.as_case(LIMITS)) or known


def test_score_and_comment_are_one_answer_in_whichever_order_and_however_often_they_come() -> None:
    for deliveries in itertools.product([SCORE, COMMENT], repeat=4):
        known = entry(deliveries[0])
        for later in deliveries[1:]:
            known = more(known, later)
        if {SCORE, COMMENT} <= set(deliveries):
            assert known.said == Said(score=3.0, comment="I could not pay")
            assert known.person == Person(email="ada@shop.example", external_id="u-7")


def test_what_comes_later_replaces_what_it_tells_anew_and_erases_nothing() -> None:
    assert more(entry(SCORE), replace(SCORE, score=5.0)).said == Said(score=5.0)
    told = more(entry(COMMENT), replace(COMMENT, comment="I could, after all")).said
    assert told == Said(comment="I could, after all")
    assert more(entry(COMMENT), Answer(reference="17")) == entry(COMMENT)


def test_who_it_is_of_stays_when_somebody_was_asked_about_and_what_was_said_when_its_note_was_tried() -> None:
    asked = replace(entry(SCORE), tries=1, state=State.REQUESTED)
    known = more(asked, COMMENT)
    assert (known.person, known.said) == (SCORE.person, Said(score=3.0, comment="I could not pay"))
    tried = replace(asked, state=State.READY, note=Note(tried=("0cc1",)))
    assert more(tried, COMMENT) == tried


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_comes_after_the_end_changes_nothing(state: State) -> None:
    ended = replace(entry(SCORE), state=state)
    assert more(ended, COMMENT) == more(ended, replace(SCORE, score=9.0)) == ended


def test_what_was_done_until_the_answer_is_looked_at_and_nothing_after_it() -> None:
    policy = Policy(
        poll_after=1, failed_retry=(), settle=1, backoff=1, random=lambda: 0.0, lookback=3600.0, lookahead=600.0
    )
    answered = replace(entry(SCORE), created_at=7200.0)
    assert window(answered, policy, now=9000.0) == Stretch(start=3600.0, end=7200.0)


def test_a_score_that_is_corrected_ends_what_nobody_works_on() -> None:
    corrected = more(entry(SCORE), replace(SCORE, score=9.0))
    assert (corrected.state, corrected.said, corrected.person) == (State.SKIPPED, None, Person())
    held = replace(entry(SCORE), claim=Claim(lease="a-worker", lease_until=120.0))
    assert more(held, replace(SCORE, score=9.0)) == held


@pytest.mark.parametrize(
    ("value", "unix"),
    [
        ("2026-11-29T10:12:07Z", 1_795_947_127.0),
        ("2026-11-29T11:12:07+01:00", 1_795_947_127.0),
        ("2026-11-29T10:12:07", 1_795_947_127.0),
        (1_795_947_127, 1_795_947_127.0),
        (1_795_947_127_000, 1_795_947_127.0),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (0, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**40, None),
        ("9999-12-31T23:59:59Z", None),
        ([], None),
    ],
)
def test_a_time_is_read_in_the_forms_that_services_have(value: object, unix: float | None) -> None:
    assert fields.moment(value) == unix


@pytest.mark.parametrize(
    ("email", "user_id", "person"),
    [
        (" ada@shop.example ", "", Person(email="ada@shop.example")),
        ("not an address", 7, Person(external_id="7")),
        ("a@b@c", None, Person()),
        (["ada@shop.example"], {"id": 1}, Person()),
        ("x" * 400 + "@shop.example", "y" * 400, Person()),
        ("ada\n@shop.example", "u\x007", Person()),
        (True, False, Person()),
        ("\ud800@shop.example", "\ud800", Person()),
    ],
)
def test_only_what_can_be_looked_for_is_a_person(email: object, user_id: object, person: Person) -> None:
    assert fields.person(email=email, user_id=user_id) == person


def test_a_long_comment_is_cut_where_it_is_seen() -> None:
    cut = fields.comment("word " * 500)
    assert cut is not None
    assert len(cut) <= 1_000
    assert cut.endswith("\u2026")
    assert fields.comment(7) is None


def test_an_id_is_kept_as_it_is_where_a_key_can_hold_it() -> None:
    assert fields.reference("abc-DEF_7") == fields.reference(" abc-DEF_7 ") == "abc-DEF_7"
    assert fields.reference(17) == fields.reference("17") == "17"
    hashed = {fields.reference(text) for text in ("ada@shop.example", "x" * 51, "\ud800", "a b", "\u00e4")}
    assert len(hashed) == 5
    assert not any("ada" in reference for reference in hashed)
