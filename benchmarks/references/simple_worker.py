"""`python -m benchmarks.references.simple_worker`: one `SimpleWorker` that has loaded its job's module."""

from __future__ import annotations

from rq import Queue, SimpleWorker

from benchmarks.references.job_start import connection

if __name__ == "__main__":
    SimpleWorker([Queue(connection=connection)], connection=connection).work(logging_level="WARNING")
