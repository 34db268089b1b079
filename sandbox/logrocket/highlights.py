"""What LogRocket answers: the sessions inside of a time range, and a summary, in Markdown with replay links."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sandbox.logrocket.stories import Session, Story, sample_of

MOST_SESSIONS: Final = 10
WITHOUT_RANGE: Final = timedelta(days=30)
EMPTY: Final[dict[str, Any]] = {"highlights": "", "sessions": []}
"""What is told when there is no session."""

_LINK: Final = re.compile(r"\](?:\{(\d+)\})?(?!\()")  # the end of `[words]` or `[words]{2}` that leads nowhere yet

_TOPICS: Final = {
    "the discount": ("discount", "code", "voucher", "rabatt", "gutschein", "descuento", "cupón"),
    "the payment": ("pay", "card", "zahl", "karte", "pago", "pagar", "tarjeta"),
    "the order": ("order", "bestell", "pedido"),
    "the settings": ("setting", "profile", "einstellung", "profil", "ajustes", "perfil"),
}
"""What questions are about, and the words that tell; the answer repeats nothing else of a question."""


@dataclass(frozen=True)
class Replay:
    """A session with its times, in milliseconds since 1970, and the address of its replay."""

    session: Session
    start: int
    end: int
    recording_id: str
    address: str

    def moments(self, count: int) -> list[int]:
        """Spread some moments over the session; the last one is its end."""
        return [self.start + (self.end - self.start) * place // count for place in range(1, count + 1)]


def highlights(
    request: Mapping[str, Any], *, app_id: str, app_url: str, now_ms: int, story: Story | None = None
) -> dict[str, Any]:
    """Return the result for a request: `story` tells what the person did, a sample when nothing is known.

    The sessions of a sample lie before the end of the range that is asked for, so that anybody has some in every range.
    """
    person = str(request.get("userEmail") or request.get("userID"))
    earliest, latest = _range(request, now_ms)
    reference = now_ms if story else min(latest, now_ms)
    known = story or sample_of(person)
    replays = _replays(known, person, f"{app_url}/{app_id}/s", reference)
    told = [replay for replay in replays if earliest <= replay.start and replay.end <= latest][:MOST_SESSIONS]
    if not told:
        return EMPTY.copy()
    summary = _summary(known, replays, told)
    return {"highlights": _answer(request.get("question")) + summary, "sessions": [_session(replay) for replay in told]}


def _range(request: Mapping[str, Any], now_ms: int) -> tuple[int, int]:
    time_range = request.get("timeRange")
    if time_range:
        return time_range["startMs"], time_range["endMs"]
    return now_ms - _ms(WITHOUT_RANGE), now_ms


def _replays(story: Story, person: str, replays_url: str, reference: int) -> list[Replay]:
    """Return a story's sessions as replays, newest first: their ids are always the same for the same person."""
    seed = hashlib.sha256(person.encode()).digest()
    replays = []
    for number, session in enumerate(story.sessions):
        recording_id = f"5-{uuid.UUID(bytes=hashlib.sha256(seed + bytes([number])).digest()[:16])}"
        end = reference - _ms(session.ended)
        address = f"{replays_url}/{recording_id}/0"
        replays.append(Replay(session, end - _ms(session.lasted), end, recording_id, address))
    return replays


def _session(replay: Replay) -> dict[str, Any]:
    return {"recordingID": replay.recording_id, "sessionID": 0, "highlights": _linked(replay.session.text, [replay])}


def _summary(story: Story, replays: Sequence[Replay], told: Sequence[Replay]) -> str:
    """Write the story's summary when all sessions that it speaks of are told, else what each told session has."""
    spoken_of = {int(number or 1) for number in _LINK.findall(story.summary)}
    if story.summary and all(number <= len(replays) and replays[number - 1] in told for number in spoken_of):
        return _linked(story.summary, replays)
    return " ".join(_linked(replay.session.text, [replay]) for replay in told)


def _linked(text: str, replays: Sequence[Replay]) -> str:
    """Turn each `[words]` that leads nowhere into a Markdown link to a moment of the replay that it speaks of."""
    numbers = [int(number or 1) for number in _LINK.findall(text)]
    moments = {number: iter(replays[number - 1].moments(numbers.count(number))) for number in set(numbers)}

    def link(match: re.Match[str]) -> str:
        number = int(match[1] or 1)
        return f"]({replays[number - 1].address}?t={next(moments[number])})"

    return _LINK.sub(link, text)


def _answer(question: str | None) -> str:
    """Begin the summary with what was asked about; without a question it is a general one."""
    if not question or not question.strip():
        return ""
    words = question.lower()
    topic = next((topic for topic, hints in _TOPICS.items() if any(hint in words for hint in hints)), "the question")
    return f"As to {topic}: "


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
