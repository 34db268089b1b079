"""What the program says at its end, for a person and for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.scale.meter import Cost
from benchmarks.scale.persistence import Rewrite

_MIB: Final = 2**20
_LONG_MS: Final = 10.0  # that a command may hold up others before it is told of


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes of Redis' memory, its own overhead included."""

    finished: float  # of a finished case
    open: float  # of one that waits for LogRocket
    key: Mapping[str, int]  # of an entry alone, by state
    used: int
    resident: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """One run. Costs are by the name of what was done."""

    made_with: str
    entries: int
    small: int
    fill_seconds: float
    memory: Memory
    few: Mapping[str, Cost]
    many: Mapping[str, Cost]
    beside: Mapping[str, Cost]  # of a small installation in the same Redis
    rewrite: Rewrite
    start_seconds: float

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """All of it, for a person."""
        return [self.made_with, "", *self._of_memory(), *self._of_disk(), "", *self._of_costs()]

    def _of_memory(self) -> list[str]:
        memory = self.memory
        alone = ", ".join(f"{state} {size}" for state, size in memory.key.items())
        speed = self.entries / max(self.fill_seconds, 1e-9)
        return [
            f"{self.entries:,} finished cases written in {self.fill_seconds:.0f} s ({speed:,.0f} a second)",
            f"memory of a finished case: {memory.finished:.0f} bytes, of one that waits: {memory.open:.0f}",
            f"  of that its entry alone: {alone}",
            f"memory of Redis: {memory.used / _MIB:,.0f} MiB used, {memory.resident / _MIB:,.0f} MiB resident",
        ]

    def _of_disk(self) -> list[str]:
        rewrite = self.rewrite
        stood_still = f"Redis stood still for {rewrite.fork * 1000:.0f} ms"
        return [
            f"its file written anew in {rewrite.seconds:.1f} s, {rewrite.file / _MIB:,.0f} MiB; {stood_still}",
            f"  memory of both processes that changed meanwhile: {rewrite.copied / _MIB:.0f} MiB",
            f"  meanwhile {rewrite.tickets} tickets were taken in, the slowest in {rewrite.slowest * 1000:.0f} ms",
            f"started again with that file: {self.start_seconds:.1f} s until it answers",
        ]

    def _of_costs(self) -> list[str]:
        columns = (("", 34), ("commands", 17), ("bytes", 19), ("us of Redis", 19), ("ratio", 7), ("beside", 8))
        head = "".join(f"{name:>{width}}" for name, width in (*columns, ("us of ours", 19))) + "  longest"
        where = f"{'':34}{f'{self.small:,} > {self.entries:,} entries':>17}"
        return [head, where, *(self._line(name) for name in self.many)]

    def _line(self, name: str) -> str:
        few, many, beside = self.few[name], self.many[name], self.beside[name]
        commands = f"{few.commands:.0f} > {many.commands:.0f}"
        traffic = f"{few.bytes:,.0f} > {many.bytes:,.0f}"
        redis, own = f"{few.redis:,.0f} > {many.redis:,.0f}", f"{few.own:,.0f} > {many.own:,.0f}"
        ratio = f"{many.redis / max(few.redis, 1.0):.2f}"
        next_to = f"{beside.redis / max(few.redis, 1.0):.2f}"
        longest = f"{many.longest / 1000:.1f} ms" if many.longest / 1000 >= _LONG_MS else "-"
        return f"{name:34}{commands:>17}{traffic:>19}{redis:>19}{ratio:>7}{next_to:>8}{own:>19}  {longest}"
