"""Where the highlights of a request go: into its record, then to the client, if it wants to be told."""

from __future__ import annotations

import time
from collections.abc import Sequence

from integration.ask import answers, callback
from integration.ask.callback import Resolve
from integration.ask.records import Record, Records
from integration.ask.settings import AskSettings
from integration.errors import Held, NoNotePossible
from integration.facts import CaseKey, Details, Receipt, reference_of
from integration.note import Note


class Answers:
    """The place of `ask-...` cases. Nobody but the client can read what is kept, so that nothing is ever public."""

    def __init__(self, records: Records, settings: AskSettings, *, resolve: Resolve = callback.addresses) -> None:
        self._records, self._settings, self._resolve = records, settings, resolve

    def details(self, key: CaseKey) -> Details:
        """What is asked, and about which time; whom it is about, the case was taken in with."""
        record = self._record(key)
        if record.result is not None:
            raise NoNotePossible("it has a result already")
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
        """Keep the result, and tell the client; the same result and the same id, however often that is tried."""
        now = time.time()
        self._records.keep(key, answers.result(note, now=now, keep_seconds=self._records.keep_seconds))
        record = self._record(key)
        if record.callback_url is not None and not record.told:
            case_id = reference_of(key)
            callback.send(
                record.callback_url,
                answers.event(case_id, record, now=now),
                message_id=case_id,
                settings=self._settings,
                now=now,
                resolve=self._resolve,
            )
        self._records.told(key)
        return _receipt(key)

    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:  # noqa: ARG002 -- there is one result
        """The result, once the client was told: until then it is told once more, under the same id."""
        record = self._records.find(key)
        return _receipt(key) if record is not None and record.told else None

    def find_any_note(self, key: CaseKey, *, markers: Sequence[str], since: float = 0.0) -> Receipt | None:  # noqa: ARG002 -- likewise
        """The same: a request has one result."""
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

    def _record(self, key: CaseKey) -> Record:
        record = self._records.find(key)
        if record is None:
            raise NoNotePossible("what was asked is not kept any more")
        return record


def _receipt(key: CaseKey) -> Receipt:
    return Receipt(id=reference_of(key), public=False)
