"""`python -m benchmarks.references.tuned`: the forked SimpleWorkers, each of which keeps the zenpy that it made."""

from __future__ import annotations

import functools
import sys

from benchmarks.references import forked, jobs, zendesk

if __name__ == "__main__":
    jobs.client = functools.cache(zendesk.connect)
    sys.exit(forked.main())
