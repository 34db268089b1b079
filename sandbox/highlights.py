"""Sample highlights: what Galileo could have seen shoppers do, in LogRocket's Markdown with replay links."""

from __future__ import annotations

import hashlib
import itertools
import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE


@dataclass(frozen=True)
class Story:
    """What somebody did in a few sessions; `[words]` become a link to that moment of the replay."""

    summary: str
    sessions: tuple[str, ...]


STORIES: Final = (
    Story(
        "The shopper [opens Settings] three times and [sees a blank page each time]. The console shows "
        "`TypeError: profile.address is undefined`. They [clear the address in their profile on a phone], "
        "which is [where the trouble begins], and [rage-click the Save button].",
        (
            "The user [removes the address from their profile] on a phone and [saves it].",
            (
                "The user [opens Settings] on a computer; the page [stays blank] and the console shows "
                "`TypeError: profile.address is undefined`. They [reload twice] and [open the help page]."
            ),
        ),
    ),
    Story(
        "The shopper [reaches the last step of the checkout] and [presses Pay now]. The button spins for 30 "
        'seconds, then **"Something went wrong"** appears. They [press it twice more]; the request to '
        "`/api/payments` [answers 502] each time. They [look for the order in their account] and find none.",
        (
            (
                "The user [chooses express shipping], [enters a card] and [presses Pay now]. The request to "
                "`/api/payments` [fails with status 502] after 30 seconds."
            ),
            "The user [signs in again] and [opens Orders], where the list is empty.",
            ('The user [presses Pay now two more times], sees **"Something went wrong"** and [opens the help page].'),
        ),
    ),
    Story(
        "The shopper [fills a cart with two lamps] and [enters the discount code SPRING20 four times]. Each "
        'time the page answers **"This code is not valid for your cart"** although a banner on the same page '
        "offers it. They [open the terms of the offer], come back, and [leave at the payment step].",
        (
            (
                "The user [adds two lamps to the cart], [enters the code SPRING20] and sees the total stay "
                "at 148.00. They [try the code three more times], once in lower case, and [leave the checkout]."
            ),
            (
                "The user [opens the terms of the spring offer] and scrolls to the bottom, then "
                "[returns to the cart], which is still full."
            ),
        ),
    ),
)


def sample(
    request: dict[str, Any], *, app_id: str, app_url: str, now_ms: int, story: Story | None = None
) -> dict[str, Any]:
    """Return a result for a request: the same person always has the same story, `story` when it is given."""
    person = str(request.get("userEmail") or request.get("userID"))
    seed = hashlib.sha256(person.encode()).digest()
    story = story or STORIES[seed[0] % len(STORIES)]
    recordings = [f"5-{uuid.UUID(bytes=hashlib.sha256(seed + bytes([n])).digest()[:16])}" for n in range(3)]
    end = (request.get("timeRange") or {}).get("endMs", now_ms)
    places = [(f"{app_url}/{app_id}/s/{recordings[n]}/0", end - _DAY * n) for n in range(len(story.sessions))]
    sessions = [
        {
            "recordingID": recordings[n],
            "sessionID": 0,
            "highlights": _linked(text, address=places[n][0], start=places[n][1] - 20 * _MINUTE),
        }
        for n, text in enumerate(story.sessions)
    ]
    summary = _linked(story.summary, address=places[0][0], start=places[0][1] - 20 * _MINUTE)
    return {"highlights": summary, "sessions": sessions}


def _linked(text: str, *, address: str, start: int) -> str:
    """Turn each `[words]` that leads nowhere into a Markdown link to a moment of the replay, 30 s after the last."""
    moments = itertools.count(start, _MINUTE // 2)
    return re.sub(r"\](?!\()", lambda _: f"]({address}?t={next(moments)})", text)
