"""Postal addresses as they are written in English, German and Spanish: street and number, code and town."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from integration.note.question.finding import Finding, group

ADDRESS: Final = "[address]"

_NAME: Final = r"(?:(?:St|Mt|Dr|Sta|Sto|Gral)\.[ ])?[A-ZÀ-Þ][\w'\u2019-]{1,24}"
_BREAK: Final = r"(?:,?[ ]{0,2}\n?[ ]{0,2})"  # between two parts: a comma, a line end, or both

# -- English

_STREET: Final = (
    r"(?:(?:Street|St|Road|Rd|Avenue|Ave|Av|Lane|Ln|Dr|Boulevard|Blvd|Terrace|Ter|Crescent|Cres|Cir|Highway|Hwy|Parkway|Pkwy|Mews|Quay"
    r"|Alley|Broadway)\b\.?"
    r"|(?:Drive|Court|Ct|Way|Place|Pl|Square|Sq|Close|Circle|Trail|Row|Gardens|Grove|Hill|Walk|Green|Park|Rise|View)\b"
    r"(?=\.?[ ]{0,2}(?:[,.;:!?)\n\d#]|$|(?:[A-Z]{1,2}\d|Apt|Unit|Suite|Flat)|(?:in|at|between|by|before|after|and|or"
    r"|please|not|instead|is|was|again)\b)))"
)
_FLAT: Final = (
    r"(?:\d{1,3}(?:st|nd|rd|th)[ ][Ff]loor|(?:(?i:apartment|apt|unit|suite|ste|flat|floor|fl|room|rm)\.?[ ]?"
    r"|#[ ]?)[\w-]{1,6})"
)
_STATE: Final = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
    r"|Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas"
    r"|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska"
    r"|Nevada|New Hampshire"
    r"|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island"
    r"|South Carolina"
    r"|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming)"
)
_ZIP: Final = r"\d{5}(?:-\d{4})?"
_UK: Final = r"[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}"
_EIRCODE: Final = r"[A-Z]\d[\dW][ ][A-Z\d]{4}"
_TOWN: Final = rf"{_NAME}(?:[ ]{_NAME}){{0,2}}"
_TAIL: Final = (
    rf"(?:{_BREAK}(?:{_FLAT}))?(?:,[ ]?\n?{_TOWN}|\n{_TOWN}(?=,?[ ](?:{_UK}|{_STATE}[ ]{_ZIP})))?"
    rf"(?:{_BREAK}(?:{_STATE}[ ]{_ZIP}|{_ZIP}|{_UK}|{_EIRCODE}))?"
)
_ENGLISH: Final = re.compile(
    rf"(?<![\w.,/-])(?:{_FLAT},?[ ])?\d{{1,5}}[A-Za-z]?,?[ ](?:(?:[NSEW]|North|South|East"
    rf"|West)\.?[ ])?(?:{_NAME}[ ]){{1,4}}?{_STREET}{_TAIL}"
)
_LOWER: Final = re.compile(
    r"(?:address|live at|living at|ship(?:ped)? to|send (?:it )?to|deliver(?:ed)? to)\b[^\d\n]{0,20}"
    r"(\d{1,5}[a-z]?[ ](?:[a-z]{2,16}[ ]){1,3}?(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|way|boulevard"
    r"|blvd)\b\.?"
    r"(?:,?[ ][a-z]{3,20}){0,2}(?:,?[ ]\d{5})?)",
    re.IGNORECASE,
)
_BOX: Final = re.compile(rf"\b(?i:p\.?[ ]?o\.?[ ]?box)[ ]\d{{1,6}}{_TAIL}")
_TOWN_STATE: Final = re.compile(rf"\b{_TOWN},?[ ]{_STATE}[ ]{_ZIP}\b(?![ ]?[\d€$%])")
_PART: Final = r"(?:[A-Z][\w'\u2019]{0,20}|\d{1,4}[a-z]?)(?:[ ](?:[A-Z][\w'\u2019]{0,20}|\d{1,4}[a-z]?)){0,4}"
_POSTCODE: Final = re.compile(rf"\b(?:{_PART},[ ]?){{0,4}}(?:{_TOWN}[ ,]{{1,2}})?{_UK}\b")

# -- German

_GERMAN_TOWN: Final = (
    r"(?:(?:St|Bad|Sankt)\.?[ ])?[A-ZÄÖÜ][\wäöüß-]{1,24}(?:[ ](?:am|an der|im|in der|ob der|bei|vor der"
    r"|a\.[ ]?d\.)[ ][A-ZÄÖÜ]\w{1,20}|/[A-ZÄÖÜ]\w{2,20})?"
)
_PLACE: Final = rf"(?:(?:D|A|CH|DE|AT)-?[ ]?)?\d{{4,5}}[ ]{_GERMAN_TOWN}"
_NUMBER: Final = r"\d{1,4}(?:[ ]?[a-z](?![\wäöüß]))?(?:[ ]?[-/][ ]?\d{1,4}[a-z]?)?"
_ENDS: Final = (
    r"(?:straße|strasse|str\.|str|weg|platz|allee|gasse|ring|damm|ufer|steig|pfad|chaussee|stieg|zeile|graben|kamp"
    r"|promenade|twiete|redder)"
)
_GERMAN_FLOOR: Final = (
    r"(?:,?[ ](?:\d{1,2}\.[ ]?(?:OG|UG|DG|Stock|Etage)|EG|Erdgeschoss|Hinterhaus|HH|VH)(?:[ ](?:links|rechts|mitte))?)?"
)
_GERMAN: Final = re.compile(
    rf"\b(?:[A-ZÄÖÜ][\wäöüß.]{{1,20}}[ -]){{0,2}}(?:(?!(?:Speicher|Arbeits|Park|Sitz|Steh|Stell|Lade|Listen|Rück|Aus"
    rf"|Um|Lager)(?:platz|weg))"
    rf"[A-ZÄÖÜ][a-zäöüß]{{1,24}}{_ENDS}|(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Damm|Ufer"
    rf"|Chaussee))[ ]{_NUMBER}(?!\d){_GERMAN_FLOOR}(?:{_BREAK}{_PLACE})?"
)
_OF: Final = re.compile(
    rf"\b(?:Stra(?:ße|sse)|Platz|Allee)[ ]d(?:es"
    rf"|er)[ ](?:\d{{1,2}}\.[ ])?[A-ZÄÖÜ]\w{{2,20}}(?:[ ][A-ZÄÖÜ]\w{{2,20}})?[ ]{_NUMBER}(?:{_BREAK}{_PLACE})?"
)
_AT_THE: Final = (
    r"(?:Am|Im|An de[rnm]|Auf de[rnm]|Zu[mr]|In de[rnm]|Unter de[nr]|Hinter de[rnm]|Beim|Vor de[rnm]|Alte[rs]?"
    r"|Neue[rs]?)"
    rf"(?:[ ][A-ZÄÖÜ][\wäöüß-]{{1,20}}){{1,3}}[ ]{_NUMBER}"
)
_AT_THE_WITH_TOWN: Final = re.compile(rf"\b{_AT_THE}{_BREAK}{_PLACE}")
_POSTBOX: Final = re.compile(rf"\bPostfach[ ]\d(?:[ ]?\d){{1,8}}(?:{_BREAK}{_PLACE})?")
_COUNTRY_CODE: Final = re.compile(rf"\b(?:D|A|CH|DE|AT)-{_PLACE}")
_OWN_LINE: Final = re.compile(
    rf"^[ ]*({_AT_THE}|(?:(?:D|A|CH)-?[ ]?)?\d{{4,5}}[ ]{_GERMAN_TOWN}(?:[ ]{_GERMAN_TOWN})?)[ ]*$", re.MULTILINE
)
_CALLED: Final = re.compile(
    rf"(?i:\b(?:plz|postleitzahl|wohne|wohnhaft|wohnort|adresse|anschrift|lieferadresse|código postal|c\.?p\.?"
    rf"|vivo en|domicilio|dirección))\b"
    rf"[^\d\n]{{0,30}}({_PLACE}|\d{{5}})(?!\d)"
)
_TOWNS: Final = (
    r"(?:Berlin|Hamburg|München|Köln|Frankfurt|Stuttgart|Düsseldorf|Leipzig|Dortmund|Essen|Bremen|Dresden|Hannover|Nürnberg|Duisburg|Bochum"
    r"|Wuppertal|Bielefeld|Bonn|Münster|Mannheim|Karlsruhe|Augsburg|Wiesbaden|Kiel|Lübeck|Freiburg|Mainz|Erfurt|Rostock|Kassel|Halle|Potsdam"
    r"|Wien|Graz|Linz|Salzburg|Innsbruck|Zürich|Bern|Basel|Genf|Luzern|Madrid|Barcelona|Valencia|Sevilla|Zaragoza|Málaga|Murcia|Palma|Bilbao"
    r"|Alicante|Córdoba|Valladolid|Vigo|Gijón|Granada|Oviedo|Pamplona|Almería|Santander|Salamanca|Toledo|Cádiz|Huelva|León|Burgos)"
)
_KNOWN_TOWN: Final = re.compile(
    rf"(?<![\d.,-])\b\d{{4,5}}[ ]{_TOWNS}\b(?:[ ](?:am Main|an der Oder|im Breisgau|\(Saale\)))?"
)

# -- Spanish

_VIA: Final = (
    r"(?:C/|C\.|Cl\.|Calle|Avenida|Avda\.?|Av\.|Plaza|Pza\.?|Plza\.?|Paseo|Camino|Cno\.|Carretera|Ctra\.|Ronda|Travesía|Carrer|Rúa|Glorieta"
    r"|Rambla|Calzada|Callejón|Pasaje|Urbanización|Urb\.|Polígono|Vía|Gran Vía|Bulevar)"
)
_OF_THE: Final = r"(?:(?:de|del|la|las|el|los|y|d'|i)[ ]){0,3}"
_FLOOR: Final = (
    r"(?:,?[ ](?:\d{1,2}[º°ªo]\.?(?:[ -]?(?:[A-Z]\b|(?:izq|dcha|der|int|ext|izquierda|derecha)\b\.?|\d{1,2}[ªº]))?"
    r"|\d{1,2}[ºª]?[ ]?planta|(?i:piso|planta|puerta|esc\.|escalera|bajo|ático|portal|depto\.?|int\."
    r"|col\.)[ ]?\w{0,12})){0,3}"
)
_SPANISH_PLACE: Final = (
    rf"(?:{_NAME}[ ,]{{1,2}}\d{{5}}\b|(?:C\.?P\.?[ ]?)?\d{{5}}(?:,?[ ]{_NAME}(?:[ ](?:(?:de|del|la|los"
    rf"|las)[ ]){{0,2}}{_NAME}){{0,2}})?)"
)
_SPANISH: Final = re.compile(
    rf"(?<!\w)(?i:{_VIA})[ ]?{_OF_THE}{_NAME}(?:[ ]{_OF_THE}{_NAME}){{0,3}},?[ ](?:(?:n[º°o.]\.?[ºo]?|núm\.?"
    rf"|número)[ ]?)?(?:\d{{1,4}}(?:[ ]?[A-Z]\b)?|s/n)"
    rf"(?!\d){_FLOOR}(?:{_BREAK}{_SPANISH_PLACE})?"
)
_APARTADO: Final = re.compile(rf"\bApartado(?: de correos)?[ ]\d{{1,6}}(?:{_BREAK}{_SPANISH_PLACE})?")

_PATTERNS: Final = (
    _ENGLISH,
    _BOX,
    _TOWN_STATE,
    _POSTCODE,
    _GERMAN,
    _OF,
    _AT_THE_WITH_TOWN,
    _POSTBOX,
    _COUNTRY_CODE,
    _KNOWN_TOWN,
    _SPANISH,
    _APARTADO,
)


def addresses(text: str) -> Iterator[Finding]:
    """Where somebody lives, or wants something sent to."""
    for pattern in _PATTERNS:
        yield from (group(match, ADDRESS, 0) for match in pattern.finditer(text))
    for pattern in (_LOWER, _OWN_LINE, _CALLED):
        yield from (group(match, ADDRESS) for match in pattern.finditer(text))
