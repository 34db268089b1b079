"""Which characters of a foreign text are shown: what builds something that can be seen stays, what only deceives goes.

Unicode's word for characters that are not seen is *Default_Ignorable_Code_Point*: joiners, variation selectors, tags,
bidi controls, fillers, zero-width spaces. Such a character stays where Unicode gives it something to build out of its
neighbours (`_BUILDERS`), and goes everywhere else; whatever is seen by itself stays, format character or not (U+06DD).
"""

from __future__ import annotations

import re

IGNORABLE = (  # DerivedCoreProperties.txt: Default_Ignorable_Code_Point, which holds all Bidi_Control characters, too
    "\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSHOWABLE = "\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufff9-\ufffb"  # control, surrogate, interlinear annotation
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

_PICTOGRAPHS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\U0001fc00-\U0001fffd"
)
# Scripts whose letters take another form where they are joined or kept apart: the cursive ones, the Brahmic ones, and
# Hebrew, which tells two vowels apart in this way.
_JOINED = (
    "\u0590-\u061b\u061d-\u0fff\u1000-\u109f\u1700-\u17b3\u17b6-\u180a\u1810-\u18af\u1900-\u1cff\ua800-\uaaff"
    "\uabc0-\uabff\ufb1d-\ufdff\ufe70-\ufefc\U00010840-\U00010fff\U00011000-\U00011fff\U00016100-\U0001613f"
    "\U0001e900-\U0001e95f"
)
_MONGOLIAN = "\u1800-\u180a\u1810-\u18af"
_HAN = (
    "\u2018-\u201f\u2e80-\u3163\u3165-\u9fff\uf900-\ufaff\uff01-\uff60\U00016fe0-\U00018cff\U0001b000-\U0001b2ff"
    "\U00020000-\U0003ffff"
)
_MARKS = "\u0300-\u034e\u0350-\u036f\u0591-\u05c7"
_FLAGS = "|".join(  # of England, Scotland and Wales: no other tag sequence is drawn anywhere as more than a black flag
    "".join(chr(0xE0000 + ord(letter)) for letter in region) for region in ("gbeng", "gbsct", "gbwls")
)

_BUILDERS = (
    rf"(?<=[{_PICTOGRAPHS}])[\ufe0e\ufe0f]",  # shown as text or as emoji
    rf"(?:(?<=[{_PICTOGRAPHS}])|(?<=[{_PICTOGRAPHS}]\ufe0f))\u200d(?=[{_PICTOGRAPHS}])",  # families, professions
    rf"(?<=\U0001f3f4)(?:{_FLAGS})\U000e007f",
    r"(?<=[0-9#*])\ufe0f(?=\u20e3)",  # keycaps
    rf"(?<=[{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?=[{_JOINED}])",
    rf"(?<=[{_MONGOLIAN}])[\u180b-\u180f]|(?<=[{_MONGOLIAN}][\u180b-\u180d\u180f])[\u180e\u200c\u200d]",
    rf"(?<=[{_HAN}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",  # the form of an ideograph, as in names
    r"(?<=[\u1000-\u109f\u2200-\u22ff\u2a00-\u2aff\ua840-\ua877\uaa60-\uaa7f\U00010ac0-\U00010aff])\ufe00",
    r"(?<=[\U00013000-\U0001342f\U00013460-\U000143ff])[\ufe00-\ufe06]",  # hieroglyphs that are turned
    rf"(?<=[{_MARKS}])\u034f(?=[{_MARKS}])",  # keeps two marks in their order
    r"\u115f(?=[\u1161-\u11a7])|(?<=[\u1100-\u115e\ua960-\ua97c])\u1160",  # a syllable that lacks a letter
    r"(?<=[\U0001bc00-\U0001bc9f])[\U0001bca0-\U0001bca3]",  # shorthand
    r"(?<=[\U0001d100-\U0001d172\U0001d17b-\U0001d1ff])[\U0001d173-\U0001d17a]",  # music
)
_BUILDER = re.compile("|".join(_BUILDERS))
_UNSEEN = re.compile(f"[{IGNORABLE}{_UNSHOWABLE}]+")


def clean(text: str) -> str:
    """The text as it is seen: one kind of line end, and nothing left that cannot be seen and builds nothing."""
    text = _LINE_END.sub("\n", text).replace("\u00a0", " ")  # which would grow into an entity
    return _UNSEEN.sub(_what_builds, text)


def _what_builds(unseen: re.Match[str]) -> str:
    kept, at = "", unseen.start()
    while at < unseen.end():
        builder = _BUILDER.match(unseen.string, at)
        kept += builder[0] if builder else ""
        at = builder.end() if builder else at + 1
    return kept
