"""Only what the requester wrote is asked about: no quoted mail, greeting, signature or disclaimer."""

from __future__ import annotations

import pytest

from integration.note.question.own_words import own_comment, own_subject

WORDS = "The Pay button is grey.\n\nIt was green yesterday."


@pytest.mark.parametrize(
    "above",
    [
        "Hi team,", "Hello,", "Dear Support Team,", "Dear Sir or Madam", "Hey there!", "Good morning", "Hi Ana -",
        "Hallo zusammen,", "Guten Tag,", "Sehr geehrte Damen und Herren,", "Sehr geehrter Herr Feldkamp,",
        "Liebes Team,", "Moin moin,", "Servus!",
        "Buenos días,", "Buenas tardes:", "Hola equipo,", "¡Hola!", "Estimados señores:", "Buenas", "Saludos,",
        "Hello\n\nDear team,",
    ],
)  # fmt: skip
def test_a_greeting_is_left_out(above: str) -> None:
    assert own_comment(f"{above}\n\n{WORDS}") == WORDS


@pytest.mark.parametrize(
    ("comment", "own"),
    [
        ("Hi, the Pay button is grey.", "the Pay button is grey."),
        ("Hallo, der Knopf ist grau.", "der Knopf ist grau."),
        ("Hola: el botón está gris.", "el botón está gris."),
        ("Hello team! Pay is grey.", "Pay is grey."),
    ],
)
def test_a_greeting_within_the_first_line_is_left_out(comment: str, own: str) -> None:
    assert own_comment(comment) == own


@pytest.mark.parametrize(
    "below",
    [
        "-- \nAda Lovelace\nShop Ltd", "Best regards\nAda", "Kind regards,\n\nAda Lovelace\nHead of Pay",
        "Thanks,\nAda", "Thank you!", "Cheers, Ada",
        "Mit freundlichen Grüßen\nAda", "Viele Grüße aus dem Norden\nAda", "MfG", "LG Ada",
        "Danke und viele Grüße\nAda", "Vielen Dank im Voraus!",
        "Saludos\nAda", "Un cordial saludo,\nAda", "Atentamente,\n\nAda", "Muchas gracias.",
        "Gracias de antemano\nAda", "Muchas gracias y un saludo,\nAda",
        "Sent from my iPhone", "Von meinem iPhone gesendet", "Enviado desde mi iPhone", "Get Outlook for iOS",
        "Gesendet mit der GMX Mail App",
        "Ada", "Ada Lovelace\nHead of Pay\nShop Ltd",
        "This message is confidential and intended for the addressee only.",
        "Diese Nachricht ist vertraulich. Wenn Sie nicht der Empfänger sind, löschen Sie sie.",
        "Este correo es confidencial. Si lo ha recibido por error, bórrelo.",
        "Please consider the environment before printing this e-mail.",
        "On Mon, 3 Aug 2026 at 09:14, Support <help@shop.example> wrote:\n> Hello\n> there",
        "On Mon, 3 Aug 2026 at 09:14, A Support Team With A Long Name\n<help@shop.example> wrote:\n\nHello there",
        "Am 03.08.2026 um 09:14 schrieb Support:\n> Hallo",
        "Support <hilfe@laden.example> schrieb am Mo., 3. Aug. 2026, 09:14:\n> Hallo",
        "El 3/8/2026 a las 9:14, Soporte escribió:\n> Hola", "-----Original Message-----\nFrom: Support\nHello",
        "From: Support <help@shop.example>\nSent: Monday\nTo: Ada\nSubject: Pay\n\nHello",
        "Von: Support\nGesendet: Montag\nAn: Ada\nBetreff: Zahlen\n\nHallo",
        "De: Soporte\nEnviado: lunes\nPara: Ada\nAsunto: Pagar\n\nHola",
        "________________________________\nFrom: Support <help@shop.example>\nSent: Monday\nTo: Ada\n\nHello",
        "Begin forwarded message:\n\nHello", "> quoted\n> twice",
    ],
)  # fmt: skip
def test_what_comes_below_their_words_is_left_out(below: str) -> None:
    assert own_comment(f"{WORDS}\n\n{below}", people=["Ada Lovelace"]) == WORDS


@pytest.mark.parametrize(
    "comment",
    [
        "From: Madrid\nTo: Berlin\nDate: 3 August\nThe booking form shows no train.",
        "On Monday I wrote: nothing came back.",
        "Best regards to the team that made it, but Pay is grey.",
        "Please change it to:\nAda Lovelace\nShop Ltd",
        "Thanks to the update, Pay is grey now.\nIt was green before the update came.",
        "Sent from the warehouse on Monday, but it is not here yet.",
        "My screen says:\n-----\nPay is grey\n-----\nWhat now? I have tried it three times.",
        "Regarding confidential files: the upload is grey.",
        "Guten Tag ist der Name der App, die abstürzt",
    ],
)
def test_what_only_looks_so_is_theirs(comment: str) -> None:
    assert own_comment(comment, people=["Ada Lovelace"]) == comment


def test_thanks_in_the_middle_are_left_out_and_the_rest_is_not() -> None:
    assert own_comment("Pay is grey.\nThanks\nIt was green before, and it is grey in the app, too.") == (
        "Pay is grey.\nIt was green before, and it is grey in the app, too."
    )


def test_an_answer_below_the_quote_is_theirs() -> None:
    assert own_comment(f"On 3 Aug 2026, Support wrote:\n> Is it solved?\n\n{WORDS}") == WORDS


def test_a_postscript_is_theirs() -> None:
    assert own_comment("Pay is grey.\n\nRegards\nAda\n\nPS: only on Mondays.") == "Pay is grey.\n\nPS: only on Mondays."


@pytest.mark.parametrize(
    ("subject", "own"),
    [
        ("Re: Pay is grey", "Pay is grey"),
        ("AW: WG: Zahlen geht nicht", "Zahlen geht nicht"),
        ("RE: RV: No puedo pagar", "No puedo pagar"),
        ("[Ticket 5531] Re[2]: Pay", "Pay"),
        ("Return of order 5", "Return of order 5"),
        ("Hello", ""),
        ("Hallo zusammen", ""),
        ("(no subject)", ""),
        ("Conversation with Ada Lovelace", ""),
        ("  ", ""),
    ],
)
def test_a_subject_is_what_they_wrote_there(subject: str, own: str) -> None:
    assert own_subject(subject) == own
