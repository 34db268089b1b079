"""What the APIs of services' folders may do with cases: take them in, and tell how they stand."""

from __future__ import annotations

from dataclasses import dataclass

from integration.cases.entry import State
from integration.cases.ledger import Ledger, Received
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey, NewCase, Standing


@dataclass(frozen=True)
class AskedCases:
    """The cases of the ledger, for `ports.Cases`."""

    ledger: Ledger

    def receive(self, case: NewCase) -> bool:
        """Take in a case; False when it is known, or was erased."""
        return self.ledger.receive(case) is Received.NEW

    def standing(self, key: CaseKey) -> Standing | None:
        """How a case stands; one that a newer release wrote is under way there."""
        try:
            entry = self.ledger.reader.find(key)
        except NewerEntryError:
            return Standing(state=State.REQUESTED)
        return None if entry is None else Standing(state=entry.state, reason=entry.reason)

    def waiting(self) -> int:
        """How many cases have no highlights yet."""
        counts = self.ledger.reader.counts()
        return counts[State.RECEIVED] + counts[State.REQUESTED]
