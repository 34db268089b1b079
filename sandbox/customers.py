"""The customers of the sandbox's page: who they are, and what LogRocket makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.highlights import Story
from sandbox.logrocket import LogRocket, Outcome


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Somebody who files tickets; `outcome` and `story` are LogRocket's, None: as for anybody."""

    name: str
    shows: str
    subject: str
    description: str
    email: str | None = None
    external_id: str | None = None
    outcome: Outcome | None = None
    story: Story | None = None

    @property
    def person(self) -> str | None:
        """By what LogRocket is asked for them."""
        return self.email or self.external_id


HOSTILE: Final = Story(
    "The shopper types `{{ticket.requester.email}}` and {{current_user.name}} into the search, is shown "
    "<script>alert('hello')</script> and ![a picture](https://evil.example/pixel.png), and [opens the offer]. They "
    "then follow [a link that looks like ours](https://app.logrocket.com.evil.example/login) and https://evil.example/win.",
    ("The user [searches] for {{ticket.latest_comment}} and reads \u202ethis the wrong way round\u202c.",),
)

CUSTOMERS: Final = {
    "ada": Customer(
        name="Ada Example",
        shows="LogRocket knows her by e-mail, with several sessions",
        email="ada@shop.example",
        subject="The discount code does not work",
        description="I enter SPRING20 at the checkout and the price stays the same.",
    ),
    "bo": Customer(
        name="Bo Example",
        shows="no e-mail: LogRocket knows him by his user id",
        external_id="shopper-1042",
        subject="I cannot pay",
        description="The button spins and then says that something went wrong.",
    ),
    "cleo": Customer(
        name="Cleo Example",
        shows="LogRocket has no session of hers: no note",
        email="cleo@shop.example",
        subject="When do you open?",
        description="I have not been to your shop yet.",
        outcome="EMPTY",
    ),
    "dan": Customer(
        name="Dan Example",
        shows="LogRocket fails each time: the product gives up after some tries",
        email="dan@shop.example",
        subject="My orders are gone",
        description="The list of my orders is empty.",
        outcome="FAILED",
    ),
    "eve": Customer(
        name="Eve Example",
        shows="neither e-mail nor user id: nobody to ask for",
        subject="A letter",
        description="I write to you by post.",
    ),
    "fay": Customer(
        name="Fay Example",
        shows="her session quotes hostile text: see what is left of it",
        email="fay@shop.example",
        subject="Strange offers",
        description="I was shown something odd.",
        story=HOSTILE,
    ),
}


def introduce(logrocket: LogRocket) -> None:
    """Tell LogRocket of those whom it does not treat like anybody."""
    for customer in CUSTOMERS.values():
        if customer.person and customer.outcome:
            logrocket.outcomes[customer.person] = customer.outcome
        if customer.person and customer.story:
            logrocket.stories[customer.person] = customer.story
