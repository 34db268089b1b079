"""The simulation of a large ledger is true, and no cost but those that are named grows with what is finished."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from benchmarks.scale import installation as installations
from benchmarks.scale.filling import OF_A_HUNDRED, Filler
from benchmarks.scale.installation import Installation
from integration.cases import stored
from integration.cases.entry import State
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

FEW, MANY = 4_000, 20_000
WAITS = 1_500  # cases whose wait the status page looks at, at most: some of each window


@pytest.fixture
def installation(redis: Redis, redis_url: str) -> Iterator[Installation]:
    assert redis.ping()
    with installations.opened(redis_url, prefix="highlights") as opened:
        yield opened


def names(redis: Redis, case: str) -> set[str]:
    """Every sorted set that has a case."""
    sorted_sets = cast("Iterator[bytes]", redis.scan_iter(_type="ZSET"))
    return {name.decode() for name in sorted_sets if redis.zscore(name, case) is not None}


def test_what_is_filled_in_is_what_the_ledger_leaves(installation: Installation, redis: Redis) -> None:
    filler = Filler(installation)  # which has the ledger bring one case to each end
    own = {state: installation.ledger.reader.latest_in(state, 1)[0] for state in OF_A_HUNDRED}
    filler.fill(1000)
    counts = installation.ledger.reader.counts()
    assert {state: counts[state] for state in OF_A_HUNDRED} == {
        state: number * 10 + 1 for state, number in OF_A_HUNDRED.items()
    }
    for state, sample in own.items():
        filled = installation.ledger.reader.longest_in(state, 1)[0]
        document = cast("bytes", redis.get(installation.settings.keys.case(filled.key)))
        assert stored.dump(filled) in (document, document.decode())  # text or bytes
        assert names(redis, filled.key) == names(redis, sample.key)
        assert filled.key != sample.key
        assert sample.entered_at - filled.entered_at > 29 * 86400
        assert [state for _, state in filled.history] == [state for _, state in sample.history]


def test_a_filled_ledger_can_be_searched_and_expires(installation: Installation, redis: Redis) -> None:
    Filler(installation).fill(1000)
    cases = [case for case, _ in installation.ledger.reader.cases_of("nobody@shop.example")]
    lasts = sorted(redis.ttl(case) for case in cases)
    assert len(cases) == len(set(cases)) == 1000 + len(OF_A_HUNDRED)
    assert lasts[0] > 3000
    assert lasts[-1] <= 30 * 86400
    assert 14 * 86400 < lasts[len(lasts) // 2] < 16 * 86400


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("scale") / "report.json"
    command = [
        sys.executable,
        "-m",
        "benchmarks.scale",
        "--entries",
        str(MANY),
        "--small",
        str(FEW),
        "--json",
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(Path(file).read_text())
    assert all(name in done.stdout for name in told["many"])
    return told


def test_no_cost_grows_with_what_is_finished(report: dict[str, Any]) -> None:
    for name, many in report["many"].items():
        few = report["few"][name]
        if name == "`forget --ticket`":  # which looks through the names of all keys
            assert many["commands"] < few["commands"] + MANY / 100
        elif name.startswith("trim"):  # by as many pieces as there are thousands
            assert many["commands"] < few["commands"] + MANY / 1000
        elif name == "status page":
            assert many["commands"] < few["commands"] + WAITS
        else:
            assert many["commands"] <= few["commands"] + 1, name
            assert many["bytes"] <= few["bytes"] * 1.2 + 100, name


def test_a_neighbour_costs_a_small_installation_nothing(report: dict[str, Any]) -> None:
    for name, beside in report["beside"].items():
        if name != "`forget --ticket`":
            assert beside["commands"] <= report["few"][name]["commands"] + 1, name
            assert beside["bytes"] <= report["few"][name]["bytes"] * 1.2 + 100, name


def test_the_memory_of_a_case_is_told(report: dict[str, Any]) -> None:
    memory = report["memory"]
    assert set(memory["key"]) == {str(state) for state in (*OF_A_HUNDRED, State.REQUESTED)}
    assert 100 < memory["finished"] < memory["open"] < 3000
    assert report["rewrite"]["tickets"] > 0
    assert report["start_seconds"] > 0
