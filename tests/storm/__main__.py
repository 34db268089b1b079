"""`python -m tests.storm`: a storm over the whole product, and the verdict on what it left.

Exit 0 when the promise was kept, 1 when it was broken, 2 when the storm cannot begin.
"""

from __future__ import annotations

import argparse
import re
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.storm import evidence, forecast, storm, table, verdict

SHOWN = 60  # problems
LINES = 40  # of the log, for each of the first tickets with a problem


def main() -> int:
    """Let a storm rage, count, print."""
    wanted = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)  # so that nothing is left running
    folder = Path(tempfile.mkdtemp(prefix="storm-")) if wanted.folder is None else wanted.folder
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"{folder} is not empty.", file=sys.stderr)
        return 2
    print(f"Seed {wanted.seed}: {wanted.tickets:,} tickets in {wanted.minutes:g} minutes. Logs: {folder}", flush=True)
    coming = forecast.full(seed=wanted.seed, tickets=wanted.tickets, minutes=wanted.minutes)
    aftermath = storm.rage(coming, folder, lambda text: print(text, flush=True))
    print(f"\n{table.table(aftermath)}\n")
    problems = verdict.problems(aftermath)
    for problem in problems[:SHOWN]:
        print(f"BROKEN: {problem}")
    if problems:
        _explain(aftermath, folder)
        print(f"\n{len(problems)} times the promise was broken. Again: make storm ARGS='--seed {wanted.seed}'")
        return 1
    print("The promise was kept: nothing lost, nothing twice.")
    return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _explain(aftermath: evidence.Evidence, folder: Path) -> None:
    """Print what the logs say of the first tickets and other cases with a problem."""
    logs = "\n".join(path.read_text(errors="replace") for path in sorted(folder.glob("*.log")))
    problems = verdict.problems(aftermath)
    named = {int(found[1]) for problem in problems if (found := re.match(r"ticket (\d+)\b", problem))}
    broken = [number for number in aftermath.kinds if number in named]
    for number in broken[:3]:
        print(f"\nThe log on ticket {number}:", *evidence.lines(logs, f"ticket_id={number}")[-LINES:], sep="\n  ")
        print("and Zendesk was asked:", *aftermath.tickets[number].updates, sep="\n  ")
    others = [
        key for key in aftermath.others if any(problem.startswith((f"{key} ", f"{key}:")) for problem in problems)
    ]
    for key in others[:3]:
        print(f"\nThe log on {key}:", *evidence.lines(logs, f"case={key}")[-LINES:], sep="\n  ")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=storm.__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="default: by chance")
    parser.add_argument("--tickets", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=9.0, help="in which they come; default: %(default)s")
    parser.add_argument("--folder", type=Path, help="where logs and Redis' file stay; default: a new one")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
