"""What the requester wrote themselves: without quoted mail, signature, greeting and disclaimer.

English, German and Spanish. Line by line, each rule bounded: the text is a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_LONGEST_SIGNATURE: Final = 12  # lines
_LONGEST_LINE: Final = 300  # longer ones are neither a header nor a greeting nor a signature

# -- Quoted mail

_WROTE: Final = re.compile(
    r"(?:(?:On|Am|El|Le)\s.{0,40}\d.{0,250}\b(?:wrote|schrieb|escribió|a écrit)\b.{0,120}:"
    r"|.{1,150}\b(?:wrote on|schrieb am|escribió el)\s.{3,60}:"
    r"|\d{4}-\d\d-\d\d \d{1,2}:\d\d.{0,40} .{1,80}<.{3,80}>:)",
    re.IGNORECASE,
)
_WROTE_BEGINS: Final = re.compile(r"(?:On|Am|El|Le)\s.{0,40}\d", re.IGNORECASE)
_ORIGINAL: Final = re.compile(
    r"[-_*]{2,}\s?(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Original-?Nachricht"
    r"|Weitergeleitete Nachricht|Mensaje original|Mensaje reenviado)\s?[-_*]{2,}.{0,40}"
    r"|Begin forwarded message:|Anfang der weitergeleiteten (?:Nachricht|E-Mail):|Inicio del mensaje reenviado:"
    r"|##-.{0,80}-##",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"[_-]{10,}")
_SENDER: Final = re.compile(r"\*?(?:From|Von|De):\*?\s?.{1,200}")
_HEADER: Final = re.compile(
    r"\*?(?:Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Enviado(?: el)?|Fecha|Para|Asunto):\*?\s?.{0,250}"
)
_TITLE: Final = re.compile(r"\*?(?:Subject|Betreff|Asunto):")

# -- What ends a mail

_STRONG: Final = (
    r"(?:(?:with )?(?:best|kind(?:est)?|warm(?:est)?)(?: (?:regards|wishes))?|(?:with )?(?:best |kind |warm )?regards"
    r"|all the best|yours(?: (?:sincerely|faithfully|truly))?|sincerely(?: yours)?|respectfully(?: yours)?|cheers"
    r"|(?:mit )?(?:(?:den )?(?:besten|freundlichem|freundlichen|herzlichen|lieben|vielen|schönen) )(?:grü(?:ß|ss)en?"
    r"|gru(?:ß|ss))"
    r"|(?:beste|freundliche|herzliche|liebe|viele|schöne|sonnige)?\s?(?:grü(?:ß|ss)e|gru(?:ß"
    r"|ss))(?: aus (?:dem )?\w{2,20})?"
    r"|(?:danke|vielen dank) und (?:viele|beste|liebe|freundliche) grü(?:ß|ss)e"
    r"|mfg|vg|lg|hochachtungsvoll|freundlichst"
    r"|(?:reciban? )?(?:un |muchos )?(?:cordial(?:es)? |atento )?saludos?(?: cordial(?:es)?)?|cordialmente"
    r"|atentamente|atte\.?"
    r"|un (?:fuerte )?abrazo|(?:muchas )?gracias y (?:un )?(?:cordial )?saludos?)"
)
_WEAK: Final = (
    r"(?:(?:many |much )?thanks(?: (?:again|a lot|in advance|so much|and \w{2,10} regards))?"
    r"|thank you(?: (?:very much|so much|in advance|again))?"
    r"|thx|ty|(?:vielen |herzlichen |besten )?dank(?: im voraus)?|danke(?: (?:schön|sehr|im voraus|euch|ihnen))?"
    r"|¡?(?:muchas |mil )?gracias(?: (?:de antemano|por (?:todo|su ayuda|vuestra ayuda)))?)"
)
_DASHES: Final = frozenset(("--", "___", "\u2013", "\u2014"))
_CLOSING: Final = re.compile(rf"{_STRONG}(?:\s?[,.!]*|,?\s[^.?!,:;]{{2,40}})", re.IGNORECASE)
_THANKS: Final = re.compile(rf"{_WEAK}\s?[,.!]*(?:\s[^.?!,:;\s]{{2,20}})?[,.!]*", re.IGNORECASE)
_DEVICE: Final = re.compile(
    r"(?:Sent (?:from (?:my|mail|outlook|yahoo|proton)|via|with|using)\b.{0,60}|Get Outlook for \w+"
    r"|Sent from Outlook.{0,40}"
    r"|Von meinem .{2,40} gesendet|Gesendet (?:mit|von|über)\b.{2,60}|Diese Nachricht wurde von mein.{2,60} gesendet\.?"
    r"|Enviado (?:desde|con|por)\b.{2,60}|Obtener Outlook para \w+)",
    re.IGNORECASE,
)
_CONFIDENTIAL: Final = re.compile(r"confidential|privileged|vertraulich|confidencial", re.IGNORECASE)
_RECIPIENT: Final = re.compile(
    r"recipient|addressee|intended|received (?:it|this)|Empfänger|Adressat|irrtümlich|destinatari|por error",
    re.IGNORECASE,
)
_ENVIRONMENT: Final = re.compile(r"consider the environment|an die umwelt|piense en el medio ambiente", re.IGNORECASE)
_POSTSCRIPT: Final = re.compile(r"P\.? ?[SD]\.?[ :]", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[a-zà-ÿ)]{2}[.?!]$")

# -- What begins one

_GREETING: Final = re.compile(
    r"[¡!]*(?:hi|hello|hey|hiya|dear|greetings|good (?:morning|afternoon|evening|day)|to whom it may concern"
    r"|hallo|moin|servus|grüezi|grü(?:ß|ss) gott|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|liebe[rs]?|werte[rs]?"
    r"|hola|buen(?:os días|as tardes|as noches|as|os dias)|estimad[oa]s?|querid[oa]s?|muy (?:señores|buenas)|saludos)\b"
    r"(?:,?[ ]+(?i:team|support(?:[- ]?team)?|there|all|everyone|folks|again|sirs?|madam|or|and|customer|service"
    r"|care|help|desk"
    r"|zusammen|moin|liebes|liebe|ihr|leute|damen|und|herren|herr|frau|kundenservice"
    r"|equipo|de|del|soporte|señor(?:es|a)?|míos|atención|al|cliente|a|todos|amigos|(?-i:[A-ZÀ-Þ][\w'-]{1,20}))){0,5}"
    r"(?:[ ]?[,.!:;\u2013]+|[ ]?-(?=\s|$)|[ ]?$)\s?",
    re.IGNORECASE,
)
_REPLY: Final = re.compile(
    r"(?:(?:re|aw|antw|fwd?|wg|rv|tr|sv|enc)(?:\[\d{1,3}\])?\s?:\s?|\[[^\]]{0,20}\d[^\]]{0,20}\]\s?|\[external\]\s?){1,9}",
    re.IGNORECASE,
)
_NO_SUBJECT: Final = re.compile(
    r"(?:conversation|chat|call|unterhaltung|conversación|chat) (?:with|mit|con) .{0,80}"
    r"|\(?(?:no subject|kein betreff|ohne betreff|sin asunto)\)?"
    r"|(?:question|help|frage|hilfe|pregunta|consulta|ayuda|support|contact|kontakt|contacto|hi|hello|hallo|hola)[.!?]*",
    re.IGNORECASE,
)


def own_subject(subject: str) -> str:
    """A subject without what mail programs put before it; empty when it says nothing."""
    title = " ".join(subject.split())
    title = title[reply.end() :] if (reply := _REPLY.match(title)) else title
    return "" if _NO_SUBJECT.fullmatch(title) or _GREETING.fullmatch(title) else title


def own_comment(comment: str, *, people: Sequence[str] = ()) -> str:
    """The lines of a comment that the requester wrote themselves; empty when there are none."""
    lines = _without_quotes([line if line == "-- " else line.rstrip() for line in comment.split("\n")])
    lines = [line for line in lines if not (_short(line) and _DEVICE.fullmatch(line.strip()))]
    lines = _without_disclaimers(lines)
    lines = _without_closing(_trimmed(lines))
    lines = _without_name(_trimmed(lines), people)
    return _without_greeting("\n".join(_trimmed(lines)))


def _short(line: str) -> bool:
    return len(line) <= _LONGEST_LINE


def _trimmed(lines: list[str]) -> list[str]:
    """The lines without empty ones at both ends."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        if line.startswith(">"):
            number += 1
        elif _original_begins(lines, number):
            break
        elif (length := _length_of_attribution(lines, number)) > 0:
            number += length
            following = next((line.strip() for line in lines[number:] if line.strip()), "")
            if not following.startswith(">"):
                break
        else:
            kept.append(lines[number])
            number += 1
    return kept


