-- 5 key, 6 public token, 7 incarnation. Returns microseconds until it is idle, or 0: killed, -1: absent, -2: elsewhere
local before = answered(ARGV[5])
if before then
  return before
end
local c = call('HMGET', P .. 'c:' .. ARGV[6], 'i', 'n')
if c[1] ~= ARGV[7] then
  return { -1 }
end
if c[2] ~= NODE then
  return { -2 }
end
local left = tonumber(call('ZSCORE', P .. 'idle', ARGV[6]) or 0) - now
if left > 0 then
  return { math.ceil(left) }
end
endClient(ARGV[6], '')
save()
return answer(ARGV[5], { 0, clientCount() })
