"""`check [--offline] [--json]`: checks settings, Redis, PUBLIC_URL and every service that is set up."""

from __future__ import annotations

import argparse
import functools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Final

from redis import Redis

from integration import checks, logs, services
from integration.ask.settings import AskSettings
from integration.cases import connections
from integration.checks.offline import of_settings, of_settings_offline
from integration.errors import SettingsError
from integration.findings import Group, Outcome, Result, failure
from integration.intercom.settings import IntercomSettings
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment
from integration.slack.settings import SlackSettings
from integration.surveys.settings import SurveySettings
from integration.zendesk.settings import ZendeskSettings

HELP = "check the settings, Redis and every service that is set up, and say what to do about each failure"
_SET_IT: Final = "Set it as docs/settings.md says."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--offline", action="store_true", help="check the settings alone, without asking any service")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(options: argparse.Namespace) -> int:
    """Check, and print what was found."""
    try:
        settings = from_environment()
    except SettingsError as error:
        if not options.json:
            raise
        print(as_json([failure("settings", problem, _SET_IT) for problem in error.problems]))
        return 2
    logs.configure(settings)
    results = list(of_settings_offline(settings, now=time.time())) if options.offline else everything(settings)
    print(as_json(results) if options.json else as_text(results))
    return 0 if all_good(results) else 1


def everything(settings: Settings) -> list[Result]:
    """Every check, of the settings and of everybody whom they name."""
    with connections.for_check(settings) as redis:
        return _everything(settings, redis)


def _everything(settings: Settings, redis: Redis) -> list[Result]:
    # Imported here because zenpy is large, and --offline does without it.
    from integration.checks.redis_server import of_redis  # noqa: PLC0415 -- see above
    from integration.checks.standing import of_standing  # noqa: PLC0415 -- see above
    from integration.checks.web_process import of_public_url  # noqa: PLC0415 -- see above
    from integration.logrocket import checks as logrocket  # noqa: PLC0415 -- see above

    of = functools.partial
    return checks.run(
        [
            Group(name="settings", checks=of(of_settings, settings, now=time.time())),
            Group(name="Redis", checks=of(of_redis, settings, redis, clock=time.time)),
            *_of_desks(settings),
            *(
                Group(
                    name=logrocket.name_of(settings.of(LogRocketSettings), project),
                    checks=of(logrocket.of_project, settings.of(LogRocketSettings), project),
                )
                for project in settings.of(LogRocketSettings).projects
            ),
            Group(name="PUBLIC_URL", checks=of(of_public_url, settings)),
            Group(name="how it stands", checks=of(of_standing, settings, redis)),
        ]
    )


def _of_desks(settings: Settings) -> Iterator[Group]:
    """A group for each service that tells of cases or takes notes, as far as it is set up."""
    of = functools.partial
    if settings.find(ZendeskSettings) is not None:
        from integration.zendesk.checks import of_zendesk  # noqa: PLC0415 -- zenpy is large

        tells_ratings = services.ratings(settings) is not None
        yield Group(name="Zendesk", checks=of(of_zendesk, settings, tells_ratings=tells_ratings, clock=time.time))
    workspace = settings.find(IntercomSettings)
    if workspace is not None:
        from integration.intercom.checks import of_intercom  # noqa: PLC0415 -- few have it

        yield Group(name="Intercom", checks=of(of_intercom, workspace, public_url=settings.public_url))
    answers, channel = settings.find(SurveySettings), settings.find(SlackSettings)
    if answers is not None:
        from integration.surveys.checks import of_surveys  # noqa: PLC0415 -- few have them

        yield Group(name="surveys", checks=of(of_surveys, answers, public_url=settings.public_url))
    if channel is not None:
        from integration.slack.checks import of_slack  # noqa: PLC0415 -- likewise

        yield Group(name="Slack", checks=of(of_slack, channel))
    asked = settings.find(AskSettings)
    if asked is not None:
        from integration.ask.checks import of_ask  # noqa: PLC0415 -- likewise

        yield Group(name="requests over HTTP", checks=of(of_ask, asked, public_url=settings.public_url))


def all_good(results: Sequence[Result]) -> bool:
    """Whether nothing fails."""
    return all(result.outcome is not Outcome.FAILURE for result in results)


def as_json(results: Sequence[Result]) -> str:
    """The results as one JSON object."""
    return json.dumps({"ok": all_good(results), "checks": [asdict(result) for result in results]})


def as_text(results: Sequence[Result]) -> str:
    """The results as lines, aligned; what to do stands below what was found."""
    width = max(len(result.name) for result in results)
    lines = chain.from_iterable(_lines(result, width) for result in results)
    return "\n".join([*lines, "", _summary(results)])


def _lines(result: Result, width: int) -> Iterator[str]:
    yield f"{result.outcome.value:<8}{result.name:<{width}}  {result.found}"
    if result.fix is not None:
        yield f"{'':<8}{'':<{width}}  -> {result.fix}"


def _summary(results: Sequence[Result]) -> str:
    counts = [(sum(result.outcome is kind for result in results), kind) for kind in _SINGULARS]
    told = [f"{count} {_PLURALS[kind] if count != 1 else _SINGULARS[kind]}" for count, kind in counts if count]
    return f"{', '.join(told)}." if told else "All good."


_SINGULARS: Final = {Outcome.FAILURE: "failure", Outcome.WARNING: "warning", Outcome.SKIPPED: "skipped"}
_PLURALS: Final = {Outcome.WARNING: "warnings", Outcome.FAILURE: "failures", Outcome.SKIPPED: "skipped"}
