"""`survey FILE` shows what a recorded payload would be read as."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.__main__ import main
from tests.deliveries.recorded import FOLDER, delivery


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env`, and the variables that are needed to read payloads."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"FORMBRICKS_SCORE": "nps", "FORMBRICKS_COMMENT": "why", "TYPEFORM_SCORE": "nps"}.items():
        monkeypatch.setenv(name, value)


def recorded(name: str) -> str:
    return str(FOLDER / f"{name if '/' in name else f'surveys/{name}'}.http")


def test_a_low_score_is_shown_with_its_case_and_its_person_masked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["survey", recorded("formbricks_finished")]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        "source:   formbricks",
        "case:     survey-formbricks-cm2resp0001abcd",
        "score:    2 of 10, which is low (SURVEY_MAX_SCORE is 6)",
        "person:   a\u2022\u2022\u2022@s\u2022\u2022\u2022.example, user id u-7",
        "comment:  I could not pay",
        "given at: 2026-11-29T10:12:07Z",
    ]


def test_a_body_alone_is_read_too_as_the_source_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "body.json").write_bytes(delivery("surveys/plain_high").body)
    assert main(["survey", "body.json", "--as", "plain"]) == 0
    assert "9 of 10, which is not low: nothing would be done" in capsys.readouterr().out


def test_a_rating_of_zendesks_is_read_as_it_is_at_the_door_of_tickets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["survey", recorded("zendesk/rating_broken_by_its_comment")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "source:   zendesk",
        "case:     survey-zendesk-35436",
        "score:    0 of 10, which is low (SURVEY_MAX_SCORE is 6)",
        "person:   a\u2022\u2022\u2022@s\u2022\u2022\u2022.example, user id u-7",
        'comment:  It said "declined".?Twice.',
    ]
    (tmp_path / "body.json").write_bytes(delivery("zendesk/rating").body)
    monkeypatch.setenv("IDENTIFY_BY", "external_id")
    assert main(["survey", "body.json", "--as", "zendesk"]) == 0
    shown = capsys.readouterr().out
    assert "person:   user id u-7\ncomment:  none\n" in shown
    assert main(["survey", recorded("zendesk/trigger"), "--as", "zendesk"]) == 1
    assert "It would be refused (400): no usable id of the ticket" in capsys.readouterr().err


def test_what_is_missing_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORMBRICKS_SCORE")
    assert main(["survey", recorded("formbricks_of_a_link_survey")]) == 0
    shown = capsys.readouterr().out
    assert "none: FORMBRICKS_SCORE is not set" in shown
    assert "nobody who can be looked for" in shown


def test_what_would_be_refused_or_left_alone_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_text('{"score": 3}')
    assert main(["survey", "bad.json"]) == 1
    assert "It would be refused (400): no usable id" in capsys.readouterr().err
    assert main(["survey", recorded("formbricks_test"), "--as", "formbricks"]) == 1
    assert "tells of no answer" in capsys.readouterr().err


def test_a_file_that_is_not_there_or_a_wrong_setting_ends_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["survey", "nowhere.json"]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
    monkeypatch.setenv("SURVEY_MAX_SCORE", "12")
    assert main(["survey", recorded("plain_low")]) == 2
    assert "SURVEY_MAX_SCORE must be a score" in capsys.readouterr().err


def test_a_comment_is_printed_harmlessly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "body.json").write_text('{"id": "1", "score": 3, "comment": "a\\u001b[31m\\nscore: 10"}')
    assert main(["survey", "body.json"]) == 0
    assert "comment:  a?[31m?score: 10\n" in capsys.readouterr().out
