"""`survey FILE [--as SOURCE]`: what a survey's recorded payload would be read as; nobody is asked, nothing is kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from integration.errors import MalformedDelivery, SettingsError
from integration.json_body import parse_object
from integration.safe_text import masked, printable
from integration.settings import environment
from integration.surveys import ratings as surveys_ratings
from integration.surveys import readers
from integration.surveys import settings as surveys
from integration.surveys.answer import Answer
from integration.surveys.settings import SurveySettings
from integration.variables import Reader
from integration.zendesk import ratings as zendesk_ratings
from integration.zendesk import settings as zendesk
from integration.zendesk.settings import ZendeskSettings

HELP = "show what a survey's recorded payload would be read as"
_ZENDESK: Final = "zendesk"  # its ratings come at the door of tickets, and are no JSON when a comment has a quote in it


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a payload's body, or the whole HTTP request")
    parser.add_argument("--as", dest="source", choices=(*readers.SOURCES, _ZENDESK), help="which source sent it")


def run(options: argparse.Namespace) -> int:
    """Show it; 1 when it would be refused, or is no answer."""
    settings, desk = _settings()
    try:
        body = _body(options.file.read_bytes())
        source = options.source or _source_of(body)
        if source == _ZENDESK:
            answer: Answer | None = surveys_ratings.answer(zendesk_ratings.read(body, desk))
        else:
            answer = readers.answer(parse_object(body), settings, source=source)
    except OSError as error:
        print(f"{options.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return 2
    except MalformedDelivery as refused:
        print(f"It would be refused (400): {refused}.", file=sys.stderr)
        return 1
    if answer is None:
        print(f"{source}: it tells of no answer, and would be left alone.", file=sys.stderr)
        return 1
    facts = {"source": source, **dict(_facts(answer, settings, source=source))}
    print("\n".join(f"{name + ':':<10}{printable(fact)}" for name, fact in facts.items()))
    return 0


def _source_of(body: bytes) -> str:
    return _ZENDESK if zendesk_ratings.is_one(body) else readers.source_of(parse_object(body))


def _settings() -> tuple[SurveySettings, ZendeskSettings]:
    """What payloads are read by; secrets and accounts are not asked for."""
    reader = Reader(environment())
    settings = surveys.read_questions(reader), zendesk.read_people(reader)
    if reader.problems:
        raise SettingsError([f"{name} {problem}" for name, problem in reader.problems.items()])
    return settings


def _body(recorded: bytes) -> bytes:
    """The body of a recorded request; all of it, when it is not one."""
    head, blank, body = recorded.partition(b"\r\n\r\n")
    return body if blank and head.startswith(b"POST ") else recorded


def _facts(answer: Answer, settings: SurveySettings, *, source: str) -> Iterator[tuple[str, str]]:
    yield "case", answer.key
    yield "score", _score(answer, settings, source=source)
    yield "person", _person(answer)
    yield "comment", answer.comment or "none"
    if answer.given_at is not None:
        yield "given at", datetime.fromtimestamp(answer.given_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _score(answer: Answer, settings: SurveySettings, *, source: str) -> str:
    limit = f"SURVEY_MAX_SCORE is {settings.max_score:g}"
    match answer.is_low(max_score=settings.max_score):
        case None:
            asked = settings.formbricks if source == "formbricks" else settings.typeform
            unset = source in ("formbricks", "typeform") and asked is not None and not asked.score.id
            where = f": {source.upper()}_SCORE is not set" if unset else ""
            return f"none{where}; a comment is kept for a score that is known"
        case True:
            return f"{answer.score:g} of 10, which is low ({limit})"
    return f"{answer.score:g} of 10, which is not low: nothing would be done ({limit})"


def _person(answer: Answer) -> str:
    person = answer.person
    told = [] if person.email is None else [masked(person.email)]
    told += [] if person.external_id is None else [f"user id {person.external_id}"]
    return ", ".join(told) or "nobody who can be looked for: neither an e-mail address nor a user id"
