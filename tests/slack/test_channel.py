"""Notes in a channel of Slack's, over real HTTP: posted once, found again, harmless; and who is at fault when not."""

from __future__ import annotations

import json
import time
import traceback

import pytest

from integration.errors import Held, NoNotePossible, Permanent, RemoteError, StillPublic, Temporary
from integration.facts import CaseKey, Highlights, Receipt
from integration.note import Note, compose, marker
from integration.slack.channel import Channel
from integration.slack.refusals import NotAllowed
from integration.slack.settings import SlackSettings
from sandbox.faults import Fault, Faults
from sandbox.slack import Slack
from tests.note.notes import ADA, LINKS, REQUEST_ID, session

KEY = CaseKey("survey-17")
MARKERS = [marker.of(REQUEST_ID)]
OTHER_REQUEST = "f" * 64


def note(summary: str = "Ada could not **pay**.", *, request_id: str = REQUEST_ID) -> Note:
    highlights = Highlights(summary=summary, sessions=(session(),))
    return compose(highlights, request_id=request_id, links=LINKS, person=ADA)


def posts(slack: Slack) -> int:
    return sum("chat.postMessage" in request.path for request in slack.requests)


# -- It works


def test_a_note_is_posted_once_in_markdown_and_told_by_its_channel_and_time(channel: Channel, slack: Slack) -> None:
    receipt = channel.write(KEY, note())
    [message] = slack.own_messages()
    assert receipt == Receipt(id=f"{slack.channel.id}:{message['ts']}", public=False, pace=receipt.pace)
    assert receipt.pace is not None
    assert receipt.pace.interval == receipt.pace.pause == 1.0
    [block] = message["blocks"]
    assert block["type"] == "markdown"
    assert "Ada could not **pay**." in block["text"]
    assert MARKERS[0] in block["text"]
    assert "https://app.logrocket.com/acme/shop/s/5-14de/0" in block["text"]
    assert "pay" not in message["text"]  # a notification shows nothing of what somebody did
    assert not message["unfurls"]
    [request] = slack.requests
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


def test_the_metadata_names_the_request_and_nobody(channel: Channel, slack: Slack) -> None:
    key = CaseKey("survey-ada_lovelace")
    channel.write(key, note())
    [message] = slack.own_messages()
    assert message["metadata"]["event_type"] == "logrocket_highlights_posted"
    assert message["metadata"]["event_payload"]["marker"] == MARKERS[0]
    assert "lovelace" not in json.dumps(message["metadata"])


def test_a_note_is_found_by_its_marker_among_many_messages_of_others(channel: Channel, slack: Slack) -> None:
    slack.say("before")
    receipt = channel.write(KEY, note())
    for number in range(450):
        slack.say(f"message {number}")
    assert channel.find_note(KEY, markers=MARKERS) == receipt
    assert channel.find_note(KEY, markers=["Highlights request ffffffffffff"]) is None
    assert posts(slack) == 1


def test_a_note_of_the_case_is_found_whichever_request_it_was_for(channel: Channel) -> None:
    receipt = channel.write(KEY, note(request_id=OTHER_REQUEST))
    assert channel.find_note(KEY, markers=MARKERS) is None
    assert channel.find_any_note(KEY, markers=MARKERS) == receipt
    assert channel.find_any_note(CaseKey("survey-18"), markers=MARKERS) is None
    assert channel.find_any_note(KEY, markers=MARKERS, since=time.time() - 60) == receipt
    assert channel.find_any_note(KEY, markers=MARKERS, since=time.time() + 60) is None
    known = ["Highlights request " + OTHER_REQUEST[:12]]
    assert channel.find_any_note(KEY, markers=known, since=time.time() + 60) == receipt


def test_a_note_is_found_without_its_metadata_too(channel: Channel, slack: Slack) -> None:
    receipt = channel.write(KEY, note())
    del slack.own_messages()[0]["metadata"]
    assert channel.find_note(KEY, markers=MARKERS) == receipt


