"""Tickets a second when LogRocket takes 300 ms for an answer and Zendesk 500: then four processes mostly wait."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contenders import WORKERS, product, tuned
from benchmarks.measures.whole_way import in_turn
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

LOGROCKET, ZENDESK = 0.3, 0.5
_BEST = WORKERS / (LOGROCKET + ZENDESK)  # with the note alone


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours against tuned (which reads each ticket besides), and against what four processes could do at best."""
    kinds = (product(wanted.product), tuned())
    ways = in_turn(wanted, kinds, tickets=wanted.at_most(150, 48), logrocket=LOGROCKET, zendesk=ZENDESK)
    ours, theirs = ([way.tickets_a_second for way in ways[kind.name]] for kind in kinds)
    what, unit = "answers after 300 and 500 ms, 4 worker processes", "tickets a second"
    best = "4 processes at best, Zendesk asked for the note alone"
    yield Row(measure=what, unit=unit, ours=ours, reference=best, theirs=[_BEST], aim=0.95, at_least=True)
    asked = [way.asked_zendesk for way in ways["ours"]]
    best = f"4 processes at best, Zendesk asked as often as it was ({max(asked):.2g} times)"
    bests = [WORKERS / (LOGROCKET + ZENDESK * times) for times in asked]
    yield Row(measure=what, unit=unit, ours=ours, reference=best, theirs=bests, at_least=True)
    yield Row(measure=what, unit=unit, ours=ours, reference="tuned", theirs=theirs, aim=1.6, at_least=True)
