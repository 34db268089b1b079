"""Log lines: a constant message, and facts beside it.

    2026-11-24T10:12:07Z info note posted ticket_id=35436 attempt=1 ms=412

Own lines follow LOG_LEVEL; libraries speak from WARNING up, whatever LOG_LEVEL says: at DEBUG some of them write
bodies and credentials. An exception is written as its type and the places it went through, without its text, which
may hold an address or a token. Behind that, a net blanks what looks like a secret or an address all the same.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict, WrappedLogger

    from integration.settings import Settings

OWN_LOGGERS = ("integration", "worker")

_SUSPICIOUS = re.compile(
    r"(?:\"[^\"]*\"|[\w.!#$%&'*+/=?^`{|}~-]+)(?:@|%40)"  # an e-mail address, plain or in a URL:
    r"(?:[\w-]+(?:\.[\w-]+)*|\[[^\]\s]*\])"  # behind its @ a domain or [192.0.2.7]
    r"|(?<=token=)[^\s&\"']+"
    r"|(?<=Bearer )[^\s\"',]+|(?<=Basic )[A-Za-z0-9+/=]{8,}"
    r"|(?<=[?&]e=)[^\s&\"']+|(?<=[?&]u=)[^\s&\"']+",
    re.IGNORECASE,
)


def configure(settings: Settings) -> None:
    """Send every log line of this process to standard error, as the settings say."""
    last = structlog.processors.JSONRenderer() if settings.log_format == "json" else _as_text
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_without_text,
            _Net(settings.secrets),
            last,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
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
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OWN_LOGGERS


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of the module `name`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _exception_without_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = " < ".join(type(each).__qualname__ for each in _chain(error))
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


class _Net:
    """Blanks what looks like an address or a credential, and every secret of the settings."""

    def __init__(self, secrets: Sequence[str]) -> None:
        longest_first = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        if self._secrets is not None:
            text = self._secrets.sub("***", text)
        return _SUSPICIOUS.sub("***", text)


def _as_text(_: WrappedLogger, __: str, event: EventDict) -> str:
    when, level, message = event.pop("timestamp"), event.pop("level"), event.pop("event")
    facts = "".join(f" {key}={_quoted(value)}" for key, value in event.items())
    return f"{when} {level} {_one_line(str(message))}{facts}"


def _quoted(value: object) -> str:
    text = str(value)
    if text.isprintable() and re.fullmatch(r'[^\s="\\]+', text):
        return text
    return '"' + _one_line(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
