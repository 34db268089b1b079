"""Fills a ledger with finished cases by the million.

Each is what the ledger itself left of a sample, with its own ids and moved to its own time; it is kept for as long as
is left of its retention. Nothing here knows how an entry is stored, or which indexes there are.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.scale.installation import Installation, key
from benchmarks.scale.samples import NOTE_ID, Sample, samples
from integration.cases.entry import State
from integration.facts import CaseKey

OF_A_HUNDRED: Final = {State.POSTED: 60, State.EMPTY: 25, State.SKIPPED: 10, State.FAILED: 5}  # assumed
_ENDS: Final = tuple(state for state, number in OF_A_HUNDRED.items() for _ in range(number))
_AT_ONCE: Final = 2000  # cases in a pipeline
_STRETCHES: Final = 720  # of the time that cases are kept: all of one share their times
_SHORTEST: Final = 3600  # seconds for which a case is kept: none expires while all is measured


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case as it is to be written."""

    key: CaseKey
    document: bytes
    seconds: int
    indexes: Mapping[str, float]


class Mould:
    """Makes cases that differ from a sample by their ids alone."""

    def __init__(self, sample: Sample) -> None:
        self._seconds, self._indexes, self._document = sample.seconds, sample.indexes, sample.document
        self._pseudonym = (sample.entry.pseudonym or "").rpartition(":")[2].encode()
        self._requests = [request.encode() for request in sample.requests]
        for known in (self._pseudonym, *self._requests):
            if known not in self._document:
                raise RuntimeError("an id does not stand in the stored form as it is: it cannot be replaced there")

    def case(self, number: int) -> Case:
        """The n-th ticket."""
        own = key(number)
        hashed = hashlib.blake2b(own.encode(), digest_size=32).hexdigest().encode()
        document = self._document.replace(NOTE_ID.encode(), b"4%013d" % number)
        if self._pseudonym:
            document = document.replace(self._pseudonym, hashed[: len(self._pseudonym)])
        for nth, request in enumerate(self._requests, start=1):
            document = document.replace(request, hashed[nth:] + hashed[:nth])
        return Case(key=own, document=document, seconds=self._seconds, indexes=self._indexes)


class Filler:
    """Writes cases into an installation."""

    def __init__(self, installation: Installation) -> None:
        self._redis, self._keys = installation.redis, installation.settings.keys
        self._lasts = installation.settings.retention_days * 86400.0 - _SHORTEST
        self._samples = samples(installation, first=0)
        self.next = len(self._samples)  # the number of the next ticket

    def fill(self, number: int) -> float:
        """Write that many cases, spread evenly over the time that they are kept; the seconds that it took."""
        began = time.monotonic()
        for cases in _in_parts(self._cases(number)):
            self._write(cases)
        self.next += number
        return time.monotonic() - began

    def _cases(self, number: int) -> Iterator[Case]:
        """The oldest first."""
        for stretch in range(_STRETCHES):
            age = self._lasts * (1 - (stretch + 0.5) / _STRETCHES)
            moulds = {state: Mould(_aged(sample, age)) for state, sample in self._samples.items()}
            for nth in range(number * stretch // _STRETCHES, number * (stretch + 1) // _STRETCHES):
                yield moulds[_ENDS[nth * 37 % len(_ENDS)]].case(self.next + nth)

    def _write(self, cases: list[Case]) -> None:
        indexes: defaultdict[str, dict[str, float]] = defaultdict(dict)
        with self._redis.pipeline(transaction=False) as pipe:
            for case in cases:
                pipe.set(self._keys.case(case.key), case.document, ex=case.seconds)
                for index, since in case.indexes.items():
                    indexes[index][case.key] = since
            for index, members in indexes.items():
                pipe.zadd(index, members)
            pipe.execute()


def _aged(sample: Sample, age: float) -> Sample:
    return replace(sample.earlier(age), seconds=int(sample.seconds - age))


def _in_parts(cases: Iterator[Case]) -> Iterator[list[Case]]:
    part: list[Case] = []
    for case in cases:
        part.append(case)
        if len(part) == _AT_ONCE:
            yield part
            part = []
    if part:
        yield part
