"""The stand-in for Slack answers as Slack does, where the product depends on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.faults import Faults
from sandbox.slack import Slack, Survey


@pytest.fixture
def slack() -> Iterator[Slack]:
    running = Slack(faults=Faults())
    running.start()
    yield running
    running.stop()


def call(slack: Slack, method: str, *, token: str | None = None, **arguments: Any) -> requests.Response:  # noqa: ANN401 -- whatever JSON has
    headers = {"Authorization": f"Bearer {token or slack.token}"}
    return requests.post(f"{slack.url}/{method}", json=arguments, headers=headers, timeout=10)


def post(slack: Slack, **message: Any) -> dict[str, Any]:  # noqa: ANN401 -- likewise
    answer: dict[str, Any] = call(slack, "chat.postMessage", **({"channel": slack.channel.id} | message)).json()
    return answer


def test_a_refusal_comes_behind_a_200(slack: Slack) -> None:
    answer = call(slack, "auth.test", token="xoxb-wrong")
    assert answer.status_code == 200
    assert answer.json() == {"ok": False, "error": "invalid_auth"}
    assert requests.get(f"{slack.url}/auth.test", timeout=10).json()["error"] == "not_authed"
    assert call(slack, "chat.delete").json()["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({}, "no_text"),
        ({"channel": "C0OTHER", "text": "x"}, "channel_not_found"),
        ({"blocks": {}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "poem"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "markdown", "text": "x" * 12_001}]}, "msg_blocks_too_long"),
        ({"blocks": [{"type": "markdown", "text": "# a\n\nb\n\n" * 26}]}, "msg_blocks_too_long"),
        ({"text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a b", "event_payload": {}}}, "invalid_metadata_schema"),
    ],
)
def test_a_message_that_slack_would_not_take_is_refused(slack: Slack, message: dict[str, Any], error: str) -> None:
    assert post(slack, **message)["error"] == error
    assert slack.channel.messages == []


def test_too_many_messages_get_a_429_with_the_time_to_wait(slack: Slack) -> None:
    slack.limited = True
    assert post(slack, text="x")["ok"] is True
    refused = call(slack, "chat.postMessage", channel=slack.channel.id, text="x")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json() == {"ok": False, "error": "ratelimited"}


def test_the_history_is_newest_first_in_pages_and_shows_metadata_when_asked(slack: Slack) -> None:
    metadata = {"event_type": "x", "event_payload": {"key": "1"}}
    for number in range(5):
        post(slack, text=f"{number}", metadata=metadata)
    asked: dict[str, Any] = {"channel": slack.channel.id, "limit": 2}
    first = call(slack, "conversations.history", **asked).json()
    assert [message["text"] for message in first["messages"]] == ["4", "3"]
    assert first["messages"][0]["metadata"] == {"event_type": "x"}
    cursor = first["response_metadata"]["next_cursor"]
    second = call(slack, "conversations.history", **asked, cursor=cursor, include_all_metadata=True).json()
    assert [message["text"] for message in second["messages"]] == ["2", "1"]
    assert second["messages"][0]["metadata"] == metadata
    assert second["has_more"] is True
    oldest: dict[str, Any] = {"oldest": second["messages"][1]["ts"]}
    assert len(call(slack, "conversations.history", channel=slack.channel.id, **oldest).json()["messages"]) == 3
    assert call(slack, "conversations.history", **asked, cursor="?").json()["error"] == "invalid_cursor"


def test_the_channel_can_be_looked_at_and_shows_whom_a_message_calls(slack: Slack) -> None:
    post(slack, text="x", blocks=[{"type": "markdown", "text": "<!channel> <b>pay</b> @here"}])
    page = requests.get(slack.page_url, timeout=10).text
    assert "&lt;b&gt;pay&lt;/b&gt;" in page
    assert "It notifies &lt;!channel&gt;." in page
    assert "It notifies @here." in page
    assert slack.called() == ["<!channel>", "@here"]


def test_a_survey_beside_the_channel_tells_the_product_of_an_answer_and_obeys_no_other_website(slack: Slack) -> None:
    url, form = f"{slack.page_url}survey", {"score": "3", "email": "ada@shop.example", "comment": ""}
    assert requests.post(url, data=form, timeout=10).status_code == 404
    slack.survey = Survey(slack.url.removesuffix("/api"), "survey-token")  # anything that answers
    elsewhere = {"Origin": "https://evil.example"}
    assert requests.post(url, data=form, headers=elsewhere, timeout=10).status_code == 403
    assert requests.post(url, data=form, timeout=10).status_code == 200
    sent = next(request for request in slack.requests if request.path == "/surveys/plain")
    assert json.loads(sent.body) == {"id": "1", **form}
    assert "Answer 1: the product said 404" in requests.get(slack.page_url, timeout=10).text
