-- Become the owner of a prefix when it has none; returns who is.
-- KEYS owner, and one that a Redis in cluster mode keeps elsewhere
-- ARGV who we are, '1' to become the owner
local owner = redis.call('GET', KEYS[1])
if owner then return owner end
if ARGV[2] == '1' then redis.call('SET', KEYS[1], ARGV[1], 'NX') end
return ARGV[1]
