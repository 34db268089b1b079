"""The customers of the sandbox's page: who they are, and what LogRocket makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sandbox.logrocket import LogRocket, Outcome, Session, Story
from sandbox.logrocket.stories import DISCOUNT, PAYMENT


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

    def ticket(self) -> dict[str, Any]:
        """What `file_ticket` takes, for the ticket that they file."""
        return {
            "requester": self.email,
            "name": self.name,
            "external_id": self.external_id,
            "subject": self.subject,
            "description": self.description,
        }


HOSTILE: Final = Story(
    summary=(
        "The shopper types `{{ticket.requester.email}}` and {{current_user.name}} into the search, is shown "
        "<script>alert('hello')</script> and ![a picture](https://evil.example/pixel.png), and [opens the offer]. They "
        "then follow [a link that looks like ours](https://app.logrocket.com.evil.example/login) and "
        "https://evil.example/win."
    ),
    sessions=(
        Session(
            text="The user [searches] for {{ticket.latest_comment}} and reads \u202ethis the wrong way round\u202c.",
            ended=timedelta(minutes=12),
        ),
    ),
)

LONG_AGO: Final = Story(
    summary="The shopper [browses the winter sale] and [puts a coat on their wish list].",
    sessions=(
        Session(
            text="The user [browses the winter sale] and [puts a coat on their wish list].",
            ended=timedelta(days=21),
            lasted=timedelta(minutes=7),
        ),
    ),
)

_VISITS: Final = (
    "The user [opens the parcel's page] and [reloads it five times]; it [still says that it was not sent].",
    "The user [opens the parcel's page] from the mail and [leaves at once].",
    "The user [signs in] and [opens Orders]; the list [takes 14 seconds to load].",
    "The user [looks for a telephone number] in the help pages and [finds the form].",
    "The user [changes the delivery address] and [sees **Address not saved**].",
    "The user [changes the delivery address again]; the request to `/api/address` [fails with status 409].",
    "The user [opens the invoice] and [downloads it].",
    "The user [pays for the order] and [sees the thank-you page].",
    "The user [fills the cart with a desk and a chair] and [compares two chairs].",
    "The user [registers] and [confirms the e-mail address].",
)

OFTEN: Final = Story(
    summary=(
        "The shopper [reloads the parcel's page five times], which [still says that it was not sent]. Earlier they "
        "[could not save another delivery address]{5}: the request to `/api/address` [failed with status 409]{6}."
    ),
    sessions=tuple(
        Session(text=text, ended=timedelta(minutes=25) + timedelta(hours=5) * number, lasted=timedelta(minutes=6))
        for number, text in enumerate(_VISITS)
    ),
)
"""Ten sessions within two days."""

CUSTOMERS: Final = {
    "ada": Customer(
        name="Ada Example",
        shows="LogRocket knows her by e-mail: an error 12 minutes ago, and a session yesterday",
        email="ada@shop.example",
        subject="The discount code does not work",
        description="I enter SPRING20 at the checkout and the price stays the same.",
        story=DISCOUNT,
    ),
    "bo": Customer(
        name="Bo Example",
        shows="no e-mail: LogRocket knows him by his user id",
        external_id="shopper-1042",
        subject="I cannot pay",
        description="The button spins and then says that something went wrong.",
        story=PAYMENT,
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
    "hal": Customer(
        name="Hal Example",
        shows="his only session is three weeks old",
        email="hal@shop.example",
        subject="Is the coat still there?",
        description="I saw a coat in your winter sale and cannot find it any more.",
        story=LONG_AGO,
    ),
    "ivy": Customer(
        name="Ivy Example",
        shows="ten sessions within two days",
        email="ivy@shop.example",
        subject="Where is my parcel?",
        description="It was to come on Monday, and its page still says that it was not sent.",
        story=OFTEN,
    ),
    "jan": Customer(
        name="Jan Beispiel",
        shows="writes German, with a signature and a quoted mail",
        email="jan@shop.example",
        subject="Der Gutschein geht nicht",
        description=(
            "Guten Tag,\n\nder Gutschein SPRING20 wird an der Kasse nicht angenommen, obwohl Sie ihn auf der Seite "
            "anbieten. Meine Nummer ist 030 901820, falls Sie anrufen möchten.\n\nMit freundlichen Grüßen\n"
            "Jan Beispiel\n-- \nBeispiel GmbH, Musterstraße 1, 10115 Berlin\n\n"
            "Am 12.11.2026 um 09:14 schrieb Acme <shop@acme.example>:\n"
            "> Nur diese Woche: 20 % auf alles.\n> https://shop.example/angebote?kunde=4711"
        ),
        story=DISCOUNT,
    ),
    "lola": Customer(
        name="Lola Ejemplo",
        shows="writes Spanish, with a signature and a quoted mail",
        email="lola@shop.example",
        subject="No puedo pagar",
        description=(
            "Hola:\n\nal pulsar «Pagar» la página se queda girando y después dice que algo ha fallado. He probado "
            "con la tarjeta 4111 1111 1111 1111.\n\nUn saludo,\nLola Ejemplo\n+34 600 000 000\n\n"
            "El 12/11/2026 a las 9:14, Acme <shop@acme.example> escribió:\n> Su carrito le espera."
        ),
        story=PAYMENT,
    ),
}


def introduce(logrocket: LogRocket) -> None:
    """Tell LogRocket of those whom it does not treat like anybody."""
    for customer in CUSTOMERS.values():
        if customer.person and customer.outcome:
            logrocket.outcomes[customer.person] = customer.outcome
        if customer.person and customer.story:
            logrocket.stories[customer.person] = customer.story
