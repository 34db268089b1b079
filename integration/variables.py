"""Building blocks of the settings: a reader that collects what is wrong, and converters from text to values; no I/O.

A converter takes the text of one variable and returns its value, or raises `ValueError` with the rest of the sentence
"<NAME> ...". No message repeats a value: it may be a secret in the wrong place.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

SECRET_LENGTH: Final = 8  # at least: every real secret is far longer
_FORGOTTEN: Final = "holds what should have been replaced by a value: nothing is run or filled in here"
NONE: Final[tuple[str, ...]] = ()
_QUOTES: Final = (
    '""',
    "''",
    "``",
    "\u201c\u201d",
    "\u201e\u201c",
    "\u2018\u2019",
    "\u00ab\u00bb",
    "\u201d\u201d",
    "\u2019\u2019",
)

T = TypeVar("T")


class Reader:
    """Reads one variable after another, and collects what is wrong with them instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: dict[str, str] = {}  # by the variable's name
        self.warnings: list[str] = []

    def text(self, name: str) -> str:
        """A variable as it stands; empty when it is unset or blank."""
        return self._environ.get(name, "").strip()

    def read(self, name: str, convert: Callable[[str], T], *, default: T, needed: bool = False) -> T:
        """A variable's value; `default` when it is unset, and when something is wrong with it."""
        raw = self.text(name)
        if not raw:
            if needed:
                self.problems[name] = "is not set"
            return default
        return self._converted(name, convert, default=default, around=_around(raw))

    def read_template(self, name: str, convert: Callable[[str], T], *, default: T) -> T:
        """A template's value, whose braces are its own; `default` as for `read`."""
        raw = self.text(name)
        return self._converted(name, convert, default=default, around=_around_template(raw)) if raw else default

    def _converted(self, name: str, convert: Callable[[str], T], *, default: T, around: str | None) -> T:
        try:
            value = convert(self.text(name))
        except ValueError as problem:
            self.problems[name] = _both(f"{problem}", around)
            return default
        if around is not None:
            self.problems[name] = around
        return value


def _both(problem: str, around: str | None) -> str:
    """A problem in a variable's own words, and what stands around the value: that alone explains other problems."""
    if around is None or around in problem:
        return problem
    return f"{problem}; it {around}" if problem.startswith("must ") else around


def as_it_was_meant(raw: str) -> str:
    """A value as it stands, or ValueError when it is what should have been replaced."""
    around = _around(raw)
    if around is not None:
        raise ValueError(around)
    return raw


def _around(raw: str) -> str | None:
    """What a value has around it that should not be there, in words."""
    return _around_template(raw) or (_FORGOTTEN if re.fullmatch(r"\{\{.*\}\}", raw, re.DOTALL) else None)


def _around_template(raw: str) -> str | None:
    """What a template has around it that should not be there: it begins and ends with braces of its own."""
    if any(len(raw) > 1 and raw[0] == pair[0] and pair[1] in (raw[-1], _before_a_remark(raw)) for pair in _QUOTES):
        return "still has quotes around it, which docker run --env-file, for one, keeps: write it without them"
    return _FORGOTTEN if re.fullmatch(r"<.*>|\$\(.*\)|\$\{\w+\}", raw, re.DOTALL) else None


def _before_a_remark(raw: str) -> str:
    """The last character before a `# remark`, which some readers of such files keep."""
    return raw.partition(" #")[0].rstrip()[-1:]


def text(raw: str) -> str:
    """A printable text."""
    if not raw.isprintable():
        raise ValueError("has a character that cannot be printed")
    return raw


def secret(raw: str) -> str:
    """A secret that was made elsewhere: plain ASCII, and no word that stands for one."""
    if not (raw.isascii() and raw.isprintable()) or " " in raw:
        raise ValueError("must be plain ASCII without spaces")
    if len(raw) < SECRET_LENGTH or len(set(raw)) == 1:
        raise ValueError("is too short, or too simple, to be one")
    return no_placeholder(raw)


def no_placeholder(raw: str) -> str:
    """A secret that somebody made, and no word that stands for one."""
    words = r"(change|replace)[-_ ]?(me|this|it)(?![a-z])|placeholder|^(your|my)[-_ ]"
    if re.search(words, as_it_was_meant(raw), re.IGNORECASE):
        raise ValueError("is a word that stands for a secret: put the secret itself there")
    return raw


def web_url(raw: str) -> str:
    """A URL without a slash at its end; plain http:// for this machine alone."""
    url = split_url(raw)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("must be a URL that starts with https://")
    if re.search("[@?#]", raw):
        raise ValueError("must be a URL without user name, query and fragment")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise ValueError("must start with https:// (plain http:// is for this machine only)")
    return raw.rstrip("/")


def split_url(raw: str) -> SplitResult:
    """The parts of what is a URL."""
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not raw.isascii() or not raw.isprintable() or " " in raw or "\\" in raw:
        raise ValueError("is not a URL")
    return parts


def is_loopback(host: str | None) -> bool:
    """Whether a URL's host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def yes_or_no(raw: str) -> bool:
    """`true` or `false`."""
    if raw.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return raw.lower() == "true"


def count(raw: str) -> int:
    """How many processes."""
    if not re.fullmatch(r"[0-9]{1,3}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number from 1 to 999")
    return int(raw)


def seconds(raw: str) -> float:
    """A stretch of time, which may be none."""
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", raw):
        raise ValueError("must be a number of seconds")
    return float(raw)


def positive_seconds(raw: str) -> float:
    """A stretch of time."""
    if seconds(raw) == 0:
        raise ValueError("must be more than 0 seconds")
    return seconds(raw)


def many_seconds(raw: str) -> tuple[float, ...]:
    """Some stretches of time."""
    form = "must be seconds, separated by commas, such as 60,300,900"
    times = list_of(raw, seconds, form)
    if not 0 < len(times) <= 20:  # noqa: PLR2004 -- a limit, named here only
        raise ValueError(f"{form}, and 20 of them at most")
    return times


def listed(raw: str) -> list[str]:
    """The values of a list, without the blanks around them; a comma too many is none."""
    return [part.strip() for part in raw.split(",") if part.strip()]


def list_of(raw: str, convert: Callable[[str], T], form: str, *, shortest: int = 1) -> tuple[T, ...]:
    """The values of a list; all that is wrong with them is told behind what a list of this variable looks like.

    Blanks stand for missing commas when each piece between them has the length of a value.
    """
    around = _around(raw)
    if around is not None:
        raise ValueError(f"{form}; it {around}")
    values, wrong = [], dict[str, None]()
    for part in listed(raw):
        try:
            words = part.split()
            if len(words) > 1 and min(map(len, words)) >= shortest:
                raise ValueError("has blanks in it, where a comma should stand")  # noqa: TRY301 -- told with the others
            values.append(convert(as_it_was_meant(part)))
        except ValueError as problem:
            wrong[f"{problem}"] = None
    if wrong:
        raise ValueError(f"{form}: one of them {', and one '.join(wrong)}")
    return tuple(values)


def one_of(*choices: str) -> Callable[[str], str]:
    """A converter to one of some words, however they are capitalised."""

    def convert(raw: str) -> str:
        for choice in choices:
            if raw.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(choices)}")

    return convert
