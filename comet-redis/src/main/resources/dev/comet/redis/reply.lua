-- 5 key, 6 public token, 7 incarnation, 8 correlation id, 9 reply. Returns 1 and whether somebody waits; -7: there was a reply
local before = answered(ARGV[5])
if before then
  return before
end
if call('HGET', P .. 'c:' .. ARGV[6], 'i') ~= ARGV[7] then
  return { 0 }
end
local key = P .. 'r:' .. ARGV[6]
local state, node, till = string.match(call('HGET', key, ARGV[8]) or '', '^(%a) (%S*) (%d+)$')
if not state or tonumber(till) <= now then
  return { 1, 0 }
end
if state == 'D' then
  return { -7 }
end
if not isThere(node) then
  return { 1, 0 }
end
call('HSET', key, ARGV[8], 'D ' .. node .. ' ' .. till)
call('SET', P .. 'a:' .. ARGV[6] .. ':' .. ARGV[8], ARGV[9], 'PX', 60000)
tell(node, 't', 'replied', 'l', ARGV[6] .. ' ' .. ARGV[7], 'a', ARGV[8])
return answer(ARGV[5], { 1, 1 })