def test_what_others_quote_of_a_note_is_none_of_ours(channel: Channel, slack: Slack) -> None:
    channel.write(KEY, note())
    [ours] = slack.channel.messages
    quoted = {name: ours[name] for name in ("text", "blocks", "metadata")}
    slack.channel.messages.clear()
    slack.say(**quoted)
    slack.say(**quoted, bot_id="B0OTHER")
    assert channel.find_note(KEY, markers=MARKERS) is None
    assert channel.find_any_note(KEY, markers=MARKERS) is None


def test_an_app_that_may_read_15_messages_at_a_time_finds_what_is_among_the_last(
    channel: Channel, slack: Slack
) -> None:
    slack.sold = True
    receipt = channel.write(KEY, note())
    for _ in range(40):
        slack.say("something")
    assert channel.find_note(KEY, markers=MARKERS) == receipt


# -- It calls nobody, and fits


@pytest.mark.parametrize(
    "text",
    [
        "<!channel> <!here> <!everyone>",
        "<@U0123456> <#C0123456|general> <!subteam^S012>",
        "@here @channel @everyone (@Here)",
        "`<!channel>` `@here`\n\n    <!channel> @here\n\n> <@U0123456>\n\n- @everyone",
        "**<!here**> <**!here>** &lt;!channel&gt; \\<!channel>",
        "| <!channel> | @here |\n|---|---|\n| <@U0123456> | x |",
    ],
)
def test_a_text_calls_nobody(text: str, channel: Channel, slack: Slack) -> None:
    channel.write(KEY, note(text))
    assert slack.called() == []
    slack.say(f"{text} <!channel>", bot_id=slack.bot_id)
    assert slack.called() != []  # the stand-in would have seen it


def test_a_long_note_is_cut_to_11_000_characters_and_keeps_its_marker(channel: Channel, slack: Slack) -> None:
    channel.write(KEY, note("word " * 20_000))
    [message] = slack.own_messages()
    text = message["blocks"][0]["text"]
    assert 10_000 < len(text) <= 11_000
    assert text.endswith(MARKERS[0])


@pytest.mark.parametrize("word", ["msg_too_long", "msg_blocks_too_long", "invalid_blocks"])
def test_a_note_that_slack_calls_too_large_is_posted_shorter(channel: Channel, slack: Slack, word: str) -> None:
    slack.answer("chat.postMessage", word)
    channel.write(KEY, note("word " * 20_000))
    [message] = slack.own_messages()
    assert len(message["blocks"][0]["text"]) <= 2_900
    slack.answer("chat.postMessage", word, times=2)
    with pytest.raises(Permanent, match=word):
        channel.write(KEY, note("word " * 20_000))


# -- It refuses


@pytest.mark.parametrize(
    "word",
    [
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"),
        *("channel_not_found", "not_in_channel", "is_archived", "restricted_action"),
        *("restricted_action_read_only_channel", "not_allowed_token_type", "org_login_required"),
        *("ekm_access_denied", "team_access_not_granted"),
    ],
)
def test_what_every_message_meets_is_of_the_account_and_posted_nothing(
    word: str, channel: Channel, slack: Slack
) -> None:
    slack.answer("chat.postMessage", word)
    with pytest.raises(Held, match=word) as refused:
        channel.write(KEY, note())
    assert refused.value.of_account
    assert not refused.value.outcome_unknown
    assert refused.value.service == "Slack"


@pytest.mark.parametrize("word", ["no_text", "metadata_too_large", "invalid_metadata_format", "markdown_text_conflict"])
def test_what_is_wrong_with_a_message_is_its_end(word: str, channel: Channel, slack: Slack) -> None:
    slack.answer("chat.postMessage", word)
    with pytest.raises(Permanent, match=word) as refused:
        channel.write(KEY, note())
    assert not refused.value.outcome_unknown
    assert posts(slack) == 1


@pytest.mark.parametrize("word", ["ratelimited", "rate_limited", "message_limit_exceeded"])
def test_too_many_messages_are_told_by_words_too_and_pause_all(word: str, channel: Channel, slack: Slack) -> None:
    slack.answer("chat.postMessage", word)
    with pytest.raises(Temporary) as later:
        channel.write(KEY, note())
    assert (later.value.too_many, later.value.limit_used_up, later.value.outcome_unknown) == (True, True, False)


