"""A second place, where a note goes besides its own: by that place's lane, whatever lane its case goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from integration import logs
from integration.cases.lanes import Lanes
from integration.errors import Held, NotItsTurn
from integration.facts import CaseKey, Receipt
from integration.ports import Closes, Place

if TYPE_CHECKING:
    from integration.note import Note

log = logs.get(__name__)


class Beside:
    """The place of the service `name`, as `integration.ports.SecondPlace` has it."""

    def __init__(self, name: str, place: Place, lanes: Lanes) -> None:
        self.name = name
        self._place, self._lanes = place, lanes

    def take_turn(self) -> None:
        """Raise `NotItsTurn` unless the lane is open and the last note was long enough ago."""
        wait = self._lanes.take_turn(self.name)
        if wait is not None:
            raise NotItsTurn(wait.why, until=wait.until, service=self.name)

    def holds(self, key: CaseKey, *, markers: Sequence[str]) -> bool:
        """Whether our note is there already."""
        with _meant_for_all():
            receipt = self._place.find_any_note(key, markers=markers)
        if receipt is not None:
            self._accepted(key, receipt)
        return receipt is not None

    def write(self, key: CaseKey, note: Note) -> None:
        """Write the note."""
        with _meant_for_all():
            receipt = self._place.write(key, note)
        self._accepted(key, receipt)

    def close(self) -> None:
        """Close the connections, if the place keeps some."""
        if isinstance(self._place, Closes):
            self._place.close()

    def _accepted(self, key: CaseKey, receipt: Receipt) -> None:
        if receipt.public:
            self._place.make_private(key, receipt.id)
        if self._lanes.answered(self.name, receipt.pace):
            log.warning("accepted again, the tickets go on", service=self.name)


@contextmanager
def _meant_for_all() -> Iterator[None]:
    """Take every refusal for the account's: the case is none of the place's own, which could be refused alone."""
    try:
        yield
    except Held as error:
        error.of_account = True
        raise
