-- Write a claim; returns 1, 0 when another process was faster, or -1 when a lane is closed: the case is put off then.
-- KEYS those of write_entry, line, the lanes that the step needs
-- ARGV those of write_entry, `note` or '', default interval, seconds within which notes may pass each other
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
-- include now
-- include ring
-- include let_pass
local at = let_pass(ARGV[1], KEYS[5], 6, #KEYS, ARGV[7], ARGV[8], ARGV[9])
if at then
  redis.call('ZADD', KEYS[2], 'XX', string.format('%.6f', at), ARGV[1])
  ring(KEYS[2], at)
  return -1
end
-- include write_entry
return 1
