"""Numbers that belong to one person: cards, bank accounts, tax and identity numbers, the date of birth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stdnum import iban, luhn
from stdnum.es import nif

from integration.note.question.finding import Finding, group, names_an_order

CARD: Final = "[card]"
IBAN: Final = "[IBAN]"
ACCOUNT: Final = "[account]"
TAX_ID: Final = "[tax id]"
ID: Final = "[id]"
BIRTH: Final = "[date of birth]"

# -- Cards

_DIGITS: Final = re.compile(r"(?<![\w.])\d(?:[ \n.-]{0,3}\d){12,400}")
_GROUP: Final = re.compile(r"\d+")
_ISSUERS: Final = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14,17}|(?:5[06-8]|6[37])\d{14,17}"
)
_CALLED_CARD: Final = re.compile(
    r"(?:\bcards?|karten?|tarjeta|visa|mastercard|amex|maestro)\b[^\d\n]{0,25}(\d(?:[ .-]?\d){12,18})(?!\d)",
    re.IGNORECASE,
)
_EXPIRY: Final = re.compile(r"(?<![\d/.])((?:0[1-9]|1[0-2])[ ]?/[ ]?(?:20)?[2-4]\d)(?![\d/])")
_EXPIRY_AND_CHECK: Final = re.compile(
    r"\d[ ,;/]{1,3}(?:0[1-9]|1[0-2])[ ]?/[ ]?(?:20)?[2-4]\d[ ,;/]{1,3}(\d{3,4})(?![\d.,]?\d)"
)
_CHECK: Final = re.compile(
    r"\b(?P<sure>cvv2?|cvc2?|csc|cid|card security code|(?:karten)?prüf(?:ziffer|nummer))?"
    r"(?(sure)|(?:security code|sicherheitscode|código de seguridad))\b"
    r"[ ]{0,2}(?:is|ist|lautet|es|number|no)?[ :=#.]{0,3}(?P<check>\d{3,4})(?!\d)",
    re.IGNORECASE,
)

# -- Accounts

_IBAN: Final = re.compile(r"\b[A-Za-z]{2}[ ]?\d{2}(?:[ .-]?[A-Za-z0-9]){11,60}")
_CALLED_IBAN: Final = re.compile(
    r"\bIBAN\b[^\w\n]{0,3}(?:is|ist|es|lautet)?[^\w\n]{0,3}([A-Z]{2}[ ]?\d{2}(?:[ ]?[A-Z0-9]{2,4}){2,8})\b"
)
_ACCOUNT: Final = re.compile(
    r"\b(?P<sure>account (?:numbers?|no|nr|#)|acct|sort[ -]?code|routing(?: (?:number|no))?|kontonummer|konto-?nr"
    r"|kto|blz|bankleitzahl"
    r"|(?:n[úu]mero|n[º°o]\.?) de cuenta|clabe)\b[^\d\n]{0,20}(?P<number>\d(?:[ -]?\d){4,22})(?!\d)"
    r"|\b(?:account|konto|cuenta)\b[^\d\n]{0,20}(?P<long>\d(?:[ -]?\d){8,22})(?!\d)",
    re.IGNORECASE,
)
_BIC: Final = re.compile(
    r"\b(?i:bic|swift)\b[^\w\n]{0,3}(?i:code|is|ist|es)?[^\w\n]{0,3}([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b"
)

# -- Tax and identity

_SSN: Final = re.compile(r"(?<![\w-])((?!000)\d{3}-\d{2}-\d{4})(?![\w-])")
_NINO: Final = re.compile(r"\b([A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D])\b")
_VAT: Final = re.compile(r"\b(DE ?\d{9}|ATU\d{8}|CHE-?\d{3}\.?\d{3}\.?\d{3})\b")
_NIF: Final = re.compile(
    r"(?<![\w-])((?:\d{8}|[XYZKLM]-?\d{7})-?[A-Z]|[A-HJNP-SUVW]-?\d{7}-?[0-9A-J])(?![\w-])", re.IGNORECASE
)
_RFC: Final = re.compile(r"\b([A-ZÑ&]{3,4}\d{6}[A-Z0-9]{3})\b")
_VALUE: Final = r"(?-i:[A-Z0-9](?:[ ./-]?[A-Z0-9]){4,19})"
_TAX: Final = re.compile(
    r"\b(?:ssn|social security|tax (?:id|number|no)|tin|ein|itin|utr|vat(?: (?:number|no|id))?|national insurance"
    r"|ni (?:number|no)"
    r"|steuer-?(?:id\w*|nummer|nr)|(?:steuer)?identifikationsnummer|ust-?id[\w.-]{0,5}|umsatzsteuer-?id\w*"
    r"|(?:sozial|renten)versicherungs-?(?:nummer|nr)|sv-?nummer|nif|nie|dni|cif|rfc|curp|cuit|seguridad social|nss)\b"
    rf"(?P<between>[^\d\n]{{0,40}}?)\b(?P<value>{_VALUE})(?!\w)",
    re.IGNORECASE,
)
_IDENTITY: Final = re.compile(
    r"\b(?:passports?|(?:reise)?pass-?nummer|reisepass|(?:personal)?ausweis(?:-?(?:nummer|nr))?|pasaporte"
    r"|driver'?s licen[cs]e|licen[cs]e"
    r"|führerschein(?:-?(?:nummer|nr))?|permiso de conducir|nhs|medicare|(?:kranken)?versicherten-?(?:nummer|nr)"
    r"|id card)\b"
    rf"(?P<between>(?:n[ro]\.|[^\d\n.?!]){{0,30}}?)\b(?P<value>{_VALUE})(?!\w)",
    re.IGNORECASE,
)
_MAC: Final = re.compile(r"(?<![\w:-])((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})(?![\w:-])")

# -- Date of birth

_MONTH: Final = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|ene|abr|ago|dic)[a-zäé]{0,8}\.?"
_DATE: Final = (
    r"(?:\d{1,2}[ ]?[./-][ ]?\d{1,2}[ ]?[./-][ ]?\d{2,4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[ ](?:(?:of|de)[ ])?{_MONTH},?[ ](?:(?:of|del?)[ ])?\d{{2,4}}"
    rf"|{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ]\d{{4}})"
)
_BORN: Final = re.compile(
    r"(?:\bborn\b[^\d\n]{0,8}?|\b(?:date of birth|d\.?o\.?b\b\.?|birth ?(?:day|date)|geboren|geb\.|geburts(?:datum"
    r"|tag)|fecha de nacimiento|f\. ?nac\.?"
    rf"|nacid[oa]|nací|naci|cumpleaños)[^\d\n]{{0,45}}?)\b({_DATE})|\b({_DATE})[ ](?:geboren|born)\b",
    re.IGNORECASE,
)


def cards(text: str) -> Iterator[Finding]:
    """Card numbers, and with them the date and the check number that they are used with."""
    found = list(_card_numbers(text))
    found += [group(match, CARD) for match in _CALLED_CARD.finditer(text)]
    if found:
        for pattern in (_EXPIRY, _EXPIRY_AND_CHECK):
            found += [group(match, CARD) for match in pattern.finditer(text)]
    yield from found
    yield from (group(match, CARD, "check") for match in _CHECK.finditer(text) if match["sure"] or found)


def _card_numbers(text: str) -> Iterator[Finding]:
    for run in _DIGITS.finditer(text):
        parts = [(part.start() + run.start(), part[0]) for part in _GROUP.finditer(run[0])]
        for first in range(len(parts)):
            number = ""
            for start, digits in parts[first : first + 8]:
                number += digits
                if len(number) > 19:  # noqa: PLR2004 -- no card has more
                    break
                if _ISSUERS.fullmatch(number) and luhn.is_valid(number):
                    alone = number == digits and names_an_order(text, start)
                    if not alone:
                        yield Finding(parts[first][0], start + len(digits), CARD)
                    break


def accounts(text: str) -> Iterator[Finding]:
    """Bank accounts: IBANs by their check digits, others by what they are called."""
    for match in _IBAN.finditer(text):
        length = _length_of_iban(match[0])
        if length:
            yield Finding(match.start(), match.start() + length, IBAN)
    yield from (group(match, IBAN) for match in _CALLED_IBAN.finditer(text))
    for match in _ACCOUNT.finditer(text):
        number = "number" if match["sure"] else "long"
        if not names_an_order(text, match.start(number)):
            yield group(match, ACCOUNT, number)
    yield from (group(match, ACCOUNT) for match in _BIC.finditer(text))


def _length_of_iban(text: str) -> int:
    """How long the IBAN is with which a text begins; 0 when it begins with none."""
    kept = ""
    for position, character in enumerate(text, start=1):
        kept += character if character.isalnum() else ""
        if len(kept) > 34:  # noqa: PLR2004 -- none is longer
            break
        if len(kept) >= 15 and character.isalnum() and iban.is_valid(kept, check_country=False):  # noqa: PLR2004
            return position
    return 0


def identities(text: str) -> Iterator[Finding]:
    """Numbers by which a state or an insurance knows somebody, and a device's hardware address."""
    for pattern in (_SSN, _NINO, _VAT):
        yield from (group(match, TAX_ID) for match in pattern.finditer(text))
    yield from (group(match, TAX_ID) for match in _NIF.finditer(text) if nif.is_valid(match[1]))
    yield from (group(match, TAX_ID) for match in _RFC.finditer(text))
    for pattern, instead in ((_TAX, TAX_ID), (_IDENTITY, ID)):
        for match in pattern.finditer(text):
            digits = sum(map(str.isdigit, match["value"]))
            if digits >= 5 and not names_an_order(text, match.start("value")):  # noqa: PLR2004
                yield group(match, instead, "value")
    yield from (group(match, ID) for match in _MAC.finditer(text))


def births(text: str) -> Iterator[Finding]:
    """Dates that are said to be of somebody's birth."""
    yield from (group(match, BIRTH, match.lastindex or 0) for match in _BORN.finditer(text))
