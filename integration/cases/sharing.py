"""Requests for highlights that answer other cases of the same person, too (`REUSE_MINUTES`).

<prefix>:shared:<hash>        the last request for a person in a project: its id, its case, which look it was
<prefix>:asking:<hash>        which case of the person is asked about now: others wait for its request
<prefix>:sharing:<request>    the cases that wait for its answer beside its own
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Final, cast

from redis import Redis

from integration.cases.entry import LEASE_SECONDS
from integration.cases.keys import Keys
from integration.cases.pseudonym import Pseudonyms
from integration.facts import CaseKey, Person, read_case_key

_LONGEST_WAIT: Final = 60 * 60  # seconds for which followers are remembered


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A request that was made for a case of the same person; `look` is the one that it was."""

    request_id: str
    case: CaseKey
    look: int


class Sharing:
    """Remembers requests, for `seconds`; nothing when that is 0."""

    def __init__(self, redis: Redis, *, keys: Keys, pseudonyms: Pseudonyms, seconds: float) -> None:
        self._redis, self._keys, self._pseudonyms, self._seconds = redis, keys, pseudonyms, math.ceil(seconds)

    def whose(self, person: Person, service: str) -> str | None:
        """What a request for a person in a project is kept under; None when it is kept for nobody."""
        return self._pseudonyms.of_request(person, service) if self._seconds > 0 and person.known else None

    def begin(self, whose: str, case: CaseKey) -> bool:
        """Be the one case of a person that is asked about now; False when another is. It ends with its lease."""
        name = self._keys.asking(whose)
        if self._redis.set(name, case, nx=True, ex=LEASE_SECONDS):
            return True
        return cast("bytes | None", self._redis.get(name)) == case.encode()

    def end(self, whose: str) -> None:
        """Let others go on."""
        self._redis.delete(self._keys.asking(whose))

    def keep(self, whose: str, shared: Shared) -> None:
        """Remember the last request for a person."""
        text = json.dumps([shared.request_id, shared.case, shared.look])
        self._redis.set(self._keys.shared(whose), text, ex=self._seconds)

    def find(self, whose: str) -> Shared | None:
        """The last request for a person, unless it was too long ago."""
        text = cast("bytes | None", self._redis.get(self._keys.shared(whose)))
        if text is None:
            return None
        try:
            request_id, case, look = json.loads(text)
            return Shared(request_id=str(request_id), case=read_case_key(case), look=int(look))
        except (ValueError, TypeError):
            return None

    def follow(self, request_id: str, case: CaseKey) -> None:
        """Let a case be woken when the answer comes."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.sadd(self._keys.sharing(request_id), case)
            pipe.expire(self._keys.sharing(request_id), _LONGEST_WAIT)
            pipe.execute()

    def followers(self, request_id: str) -> list[CaseKey]:
        """The cases that wait for the answer."""
        if self._seconds <= 0:
            return []
        names = cast("set[bytes]", self._redis.smembers(self._keys.sharing(request_id)))
        return sorted(CaseKey(name.decode()) for name in names)

    def forget(self, whose: str, *, request_id: str | None) -> None:
        """Erase what is remembered of a person's request."""
        self._redis.delete(self._keys.shared(whose), self._keys.sharing(request_id or ""))
