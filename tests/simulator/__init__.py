"""Plays the product through virtual time, with faults from a seed: `make simulate`; 2,000 schedules in `make test-all`.

What runs is the product's own: entry, ledger with its Lua, lanes, sweeper, jobs, desk, LogRocket's client, and the part
of `ServiceAdapter` that says what an answer means. What is modelled is the world around them:

    lua, redis     a Redis that runs the real scripts, loses its last writes, is another one, has another clock, is away
    zendesk        one account: writes land before the answer, after it, later than the time-out, or never
    logrocket      one project: calls back late, twice, never, with FAILED, with another's id
    troubles       all that can go wrong, in lists
    world          virtual time; a job is a greenlet that can be killed, frozen, or interrupted after JOB_SECONDS
    chance         decides where something goes wrong, and finds the fewest troubles that still break a promise
    schedule       the product in that world, from the deliveries until nothing is left to do
    promises       what must hold after each schedule
    operations     the same ledger operations on the model of Redis and on a real one

Not modelled: the web process (deliveries and callbacks go straight to the ledger), RQ (a job is in one list until a
worker takes it), zenpy's reading of JSON, sockets and TLS, the reading of Zendesk's log and of its tickets (those of
the time of which Redis may have lost some are taken in every 15 minutes), retention, LOGROCKET_REQUESTS_PER_HOUR, a
Redis that two groups of processes see differently, and one that loses more than its last second but less than all. A
write to Zendesk lands within 50 s of its request.
"""
