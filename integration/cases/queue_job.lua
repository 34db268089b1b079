-- A part: queue a job of RQ's, as its own tools read it; the worker needs its id alone (integration.cases.queues).
-- Text, and not compressed as RQ does it: it reads both. One that could not be run is kept for an hour.
local function queue_job(queues, queue, job, id, call, at)
  redis.call('SADD', queues, queue)
  redis.call('HSET', job, 'data', call, 'origin', string.sub(queue, 10), 'status', 'queued', 'created_at', at,
    'enqueued_at', at, 'result_ttl', '0', 'failure_ttl', '3600')
  redis.call('EXPIRE', job, '86400') -- of one that got lost nothing stays; one that waits longer is done all the same
  redis.call('RPUSH', queue, id)
end
