"""Where the highlights of a request go: into its record, then to the client and to Slack, if that is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

from integration.ask import answers, callback
from integration.ask.callback import Resolve
from integration.ask.records import CLIENT, COPY, Record, Records
from integration.ask.settings import SERVICE, AskSettings
from integration.errors import Held, NoNotePossible, NoteIsThere, NotItsTurn, Permanent, RemoteError
from integration.facts import CaseKey, Details, NoteStyle, Receipt, reference_of
from integration.note import Note, stored, with_reference
from integration.note.text import as_text
from integration.ports import SecondPlace


class Answers:
    """The place of `ask-...` cases. Nobody but the client can read what is kept, so that nothing is ever public."""

    def __init__(
        self,
        records: Records,
        settings: AskSettings,
        *,
        style: NoteStyle,
        second: SecondPlace | None = None,
        resolve: Resolve = callback.addresses,
    ) -> None:
        self._records, self._settings, self._style = records, settings, style
        self._second, self._resolve = second, resolve

    def details(self, key: CaseKey) -> Details:
        """What is asked, and about which time; whom it is about, the case was taken in with.

        When the result is here already, nothing is asked: `retry` is meant for those who could not be told of it.
        """
        record = self._record(key)
        if record.result is not None:
            self._tell_again(key, record)
        return Details(
            people=(),
            name=None,
            subject="",
            text="",
            created=record.asked_at,
            brand=None,
            form=None,
            tagged=False,
            question=record.question,
            within=record.within,
        )

    def write(self, key: CaseKey, note: Note) -> Receipt:
        """Keep the result, and tell everybody of it who is to be told, each of them until that is done once.

        Nobody's trouble keeps the others from being told, or the result from being looked at.
        """
        asked_at, keep_seconds = self._record(key).asked_at, self._records.keep_seconds
        result = answers.result(note, asked_at=asked_at, now=time.time(), keep_seconds=keep_seconds)
        self._records.keep(key, result)
        record = self._record(key)
        copy = note if record.reference is None else with_reference(note, record.reference, self._style)
        trouble, ends = self._tell(key, record, copy)
        if trouble is not None:
            raise trouble
        self._all_told(key, ends)
        return _receipt(key)

    def _all_told(self, key: CaseKey, ends: Mapping[str, str]) -> None:
        """Write down that everybody was told; `Permanent` when somebody cannot be."""
        if any(ends.values()):
            raise Permanent("; ".join(filter(None, ends.values())), service=SERVICE)
        self._records.told(key)

    def _tell_again(self, key: CaseKey, record: Record) -> NoReturn:
        """Tell those of the result who were not told, or could not be; how the request ends then, as an error."""
        copy = None if record.copy is None else stored.load(record.copy)
        if copy is not None:
            record = replace(record, ends={whom: end for whom, end in record.ends.items() if whom != COPY})
        trouble, ends = self._tell(key, record, copy)
        if trouble is not None:
            raise trouble
        if not record.told:
            if set(_wanted(record)) - set(ends):
                raise NoNotePossible("it has a result already")
            self._all_told(key, ends)
        raise NoteIsThere(note_id=reference_of(key), service=SERVICE)

    def _tell(self, key: CaseKey, record: Record, note: Note | None) -> tuple[RemoteError | None, Mapping[str, str]]:
        """Tell those who have not been: the trouble after which that is to be tried again, and what came of each.

        Without the `note` nobody can be sent a copy of it; the client is told what is kept.
        """
        ends: dict[str, str] = dict(record.ends)
        trouble: RemoteError | None = None
        ways: dict[str, Callable[[], None]] = {CLIENT: partial(self._call_back, key, record)}
        if note is not None:
            ways[COPY] = partial(self._post, key, record, note)
        for whom in _wanted(record):
            if record.told or whom in ends or whom not in ways:
                continue
            try:
                ways[whom]()
            except Permanent as error:
                ends[whom] = str(error)
                if whom == COPY and note is not None:
                    self._records.keep_copy(key, stored.dump(note))
            except RemoteError as error:
                # The copy's comes last and counts most, because its outcome may be unknown; waiting is no trouble.
                trouble = trouble if trouble is not None and isinstance(error, NotItsTurn) else error
                continue
            else:
                ends[whom] = ""
            self._records.ended(key, whom, ends[whom])
        return trouble, ends

    def _call_back(self, key: CaseKey, record: Record) -> None:
        """Tell the client; the same result and the same id, however often that is tried."""
        now, case_id = time.time(), reference_of(key)
        callback.send(
            record.callback_url or "",
            answers.event(case_id, record, now=now),
            message_id=case_id,
            settings=self._settings,
            now=now,
            resolve=self._resolve,
        )

    def _post(self, key: CaseKey, record: Record, note: Note) -> None:
        """Post the note to the second place, unless it is there."""
        if self._second is None:
            raise Permanent("Slack is not set up any more", service=SERVICE)
        self._second.take_turn()
        if record.posting and self._second.holds(key, markers=[as_text(note.last_line)]):
            return
        self._records.posting(key)
        self._second.write(key, note)

    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:  # noqa: ARG002 -- there is one result
        """The result, once everybody was told: until then `write` tells those who were not."""
        record = self._records.find(key)
        return _receipt(key) if record is not None and record.told else None

    def find_any_note(self, key: CaseKey, *, markers: Sequence[str], since: float = 0.0) -> Receipt | None:  # noqa: ARG002 -- likewise
        """The same: a request has one result. What was done may be forgotten, so the copy is looked for."""
        self._records.posting(key)
        return self.find_note(key, markers=markers)

    def take_tag_off(self, key: CaseKey) -> None:
        """There is no tag."""

    def tag(self, key: CaseKey) -> None:
        """There is no tag."""

    def merged_into(self, key: CaseKey) -> CaseKey | None:  # noqa: ARG002 -- requests stay what they are
        """None."""
        return None

    def make_private(self, key: CaseKey, receipt_id: str) -> None:
        """It is."""

    def takes_our_credentials(self) -> bool | None:
        """There are none that could be refused."""
        return True

    def denied(self, error: Held) -> str:
        """Nobody denies anything here."""
        return str(error)

    def close(self) -> None:
        """Close the connections to the second place."""
        if self._second is not None:
            self._second.close()

    def _record(self, key: CaseKey) -> Record:
        record = self._records.find(key)
        if record is None:
            raise NoNotePossible("what was asked is not kept any more")
        return record


def _wanted(record: Record) -> list[str]:
    """Who is to be told, in this order; a client whose callback has come to its end is not listed any more."""
    wanted = {CLIENT: record.callback_url is not None, COPY: record.slack}
    return [whom for whom, is_wanted in wanted.items() if is_wanted]


def _receipt(key: CaseKey) -> Receipt:
    return Receipt(id=reference_of(key), public=False, in_redis=True)
