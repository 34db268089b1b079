"""`preview` shows the note of a result as each place would, asking nobody and needing no settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from integration.__main__ import main
from tests.deliveries.recorded import delivery

REPLAY = "https://app.logrocket.com/acme/shop/s/5-14de/0"
RESULT: dict[str, Any] = {
    "status": "READY",
    "requestID": "0cc12cad4b5b",
    "appID": "acme/shop",
    "result": {
        "highlights": f"Ada [pays]({REPLAY}?t=1795940000000) and an error appears. <!channel>",
        "sessions": [{"recordingID": "5-14de", "sessionID": 0, "highlights": "Ada **shops**."}],
    },
}
READ = (
    "A Customer: 1 session in LogRocket, last activity 12 minutes before this ticket.\n\n"
    "Ada [pays] and an error appears. <!channel>\n\n"
    "Where to look first: [pays], the last moment before this ticket\n\n"
    "1. [today 08:13, 12 minutes before this ticket]: Ada shops.\n\n"
    "[All sessions of this person] (times in UTC)\n\n"
    "Highlights request preview\n"
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result, in a folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    found = tmp_path / "result.json"
    found.write_text(json.dumps(RESULT))
    return found


def test_it_shows_in_the_terminal_what_an_agent_reads(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, title in (("zendesk", "Zendesk"), ("intercom", "Intercom")):
        assert main(["preview", str(file), "--as", place]) == 0
        assert capsys.readouterr().out == f"-- {title} --\n\n{READ}"


def test_slack_is_given_markdown_that_calls_nobody_and_text_has_addresses(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(file), "--as", "slack"]) == 0
    slack = capsys.readouterr().out
    assert f"Ada [pays]({REPLAY}?t=1795940000000) and an **error** appears. &lt; !channel&gt;" in slack
    assert main(["preview", str(file), "--as", "text"]) == 0
    assert f"Ada pays ({REPLAY}?t=1795940000000) and an error appears." in capsys.readouterr().out


def test_all_places_are_shown_together_and_those_that_look_alike_once(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(file)]) == 0
    assert re.findall("^-- (.*) --$", capsys.readouterr().out, re.MULTILINE) == ["Zendesk, Intercom", "Slack", "Text"]
    assert list(file.parent.iterdir()) == [file]


def test_a_page_is_written_where_it_is_wanted_or_beside_the_file(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, page in (([], "result.json.html"), ([str(tmp_path / "x.html")], "x.html")):
        assert main(["preview", str(file), "--html", *options]) == 0
        made = (tmp_path / page).read_text()
        assert re.findall('<section class="([a-z]+)">', made) == ["zendesk", "intercom", "slack", "text"]
        assert "an <strong>error</strong> appears. &lt;!channel&gt;" in made
        assert page in capsys.readouterr().out
    assert main(["preview", str(file), "--html", str(tmp_path / "no" / "x.html")]) == 1


def test_it_is_in_the_language_of_the_settings_and_by_their_template(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("TIMEZONE", "Europe/Berlin")
    assert main(["preview", str(file), "--as", "zendesk"]) == 0
    assert "1. [heute 09:13, 12 Minuten vor diesem Ticket]: Ada shops." in capsys.readouterr().out
    monkeypatch.setenv("NOTE_TEMPLATE", "{{ summary|upper }}{% if counts.sessions == 1 %}{{ sessions + 1 }}{% endif %}")
    assert main(["preview", str(file), "--as", "zendesk"]) == 0
    shown = capsys.readouterr()
    assert "1. [heute" in shown.out
    assert shown.err == "NOTE_TEMPLATE cannot be rendered (TypeError): this is the usual layout.\n"
    monkeypatch.setenv("NOTE_TEMPLATE", "{{ summary|upper }}")
    assert main(["preview", str(file), "--as", "zendesk"]) == 0
    assert "ADA [PAYS]" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ready_first_page", "ready_hostile_text"])
def test_recorded_results_can_be_shown(name: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(delivery(f"logrocket/{name}").body)
    assert main(["preview", str(file)]) == 0
    assert "Highlights request preview" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (b"{", 2, "cannot be used: not JSON."),
        (b"{}", 2, "cannot be used: no status."),
        (b'{"status": "PENDING", "result": null}', 1, "There is no note to show: "),
        (b'{"status": "FAILED", "result": null}', 1, "There is no note to show: "),
        (b'{"status": "READY", "result": {"highlights": "", "sessions": []}}', 1, "There is no note to show: "),
    ],
)
def test_what_makes_no_note_is_told(
    body: bytes, code: int, told: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(body)
    assert main(["preview", str(file)]) == code
    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.out == ""


def test_a_file_that_is_not_there_and_settings_that_are_wrong_are_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", str(file) + "x"]) == 2
    assert "result.jsonx cannot be used: No such file or directory." in capsys.readouterr().err
    monkeypatch.setenv("LANGUAGE", "fr")
    assert main(["preview", str(file)]) == 2
    assert "LANGUAGE must be one of en, de, es" in capsys.readouterr().err
