-- A part: a new entry as it is stored, with what Redis alone knows. Nothing else in Lua knows the names of its fields
-- (integration.cases.stored).
-- expects `run` and `now`, the latter as a text; `document` is the entry without its times
-- Text, and not cjson: that would round the times, and make {} of empty lists.
local function new_entry(document, recovered, not_before)
  local known = '{"received_at":' .. now .. ',"entered_at":' .. now .. ',"history":[[' .. now .. ',"received"]],'
  if not_before then known = known .. '"claim":{"not_before":' .. not_before .. '},' end
  if recovered then known = known .. '"recovered":true,' end
  return known .. '"redis_run":"' .. run .. '",' .. string.sub(document, 2)
end