def _length_of_attribution(lines: list[str], number: int) -> int:
    """How many lines from here on say who wrote what follows: mail programs break `On ... wrote:` anywhere."""
    first = lines[number].strip()
    if not first or not _short(first):
        return 0
    if _WROTE.fullmatch(first):
        return 1
    if _WROTE_BEGINS.match(first):
        for length in (2, 3):
            joined = " ".join(line.strip() for line in lines[number : number + length])
            if len(joined) <= 2 * _LONGEST_LINE and _WROTE.fullmatch(joined):
                return length
    return 0


def _original_begins(lines: list[str], number: int) -> bool:
    """Whether a mail follows as a whole, below its headers: `From:`, `Sent:`, `Subject:`."""
    line = lines[number].strip()
    if not line or not _short(line):
        return False
    if _ORIGINAL.fullmatch(line):
        return True
    if _RULE.fullmatch(line):
        return number + 1 < len(lines) and _original_begins(lines[number + 1 : number + 8], 0)
    if not _SENDER.fullmatch(line):
        return False
    below = [other.strip() for other in lines[number + 1 : number + 7]]
    headers = [other for other in below if _short(other) and _HEADER.fullmatch(other)]
    of_a_mail = "@" in line or any(_TITLE.match(header) or "@" in header for header in headers)
    return len(headers) >= 2 and of_a_mail  # noqa: PLR2004 -- a form may have a line `From: Madrid`


