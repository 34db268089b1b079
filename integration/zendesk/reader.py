"""Reads lists of Zendesk's API page by page: within its limits, with an end, and stopping at what cannot be read.

zenpy is not used here: its generators follow any number of pages, wherever their links lead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import requests

from integration.errors import Held, Permanent, RemoteError, Temporary, Told
from integration.http import ServiceSession
from integration.ports import Wait
from integration.zendesk import trouble
from integration.zendesk.session import ZendeskAdapter
from integration.zendesk.settings import ZendeskSettings

MAX_PAGES: Final = 200
PAGE_SIZE: Final = 100
SPARE_SHARE: Final = 0.25  # of every limit: left to the people in Zendesk's own pages, and to other programs
_WINDOW_SECONDS: Final = 60.0
_TRIES: Final = 5  # of one request that meets 429
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


class Forbidden(Held):
    """403: the token lacks a scope, or its user a permission."""


class Absent(Permanent):
    """404: there is no such thing."""


class Reader:
    """Reads JSON from one account. Raises `RemoteError`; `wait` is called between its requests."""

    def __init__(self, settings: ZendeskSettings, *, wait: Wait) -> None:
        self._zendesk = ReadingAdapter(settings)
        self._session = ServiceSession(self._zendesk)
        self.wait = wait

    def pages(self, path: str, name: str, query: dict[str, str] | None = None) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list by cursor, `MAX_PAGES` at most; `TooManyPages` when there are more."""
        asked = {"page[size]": str(PAGE_SIZE), **(query or {})}
        for _ in range(MAX_PAGES):
            answer = self.get(path, asked)
            yield objects(answer, name)
            meta = answer.get("meta")
            if not isinstance(meta, dict) or not meta.get("has_more"):
                return
            cursor = meta.get("after_cursor")
            if not isinstance(cursor, str) or cursor == asked.get("page[after]"):
                raise trouble.unreadable()
            asked["page[after]"] = cursor
        raise TooManyPages("Zendesk lists more than can be read at once")

    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """The JSON object at a path of the API."""
        for attempt in range(_TRIES):
            if not self.wait(0.0):
                raise Temporary("stopped before the end")
            try:
                response = self._session.get(f"{self._zendesk.asked_url}/api/v2/{path}", params=query)
            except Temporary as error:
                if not error.too_many or attempt == _TRIES - 1:
                    raise
                self.wait(min(error.retry_after or _WINDOW_SECONDS, _WINDOW_SECONDS))
            else:
                self._spare()
                return _object(response)
        raise AssertionError("the last attempt returns or raises")

    def _spare(self) -> None:
        """Wait when little of the limit is left, for people use it too."""
        total, left, reset = (
            _number(self._zendesk.last_headers.get(name, ""))
            for name in ("X-Rate-Limit", "X-Rate-Limit-Remaining", "ratelimit-reset")
        )
        if total is not None and left is not None and left < total * SPARE_SHARE:
            self.wait(min(_WINDOW_SECONDS if reset is None else float(reset), _WINDOW_SECONDS))


class TooManyPages(Temporary):
    """A list has more pages than are read at once."""


class ReadingAdapter(ZendeskAdapter):
    """The transport of the worker, with its scopes; it tells what is not allowed, or not there, from the rest."""

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for."""
        if response.status_code == _FORBIDDEN:
            if trouble.is_a_page(response):
                return trouble.in_its_place(response, told)
            return Forbidden("Zendesk does not allow this (403)", status=_FORBIDDEN, **told)
        if response.status_code == _NOT_FOUND and not trouble.is_no_help_desk(response):
            return Absent("Zendesk has no such thing (404)", **told)
        return super().refused(response, told)


def segment(identifier: object) -> str:
    """An id as a part of a path; dots could lead elsewhere."""
    return quote(str(identifier), safe="").replace(".", "%2E")


def objects(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer. A list that is missing is an error, and not an empty list."""
    listed = answer.get(name)
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise trouble.unreadable()
    return listed


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except (ValueError, RecursionError) as error:
        raise trouble.unreadable() from error
    if not isinstance(answer, dict):
        raise trouble.unreadable()
    return answer


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else None
