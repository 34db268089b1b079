"""`python -m tests.storm`: the storm for a person. Exit 0 when every promise was kept, 1 when one was broken."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.storm.storm import Plan, run


def main() -> int:
    """Let it storm, and print what was found."""
    parser = argparse.ArgumentParser(prog="make storm ARGS=...", description=__doc__)
    parser.add_argument("--tickets", type=int, default=2000, metavar="N", help="how many are filed (default: 2000)")
    parser.add_argument("--minutes", type=float, default=8.0, metavar="M", help="how long that takes (default: 8)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of all that is random")
    options = parser.parse_args()
    seconds = options.minutes * 60
    plan = Plan(
        seed=options.seed,
        tickets=options.tickets,
        filing_seconds=seconds,
        calm_between_squalls=0.5,
        seconds_between_blows=5.0,
        redis_restarts_at=(seconds * 0.3, seconds * 0.7),
        patience_seconds=900.0,
    )
    print(f"seed {plan.seed}: the same again with ARGS='--seed {plan.seed} --tickets {plan.tickets}'", flush=True)
    with tempfile.TemporaryDirectory(prefix="storm-", ignore_cleanup_errors=True) as folder:
        outcome = run(plan, Path(folder), say=lambda line: print(line, flush=True))
    width = max(len(name) for name, _ in outcome.figures)
    for name, value in outcome.figures:
        print(f"{name:<{width}}  {value}")
    for each in outcome.failures[:50]:
        print(f"BROKEN: {each}")
    print(f"{len(outcome.failures)} broken promises" if outcome.failures else "every promise was kept")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
