"""Names that whoever queues a job needs, without loading what runs it."""

TELL = "benchmarks.references.job_start.tell"
STARTED = "started"  # the list in which it tells when it began
