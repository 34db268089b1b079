-- A part: a new entry as it is stored, with what Redis alone knows. Nothing else in Lua but `take.lua` knows the names of
-- its fields (integration.cases.stored).
-- expects `run` and `now`, the latter as a text; `document` is the entry without what is said here
-- Text, and not cjson: that would round the times, and make {} of empty lists.
local function new_entry(beginning, document, recovered, not_before)
  local known = beginning .. (not_before or '0') .. ',"redis_run":"' .. run .. '","received_at":' .. now
    .. ',"entered_at":' .. now .. ',"history":[0]'
  if not_before then known = known .. ',"claim":{"not_before":' .. not_before .. '}' end
  if recovered then known = known .. ',"recovered":true' end
  if document == '{}' then return known .. '}' end
  return known .. ',' .. string.sub(document, 2)
end
