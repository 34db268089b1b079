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
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TextIO

import structlog

from integration.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from structlog.typing import EventDict, WrappedLogger

    from integration.settings import Settings

OWN_LOGGERS = ("integration", "worker")
FOREIGN_LENGTH: Final = 200  # characters of a fact, or of a library's message, that are written
OWN_LENGTH: Final = 1000  # and of a text of our own
REPEAT_SECONDS: Final = 60.0  # between two equal warnings
_OWN_TEXTS: Final = ("event", "at", "why")
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
_QUOTED_AT = re.compile(r"%(?:25)*+40")


def configure(settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Send every log line of this process to standard error, as the settings say; `clock` in seconds."""
    as_line, finish = (_as_json, _finished_json) if settings.log_format == "json" else (_as_text, _finished_text)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level],
        processors=[
            _exception_without_text,
            _Redaction(settings.secrets),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            as_line,
        ],
    )
    handler = _Lines(sys.stderr, finish, clock=clock)
    handler.setFormatter(formatter)
    handler.addFilter(_own_or_loud)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(settings.log_level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _own_or_loud(record: logging.LogRecord) -> bool:
    """Libraries from WARNING up only, also those that set a level of their own."""
    return record.levelno >= logging.WARNING or _is_own(record)


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OWN_LOGGERS


def tell_repeats() -> None:
    """Write how often lines were repeated and left out, when their time has come."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Lines):
            handler.tell_repeats()


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of the module `name`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _exception_without_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
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

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        own = _OWN_TEXTS if _is_own(event["_record"]) else _OWN_TEXTS[1:]
        return {
            key: value if key.startswith("_") else self._clean(value, OWN_LENGTH if key in own else FOREIGN_LENGTH)
            for key, value in event.items()
        }

    def _clean(self, value: object, length: int) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        for secret in self._secrets:  # before it is cut: half a secret would not be known as one
            text = text.replace(secret, "***")
        return _WORD.sub(_without_address, _CREDENTIAL.sub("***", _cut(text, length)))


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

    def __init__(self, stream: TextIO, finish: Callable[[str, int], str], *, clock: Callable[[], float]) -> None:
        super().__init__(stream)
        self._finish, self._clock = finish, clock
        self._repeats, self._process = Repeats(seconds=REPEAT_SECONDS, remembered=_REMEMBERED), os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless it is to be counted."""
        self.tell_repeats()
        try:
            line = self.format(record)
            if not _may_be_left_out(record) or self._repeats.is_to_be_written(line, self._clock()):
                self._write(self._finish(line, 0))
        except Exception:  # noqa: BLE001 -- as logging's own handlers do
            self.handleError(record)

    def tell_repeats(self, *, all_of_them: bool = False) -> None:
        """Write the lines again whose repeats were counted for long enough."""
        with self.lock or nullcontext():
            if self._process != os.getpid():
                self._repeats.forget()
                self._process = os.getpid()
            for line, number in self._repeats.due(math.inf if all_of_them else self._clock()):
                self._write(self._finish(line, number))

    def close(self) -> None:
        """Tell what was counted, at the end."""
        with suppress(ValueError, OSError):  # the stream may be closed already
            self.tell_repeats(all_of_them=True)
        super().close()

    def _write(self, line: str) -> None:
        self.stream.write(f"{line}\n")
        self.flush()


def _may_be_left_out(record: logging.LogRecord) -> bool:
    """Whether it is a warning or worse, and of no case."""
    facts = record.msg if isinstance(record.msg, dict) else {}
    of_a_case = record.name.startswith("rq") or any(key.startswith(("case", "ticket", "job")) for key in facts)
    return record.levelno >= logging.WARNING and not of_a_case


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return json.dumps(event)


def _finished_json(line: str, repeated: int) -> str:
    facts = {"timestamp": _now(), **json.loads(line)}
    return json.dumps({**facts, "repeated": repeated} if repeated else facts)


def _as_text(_: WrappedLogger, __: str, event: EventDict) -> str:
    level, message = event.pop("level"), event.pop("event")
    facts = "".join(f" {key}={_quoted(value)}" for key, value in event.items())
    return f"{level} {_one_line(str(message))}{facts}"


def _finished_text(line: str, repeated: int) -> str:
    return f"{_now()} {line}" + (f" repeated={repeated}" if repeated else "")


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _quoted(value: object) -> str:
    text = str(value)
    if text.isprintable() and re.fullmatch(r'[^\s="\\]+', text):
        return text
    return '"' + _one_line(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _one_line(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
