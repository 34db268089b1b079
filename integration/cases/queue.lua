-- Queue a job.
-- KEYS RQ's queues, the queue, the job
-- ARGV the job's id, what it calls, when it is queued
-- include queue_job
queue_job(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], ARGV[3])
