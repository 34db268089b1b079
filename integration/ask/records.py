"""What is kept of each request in Redis: what was asked until there is a result, then the result for ASK_KEEP_HOURS.

One hash a case, `Keys.kept`, which `forget` erases. Who it is about is in the ledger's entry alone.

    asked           whose request it is, its body's keyed hash, its reference, the range, when: as JSON
    question        deleted with the result
    callback_url    deleted when the client was told, or cannot be
    result, told    what the client is answered, as JSON; that everybody was told who is to be
    end:<whom>      what came of telling one of them: empty when they were told, or why they cannot be
    posting         the result may have been posted to the second place
    copy            the note that could not be posted there, for `retry`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from redis import Redis

from integration import lua
from integration.facts import CaseKey, Stretch
from integration.settings import Settings

_ADD, _KEEP, _TOLD, _MARK = (lua.load(Path(__file__).parent, name) for name in ("add", "keep", "told", "mark"))
CLIENT: Final = "client"  # who is told by a callback
COPY: Final = "copy"  # of the note, in the second place
_END: Final = "end:"
_DAY: Final = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Record:
    """One request; `owner` is the name of the client's token, `mac` its body as a keyed hash."""

    owner: str
    mac: str
    asked_at: float  # Unix seconds
    reference: str | None = field(default=None, repr=False)
    within: Stretch | None = None
    slack: bool = False
    question: str | None = field(default=None, repr=False)
    callback_url: str | None = field(default=None, repr=False)
    result: dict[str, Any] | None = field(default=None, repr=False)
    told: bool = False
    ends: Mapping[str, str] = field(default_factory=dict)  # of telling CLIENT and COPY: empty, or why they cannot be
    posting: bool = False
    copy: str | None = field(default=None, repr=False)  # as integration.note.stored has it


class Records:
    """All of them."""

    def __init__(self, redis: Redis, settings: Settings, *, keep_seconds: float) -> None:
        self._redis, self._keys = redis, settings.keys
        self._open_seconds = settings.retention_days * _DAY
        self._keep_seconds = int(keep_seconds)

    @property
    def keep_seconds(self) -> int:
        """For how long a result is kept."""
        return self._keep_seconds

    def find(self, key: CaseKey) -> Record | None:
        """What is kept of a request; None when nothing is (any more)."""
        fields = cast("dict[bytes, bytes]", self._redis.hgetall(self._keys.kept(key)))
        return None if b"asked" not in fields else _record(fields)

    def add(self, key: CaseKey, record: Record) -> bool:
        """Keep a new request; False when it is kept already."""
        fields = {"asked": _asked(record)}
        if record.question is not None:
            fields["question"] = record.question
        if record.callback_url is not None:
            fields["callback_url"] = record.callback_url
        pairs = [text for pair in fields.items() for text in pair]
        return bool(self._redis.eval(_ADD, 1, self._keys.kept(key), str(self._open_seconds), *pairs))

    def drop(self, key: CaseKey) -> None:
        """Keep nothing of a request."""
        self._redis.delete(self._keys.kept(key))

    def keep(self, key: CaseKey, result: dict[str, Any]) -> bool:
        """Keep the result of a request, the first one alone; False when the request is not kept any more."""
        written = json.dumps(result, separators=(",", ":"))
        return bool(self._redis.eval(_KEEP, 1, self._keys.kept(key), written, str(self._keep_seconds)))

    def told(self, key: CaseKey) -> None:
        """Everybody was told of the result who is to be."""
        self._redis.eval(_TOLD, 1, self._keys.kept(key))

    def ended(self, key: CaseKey, whom: str, why_not: str = "") -> None:
        """One of them was told, or cannot be."""
        done_with = "callback_url" if whom == CLIENT else "" if why_not else "copy"
        self._redis.eval(_MARK, 1, self._keys.kept(key), f"{_END}{whom}", why_not, done_with)

    def keep_copy(self, key: CaseKey, note: str) -> None:
        """Keep the note that could not be posted to the second place, as long as the result."""
        self._redis.eval(_MARK, 1, self._keys.kept(key), "copy", note, "")

    def posting(self, key: CaseKey) -> None:
        """From now on the result may have been posted to the second place."""
        self._redis.eval(_MARK, 1, self._keys.kept(key), "posting", "1", "")


def _asked(record: Record) -> str:
    within = None if record.within is None else [record.within.start, record.within.end]
    told = {
        "owner": record.owner,
        "mac": record.mac,
        "asked_at": record.asked_at,
        "reference": record.reference,
        "within": within,
        "slack": record.slack,
    }
    return json.dumps({name: value for name, value in told.items() if value not in (None, False)})


def _record(fields: dict[bytes, bytes]) -> Record:
    asked = json.loads(fields[b"asked"])
    within = asked.pop("within", None)
    record = Record(**asked)
    return replace(
        record,
        within=None if within is None else Stretch(start=within[0], end=within[1]),
        question=_text(fields.get(b"question")),
        callback_url=_text(fields.get(b"callback_url")),
        result=json.loads(fields[b"result"]) if b"result" in fields else None,
        told=b"told" in fields,
        ends={
            name.decode().removeprefix(_END): why_not.decode()
            for name, why_not in fields.items()
            if name.startswith(_END.encode())
        },
        posting=b"posting" in fields,
        copy=_text(fields.get(b"copy")),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
