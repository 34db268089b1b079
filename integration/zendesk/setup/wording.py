"""What we write into Zendesk: names, the bodies of triggers, and the marks in descriptions (pure).

A mark names the endpoint and the object's own id; an id is known only after something was made. The kinds of objects
have marks of their own, so that nobody takes one for another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from integration.zendesk import ratings
from integration.zendesk.settings import ON_DEMAND
from integration.zendesk.setup.objects import NOTIFY, Action, Item, Kind
from integration.zendesk.webhook import normalised_endpoint

PAYLOAD: Final = (
    '{"ticket_id": "{{ticket.id}}", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}"}'
)
"""The trigger's body. `ticket_id` is first: a quote in what follows breaks the JSON, and then its start is believed."""

ON_DEMAND_PAYLOAD: Final = '{"ticket_id": "{{ticket.id}}", "on_demand": true}'
"""The body of the trigger for highlights on demand. Who is meant is read with the ticket: nothing here can break."""

NAMES: Final[dict[Kind, str]] = {
    "webhook": "Highlights",
    "trigger": "Highlights: tell of new tickets",
    "on-demand trigger": f"Highlights: on demand, by the tag {ON_DEMAND}",
    "ratings trigger": "Highlights: tell of bad ratings",
    "macro": "Ask for highlights",
}
PAYLOADS: Final[dict[Kind, str]] = {
    "trigger": PAYLOAD,
    "on-demand trigger": ON_DEMAND_PAYLOAD,
    "ratings trigger": ratings.PAYLOAD,
}
TAKE_TAG_OFF: Final[Action] = {"field": "remove_tags", "value": ON_DEMAND}
ADD_TAG: Final[Action] = {"field": "current_tags", "value": ON_DEMAND}

_WORDS: Final[dict[Kind, str]] = {
    "webhook": "helpdesk-highlights",
    "trigger": "helpdesk-highlights",
    "on-demand trigger": "helpdesk-highlights-on-demand",
    "ratings trigger": "helpdesk-highlights-ratings",
    "macro": "helpdesk-highlights-macro",
}
_MARK: Final = re.compile(r"\[(helpdesk-highlights(?:-on-demand|-ratings|-macro)?) (\S+)(?: id=([\w-]+))?\]")
_ASKS: Final = re.compile(r'"on_demand"\s*:\s*true\b')
_LEFT_OUT: Final = "[helpdesk-highlights: none on demand, as chosen]"
_MADE: Final = "Made by `python -m integration install`, which knows its {} by"
_TAKEN_OVER: Final = "Taken over by `python -m integration install`, which knows its {} by"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A mark in a description: whose it is, and the id that it names ("": none yet)."""

    word: str
    endpoint: tuple[str, str, str]
    own: str

    def is_of(self, kind: Kind) -> bool:
        """Whether it is a mark of such objects."""
        return self.word == _WORDS[kind]


def marks(item: Item) -> list[Mark]:
    """Every mark in a description, of whatever kind and endpoint."""
    return [
        Mark(word=word, endpoint=normalised_endpoint(address), own=own)
        for word, address, own in _MARK.findall(item.description)
    ]


def mark(kind: Kind, endpoint: str, own: str = "") -> str:
    """The mark of an object."""
    return f"[{_WORDS[kind]} {endpoint}{f' id={own}' if own else ''}]"


def made(kind: Kind) -> str:
    """What stands before the mark of an object that we made."""
    return _MADE.format(kind)


def taken_over(kind: Kind) -> str:
    """What stands before the mark of an object that an admin made."""
    return _TAKEN_OVER.format(kind)


def own_words(item: Item) -> str:
    """A description without our marks."""
    return _MARK.sub("", item.description.replace(_LEFT_OUT, "")).strip()


def without_mark(item: Item, kind: Kind) -> str:
    """A description without all that we wrote into it."""
    words = own_words(item)
    for ours in (made(kind), taken_over(kind)):
        words = words.replace(ours, "").strip()
    return words


def notify(webhook_id: str, kind: Kind) -> Action:
    """The action of a trigger of ours that calls a webhook."""
    return {"field": NOTIFY, "value": [webhook_id, PAYLOADS[kind]]}


def asks_on_demand(body: object) -> bool:
    """Whether what a trigger sends asks for highlights on demand."""
    return isinstance(body, str) and _ASKS.search(body) is not None


def tells_of_ratings(body: object) -> bool:
    """Whether what a trigger sends tells of a rating."""
    return isinstance(body, str) and ratings.is_one(body.encode(errors="replace"))


def leaves_out_on_demand(description: str) -> bool:
    """Whether the description of our trigger says that an admin wants none for highlights on demand."""
    return _LEFT_OUT in description


def with_choice(description: str, *, on_demand: bool) -> str:
    """The description of our trigger, which remembers whether there shall be one for highlights on demand."""
    if on_demand:
        return description.replace(_LEFT_OUT, "").rstrip() if _LEFT_OUT in description else description
    return description if _LEFT_OUT in description else f"{description} {_LEFT_OUT}".lstrip()