def test_a_second_message_in_a_second_is_told_when_to_come_again(channel: Channel, slack: Slack) -> None:
    slack.limited = True
    channel.write(KEY, note())
    with pytest.raises(Temporary) as later:
        channel.write(KEY, note())
    assert (later.value.retry_after, later.value.too_many, later.value.limit_used_up) == (1.0, True, True)
    assert not later.value.outcome_unknown
    assert len(slack.own_messages()) == 1


@pytest.mark.parametrize("status", [200, 429])
def test_too_many_looks_at_the_history_pause_no_message(status: int, channel: Channel, faults: Faults) -> None:
    body = '{"ok": false, "error": "ratelimited"}'
    faults.add(Fault(service="slack", path="history", status=status, body=body, headers={"Retry-After": "60"}))
    with pytest.raises(Temporary) as later:
        channel.find_note(KEY, markers=MARKERS)
    assert (later.value.retry_after, later.value.too_many, later.value.limit_used_up) == (60.0, True, False)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, '{"ok": false, "error": "token_revoked"}', Held),
        (403, '{"ok": false, "error": "is_archived"}', Held),
        (400, '{"ok": false, "error": "no_text"}', Permanent),
    ],
)
def test_a_refusal_means_the_same_with_another_status(
    status: int, body: str, kind: type[RemoteError], channel: Channel, faults: Faults
) -> None:
    faults.add(Fault(service="slack", status=status, body=body))
    with pytest.raises(kind) as refused:
        channel.write(KEY, note())
    assert refused.value.said == json.loads(body)["error"]
    assert not refused.value.outcome_unknown


def test_an_error_repeats_nothing_that_slack_or_we_sent(channel: Channel, slack: Slack) -> None:
    for error, needed in (
        ("the token xoxb-1 of ada@shop.example", "chat:write"),
        ("missing_scope", "ada@shop.example"),
    ):
        slack.answer("chat.postMessage", error, needed=needed)
        with pytest.raises(RemoteError) as refused:
            channel.write(KEY, note())
        shown = f"{refused.value}{vars(refused.value)}{''.join(traceback.format_exception(refused.value))}"
        for secret in (slack.token, "ada@", "xoxb-1", "could not"):
            assert secret not in shown


def test_a_missing_scope_is_named(channel: Channel, slack: Slack) -> None:
    slack.scopes.remove("chat:write")
    with pytest.raises(NotAllowed, match="missing_scope, needed: chat:write"):
        channel.write(KEY, note())


# -- It survives: an unknown outcome


@pytest.mark.parametrize(
    "fault",
    [
        Fault(service="slack", method="POST", drop="after"),
        Fault(service="slack", method="POST", drop="after", reset=True),
        Fault(service="slack", method="POST", status=500, handle=True),
        Fault(service="slack", method="POST", status=503, body='{"ok": false, "error": "x"}', handle=True),
        Fault(service="slack", method="POST", status=200, body="<html>ok</html>", handle=True),
        Fault(service="slack", method="POST", status=200, body='{"ok": "false"}', handle=True),
        Fault(service="slack", method="POST", status=200, body='{"ok": true}', handle=True),
        Fault(
            service="slack",
            method="POST",
            status=200,
            body='{"ok": true, "channel": "C0OTHERS", "ts": "1.000000"}',
            handle=True,
        ),
        Fault(service="slack", method="POST", status=404, body="<html>gateway</html>", handle=True),
        *(
            Fault(
                service="slack", method="POST", status=200, body=json.dumps({"ok": False, "error": word}), handle=True
            )
            for word in ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "never_heard_of", 7)
        ),
    ],
)
def test_a_note_whose_answer_does_not_prove_anything_is_looked_for_and_found(
    fault: Fault, channel: Channel, slack: Slack, faults: Faults
) -> None:
    faults.add(fault)
    with pytest.raises(RemoteError) as unknown:
        channel.write(KEY, note())
    assert unknown.value.outcome_unknown
    assert isinstance(unknown.value, Temporary | Held)
    assert posts(slack) == 1
    [message] = slack.own_messages()
    found = channel.find_note(KEY, markers=MARKERS)
    assert found is not None
    assert found.id.endswith(message["ts"])


