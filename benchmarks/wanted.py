"""What the one who measures wants: how much of everything, and whose product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How a benchmark is run."""

    tickets: int
    runs: int
    product: Path
    quick: bool
    say: Callable[[str], None]

    def at_most(self, full: int, quick: int) -> int:
        """How much of something that takes long."""
        return quick if self.quick else full
