"""`/metrics`: what Prometheus scrapes, read from Redis when it does; the same from every web process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from redis import Redis

from integration.cases import counters, deliveries, overview, standing
from integration.cases.counters import Counted, Histogram
from integration.cases.ledger import Ledger
from integration.cases.overview import Overview
from integration.cases.situation import Trouble
from integration.settings import Settings

PREFIX = "highlights"


def exposition(settings: Settings, ledger: Ledger, redis: Redis, *, accept: str) -> tuple[bytes, str]:
    """The metrics in the form that the `Accept` header asks for, and that form's name."""
    counts = cast("dict[bytes, bytes]", redis.hgetall(ledger.keys.metrics))
    stands = overview.read(settings, redis, routes=ledger.lanes.routes)
    told = Told(
        overview=stands,
        troubles=standing.troubles(stands.facts),
        counted=counters.read(counts),
        refused=deliveries.counted(counts, endpoints=ledger.lanes.routes.endpoints),
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(told)
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


@dataclass(frozen=True, kw_only=True, eq=False)  # the registry asks for its identity
class Told(Collector):
    """What is told, and how it is called there."""

    overview: Overview
    troubles: tuple[Trouble, ...]
    counted: Counted
    refused: Mapping[tuple[str, str], int]  # by endpoint and reason

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        yield from self._troubles()
        yield from self._tickets()
        yield from self._jobs()
        yield from self._lanes()
        yield from self._counters()
        yield from self._times()

    def _troubles(self) -> Iterator[Metric]:
        there = {trouble.name: trouble.severity.name.lower() for trouble in self.troubles}
        text = "1 while something is not well, by the status page's name for it, and what it does to tickets."
        told = _gauge("trouble", text, "name", "severity")
        for name in standing.names(self.overview.outlook.routes):
            told.add_metric([name, there.get(name, "none")], name in there)
        yield told
        refused = CounterMetricFamily(
            f"{PREFIX}_deliveries_refused", "Deliveries refused or put off.", labels=["reason", "endpoint"]
        )
        for (endpoint, reason), number in self.refused.items():
            refused.add_metric([reason, endpoint], number)
        yield refused

    def _tickets(self) -> Iterator[Metric]:
        states = _gauge("tickets", "Tickets by the state they are in.", "state")
        for state, number in self.overview.counts.items():
            states.add_metric([state], number)
        yield states
        waits = _gauge(
            "oldest_waiting_seconds", "How long the ticket that waits longest is in its state; 0: none waits."
        )
        waits.add_metric([], self.overview.oldest_waiting_seconds or 0)
        yield waits

    def _jobs(self) -> Iterator[Metric]:
        jobs = _gauge("queue_jobs", "Jobs in RQ, waiting or running.", "status")
        jobs.add_metric(["waiting"], self.overview.jobs_waiting)
        jobs.add_metric(["running"], self.overview.jobs_running)
        yield jobs

    def _lanes(self) -> Iterator[Metric]:
        outlook, holds = self.overview.outlook, self.overview.holds
        held = _gauge("credentials_refused", "1 while a service refuses our credentials and tickets wait.", "service")
        closed = _gauge("closed_seconds", "How long nothing goes to a service: its limit, or a refusal.", "service")
        for service in outlook.routes.services:
            opens = outlook.notes_at(service) if service in outlook.notes else outlook.open_at[service]
            held.add_metric([service], service in holds and not holds[service].suspected)
            closed.add_metric([service], max(opens - outlook.now, 0))
        yield held
        yield closed
        place = max(outlook.notes, key=lambda place: outlook.notes[place].interval)  # the slowest, should there be many
        interval = outlook.notes[place].interval
        yield _one("note_interval_seconds", f"Time between two notes that {place}'s limits leave us.", interval)
        summariser = outlook.routes.callback
        yield _one(
            f"{summariser}_requests_last_hour", "Highlights requests of the last hour.", self.overview.facts.asked
        )
        yield _one(
            "public_notes_unseen",
            "Tickets whose note is or was public and which no admin has marked as seen.",
            self.overview.facts.public,
        )
        yield _one(f"{summariser}_requests_limit", f"{outlook.routes.ceiling}.", self.overview.facts.ceiling)

    def _counters(self) -> Iterator[Metric]:
        received = CounterMetricFamily(f"{PREFIX}_tickets_received", "Tickets taken in.")
        received.add_metric([], self.counted.received)
        yield received
        entered = CounterMetricFamily(
            f"{PREFIX}_tickets_entered", "How often a ticket entered a state after it came.", labels=["state"]
        )
        for state in self.overview.counts:
            entered.add_metric([state], self.counted.entered.get(state, 0))
        yield entered
        public = CounterMetricFamily(f"{PREFIX}_public_notes", "Notes of ours that customers could read.")
        public.add_metric([], self.counted.public_notes)
        yield public
        calls = CounterMetricFamily(
            f"{PREFIX}_remote_calls",
            "Requests to a service, by status; unreachable: never sent, unanswered: sent.",
            labels=["service", "status"],
        )
        for (service, status), number in sorted(self.counted.calls.items()):
            calls.add_metric([service, status], number)
        yield calls

    def _times(self) -> Iterator[Metric]:
        steps = HistogramMetricFamily(f"{PREFIX}_step_seconds", "How long a worker's step took.", labels=["step"])
        for step, histogram in self.counted.steps.items():
            _add(steps, [step], histogram)
        yield steps
        waits = HistogramMetricFamily(f"{PREFIX}_note_wait_seconds", "How long a ticket waited for its note.")
        _add(waits, [], self.counted.wait)
        yield waits


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", documentation, labels=labels)


def _one(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    family = _gauge(name, documentation)
    family.add_metric([], value)
    return family


def _add(family: HistogramMetricFamily, labels: list[str], histogram: Histogram) -> None:
    family.add_metric(labels, buckets=list(histogram.buckets), sum_value=histogram.seconds)
