"""What an admin sets about surveys."""

from __future__ import annotations

import pytest

from integration.surveys import settings
from integration.surveys.scale import Scale
from integration.surveys.settings import Question
from integration.variables import Reader
from tests.surveys.sources import ENVIRON, configured


def test_without_any_of_it_no_door_is_open() -> None:
    reader = Reader({})
    assert settings.read(reader) is None
    assert reader.problems == {}


def test_all_of_it_is_read_and_no_secret_is_shown() -> None:
    read = configured(SURVEY_MAX_SCORE="4.5", SURVEY_SETTLE_SECONDS="0", TYPEFORM_SCORE="nps:1-5")
    assert (read.max_score, read.settle_seconds) == (4.5, 0.0)
    assert read.typeform is not None
    assert read.typeform.score == Question(id="nps", scale=Scale(1, 5))
    secrets = {value for name, value in ENVIRON.items() if "SECRET" in name or "TOKEN" in name}
    assert set(read.secrets) == secrets
    assert not any(secret in repr(read) for secret in secrets)


@pytest.mark.parametrize("source", ["FORMBRICKS", "TYPEFORM"])
def test_a_source_needs_its_secret_and_its_score(source: str) -> None:
    for name, missing in ((f"{source}_COMMENT", {"WEBHOOK_SECRET", "SCORE"}), (f"{source}_SCORE", {"WEBHOOK_SECRET"})):
        reader = Reader({name: "why"})
        settings.read(reader)
        assert reader.problems == {f"{source}_{part}": "is not set" for part in missing}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SURVEY_TOKEN", "hush7"),
        ("SURVEY_TOKEN", "change-me-please"),
        ("SURVEY_MAX_SCORE", "11"),
        ("SURVEY_MAX_SCORE", "low"),
        ("SURVEY_SETTLE_SECONDS", "-1"),
        ("FORMBRICKS_WEBHOOK_SECRET", "without-its-prefix"),
        ("FORMBRICKS_WEBHOOK_SECRET", "whsec_not-base64!"),
        ("FORMBRICKS_WEBHOOK_SECRET", "whsec_c2hvcnQ="),
        ("TYPEFORM_SCORE", "nps:5-1"),
    ],
)
def test_what_cannot_be_meant_is_told_without_its_value(name: str, value: str) -> None:
    reader = Reader(ENVIRON | {name: value})
    settings.read(reader)
    assert reader.problems.keys() == {name}
    assert value not in reader.problems[name]


def test_payloads_are_read_without_any_secret() -> None:
    reader = Reader({"FORMBRICKS_SCORE": "nps", "SURVEY_MAX_SCORE": "3"})
    read = settings.read_questions(reader)
    assert reader.problems == {}
    assert read.max_score == 3
    assert read.formbricks is not None
    assert read.formbricks.score.id == "nps"
    assert read.secrets == ("", "")
