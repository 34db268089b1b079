"""`python -m tests.simulator`: plays schedules, and prints the shortest ones that break a promise.

Exit 0 when every promise was kept, 1 when one was broken.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time

from tests.simulator.explore import Report, in_processes


def main() -> int:
    """Play, count, print."""
    wanted = _arguments()
    print(f"{wanted.schedules:,} schedules from seed {wanted.seed}, in {wanted.processes} processes", flush=True)
    report, began = Report(), time.monotonic()
    for part in in_processes(
        wanted.seed, wanted.schedules, processes=wanted.processes, promises=tuple(wanted.promise), most=wanted.most
    ):
        for kind, breach in part.breaches.items():
            if kind not in report.breaches:
                print(f"\n{breach.text()}", flush=True)
        report.add(part)
    took = time.monotonic() - began
    print(f"\n{report.schedules:,} schedules in {took:.0f} s.")
    if not report.broken:
        print(f"Every promise was kept. The longest wait of a ticket that nothing happened to: {report.waited:.0f} s.")
        return 0
    for promise, count in report.broken.most_common():
        print(f"BROKEN in {count:,} of them: {promise}")
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="the first one; default: by chance")
    parser.add_argument("--schedules", type=int, default=200_000, help="default: %(default)s")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--promise", action="append", default=[], help="look for breaches of this promise only")
    parser.add_argument("--most", type=int, default=1, help="schedules to shorten of each promise in 250 of them")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
