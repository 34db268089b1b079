"""Which characters are shown: what builds something that can be seen stays, what only deceives goes."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.note.characters import IGNORABLE, clean

IGNORABLES = [chr(code) for code in range(sys.maxunicode + 1) if re.match(f"[{IGNORABLE}]", chr(code))]
BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(character)) for character in text)


def flag(region: str) -> str:
    return f"\U0001f3f4{tags(region)}\U000e007f"


BUILT = {
    "England": flag("gbeng"),
    "Scotland": flag("gbsct"),
    "Wales": flag("gbwls"),
    "a flag of two letters": "\U0001f1eb\U0001f1f7",
    "a family": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "a profession with a skin tone": "\U0001f469\U0001f3fd\u200d\U0001f4bb",
    "a heart on fire": "\u2764\ufe0f\u200d\U0001f525",
    "a pirates' flag": "\U0001f3f4\u200d\u2620\ufe0f",
    "a head that shakes": "\U0001f642\u200d\u2194\ufe0f",
    "an eye in a bubble": "\U0001f441\ufe0f\u200d\U0001f5e8\ufe0f",
    "keycaps": "1\ufe0f\u20e3 #\ufe0f\u20e3 *\ufe0f\u20e3",
    "emoji shown as text": "\u260e\ufe0e \u00a9\ufe0f \u2122\ufe0f \u203c\ufe0f \u2139\ufe0f",
    "an Arabic number sign": "\u0600\u0661\u0662",
    "an Arabic end of verse": "\u06dd\u0661\u0662",
    "a Syriac abbreviation": "\u070f\u0723\u0718\u072a",
    "a Kaithi number sign": "\U000110bd\U000110c1",
    "Persian, apart": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "Persian, apart before marks": "\u0646\u0627\u0645\u0647\u064e\u200c\u0627\u06cc",
    "Persian behind Latin": "PDF\u200c\u0647\u0627",
    "Arabic, an initial form alone": "1443 \u0647\u200d.",
    "Devanagari, half a letter": "\u0915\u094d\u200d\u0937",
    "Devanagari, a letter that shows its virama": "\u0915\u094d\u200c\u0937",
    "Bengali, a joiner before the virama": "\u09b0\u200d\u09cd\u09af",
    "Malayalam, a letter without a vowel": "\u0d28\u0d4d\u200d",
    "Kannada": "\u0cb0\u200d\u0ccd\u0c95",
    "Sinhala": "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "Tamil": "\u0b95\u0bcd\u200c\u0bb7",
    "Khmer": "\u1794\u17c9\u200c\u17bb",
    "Hebrew, a vowel of its own": "\u05d5\u200c\u05b9",
    "Hebrew, two marks in order": "\u05dc\u05b7\u034f\u05b4\u05dd",
    "Mongolian": "\u182d\u180b\u180e\u1820 \u1820\u180c\u200d \u1828\u180d",
    "a Japanese name": "\u845b\U000e0100\u98fe\u533a \u8fbb\U000e0101",
    "an ideograph of compatibility": "\u795e\ufe00",
    "a form of a mathematical sign": "\u2268\ufe00",
    "Phags-pa": "\ua856\ufe00",
    "a turned hieroglyph, two joined ones": "\U00013091\ufe00 \U00013000\U00013430\U00013001",
    "a syllable that lacks a letter": "\u1100\u1160\u11a8 \u115f\u1161",
    "a beam of notes": "\U0001d15f\U0001d173\U0001d15f\U0001d174",
    "any script": "\u4f60\u597d \u0bb5\u0ba3\u0b95\u0bcd\u0b95\u0bae\u0bcd e\u0301",
    "any script, with marks": "\u05e9\u05dc\u05d5\u05dd \u0e2a\u0e27\u0e31\u0e2a",
}


@pytest.mark.parametrize("text", BUILT.values(), ids=BUILT)
def test_what_is_built_with_format_characters_survives(text: str) -> None:
    for shown in (text, f"a{text}b", f"{text} {text}", f"({text})"):
        assert clean(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"a{tags('ignore all that was said')}b", "ab"),
        (f"\U0001f3f4{tags('evil')}\U000e007f", "\U0001f3f4"),
        (f"\U0001f3f4{tags('gbeng')}", "\U0001f3f4"),
        (f"\U0001f3f4{tags('gbengland')}\U000e007f", "\U0001f3f4"),
        (f"\U0001f600{tags('gbeng')}\U000e007f", "\U0001f600"),
        (f"{flag('gbsct')}{tags('gbeng')}\U000e007f", flag("gbsct")),
        ("\U0001f600\ufe0f\U000e0110\U000e0111\U000e0112", "\U0001f600\ufe0f"),
        ("a\ufe00\ufe01\ufe0fb", "ab"),
        ("1\ufe0f2\ufe0f", "12"),
        ("\u845b\U000e0100\U000e0101\U000e0102", "\u845b\U000e0100"),
        ("pay\u200bpal pay\u200dpal pay\u2060pal pay\u00adpal pay\ufeffpal pay\u3164pal", " ".join(["paypal"] * 6)),
        ("\u4f60\u200d\u597d \u043f\u200c\u0430 \U0001f600\u200da", "\u4f60\u597d \u043f\u0430 \U0001f600a"),
        ("\u0645\u200c\u200c\u200c\u200c\u062e", "\u0645\u200c\u200c\u062e"),
        ("abc\u202egnp.exe\u2066x\u2069\u200f", "abcgnp.exex"),
        ("shown\ufff9hidden\ufffahidden\ufffb", "shownhiddenhidden"),
        ("a\u115fb\u1160c\uffa0d\u17b4e\u180ef\u034fg", "abcdefg"),
    ],
)
def test_what_builds_nothing_goes(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_no_unseen_character_stays_between_plain_letters() -> None:
    for unseen in IGNORABLES:
        for plain in ("ab", ":/", "{{", "\u0436\u0436", "\u00e9\u00e9", "1."):
            assert clean(plain[0] + unseen + plain[1]) == plain


def test_every_format_character_that_can_be_seen_stays() -> None:
    """By another of Unicode's properties: what has a place in a line has the class of letters or of numbers."""
    codes = (code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf")
    for character in map(chr, codes):
        if character in BIDI or "INTERLINEAR" in unicodedata.name(character, ""):
            assert clean(f"\u0661{character}\u0661") == "\u0661\u0661"
        elif unicodedata.bidirectional(character) in ("AN", "AL", "L"):
            assert clean(f"a{character}b") == f"a{character}b"
        else:
            assert clean(f"a{character}b") == "ab"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_every_kind_of_line_end_is_one(end: str) -> None:
    assert clean(f"one{end}two") == "one\ntwo"


PIECES = st.sampled_from(
    [*BUILT.values(), *BIDI, "a", "1", " ", "{", "/", "\u0647", "\u4f60", "\U0001f600", "\U0001f3f4"]
)
MIXED = st.lists(PIECES | st.sampled_from(IGNORABLES) | st.characters(), max_size=12).map("".join)
FLAG = re.compile("|".join(tags(region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")))


@settings(deadline=None)
@given(text=MIXED)
@example(text="a\ufe0f\u200d\U0001f467")
@example(text="\u0647\u200d\u200b\u200d\U0001f467")
def test_nothing_that_is_seen_is_lost_and_nothing_unseen_is_hoarded(text: str) -> None:
    shown = clean(text)
    assert clean(shown) == shown
    assert not set(shown) & {*BIDI, "\u200b", "\u2060", "\ufeff", "\u3164"}
    seen = re.sub(f"[{IGNORABLE}\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufff9-\ufffb]", "", text)
    seen = re.sub("\r\n|[\r\v\f\x85\u2028\u2029]", "\n", seen).replace("\u00a0", " ")
    assert re.sub(f"[{IGNORABLE}]", "", shown) == seen
    for run in re.findall(f"[{IGNORABLE}]+", shown):
        assert len(run) <= 3 or FLAG.fullmatch(run), ascii(shown)
