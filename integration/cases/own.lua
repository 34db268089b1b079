-- Become the owner of a prefix when it has none, or when its owner is one that we are, too; returns who is.
-- KEYS owner, and one that a Redis in cluster mode keeps elsewhere
-- ARGV who we are, '1' to become the owner, the owner that is replaced or ''
local owner = redis.call('GET', KEYS[1])
if owner and (ARGV[3] == '' or owner ~= ARGV[3]) then return owner end
if ARGV[2] == '1' then redis.call('SET', KEYS[1], ARGV[1]) end
return ARGV[1]
