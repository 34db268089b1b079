"""`python -m benchmarks.references.forked`: four SimpleWorkers, forked once all modules of the jobs are loaded."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from redis import Redis
from rq import Queue, SimpleWorker

from benchmarks.references import jobs  # noqa: F401 -- loaded once, before there are workers

WORKERS = 4


def main() -> int:
    """Fork the workers; end them when this ends."""
    children: list[int] = []
    for _ in range(WORKERS):
        pid = os.fork()
        if not pid:
            return work()
        children.append(pid)

    def end(number: int, _frame: FrameType | None) -> None:
        for child in children:
            os.kill(child, number)

    signal.signal(signal.SIGTERM, end)
    for child in children:
        os.waitpid(child, 0)
    return 0


def work() -> int:
    """Take jobs until SIGTERM."""
    connection = Redis.from_url(os.environ["REDIS_URL"])
    SimpleWorker([Queue(connection=connection)], connection=connection).work(logging_level="WARNING")
    return 0


if __name__ == "__main__":
    sys.exit(main())
