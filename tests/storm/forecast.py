"""How long a storm rages, and how hard."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.storm.blows import AWAY, HANDED_OVER, HANG, OTHER_CLOCK, RESTART


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """How long and how hard."""

    seed: int
    tickets: int
    seconds: float  # in which the tickets come
    between_blows: float
    between_squalls: float
    between_calls: float
    appointments: tuple[tuple[float, str], ...]
    away: float  # seconds for which nobody reaches Intercom, Slack or a client, at most
    notes_a_minute: int  # that Zendesk allows, so that they take minutes and not an hour

    def random(self, name: str) -> Random:
        """Chance for one part of the storm: the same from the same seed, whatever the other parts draw."""
        return Random(f"{self.seed} {name}")


def full(*, seed: int, tickets: int, minutes: float) -> Forecast:
    """The storm of `make storm`."""
    seconds = minutes * 60
    return Forecast(
        seed=seed,
        tickets=tickets,
        seconds=seconds,
        between_blows=5.0,
        between_squalls=0.7,
        between_calls=2.0,
        appointments=(
            (seconds * 0.1, RESTART),
            (seconds * 0.2, HANDED_OVER),
            (seconds * 0.4, OTHER_CLOCK),
            (seconds * 0.6, HANDED_OVER),
            (seconds * 0.3, HANG),
            (seconds * 0.5, AWAY),
            (seconds * 0.7, RESTART),
            (seconds * 0.8, HANG),
        ),
        away=seconds * 0.05,
        notes_a_minute=1000,
    )


def short(*, seed: int, tickets: int) -> Forecast:
    """The storm of `make test-all`."""
    return Forecast(
        seed=seed,
        tickets=tickets,
        seconds=20.0,
        between_blows=2.0,
        between_squalls=0.2,
        between_calls=1.0,
        appointments=((14.0, HANDED_OVER),),  # late: after it nothing is tried for a while
        away=1.5,
        notes_a_minute=4000,
    )