def _without_disclaimers(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for paragraph in _paragraphs(lines):
        text = " ".join(paragraph)[:2_000]
        if _ENVIRONMENT.search(text):
            continue
        if _CONFIDENTIAL.search(text) and _RECIPIENT.search(text):
            first = next((number for number, line in enumerate(paragraph) if _CONFIDENTIAL.search(line[:2_000])), 0)
            kept += paragraph[:first]
        else:
            kept += paragraph
    return kept


def _paragraphs(lines: Iterable[str]) -> list[list[str]]:
    """The lines in groups, each with the empty line that ends it."""
    groups: list[list[str]] = [[]]
    for line in lines:
        groups[-1].append(line)
        if not line.strip():
            groups.append([])
    return groups


def _without_closing(lines: list[str]) -> list[str]:
    filled = [(number, line.strip()) for number, line in enumerate(lines) if line.strip()]
    for place, (number, text) in enumerate(filled):
        after = [other for _, other in filled[place + 1 : place + 1 + _LONGEST_SIGNATURE]]
        if _short(text) and _ends_here(lines[number], text, after, first=place == 0):
            return [*lines[:number], *_postscript(lines[number + 1 :])]
    return [line for line in lines if not (_short(line) and _THANKS.fullmatch(line.strip()))]


def _ends_here(line: str, text: str, after: list[str], *, first: bool) -> bool:
    if text in _DASHES:
        return line == "-- " or len(after) < _LONGEST_SIGNATURE
    if first and after:  # `Saludos` is a greeting, too
        return False
    if _CLOSING.fullmatch(text):
        return True
    return _THANKS.fullmatch(text) is not None and _like_a_signature(after)


def _like_a_signature(lines: list[str]) -> bool:
    """Whether these few lines are a name and how to reach it, not sentences."""
    of_it = [line for line in lines if not _POSTSCRIPT.match(line)]
    return len(of_it) <= 8 and all(len(line) <= 70 and not _SENTENCE_END.search(line) for line in of_it)  # noqa: PLR2004


def _postscript(lines: list[str]) -> list[str]:
    """What was written below the signature, and said to be so."""
    starts = [number for number, line in enumerate(lines) if _POSTSCRIPT.match(line.strip())]
    if not starts:
        return []
    return next(group for group in _paragraphs(lines[starts[0] :]))


def _without_name(lines: list[str], people: Sequence[str]) -> list[str]:
    """The lines without a signature that is but a name, and perhaps what they are, where no greeting announced it."""
    names = {name.casefold() for person in people for name in (person, *person.split()[:1]) if name.strip()}
    for number in range(len(lines) - 1, max(0, len(lines) - 8), -1):
        line = lines[number].strip()
        bare = line.lstrip("-\u2013\u2014 ").rstrip(".,! ").casefold()
        before = lines[number - 1].strip()
        if bare in names and not before.endswith(":") and _like_a_signature(lines[number + 1 :]):
            announced = next((other.strip() for other in reversed(lines[:number]) if other.strip()), "")
            if not announced.endswith(":"):
                return lines[:number]
    return lines


def _without_greeting(text: str) -> str:
    for _ in range(2):
        first, _, rest = text.partition("\n")
        greeting = _GREETING.match(first[:_LONGEST_LINE])
        if not greeting:
            break
        text = (first[greeting.end() :] + "\n" + rest).strip("\n ")
    return text
