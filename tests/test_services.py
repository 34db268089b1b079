"""What an installation offers is what an admin has set up: no more, and nothing is missing in silence."""

from __future__ import annotations

from typing import Final

import pytest

from integration import services
from integration.errors import SettingsError
from integration.settings import Settings, from_environment
from integration.slack.settings import SlackSettings
from integration.surveys.settings import SurveySettings
from integration.zendesk.settings import ZendeskSettings
from tests.variables import ASKED, ENVIRON, SURVEYS_AND_SLACK

WITHOUT_ZENDESK: Final = {name: value for name, value in ENVIRON.items() if not name.startswith("ZENDESK_")}
SLACK: Final = {name: value for name, value in SURVEYS_AND_SLACK.items() if name.startswith("SLACK_")}
SURVEY: Final = {"SURVEY_TOKEN": SURVEYS_AND_SLACK["SURVEY_TOKEN"]}


def missing(environ: dict[str, str]) -> set[str]:
    """The variables that are told to be at fault."""
    with pytest.raises(SettingsError) as told:
        from_environment(environ)
    return {problem.partition(" ")[0] for problem in told.value.problems}


def offered(settings: Settings) -> tuple[set[str], dict[str, str], tuple[str, ...]]:
    """The paths of the doors, the places by desk, and all that is called."""
    routes = services.routes(settings)
    return {door.path for door in services.doors(settings).values()}, dict(routes.places), routes.services


def test_zendesk_alone_is_offered_as_if_there_were_nothing_else() -> None:
    settings = from_environment(ENVIRON)
    assert offered(settings) == ({"/zendesk/tickets"}, {"zendesk": "Zendesk"}, ("Zendesk", "LogRocket"))
    assert services.routes(settings).credentials.keys() == {"Zendesk", "LogRocket"}
    assert (settings.find(SlackSettings), settings.find(SurveySettings)) == (None, None)
    assert services.routes(settings).desks == services.routes().desks


def test_all_of_it_is_offered_side_by_side() -> None:
    settings = from_environment(ENVIRON | SURVEYS_AND_SLACK)
    sources = {"/surveys/plain", "/surveys/formbricks", "/surveys/typeform"}
    places = {"zendesk": "Zendesk", "survey": "Slack"}
    assert offered(settings) == ({"/zendesk/tickets"} | sources, places, ("Zendesk", "Slack", "LogRocket"))


def test_zendesk_and_slack_are_all_that_its_ratings_need() -> None:
    settings = from_environment(ENVIRON | SLACK | {"SURVEY_MAX_SCORE": "3"})
    places = {"zendesk": "Zendesk", "survey": "Slack"}
    assert offered(settings) == ({"/zendesk/tickets"}, places, ("Zendesk", "Slack", "LogRocket"))
    assert settings.of(SurveySettings).max_score == 3
    assert services.ratings(settings) is not None
    assert missing(ENVIRON | SLACK | {"SURVEY_MAX_SCORE": "12"}) == {"SURVEY_MAX_SCORE"}


@pytest.mark.parametrize("environ", [ENVIRON, WITHOUT_ZENDESK | ASKED | SLACK])
def test_without_one_of_them_nobody_makes_cases_of_ratings(environ: dict[str, str]) -> None:
    settings = from_environment(environ)
    assert (services.ratings(settings), settings.find(SurveySettings)) == (None, None)


def test_surveys_do_without_zendesk() -> None:
    settings = from_environment(WITHOUT_ZENDESK | SLACK | SURVEY)
    assert offered(settings) == ({"/surveys/plain"}, {"survey": "Slack"}, ("Slack", "LogRocket"))
    assert services.routes(settings).recovered == {}
    with pytest.raises(SettingsError, match="Zendesk is not set up"):
        settings.of(ZendeskSettings)


def test_requests_over_http_get_slack_as_a_second_place_where_that_is_set_up() -> None:
    alone, both = (from_environment(WITHOUT_ZENDESK | ASKED | more) for more in ({}, SLACK))
    assert offered(alone) == (set(), {"ask": "Ask"}, ("Ask", "LogRocket"))
    assert offered(both) == (set(), {"ask": "Ask"}, ("Ask", "Slack", "LogRocket"))
    assert (services.routes(alone).copies, services.routes(both).copies) == ({}, {"ask": "Slack"})


def test_what_is_begun_has_to_be_whole() -> None:
    zendesk = {"ZENDESK_SUBDOMAIN", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"}
    assert missing(WITHOUT_ZENDESK) == zendesk
    assert missing(WITHOUT_ZENDESK | SLACK) == zendesk  # it is no door
    assert missing(WITHOUT_ZENDESK | SLACK | SURVEY | {"ZENDESK_SUBDOMAIN": "acme"}) == zendesk - {"ZENDESK_SUBDOMAIN"}
    assert missing(WITHOUT_ZENDESK | SURVEY) == SLACK.keys()  # where the messages go
    assert missing(ENVIRON | SLACK | {"TYPEFORM_COMMENT": "why"}) == {"TYPEFORM_WEBHOOK_SECRET", "TYPEFORM_SCORE"}


def test_every_secret_of_theirs_is_blanked_in_the_log() -> None:
    settings = from_environment(ENVIRON | SURVEYS_AND_SLACK)
    secret = [value for name, value in SURVEYS_AND_SLACK.items() if name.endswith(("_TOKEN", "_SECRET"))]
    assert set(secret) <= set(settings.secrets)
    assert not any(value in repr(settings) for value in secret)
