"""The storm: tickets, bad weather and blows at once, then calm, then the verdict."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from integration.entry import FINAL, State
from sandbox.logrocket import Outcome as LogRocketOutcome
from tests.conftest import ROOT
from tests.storm import evidence, verdict
from tests.storm.blows import Blows
from tests.storm.stage import FAILED_RETRY, NAMES, Stage
from tests.storm.tickets import Customers
from tests.storm.verdict import Evidence
from tests.storm.weather import Weather, outcomes

RECOVERIES: Final = 5  # readings of Zendesk's log at the end, the last of which has to bring nothing
SECRETS: Final = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "ZENDESK_CLIENT_SECRET",
    "ZENDESK_WEBHOOK_SECRET",
    "LOGROCKET_API_KEY",
    "ADMIN_PASSWORD",
)

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How hard it storms, and for how long."""

    seed: int
    tickets: int
    filing_seconds: float
    calm_between_squalls: float
    seconds_between_blows: float
    redis_restarts_at: tuple[float, ...]
    patience_seconds: float  # after the storm, until every ticket has come to its end


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was counted, and what is wrong."""

    figures: list[tuple[str, str]]
    failures: list[str]


def run(plan: Plan, folder: Path, *, say: Say) -> Outcome:
    """Let it storm in `folder`."""
    began = time.monotonic()
    seeds = Random(plan.seed)
    with Stage(folder) as stage:
        weather = Weather(
            stage.sandbox, Random(seeds.random()), elsewhere=stage.trap.url, calm=plan.calm_between_squalls
        )
        customers = Customers(stage.sandbox, Random(seeds.random()), count=plan.tickets, seconds=plan.filing_seconds)
        blows = Blows(
            stage,
            Random(seeds.random()),
            pause=plan.seconds_between_blows,
            restarts_at=list(plan.redis_restarts_at),
        )
        _set_up(stage, outcomes(Random(seeds.random()), 2 * plan.tickets))
        _rage(stage, weather, customers, blows, say=say)
        say("calm: the last tickets come to their end")
        recovered = _recover(stage)
        waited = _wait_for_the_end(stage, plan.patience_seconds)
        found = _gather(stage, weather, customers, blows)
        figures = _figures(found, weather, blows, customers, stage)
        figures += [
            ("deliveries recovered from Zendesk's log", f"{recovered:,}"),
            ("calm until the last ticket was done", f"{waited:.0f} s"),
            ("all in all", f"{time.monotonic() - began:.0f} s"),
        ]
        return Outcome(figures=figures, failures=verdict.failures(found))


def _set_up(stage: Stage, script: list[LogRocketOutcome]) -> None:
    limits = stage.sandbox.zendesk.desk.limits
    limits.account_updates, limits.requests, limits.webhook_requests = 6_000, 100_000, 100_000
    stage.sandbox.zendesk.retry_pace = 0.1
    stage.sandbox.logrocket.script(*script)


def _rage(stage: Stage, weather: Weather, customers: Customers, blows: Blows, *, say: Say) -> None:
    """Everything at once until every ticket is filed and most have come to their end."""
    stop = threading.Event()
    threads = [threading.Thread(target=each, args=(stop,), daemon=True) for each in (weather.rage, blows.rage)]
    filing = threading.Thread(target=customers.file_all, args=(stop,), daemon=True)
    for each in (*threads, filing):
        each.start()
    try:
        while filing.is_alive():
            filing.join(10)
            say(f"{len(customers.filed):,} tickets filed, {len(blows.struck)} blows struck")
    finally:
        stop.set()
        for each in threads:
            each.join(60)
    stage.restart_the_dead()
    stage.wait_ready()


def _recover(stage: Stage) -> int:
    """Take in what Zendesk could not deliver, until there is nothing left; how many tickets that were."""
    total = 0
    for _ in range(RECOVERIES):
        _until(lambda: all(each.outcome is not None for each in stage.sandbox.zendesk.all_deliveries), seconds=60)
        done = subprocess.run(
            [sys.executable, "-m", "integration", "recover"],
            env={"PATH": "/usr/bin:/bin", **stage.environ},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        taken_in = re.search(r"taken in now: ([0-9]+)", done.stdout)
        if taken_in is None or done.returncode:
            raise RuntimeError(f"recover failed:\n{done.stdout}{done.stderr}")
        total += int(taken_in[1])
        if taken_in[1] == "0":
            break
    return total


def _wait_for_the_end(stage: Stage, patience: float) -> float:
    """Wait until no ticket is under way; how long that took."""
    began = time.monotonic()
    under_way = [f"highlights:state:{state}" for state in State if state not in FINAL]
    _until(lambda: not any(stage.redis.zcard(each) for each in under_way), seconds=patience)
    return time.monotonic() - began


def _until(reached: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.2)


def _gather(stage: Stage, weather: Weather, customers: Customers, blows: Blows) -> Evidence:
    keys = evidence.keys(stage.redis)
    logs = {name: stage.log(name) for name in NAMES}
    tokens = weather.access_tokens | weather.issued() | evidence.callback_tokens(stage.sandbox)
    secrets = {name: value for name in SECRETS if (value := stage.environ.get(name))}
    return Evidence(
        tickets=evidence.tickets(stage.redis, stage.sandbox, list(customers.filed)),
        kinds=customers.filed,
        kill_cost=sum(each.cost for each in blows.struck),
        failed_retries=len(FAILED_RETRY),
        own_429=_answers(stage)["429"] - weather.too_many,
        trapped=stage.trap.seen,
        exit_codes=stage.exit_codes,
        unexplained_keys=keys.unexplained,
        leaks=[
            f"{name}: {leak}"
            for name, log in logs.items()
            for leak in evidence.leaks(log, secrets=secrets, tokens=tokens, people=customers.people)
        ],
        crashes=[line for log in logs.values() for line in log.splitlines() if "internal error" in line][:5],
    )


def _answers(stage: Stage) -> Counter[str]:
    """How both services answered, by status."""
    asked = (*stage.sandbox.zendesk.requests, *stage.sandbox.logrocket.requests)
    return Counter(str(each.status or "none") for each in asked)


def _figures(
    found: Evidence, weather: Weather, blows: Blows, customers: Customers, stage: Stage
) -> list[tuple[str, str]]:
    """What a person wants to know, line by line."""
    states = Counter(str(each.entry.state) if each.entry else "lost" for each in found.tickets.values())
    notes = Counter(len(each.notes) for each in found.tickets.values())
    deliveries = stage.sandbox.zendesk.all_deliveries
    kinds = evidence.keys(stage.redis).kinds
    return [
        ("tickets", f"{len(found.kinds):,}"),
        *((f"  {name}", f"{count:,}") for name, count in sorted(customers.counts().items())),
        ("states at the end", ""),
        *((f"  {name}", f"{count:,}") for name, count in sorted(states.items())),
        ("tickets with one note", f"{notes[1]:,}"),
        ("tickets with two notes or more", f"{sum(count for number, count in notes.items() if number > 1):,}"),
        ("deliveries", f"{len(deliveries):,}"),
        *((f"  {name}", f"{n:,}") for name, n in sorted(Counter(str(each.outcome) for each in deliveries).items())),
        ("faults of the two services that happened", f"{sum(weather.happened.values()):,}"),
        *((f"  {name}", f"{count:,}") for name, count in sorted(weather.happened.items())),
        ("blows", f"{len(blows.struck):,}, of them {blows.kills():,} SIGKILLs"),
        *((f"  {name}", f"{count:,}") for name, count in sorted(blows.counts().items())),
        ("requests that LogRocket took", f"{sum(len(each.results) for each in found.tickets.values()):,}"),
        ("  of them not called for", f"{sum(map(verdict.extra_requests, found.tickets.values())):,}"),
        ("keys in Redis", f"{sum(kinds.values()):,}"),
        *((f"  {each}", f"{count:,}: {evidence.EXPLAINED[each]}") for each, count in sorted(kinds.items())),
    ]
