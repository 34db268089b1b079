"""Ways to reach somebody: e-mail addresses, phone numbers, and the parts of a link that are for one person alone."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

import phonenumbers
from phonenumbers import Leniency, PhoneNumber, PhoneNumberMatcher, PhoneNumberType

from integration.note.question.finding import Finding, group, names_an_order

EMAIL: Final = "[email]"
PHONE: Final = "[phone]"
IP: Final = "[IP]"
PASSWORD: Final = "[password]"  # noqa: S105 -- what stands in the place of one

# -- E-mail

_AT: Final = r"(?:[ ]?[(\[{<][ ]?(?:at|ät|a|@|arroba)[ ]?[)\]}>][ ]?)"
_DOT: Final = r"(?:[ ]?[(\[{<][ ]?(?:dot|punkt|punto|point|\.)[ ]?[)\]}>][ ]?|[ ](?:dot|punkt|punto)[ ]|\.)"
_SAID_AT: Final = r"[ ](?:at|ät|arroba)[ ]"
_SAID_DOT: Final = r"(?:[ ](?:dot|punkt|punto)[ ])"
_EMAILS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"mailto:[^\s<>\"]{3,500}",
        r"[\w.!#$'*+^`{|}~-]{1,64}(?:[ ]?@[ ]?|%40)(?:[\w-]{1,63}\.){1,8}\w[\w-]{1,23}",
        rf"[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,6}}",
        rf"(?:[\w+-]{{1,64}}{_SAID_DOT}){{0,3}}[\w.+-]{{1,64}}{_SAID_AT}[\w-]{{1,63}}(?:{_SAID_DOT}[\w-]{{1,63}}){{1,4}}",
        r"[\w.+-]{1,64}[ ]arroba[ ](?:[\w-]{1,63}\.){1,4}\w{2,24}",
    )
)

# -- Links and addresses of machines

_LINK: Final = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,12}://|www\.)[^\s<>\"“”«»]{1,3000}", re.IGNORECASE)
_BARE_LINK: Final = re.compile(
    r"(?<![\w@./])(?:[\w-]{1,63}\.){1,6}[a-z]{2,16}(?:/[^\s<>\"?#]{0,300})?\?[^\s<>\"]{1,2000}", re.IGNORECASE
)
_USER: Final = re.compile(r"[a-z][a-z0-9+.-]{1,12}://([^\s/?#@]{1,200})@", re.IGNORECASE)
_V4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_V6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_AT_HOME: Final = tuple(
    map(
        ipaddress.IPv4Network,
        ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    )
)
_VERSION: Final = re.compile(
    r"(?:version|versión|\bv|build|firmware|\bapp|update|release|sdk|driver|treiber)[ .:]{0,3}$", re.IGNORECASE
)

# -- Phones

_REGIONS: Final = ("US", "GB", "DE", "ES", "AT", "CH", "FR", "MX")
_INTERNATIONAL: Final = re.compile(
    r"(?<![\w+])(?:\(?\+[ ]?[1-9](?:[ ./()-]{0,3}\d){6,14}|\(?00[1-9]\d{0,2}[ ./)-](?:[ ./()-]{0,2}\d){6,13})(?!\d)"
)
_CALLED: Final = re.compile(
    r"(?:\b(?:tel|phones?|telephone|mobile|cell|call(?: me)?|ring(?: me)?|reach me|text(?: me)?|txt(?: me)?|sms"
    r"|whatsapp|fax|t|m"
    r"|handy\w*|mobil\w*|telefon\w*|fon|festnetz\w*|erreichbar|anrufen|rufnummer|durchwahl|nummer"
    r"|m[óo]vil|celular|tel[ée]fono|tfno|tlf|fijo|ll[áa]m\w{0,6})\b)"
    r"(?P<between>[^\d\n]{0,30}?)(?P<number>\(?\d(?:[ ./()-]{0,2}\d){6,14})(?![\d%€$])",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d\d){1,2}|\d{4}-\d\d-\d\d.{0,9}|\d{1,2}/\d{1,2}/\d{4}.{0,6}")
_HOTLINES: Final = (PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
_FORMATTED: Final = re.compile(r"\d[ ./()-]{1,3}\d")
_AMOUNT_AFTER: Final = re.compile(r"[ ]?(?:€|\$|£|%|eur\b|usd\b|euros?\b|kb\b|mb\b|gb\b|ms\b)", re.IGNORECASE)


def emails(text: str) -> Iterator[Finding]:
    """E-mail addresses, spelled out ones too."""
    let_in = [match.span(1) for match in _USER.finditer(text)]
    for pattern in _EMAILS:
        for match in pattern.finditer(text):
            if not any(start <= match.start() <= end for start, end in let_in):
                yield group(match, EMAIL, 0)


def links(text: str) -> Iterator[Finding]:
    """What follows the path of a link, and who it lets in: host and path stay."""
    for match in _USER.finditer(text):
        yield group(match, PASSWORD)
    for pattern in (_LINK, _BARE_LINK):
        for match in pattern.finditer(text):
            link = match[0].rstrip(".,;:!?)]}'\u2019")
            marks = [at for at in (link.find("?"), _fragment(link)) if at >= 0]
            if marks and min(marks) < len(link):
                yield Finding(match.start() + min(marks), match.start() + len(link), "")


def _fragment(link: str) -> int:
    """Where a part begins that is for one person: `#id=12`, not the `#/cart` of a page."""
    at = link.find("#")
    return at if at >= 0 and re.search(r"[=&]|\d{5}", link[at:]) else -1


def machines(text: str) -> Iterator[Finding]:
    """IP addresses that lead to somebody, not those that everybody has at home."""
    for match in _V4.finditer(text):
        if _leads_somewhere(match[0]) and not _VERSION.search(text[max(0, match.start() - 20) : match.start()]):
            yield group(match, IP, 0)
    for match in _V6.finditer(text):
        try:
            address = ipaddress.IPv6Address(match[0])
        except ValueError:
            continue
        if not address.is_loopback and not address.is_unspecified:
            yield group(match, IP, 0)


def _leads_somewhere(dotted: str) -> bool:
    """Whether four numbers are an address of the Internet: `2.0.1.17` is more likely a version."""
    parts = [int(part) for part in dotted.split(".")]
    if max(parts) > 255 or max(parts) < 32:  # noqa: PLR2004
        return False
    return not any(ipaddress.IPv4Address(".".join(map(str, parts))) in network for network in _AT_HOME)


def phones(text: str) -> Iterator[Finding]:
    """Phone numbers: international, called so, or written as they are in one of the regions of our languages."""
    for match in _INTERNATIONAL.finditer(text):
        yield group(match, PHONE, 0)
    for match in _CALLED.finditer(text):
        if not _something_else(text, match.start("number"), match["number"]) and not _hotline(match["number"]):
            yield group(match, PHONE, "number")
    for region in _REGIONS:
        for number in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=500):
            if _personal(text, number.start, number.raw_string, number.number, region):
                yield Finding(number.start, number.end, PHONE)


def _personal(text: str, start: int, raw: str, number: PhoneNumber, region: str) -> bool:
    if phonenumbers.number_type(number) in _HOTLINES or _something_else(text, start, raw):
        return False
    digits = sum(map(str.isdigit, raw))
    if raw.startswith(("+", "00", "(+")) or (raw.startswith(("0", "(0")) and digits >= 10):  # noqa: PLR2004
        return True
    if _FORMATTED.search(raw):
        return phonenumbers.is_valid_number_for_region(number, region) and _grouped(raw, region)
    return region == "ES" and digits == 9 and raw[0] in "67"  # noqa: PLR2004 -- a Spanish mobile number


def _grouped(raw: str, region: str) -> bool:
    """Whether the groups are those that people there write: order numbers have groups, too."""
    groups = [len(part) for part in re.findall(r"\d+", raw)]
    known = {
        "US": ([3, 3, 4], [1, 3, 3, 4], [3, 7]),
        "MX": ([2, 4, 4], [3, 3, 4]),
        "ES": ([3, 3, 3], [3, 2, 2, 2], [2, 3, 2, 2]),
        "FR": ([2, 2, 2, 2, 2],),
    }
    return groups in known[region] if region in known else raw.startswith(("0", "(0"))


def _something_else(text: str, start: int, raw: str) -> bool:
    """Whether a number is a date, an amount, or said to be of an order."""
    after = text[start + len(raw) : start + len(raw) + 8]
    return bool(_DATE.fullmatch(raw.strip("()")) or _AMOUNT_AFTER.match(after)) or names_an_order(text, start)


def _hotline(raw: str) -> bool:
    for region in _REGIONS:
        try:
            number = phonenumbers.parse(raw, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.number_type(number) in _HOTLINES:
            return True
    return False