def test_a_note_that_never_left_is_no_unknown_outcome(configured: SlackSettings, slack: Slack) -> None:
    slack.stop()
    place = Channel(configured)
    with pytest.raises(Temporary, match="cannot be reached") as error:
        place.write(KEY, note())
    assert not error.value.outcome_unknown
    place.close()


@pytest.mark.parametrize("trouble", ["scope", "member"])
def test_where_the_history_cannot_be_read_a_person_is_told_and_nothing_is_posted(
    trouble: str, channel: Channel, slack: Slack
) -> None:
    if trouble == "scope":
        slack.scopes.remove("channels:history")
    else:
        slack.scopes.add("chat:write.public")
        slack.channel.is_member = False
    slack.answer("chat.postMessage", "internal_error", done=True)
    with pytest.raises(Temporary):
        channel.write(KEY, note())
    with pytest.raises(Permanent, match=r"cannot be looked up: our Slack app may not read the channel"):
        channel.find_note(KEY, markers=MARKERS)
    assert posts(slack) == 1


def test_a_channel_with_too_many_messages_is_not_taken_for_one_without_ours(channel: Channel, slack: Slack) -> None:
    for _ in range(15 * 200 + 1):
        slack.say("something")
    with pytest.raises(Permanent, match="too many messages"):
        channel.find_note(KEY, markers=MARKERS)


def test_messages_older_than_a_week_are_not_looked_at(configured: SlackSettings) -> None:
    place = Channel(configured, clock=lambda: time.time() + 8 * 24 * 3600)
    place.write(KEY, note())
    assert place.find_note(KEY, markers=MARKERS) is None
    place.close()


@pytest.mark.parametrize(
    "body",
    [
        '{"ok": true}',
        '{"ok": true, "messages": {}}',
        '{"ok": true, "messages": [7]}',
        '{"ok": true, "messages": [], "has_more": true}',
        '{"ok": true, "messages": [], "has_more": true, "response_metadata": {"next_cursor": ""}}',
        '{"ok": true, "messages": [], "has_more": true, "response_metadata": []}',
    ],
)
def test_a_history_that_cannot_be_read_is_not_taken_for_an_empty_one(
    body: str, channel: Channel, faults: Faults
) -> None:
    faults.add(Fault(service="slack", path="history", status=200, body=body))
    with pytest.raises(Temporary, match="cannot be read"):
        channel.find_note(KEY, markers=MARKERS)


@pytest.mark.parametrize("body", ['{"ok": true}', '{"ok": true, "user_id": 7, "bot_id": ""}'])
def test_without_knowing_who_we_are_no_message_is_taken_for_anothers(
    body: str, channel: Channel, slack: Slack, faults: Faults
) -> None:
    channel.write(KEY, note())
    faults.add(Fault(service="slack", path="auth.test", status=200, body=body))
    with pytest.raises(Temporary, match="cannot be read"):
        channel.find_note(KEY, markers=MARKERS)
    assert posts(slack) == 1


# -- Whose trouble it is


def test_whether_our_token_is_accepted_is_asked_where_no_message_is_concerned(
    channel: Channel, slack: Slack, faults: Faults
) -> None:
    assert channel.takes_our_credentials() is True
    slack.token_refusal = "account_inactive"
    assert channel.takes_our_credentials() is False
    slack.token_refusal = None
    faults.add(Fault(service="slack", status=500))
    assert channel.takes_our_credentials() is None
    assert posts(slack) == 0


def test_slack_knows_nobody_and_hides_nothing(channel: Channel) -> None:
    with pytest.raises(NoNotePossible):
        channel.details(KEY)
    with pytest.raises(StillPublic):
        channel.make_private(KEY, "C0LOWSCORES:1.000000")
    assert "accepts our token" in channel.denied(Held("no", said="is_archived"))
