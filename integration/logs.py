"""Log lines: a constant message, and facts beside it.

    2026-11-24T10:12:07Z info note posted ticket_id=35436 step=post_note tries=2 ms=412

Own lines follow LOG_LEVEL; libraries speak from WARNING up, whatever LOG_LEVEL says: at DEBUG some of them write
bodies and credentials. An exception is written as its type and the places it went through, without its text, which
may hold an address or a token. Behind that, a net blanks what looks like a secret or an address all the same. Strangers
may fill the log, so that what is not of our own making is cut short before any pattern sees it, and a warning that
comes again and again is counted: `repeated=412` says how many like it were left out. What is said of a ticket is
always written.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import sys
import time
import traceback
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

from integration.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from integration.settings import Settings

Facts = dict[str, Any]
"""What a line says: its `event`, its `level`, and what stands beside them."""

FOREIGN_LENGTH: Final = 200  # characters of a fact, or of a library's message, that are written
OWN_LENGTH: Final = 1000  # and of a text of our own
REPEAT_SECONDS: Final = 60.0  # between two equal warnings
_OWN_TEXTS: Final = ("event", "at", "why")
_OF_A_CASE: Final = ("case", "ticket", "job")  # how facts begin that say of which case a line is
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_REMEMBERED: Final = 200  # different warnings


# Linear in time for any text: each pattern has a fixed start, and possessive quantifiers, which never backtrack.
_CREDENTIAL = re.compile(
    r"(?<=token=)[^\s&\"']++"
    r"|(?<=Bearer )[^\s\"',]++|(?<=Basic )[A-Za-z0-9+/=]{8,}+"
    r"|(?<=[?&]e=)[^\s&\"']++|(?<=[?&]u=)[^\s&\"']++",
    re.IGNORECASE,
)
_WORD = re.compile(  # what an e-mail address is made of, and behind an @ its domain or [192.0.2.7]
    r"(?:\"[^\"]*+\"(?=@|%40)|[\w.!#$%&'*+/=?^`{|}~-]++)"
    r"(?P<at>(?:@|%40)(?:\[[^\]\s]*+\]?|[\w.%-]++))?+"
)
_SIGNS: Final = ("=", "bearer ", "basic ", "@", "%")  # one of them is in all that the patterns find
_NUMBERS: Final = (int, float)
_QUOTED_AT = re.compile(r"%(?:25)*+40")
_BARE = re.compile(r"[^\s=\"\\]+")  # what needs no quotes


def configure(settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Send every log line of this process to standard error, as the settings say; `clock` in seconds."""
    form = (_as_json, _finished_json) if settings.log_format == "json" else (_as_text, _finished_text)
    lines = _Lines(sys.stderr, _Redaction(settings.secrets), *form, clock=clock)
    lines.setLevel(logging.WARNING)  # also of libraries that set a level of their own
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(logging.WARNING)
    _here.lines, _here.level = lines, _LEVELS[settings.log_level.lower()]


def say_nothing() -> None:
    """Write no lines of our own: a simulation would make millions."""
    _here.level = math.inf


def tell_repeats() -> None:
    """Write how often lines were repeated and left out, when their time has come."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Lines):
            handler.tell_repeats()


def get(_name: str) -> Log:
    """The logger of a module, whose name is in no line."""
    return Log()


class Log:
    """Writes lines of our own: straight to this process' handler, at a quarter of the cost of a record of `logging`."""

    def debug(self, message: str, **facts: object) -> None:
        """Write what is of use to a developer alone."""
        _own("debug", message, facts)

    def info(self, message: str, **facts: object) -> None:
        """Write what happened."""
        _own("info", message, facts)

    def warning(self, message: str, **facts: object) -> None:
        """Write what somebody may have to look at."""
        _own("warning", message, facts)

    def error(self, message: str, **facts: object) -> None:
        """Write what somebody has to look at."""
        _own("error", message, facts)

    def exception(self, message: str, **facts: object) -> None:
        """Write what somebody has to look at, with the exception that is being handled."""
        _own("error", message, {"exc_info": True, **facts})


def _own(level: str, message: str, facts: Facts) -> None:
    """Write a line of our own; everything, where nobody has said how (a test)."""
    lines = _here.lines or _Lines(sys.stderr, _Redaction(()), _as_text, _finished_text, clock=time.monotonic)
    if _LEVELS[level] >= _here.level:
        lines.write({**facts, "event": message, "level": level})


@dataclass
class _Here:
    """How this process writes its lines."""

    lines: _Lines | None = None
    level: float = _LEVELS["info"]


_here = _Here()


def _without_text_of_exception(event: Facts) -> Facts:
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["error"] = " < ".join(type(cause).__qualname__ for cause in _chain(error))
        frames = traceback.extract_tb(error.__traceback__)
        event["at"] = " > ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames[-8:])
    return event


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").rsplit("/", 2)[-2:])


