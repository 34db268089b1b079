"""`check` looks at Slack, over real HTTP: each thing that can be wrong there is told, with what to do."""

from __future__ import annotations

import pytest
import yaml

from integration.findings import Outcome, Result
from integration.slack import checks
from integration.slack.settings import SlackSettings
from sandbox.faults import Fault, Faults
from sandbox.slack import SCOPES, Slack
from tests.conftest import ROOT

OK, WARNING, FAILURE = Outcome.OK, Outcome.WARNING, Outcome.FAILURE
NAMES = ["Slack token", "Slack scopes", "Slack channel", "Slack company", "Slack history"]


def found(settings: SlackSettings) -> dict[str, Result]:
    return {result.name: result for result in checks.of_slack(settings)}


def outcomes(results: dict[str, Result]) -> list[Outcome]:
    return [result.outcome for result in results.values()]


def test_all_is_well_and_nothing_is_posted(configured: SlackSettings, slack: Slack) -> None:
    results = found(configured)
    assert list(results) == NAMES
    assert outcomes(results) == [OK] * 5
    assert results["Slack token"].found == "acts as highlights in the workspace Acme"
    assert slack.channel.messages == []
    assert not any("postMessage" in request.path for request in slack.requests)


def test_the_manifest_asks_for_the_scopes_that_are_needed_and_no_others() -> None:
    manifest = yaml.safe_load((ROOT / "docs/slack-manifest.yaml").read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES
    assert manifest["settings"]["token_rotation_enabled"] is False
    assert manifest["features"]["bot_user"]["display_name"] == manifest["display_information"]["name"]


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive"])
def test_a_token_that_is_refused_is_the_only_thing_told(word: str, configured: SlackSettings, slack: Slack) -> None:
    slack.token_refusal = word
    [result] = found(configured).values()
    assert (result.name, result.outcome) == ("Slack token", FAILURE)
    assert word in result.found
    assert "Bot User OAuth Token" in (result.fix or "")
    assert slack.token not in f"{result}"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [(500, "", "has trouble (500)"), (200, "<html>", "cannot be read"), (302, "", "redirect")],
)
def test_an_address_that_is_not_slacks_is_told(
    status: int, body: str, told: str, configured: SlackSettings, faults: Faults
) -> None:
    faults.add(Fault(service="slack", status=status, body=body))
    [result] = found(configured).values()
    assert result.outcome is FAILURE
    assert told in result.found
    assert "SLACK_API_URL" in (result.fix or "")


def test_a_token_that_may_not_post_is_told(configured: SlackSettings, slack: Slack) -> None:
    slack.scopes.remove("chat:write")
    result = found(configured)["Slack scopes"]
    assert result.outcome is FAILURE
    assert "chat:write" in result.found
    assert "install the app anew" in (result.fix or "")


@pytest.mark.parametrize("private", [True, False])
def test_an_app_that_is_not_in_the_channel_is_told(private: bool, configured: SlackSettings, slack: Slack) -> None:  # noqa: FBT001 -- pytest gives it
    slack.channel.is_private, slack.channel.is_member = private, False
    result = found(configured)["Slack channel"]
    assert result.outcome is FAILURE
    assert "/invite" in (result.fix or "")


def test_an_app_that_posts_from_outside_is_warned_that_it_cannot_look(configured: SlackSettings, slack: Slack) -> None:
    slack.scopes.add("chat:write.public")
    slack.channel.is_member = False
    results = found(configured)
    assert outcomes(results) == [OK, OK, WARNING, OK, WARNING]
    assert "nothing is posted twice" in results["Slack history"].found


def test_a_channel_that_is_gone_or_archived_is_told(configured: SlackSettings, slack: Slack) -> None:
    slack.channel.is_archived = True
    assert found(configured)["Slack channel"].found == "#low-scores is archived"
    slack.channels.clear()
    result = found(configured)["Slack channel"]
    assert result.outcome is FAILURE
    assert slack.channel.id in result.found


@pytest.mark.parametrize("field", ["is_ext_shared", "is_pending_ext_shared"])
def test_a_channel_that_another_company_reads_is_warned_of(field: str, configured: SlackSettings, slack: Slack) -> None:
    setattr(slack.channel, field, True)
    results = found(configured)
    assert outcomes(results) == [OK, OK, OK, WARNING, OK]
    assert "another company" in results["Slack company"].found


def test_whether_it_is_shared_is_not_guessed(configured: SlackSettings, slack: Slack, faults: Faults) -> None:
    body = '{"ok": true, "channel": {"name": "x", "is_member": true}}'
    faults.add(Fault(service="slack", path=r"conversations\.info", status=200, body=body))
    assert found(configured)["Slack company"].outcome is WARNING
    slack.scopes.remove("channels:read")
    result = found(configured)["Slack channel"]
    assert result.outcome is WARNING
    assert "another company" in result.found


def test_a_history_that_may_not_be_read_is_warned_of(configured: SlackSettings, slack: Slack) -> None:
    slack.scopes -= {"channels:history", "groups:history"}
    results = found(configured)
    assert outcomes(results) == [OK, OK, OK, OK, WARNING]
    assert "channels:history" in (results["Slack history"].fix or "")


def test_what_others_call_themselves_is_printed_harmlessly(configured: SlackSettings, slack: Slack) -> None:
    slack.team, slack.channel.name = "Ac\x1b[31mme", "low\n\x07scores"
    assert all(result.found.isprintable() for result in found(configured).values())
