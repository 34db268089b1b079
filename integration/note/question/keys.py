"""What opens something: tokens and keys, passwords, one-time codes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from integration.note.question.finding import Finding, group, names_an_order

TOKEN: Final = "[token]"  # noqa: S105 -- what stands in the place of one
PASSWORD: Final = "[password]"  # noqa: S105 -- likewise
CODE: Final = "[code]"

# -- Tokens

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}-----[A-Za-z0-9+/=\s:,.-]{0,4000}?(?:-----END [A-Z0-9 ]{0,40}-----|$|(?=\n\n))"
)
_KNOWN: Final = re.compile(
    r"\beyJ[\w-]{6,2000}(?:\.[\w-]{2,4000}){0,4}"  # a JSON Web Token
    r"|\b(?:AKIA|ASIA|AGPA|AROA|AIDA)[A-Z0-9]{12,32}\b"
    r"|\b(?:[sprw]k|rk|pk)_(?:live|test)_\w{6,200}|\bwhsec_[\w+/=-]{6,200}"
    r"|\b(?:gh[pousr]|github_pat|glpat|npm|pypi|hf|dop_v1|shpat|shpss|sq0\w{3})[_-][\w-]{10,300}"
    r"|\bxox[a-z]-[\w-]{6,300}|\bxapp-[\w-]{6,300}|\bAIza[\w-]{20,60}|\bya29\.[\w-]{10,400}|\bGOCSPX-[\w-]{6,80}"
    r"|\bSG\.[\w-]{10,60}\.[\w-]{10,80}|\bsk-[\w-]{16,300}|\bAC[0-9a-f]{32}\b"
)
_NAMED: Final = re.compile(
    r"\b(?:api[-_ ]?(?:key|token|schlüssel)|(?:access|account|secret|private|auth|refresh)[-_ ]?(?:key|token)"
    r"|(?:client[-_ ]?)?secret|secreto|token|bearer|basic|clave(?: de (?:la )?api)?|schlüssel|geheimnis"
    r"|session[-_ ]?id|cookie|txid)"
    r"[\"']?(?:[ ]{0,2}[:=][ ]{0,2}|[ ](?:is|was|ist|war|lautet|es|era)[ ]{0,2}:?[ ]{0,2}"
    r"|[ ]{1,2})[\"'“„]?([\w+/=.~-]{8,2000})",
    re.IGNORECASE,
)
_RUN: Final = re.compile(r"[A-Za-z0-9+_-]{20,4000}={0,2}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX: Final = re.compile(r"(?:0x)?[0-9a-f]{32,}", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"[0-9a-f]+", re.IGNORECASE)  # shorter hexadecimal ones are the ids of records
_CHANGES: Final = re.compile(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])|[a-z](?=[A-Z])")

# -- Passwords

_WORD: Final = (
    r"(?:\b(?:pass[ -]?(?:word|wort|phrase|code|wd)?|pwd?|psw|kennwort|zugangswort|contraseña|contrasena|clave)\b"
    r"|(?<=\w)passwort\b|-passwort\b)"
)
_FILL: Final = r"(?:[ ][^\W\d_]{1,12}){0,3}"
_IS: Final = r"(?:is|was|were|would be|should be|lautete?|ist|war|wäre|sei|soll|es|era|sería|ser[aá])"
_ASSIGNED: Final = re.compile(
    rf"{_WORD}[\"']?{_FILL}(?:[ ]{_IS})?[ ]{{0,2}}[:=][ ]{{0,2}}[\"'“„«]?([^\s\"'”“»]{{2,100}})", re.IGNORECASE
)
_SAID: Final = re.compile(rf"{_WORD}{_FILL}[ ]{_IS}[ ]{{1,2}}([^\s\"'“”„«»]{{3,100}})", re.IGNORECASE)
_QUOTED: Final = re.compile(
    rf"(?:{_WORD}|\b(?:old|new|alte|neue|antigua|nueva"
    rf"|anterior)\b(?:[ ]one)?){_FILL}[ ]{_IS}{_FILL}[ ][\"'“„«]([^\"'“”„»\n]{{2,60}})[\"'”“»]",
    re.IGNORECASE,
)
_BESIDE: Final = re.compile(
    rf"{_WORD}(?:[ ](?:of|von|de|[-\u2013>]{{1,2}}))?[ ]{{1,2}}([^\s\"'“”„«»]{{5,100}})", re.IGNORECASE
)
_PAIR: Final = re.compile(
    r"(?:\b(?:log-?in|credentials?|zugang(?:sdaten)?|anmeldedaten|acceso|user(?:name)?|benutzer(?:name)?|usuario)\b"
    r"[^\n/]{0,60}?|@[\w.-]{3,80})[ ]/[ ]([^\s/]{4,60})|[ ](?:-u|--user)[ ]{1,3}['\"]?[\w.@-]{1,60}:([^\s'\"]{3,100})",
    re.IGNORECASE,
)
_NONE: Final = frozenset(  # what follows `my password is` when that says how it is
    {
        "geht", "see", "siehe", "wie", "as", "works", "funktioniert", "ver", "n/a", "none", "not", "wrong",
        "incorrect", "invalid", "correct", "right", "fine", "ok", "okay", "the", "a", "an", "my", "your", "being",
        "still", "now", "never", "always", "too", "very", "expired", "rejected", "accepted", "empty", "blank",
        "missing", "required", "changed", "reset", "shown", "hidden", "visible", "broken", "unknown", "weak",
        "strong", "different", "same", "on", "off", "in", "at", "of", "it", "that", "this", "what", "where", "when",
        "why", "how", "gone", "lost", "stolen", "set", "sent", "asked", "refused", "denied", "nicht", "falsch",
        "richtig", "korrekt", "ungültig", "gültig", "abgelaufen", "leer", "zu", "der", "die", "das", "ein", "eine",
        "mein", "immer", "noch", "nur", "sehr", "weg", "gesperrt", "geändert", "unbekannt", "vergessen", "da", "so",
        "laut", "auch", "no", "incorrecta", "incorrecto", "correcta", "correcto", "válida", "inválida", "errónea",
        "la", "el", "una", "un", "mi", "muy", "siempre", "todavía", "caducada", "vacía", "demasiado", "según",
        "que", "lo", "bloqueada", "cambiada", "desconocida", "distinta", "la-que",
    }
)  # fmt: skip

# -- Codes

_NUMBER: Final = r"(?:[A-Z]{1,2}-)?(?:\d{3}[ -]\d{3}|\d{4}[ -]\d{4}|\d{4,8}|\d(?:[ ]\d){3,7})(?![\d.,]?\d)"
_CODE: Final = re.compile(
    r"(?:\b(?:verification|security|confirmation|one[- ]time|log-?in|sign-?in|access|sms|2fa|mfa|backup|recovery"
    r"|auth\w{0,14})[ -](?:codes?|pin|passcode)\b"
    r"|\bcódigos? de (?:verificación|seguridad|acceso|confirmación|un solo uso|inicio)\b"
    r"|(?P<general>\b(?:codes?|códigos?)\b)|\b(?:[a-zäöü]{0,20}(?:bestätigung|sicherheit|einmal|anmelde|ersatz|freischalt)s?-?codes?"
    r"|otp|tan|PIN(?:-?(?:code|nummer))?|passcode|einmalpasswort|authenticator|sms)\b)"
    rf"(?P<between>[^\d\n]{{0,40}}?)(?P<first>\b{_NUMBER})(?:(?:,|\s(?:and|und|y|or|oder|o))(?:\s(?:then|later|dann|später|luego|después))?\s(?P<second>{_NUMBER}))?",
    re.IGNORECASE,
)
_OTHER_CODE: Final = re.compile(
    r"(?:error|status|promo|coupon|discount|voucher|postal|post|zip|product|country|area|exit|http|response|qr|bar|source|dress|color"
    r"|fehler|rabatt|gutschein|aktions|länder|artikel|sort|swift|bank|item|reason|result|return)[ -]?$",
    re.IGNORECASE,
)
_OTHER_AFTER: Final = re.compile(
    r"[ ]?(?:postal|promocional|de (?:error|descuento|barras|producto|estado))|.{0,40}\b(?:error|fehler|order|pedido"
    r"|bestellung|http|version)\b",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.?!]\s")
_SPACED: Final = re.compile(r"(?<![\d.,+/-])(?<!\d )\d{3} \d{3}(?![\d.,/-]?\d)(?! \d)")
_GOOGLE: Final = re.compile(r"\bG-(\d{6})\b")


def tokens(text: str) -> Iterator[Finding]:
    """Tokens, keys and other long secrets that machines made."""
    for pattern in (_PRIVATE_KEY, _KNOWN):
        yield from (group(match, TOKEN, 0) for match in pattern.finditer(text))
    for match in _NAMED.finditer(text):
        if _made_by_machine(match[1]):
            yield group(match, TOKEN)
    for match in _RUN.finditer(text):
        if _random(match[0]):
            yield group(match, TOKEN, 0)


def _made_by_machine(value: str) -> bool:
    """Whether a value that is called a key is one: `abc12345`, but not `authentication`."""
    return any(character.isdigit() for character in value) and any(character.isalpha() for character in value)


def _random(run: str) -> bool:
    """Whether a long word looks drawn by lot: not a UUID, which names things, and not the name of a class."""
    if _UUID.fullmatch(run):
        return False
    if _HEX.fullmatch(run):
        return True
    digits = sum(character.isdigit() for character in run)
    both = any(character.islower() for character in run) and any(character.isupper() for character in run)
    if not both and (len(run) < 24 or _NUMBERED.fullmatch(run)):  # noqa: PLR2004
        return False
    return digits >= 2 and len(_CHANGES.findall(run)) >= (5 if both else 8) and _entropy(run) >= 3.5  # noqa: PLR2004


def _entropy(run: str) -> float:
    """Bits a character, by how often each one stands in the word."""
    return -sum(count / len(run) * math.log2(count / len(run)) for count in Counter(run).values())


def passwords(text: str) -> Iterator[Finding]:
    """What is said to be a password; not what is only said about one."""
    for match in _ASSIGNED.finditer(text):
        if not _tells_about_it(match[1]):
            yield _trimmed(match)
    for match in _SAID.finditer(text):
        if _could_be_one(match[1]) or (_ends(match) and not _tells_about_it(match[1])):
            yield _trimmed(match)
    for match in _QUOTED.finditer(text):
        words = match[1].split()
        if words and not _tells_about_it(words[0]) and (len(words) == 1 or any(map(str.isdigit, match[1]))):
            yield group(match, PASSWORD)
    for pattern in (_PAIR, _BESIDE):
        for match in pattern.finditer(text):
            if _could_be_one(match[match.lastindex or 0]):
                yield _trimmed(match)


def _trimmed(match: re.Match[str]) -> Finding:
    """The last group of a match without the signs that end a sentence."""
    number = match.lastindex or 0
    return Finding(match.start(number), match.start(number) + len(match[number].rstrip(".,;)")), PASSWORD)


def _tells_about_it(word: str) -> bool:
    """Whether a word says how a password is, or what is the matter with it: `wrong`, `falsch`."""
    return word.casefold().strip(".,;!?") in _NONE


def _ends(match: re.Match[str]) -> bool:
    """Whether the sentence, or a part of it, ends behind a word: `is sunflower, but`, not `is rejected by`."""
    word = match[1].casefold().rstrip(".,;!?")
    return (match[1][-1] in ".,;!" or not match.string[match.end() : match.end() + 9].strip()) and not word.endswith(
        ("ed", "ing", "t", "ada", "ado")
    )


def _could_be_one(value: str) -> bool:
    """Whether a word has what passwords have and words have not: digits or signs inside, capitals within."""
    value = "" if value.startswith(("(", "http")) else value.rstrip(".,;:!?)")
    letters = any(map(str.isalpha, value))
    digits = any(map(str.isdigit, value))
    signs = any(not character.isalnum() and character not in "-'\u2019/.()" for character in value)
    return len(value) >= 4 and ((letters and (digits or signs)) or (digits and len(value) >= 6))  # noqa: PLR2004


def codes(text: str) -> Iterator[Finding]:
    """Codes that let somebody in once, and PINs."""
    several = False
    for match in _CODE.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if _OTHER_CODE.search(before) or _OTHER_AFTER.match(match["between"]):
            continue
        if names_an_order(text, match.start("first")):
            continue
        if not _six_or_more(match["first"]) and (match["general"] or _SENTENCE_END.search(match["between"])):
            continue
        several = True
        yield group(match, CODE, "first")
        if match["second"]:
            yield group(match, CODE, "second")
    yield from (group(match, CODE) for match in _GOOGLE.finditer(text))
    if several:
        yield from (group(match, CODE, 0) for match in _SPACED.finditer(text))


def _six_or_more(number: str) -> bool:
    return sum(map(str.isdigit, number)) >= 6  # noqa: PLR2004