class _Redaction:
    """Blanks what looks like an address or a credential, and every secret of the settings."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)  # the longest first

    def of(self, event: Facts, *, long: Collection[str]) -> Facts:
        """The facts as they may be written; those that are `long` are not cut short as early as the others."""
        told = {
            key: value if value is None or isinstance(value, _NUMBERS) else str(value) for key, value in event.items()
        }
        if not self._has_to_be_read("\n".join(map(str, told.values()))):
            return told
        return {key: self._clean(value, OWN_LENGTH if key in long else FOREIGN_LENGTH) for key, value in told.items()}

    def _has_to_be_read(self, text: str) -> bool:
        """Whether something of a line may have to be cut or blanked: of most, one look tells that it has not."""
        small = text.lower()
        return (
            len(text) > FOREIGN_LENGTH
            or not text.isascii()  # whose letters of either case have others yet
            or any(sign in small for sign in _SIGNS)
            or any(secret in text for secret in self._secrets)
        )

    def _clean(self, text: Any, length: int) -> object:  # noqa: ANN401 -- or a number, which stays
        if not isinstance(text, str):
            return text
        for secret in self._secrets:  # before it is cut: half a secret would not be known as one
            text = text.replace(secret, "***")
        return _blanked(_cut(text, length))


def _blanked(text: str) -> str:
    """The text without what looks like a credential or an address; most texts have none of their characters."""
    if "=" in text or " " in text:
        text = _CREDENTIAL.sub("***", text)
    return _WORD.sub(_without_address, text) if "@" in text or "%" in text else text


def _cut(text: str, length: int) -> str:
    """At most `length` characters, up to a blank: half a word may be the half of an address."""
    if len(text) <= length:
        return text
    kept = re.split(r"\S*\Z", text[:length], maxsplit=1)[0]
    return f"{kept}[{len(text)} characters]"


def _without_address(word: re.Match[str]) -> str:
    return "***" if word["at"] or _QUOTED_AT.search(word[0]) else word[0]


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines; a warning that says the same as one before is counted, and the number is written now and then."""

    def __init__(
        self,
        stream: TextIO,
        redaction: _Redaction,
        as_line: Callable[[Facts], str],
        finish: Callable[[str, int], str],
        *,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(stream)
        self._redaction, self._as_line, self._finish, self._clock = redaction, as_line, finish, clock
        self._repeats, self._process = Repeats(seconds=REPEAT_SECONDS, remembered=_REMEMBERED), os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a library's line."""
        try:
            event: Facts = {"event": record.getMessage(), "level": record.levelname.lower()}
            if record.exc_info:
                event["exc_info"] = record.exc_info
            if record.stack_info:
                event["stack_info"] = record.stack_info
            self._take(event, long=_OWN_TEXTS[1:], may_be_left_out=not record.name.startswith("rq"))
        except Exception:  # noqa: BLE001 -- as logging's own handlers do
            self.handleError(record)

    def write(self, event: Facts) -> None:
        """Write a line of our own."""
        try:
            of_a_case = any(key.startswith(_OF_A_CASE) for key in event)
            self._take(
                event, long=_OWN_TEXTS, may_be_left_out=_LEVELS[event["level"]] >= _LEVELS["warning"] and not of_a_case
            )
        except Exception:  # noqa: BLE001 -- likewise
            self.handleError(logging.makeLogRecord({"msg": "a line that cannot be written"}))

    def _take(self, event: Facts, *, long: Collection[str], may_be_left_out: bool) -> None:
        """Write a line, unless it is to be counted."""
        line = self._as_line(self._redaction.of(_without_text_of_exception(event), long=long))
        with self.lock or nullcontext():
            self._tell_repeats(self._clock())
            if not may_be_left_out or self._repeats.is_to_be_written(line, self._clock()):
                self._write(self._finish(line, 0))

    def tell_repeats(self, *, all_of_them: bool = False) -> None:
        """Write the lines again whose repeats were counted for long enough."""
        with self.lock or nullcontext():
            self._tell_repeats(math.inf if all_of_them else self._clock())

    def _tell_repeats(self, now: float) -> None:
        if self._process != os.getpid():
            self._repeats.forget()
            self._process = os.getpid()
        for line, number in self._repeats.due(now):
            self._write(self._finish(line, number))

    def close(self) -> None:
        """Tell what was counted, at the end."""
        with suppress(ValueError, OSError):  # the stream may be closed already
            self.tell_repeats(all_of_them=True)
        super().close()

    def _write(self, line: str) -> None:
        self.stream.write(f"{line}\n")
        self.stream.flush()


def _as_json(event: Facts) -> str:
    return json.dumps(event)


def _finished_json(line: str, repeated: int) -> str:
    counted = f', "repeated": {repeated}}}' if repeated else "}"
    return f'{{"timestamp": "{_now()}", {line[1:-1]}{counted}'


def _as_text(event: Facts) -> str:
    level, message = event.pop("level"), event.pop("event")
    facts = "".join([f" {key}={_quoted(value)}" for key, value in event.items()])
    return f"{level} {_one_line(str(message))}{facts}"


def _finished_text(line: str, repeated: int) -> str:
    return f"{_now()} {line}" + (f" repeated={repeated}" if repeated else "")


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _quoted(value: object) -> str:
    text = str(value)
    if text.isprintable() and _BARE.fullmatch(text):
        return text
    return '"' + _one_line(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
