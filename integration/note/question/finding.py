"""A piece of a text that is personal, and the words that tell what stands around a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ORDERED: Final = re.compile(
    r"(?:orders?|invoice|ticket|case|tracking|reference|ref|shipment|parcel|booking|article|item|product|serial|customer|sku|basket|rma|imei"
    r"|bestell\w*|auftrag\w*|rechnung\w*|vorgang\w*|sendung\w*|buchung\w*|kunden\w*|artikel\w*|serien\w*|zähler\w*|vertrag\w*"
    r"|pedidos?|factura|referencia|env[ií]o|seguimiento|reserva|art[ií]culo|cliente|serie|contador|contrato)"
    r"[ .:#-]{0,3}(?:(?:numbers?|no|nr|nummer|id|is|ist|es|número|núm|n[º°])[ .:#-]{0,3}){0,2}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is personal from `start` to `end`, and what stands there instead."""

    start: int
    end: int
    instead: str


def group(match: re.Match[str], instead: str, number: int | str = 1) -> Finding:
    """One group of a match as what is personal."""
    return Finding(match.start(number), match.end(number), instead)


def names_an_order(text: str, start: int) -> bool:
    """Whether what begins at `start` is said to be the number of an order, an invoice, a parcel."""
    return _ORDERED.search(text[max(0, start - 60) : start]) is not None
