"""`python -m benchmarks`: what the product costs, side by side with references, on real processes.

Everything listens on loopback alone, and ends with this command.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType

from benchmarks.contenders import HERE
from benchmarks.measures import ALL
from benchmarks.rows import Row, table
from benchmarks.wanted import Wanted


def main() -> int:
    """Measure, print the table; 0 also when an aim is not reached, 1 when something could not be measured."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _end)
    wanted = Wanted(
        tickets=arguments.tickets or (60 if arguments.quick else 300),
        runs=arguments.runs or (2 if arguments.quick else 5),
        product=arguments.product.resolve(),
        quick=arguments.quick,
        say=lambda text: print(f"  {text}", file=sys.stderr, flush=True),
    )
    print(f"{machine()}; {wanted.runs} runs, {wanted.tickets} tickets\n", flush=True)
    rows: list[Row] = []
    broken: list[str] = []
    for name in [name for name in ALL if name in arguments.only and name not in arguments.skip]:
        began = time.monotonic()
        wanted.say(f"{name} ...")
        try:
            rows += ALL[name](wanted)
        except Exception:  # noqa: BLE001 -- what took an hour so far is not thrown away for it
            traceback.print_exc()
            broken.append(name)
        wanted.say(f"{name}: {time.monotonic() - began:.0f} s")
        if arguments.json:
            told = {"machine": machine(), "broken": broken, "rows": [row.as_json() for row in rows]}
            arguments.json.write_text(json.dumps(told, indent=1) + "\n")
    print(table(rows))
    if broken:
        print(f"\nBroke off, see above: {', '.join(broken)}")
    return 1 if broken else 0


def machine() -> str:
    """What it was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--tickets", type=int, help="a run; default: 300, with --quick 60")
    parser.add_argument("--runs", type=int, help="of each contender, in turn; default: 5, with --quick 2")
    parser.add_argument("--quick", action="store_true", help="little of everything, in some minutes: a first look")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(ALL), metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--skip", nargs="+", choices=ALL, default=[], metavar="NAME")
    parser.add_argument("--product", type=Path, default=HERE, help="another checkout of the product to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there, too")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
