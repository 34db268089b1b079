-- Notice that Redis is another run; returns which run it is.
-- KEYS received, run, lost, done, lock, clock
-- include run
-- include now_exactly
-- include notice_run
notice(KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
return run
