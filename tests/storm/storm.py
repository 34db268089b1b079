"""One storm from its beginning to the evidence that is left of it."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from integration.cases.entry import FINAL, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.queues import open_queue
from integration.facts import TICKETS, CaseKey, desk_of, reference_of
from tests.storm import elsewhere, evidence, others
from tests.storm.blows import Blows
from tests.storm.callers import Callers
from tests.storm.doors import Doors
from tests.storm.evidence import Evidence
from tests.storm.forecast import Forecast
from tests.storm.stage import Stage
from tests.storm.tickets import Customers
from tests.storm.weather import Weather

STALLED_SECONDS: Final = 150.0  # without any progress, in good weather: longer than any wait that the ledger may be in
LONGER_SECONDS: Final = 90.0  # that a storm may go on until its weather has met somebody
TOLD_SECONDS: Final = 30.0
ERASED: Final = 5
LOGS: Final = ("web", "worker", "commands")
_TRACEBACK: Final = "Traceback (most recent call last)"

Say = Callable[[str], None]


def rage(forecast: Forecast, folder: Path, say: Say) -> Evidence:
    """Let it rage, wait for what it leaves behind, and look."""
    began = time.monotonic()
    with Stage(folder, notes_a_minute=forecast.notes_a_minute) as stage:
        storm = Storm(stage, forecast, say)
        try:
            storm.run()
            calm = time.monotonic()
            storm.settle()
            storm.recover()
            storm.send_again()
            storm.settle()
            settled = time.monotonic() - calm
            storm.erase_some()
            return storm.gather(seconds=time.monotonic() - began, settled_seconds=settled)
        finally:
            storm.close()


class Storm:
    """Everybody who takes part, and what is seen on the way."""

    def __init__(self, stage: Stage, forecast: Forecast, say: Say) -> None:
        self._stage, self._sandbox, self._forecast, self._say = stage, stage.sandbox, forecast, say
        random = forecast.random
        self._customers = Customers(
            stage.sandbox, random("customers"), count=forecast.tickets, seconds=forecast.seconds
        )
        self._weather = Weather(
            stage.sandbox, random("weather"), elsewhere=stage.trap.url, calm=forecast.between_squalls
        )
        self._elsewhere = elsewhere.weather(stage, random, calm=2 * forecast.between_squalls, away=forecast.away)
        self._doors = Doors(stage, random("doors"), tickets=forecast.tickets, seconds=forecast.seconds)
        self._blows = Blows(stage, random("blows"), pause=forecast.between_blows, appointments=forecast.appointments)
        self._callers = Callers(stage, random("callers"), pause=forecast.between_calls)
        self._erased: frozenset[int] = frozenset()
        self._wrong: list[str] = []
        self._recovered = 0

    def close(self) -> None:
        """End those who still send."""
        self._doors.close()

    def run(self) -> None:
        """Rage until every ticket is filed, and for as long as the forecast says."""
        stop, began = threading.Event(), time.monotonic()
        parts = [weather.rage for weather in (self._weather, *self._elsewhere)]
        parts += [self._blows.rage, self._callers.rage]
        with ThreadPoolExecutor(len(parts) + 2) as threads:
            raging = [threads.submit(part, stop) for part in parts]
            filing = threads.submit(self._customers.file_all, stop)
            sending = threads.submit(self._doors.send_all, stop)
            try:
                told = began
                while (
                    not (filing.done() and sending.done())
                    or time.monotonic() < began + self._forecast.seconds
                    or self._is_missed(began)
                ):
                    if any(future.done() for future in raging):
                        break
                    if time.monotonic() > told + TOLD_SECONDS:
                        told = time.monotonic()
                        self._say(f"{(told - began) / 60:5.1f} min: {self._standing()}")
                    time.sleep(0.1)
            finally:
                stop.set()
            for future in (*raging, filing, sending):
                future.result()
        self._stage.restart_the_dead()
        self._stage.wait_ready()
        self._say(f"The weather is fine again: {self._standing()}")

    def _is_missed(self, began: float) -> bool:
        """Whether no fault has happened yet: after a blow to Redis everything waits, for longer than a short storm."""
        late = time.monotonic() > began + self._forecast.seconds + LONGER_SECONDS
        return not late and not any(self._weather.happened.values())

    def settle(self) -> None:
        """Wait until nothing is left to be done; give up when nothing changes any more."""
        changed, last = time.monotonic(), ""
        while True:
            self._stage.restart_the_dead()
            now = f"{self._left()}"
            if now == "[]":
                return
            if now != last:
                changed, last = time.monotonic(), now
            elif time.monotonic() > changed + STALLED_SECONDS:
                self._wrong.append(f"nothing changed for {STALLED_SECONDS:.0f} s, and left were {now}")
                return
            time.sleep(0.2)

    def send_again(self) -> None:
        """Have survey tools and clients send all of theirs again: nobody else could tell what Redis has lost."""
        self._doors.send_again()

    def recover(self) -> None:
        """Run the admin's command that takes in what was not delivered, and what Redis has lost."""
        code, printed = self._stage.command("recover", "--hours", "3")
        counts = re.findall(r"taken in now: (\d+)", printed)
        if code != 0 or len(counts) != 2:
            self._wrong.append(f"recover ended with {code}: {printed.strip()}")
        self._recovered = sum(map(int, counts))
        self._say(printed.strip())

    def erase_some(self) -> None:
        """Erase some tickets after their notes, and have LogRocket call back for them again."""
        posted = [
            int(reference_of(key)) for key in map(CaseKey, self._members(State.POSTED)) if desk_of(key) == TICKETS
        ]
        deleted = set(posted) - {ticket.id for ticket in self._sandbox.zendesk.tickets()}
        alive = [number for number in posted if number not in deleted]
        self._erased = frozenset(alive[:: max(len(alive) // ERASED, 1)][:ERASED])
        with ThreadPoolExecutor(20) as threads:
            for number in sorted(self._erased):
                code, printed = self._stage.command("forget", "--ticket", str(number))
                if code != 0:
                    self._wrong.append(f"forget ended with {code}: {printed.strip()}")
                self._callers.call_back_at_once(threads, frozenset({number}))
        self.settle()

    def gather(self, *, seconds: float, settled_seconds: float) -> Evidence:
        """Look at everything that is left."""
        sandbox, said = self._sandbox, {name: self._stage.log(name) for name in LOGS}
        stage = self._stage
        for weather in self._elsewhere:
            weather.end()
        self._doors.raise_errors()
        cases = others.cases(stage, self._doors)
        self._wrong += [*self._doors.wrong, *others.wrong(stage, self._doors, cases)]
        requests = {"Zendesk": sandbox.zendesk.requests, "LogRocket": sandbox.logrocket.requests}
        further = {"Intercom": stage.intercom.requests, "Slack": stage.slack.requests}
        further["Clients, called back"] = stage.receiver.server.requests
        too_many = sum(request.status == 429 for made in requests.values() for request in made)
        return Evidence(
            seed=self._forecast.seed,
            seconds=seconds,
            settled_seconds=settled_seconds,
            kinds=self._customers.filed,
            filed_at=self._customers.filed_at,
            forgotten=self._stage.forgotten,
            vanished=len(self._stage.vanished),
            tickets=evidence.tickets(self._stage.redis, sandbox, list(self._customers.filed)),
            erased=self._erased,
            keys=evidence.keys(self._stage.redis),
            leaks=self._leaks(said),
            others=cases,
            other_kinds={key: sent.kind for key, sent in self._doors.cases().items()},
            taken_at={key: sent.taken_at for key, sent in self._doors.cases().items() if sent.taken_at is not None},
            outages=[outage for weather in self._elsewhere for outage in weather.outages],
            told_again=others.told_again(stage),
            polled=self._doors.polled,
            faults=sum((weather.happened for weather in self._elsewhere), self._weather.happened),
            blows=self._blows.struck,
            deliveries=Counter(str(delivery.outcome) for delivery in sandbox.zendesk.deliveries),
            recovered={
                "by the worker": said["worker"].count("ticket recovered"),
                "by the command": self._recovered,
            },
            repeated=self._callers.repeated,
            strangers=self._callers.refused,
            requests={name: len(made) for name, made in (requests | further).items()},
            own_429=too_many - self._weather.too_many - self._customers.count_429s(),
            wrong=[*self._wrong, *self._seen(said)],
        )

    def _seen(self, said: dict[str, str]) -> list[str]:
        """What was seen, and should not have happened."""
        oddities = [*self._stage.exit_codes, *self._callers.let_in]
        for name, log in said.items():
            own_faults = [line for line in log.splitlines() if "internal error" in line or line.startswith(_TRACEBACK)]
            oddities += [f"the log of {name} says: {line}" for line in own_faults[:3]]
        if self._stage.trap.seen:
            oddities.append(f"{self._stage.trap.seen} requests followed a redirect to another host")
        return oddities

    def _leaks(self, said: dict[str, str]) -> list[str]:
        environ = self._stage.environ
        secrets = {name: environ[name] for name in environ if re.search("SECRET|KEY|PASSWORD|TOKEN", name)}
        secrets["the token in ASK_TOKENS"] = self._stage.ask_token
        tokens = evidence.callback_tokens(self._sandbox) | self._weather.access_tokens | self._weather.issued()
        return [
            f"{leak}, in that of {name}"
            for name, log in said.items()
            for leak in evidence.leaks(
                log, secrets=secrets, tokens=tokens, people=self._customers.people | self._doors.people
            )
        ]

    # -- What is left to be done

    def _left(self) -> list[str]:
        """The tickets that are on their way and the jobs that wait; deliveries that go on count, too."""
        left = [f"{member} {state}" for state in State if state not in FINAL for member in self._members(state)]
        for name in Keys(DEFAULT_PREFIX).queues:
            left += [f"{job_id} queued" for job_id in open_queue(name, self._stage.raw_redis).job_ids]
        under_way = len(self._sandbox.zendesk.all_deliveries) - len(self._sandbox.zendesk.deliveries)
        under_way += self._doors.under_way()
        return left + ([f"{under_way} deliveries"] if under_way else [])

    def _members(self, state: State) -> list[str]:
        members: list[str] = self._stage.redis.zrange(Keys(DEFAULT_PREFIX).state(state), 0, -1)  # type: ignore[assignment]  # not awaited
        return members

    def _standing(self) -> str:
        try:
            counts = {state: len(self._members(state)) for state in State}
        except RedisError:
            return f"{len(self._customers.filed)} tickets filed; Redis is away"
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        return f"{len(self._customers.filed)} tickets filed: {told}; {self._blows.kills()} kills"
