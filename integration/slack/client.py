"""Slack's Web API, as far as we need it: one transport, and the few methods that we call.

https://docs.slack.dev/apis/web-api/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests

from integration.errors import RemoteError, Temporary, Told
from integration.http import ServiceAdapter, ServiceSession, retry_after
from integration.json_body import json_object
from integration.slack import refusals
from integration.slack.settings import SERVICE, SlackSettings

PAGE: Final = 200  # messages: Slack recommends no more at a time
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{6}")


@dataclass(frozen=True, kw_only=True)
class Bot:
    """Who we are in Slack: the bot that our messages are from, and its user; `scopes` None when Slack tells none."""

    bot_id: str | None
    user_id: str | None
    name: str
    workspace: str
    scopes: frozenset[str] | None

    def wrote(self, message: Mapping[str, Any]) -> bool:
        """Whether a message is our own app's."""
        own = {"bot_id": self.bot_id, "user": self.user_id}
        return any(mine is not None and message.get(name) == mine for name, mine in own.items())


class Slack:
    """One workspace, by the token of our app's bot. Raises `RemoteError`."""

    def __init__(self, settings: SlackSettings) -> None:
        self._session = ServiceSession(SlackAdapter(SERVICE, settings.api_url))
        self._session.headers["Authorization"] = f"Bearer {settings.token}"
        self._url = settings.api_url
        self._channel = settings.channel

    def who_we_are(self) -> Bot:
        """The bot that the token is of."""
        answer, headers = self._get("auth.test", {})
        scopes, bot_id, user_id = (
            headers.get("X-OAuth-Scopes"),
            _text(answer.get("bot_id")),
            _text(answer.get("user_id")),
        )
        if bot_id is None and user_id is None:
            raise unreadable()  # and no message would be known as ours
        return Bot(
            bot_id=bot_id,
            user_id=user_id,
            name=_text(answer.get("user")) or "somebody",
            workspace=_text(answer.get("team")) or "a workspace",
            scopes=None if scopes is None else frozenset(scope.strip() for scope in scopes.split(",")),
        )

    def channel(self) -> dict[str, Any]:
        """What Slack tells of our channel."""
        answer, _ = self._get("conversations.info", {"channel": self._channel})
        channel = answer.get("channel")
        if not isinstance(channel, dict):
            raise unreadable()
        return channel

    def post(self, message: Mapping[str, Any]) -> str:
        """Post a message to our channel; its `ts`, by which Slack knows it there."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        body = {"channel": self._channel, **message}
        answer = self._session.post(f"{self._url}/chat.postMessage", json=body, headers=headers).json()
        ts = answer.get("ts")
        if answer.get("channel") != self._channel or not isinstance(ts, str) or not _TS.fullmatch(ts):
            raise Temporary("Slack's answer does not show the message", service=SERVICE, outcome_unknown=True)
        return ts

    def history(self, *, oldest: float, pages: int) -> Iterator[dict[str, Any]]:
        """The channel's messages since a Unix time, newest first; `MoreThanRead` when `pages` are not all of them."""
        cursor = ""
        for _ in range(pages):
            params = {"channel": self._channel, "oldest": f"{oldest:.6f}", "limit": str(PAGE)}
            params |= {"include_all_metadata": "true"} | ({"cursor": cursor} if cursor else {})
            answer, _headers = self._get("conversations.history", params)
            messages = answer.get("messages")
            if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
                raise unreadable()
            yield from messages
            cursor = _next_cursor(answer)
            if not cursor:
                return
        raise MoreThanRead("Slack has more messages than can be looked through", service=SERVICE)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _get(self, method: str, params: Mapping[str, str]) -> tuple[dict[str, Any], Mapping[str, str]]:
        response = self._session.get(f"{self._url}/{method}", params=params)
        answer: dict[str, Any] = response.json()
        return answer, response.headers


class MoreThanRead(RemoteError):
    """The channel has had more messages than were looked through."""


class SlackAdapter(ServiceAdapter):
    """The transport to Slack, which says most refusals with `ok: false` behind a 200."""

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send one request, once; what is returned is a JSON object with `ok: true`."""
        response = super().send(request, **options)
        write = request.method == "POST"
        answer = json_object(response.content)
        if answer is None or type(answer.get("ok")) is not bool:
            raise Temporary("Slack's answer cannot be read", service=self.service, outcome_unknown=write)
        if answer["ok"] is False:
            raise refusals.refusal(answer, retry_after=retry_after(response.headers), write=write)
        return response

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The error that an answer other than 2xx stands for: also a refusal that Slack itself names there."""
        error = super().refused(response, told)
        if isinstance(error, Temporary):
            if error.too_many:  # limits are those of a method; what everybody waits for is to post
                error.limit_used_up = response.request.method == "POST"
            return error
        answer = json_object(response.content)
        if answer is None or answer.get("ok") is not False:
            return error
        return refusals.refusal(answer, retry_after=retry_after(response.headers), write=told["outcome_unknown"])

    def said(self, response: requests.Response) -> str:
        """What an answer other than 2xx says in words for machines."""
        return refusals.refusal_words(json_object(response.content) or {})


def unreadable() -> Temporary:
    """An answer to a question that is not as Slack documents it."""
    return Temporary("Slack's answer cannot be read", service=SERVICE)


def _next_cursor(answer: Mapping[str, Any]) -> str:
    """Where the next page begins; empty when this is the last one."""
    metadata = answer.get("response_metadata")
    cursor = _text(metadata.get("next_cursor")) if isinstance(metadata, dict) else None
    if cursor is None and answer.get("has_more") is True:
        raise unreadable()  # it says that there is more, and not where
    return cursor or ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
