"""What shoppers did, in sessions that lie some time back; samples for those of whom nothing special is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_NEWEST_ENDED: Final = timedelta(minutes=12)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session; `text` is what LogRocket tells of it, in which `[words]` become a link to that moment."""

    text: str
    ended: timedelta
    lasted: timedelta = timedelta(minutes=20)
    """How long it lasted, and how long ago it `ended` when somebody asks."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """The sessions of somebody, newest first, and what LogRocket tells of all of them together.

    `[words]` in the summary become a link into the newest session, `[words]{2}` into the one before, and so on.
    """

    summary: str
    sessions: tuple[Session, ...]


def _a_day_apart(*texts: str) -> tuple[Session, ...]:
    """The sessions of somebody who came once a day, at last some minutes ago."""
    return tuple(Session(text=text, ended=_NEWEST_ENDED + _DAY * days) for days, text in enumerate(texts))


SETTINGS: Final = Story(
    summary=(
        "The shopper [opens Settings] three times and [sees a blank page each time]. The console shows "
        "`TypeError: profile.address is undefined`. They [clear the address in their profile on a phone]{2}, "
        "which is [where the trouble begins]{2}, and [rage-click the Save button]."
    ),
    sessions=_a_day_apart(
        (
            "The user [opens Settings] on a computer; the page [stays blank] and the console shows "
            "`TypeError: profile.address is undefined`. They [reload twice] and [open the help page]."
        ),
        "The user [removes the address from their profile] on a phone and [saves it].",
    ),
)

PAYMENT: Final = Story(
    summary=(
        "The shopper [reaches the last step of the checkout] and [presses Pay now]. The button spins for 30 "
        'seconds, then **"Something went wrong"** appears. They [press it twice more]; the request to '
        "`/api/payments` [answers 502] each time. They [look for the order in their account]{2} and find none."
    ),
    sessions=_a_day_apart(
        (
            "The user [chooses express shipping], [enters a card] and [presses Pay now]. The request to "
            "`/api/payments` [fails with status 502] after 30 seconds."
        ),
        "The user [signs in again] and [opens Orders], where the list is empty.",
        'The user [presses Pay now two more times], sees **"Something went wrong"** and [opens the help page].',
    ),
)

DISCOUNT: Final = Story(
    summary=(
        "The shopper [fills a cart with two lamps] and [enters the discount code SPRING20 four times]. Each "
        'time the page answers **"This code is not valid for your cart"** although a banner on the same page '
        "offers it; at last the request to `/api/discounts` [fails with status 500]. They [rage-click the Apply "
        "button] and [leave at the payment step]. The day before, they [read the terms of the offer]{2}."
    ),
    sessions=_a_day_apart(
        (
            "The user [adds two lamps to the cart], [enters the code SPRING20] and sees the total stay "
            "at 148.00. They [try the code three more times], once in lower case; the request to `/api/discounts` "
            "[fails with status 500]. They [rage-click the Apply button] and [leave the checkout]."
        ),
        (
            "The user [opens the terms of the spring offer] and scrolls to the bottom, then "
            "[returns to the cart], which is still full."
        ),
    ),
)

SAMPLES: Final = (SETTINGS, PAYMENT, DISCOUNT)


def sample_of(person: str) -> Story:
    """Return the sample for a person: the same one always has the same story."""
    return SAMPLES[hashlib.sha256(person.encode()).digest()[0] % len(SAMPLES)]
