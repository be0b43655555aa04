-- 5 key, 6 public token, 7 incarnation, 8 for how long this node must have been there. Returns microseconds after which to ask again,
-- or 0: killed, -1: absent, -2 and the generation: elsewhere
local before = answered(ARGV[5])
if before then
  return before
end
local c = call('HMGET', P .. 'c:' .. ARGV[6], 'i', 'n', 'g')
if c[1] ~= ARGV[7] then
  return { -1 }
end
if c[2] ~= NODE then
  return { -2, tonumber(c[3]) }
end
local left = tonumber(call('ZSCORE', P .. 'idle', ARGV[6]) or 0) - now
if left > 0 then
  return { math.ceil(left) }
end
if not isThereFor(tonumber(ARGV[8])) then
  return { 1000000 } -- the store was away: who could not come shall have time to
end
endClient(ARGV[6], '')
save()
return answer(ARGV[5], { 0, clientCount() }, MINUTES)
