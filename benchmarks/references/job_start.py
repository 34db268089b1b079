"""A job of a `SimpleWorker` that tells when it began."""

from __future__ import annotations

import os
import time

from redis import Redis

from benchmarks.references.job_names import STARTED

connection = Redis.from_url(os.environ["REDIS_URL"])


def tell() -> None:
    """Tell when this job began, by the clock that all processes of a machine share."""
    connection.lpush(STARTED, time.monotonic())
