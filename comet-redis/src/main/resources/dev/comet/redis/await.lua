-- 5 public token, 6 incarnation, 7 correlation id, 8 'wait', 'replied' or 'over', 9 microseconds
-- A field is: W, the node, until when; or D and the same, once there was a reply, which follows on the next line if it came elsewhere
local key = P .. 'r:' .. ARGV[5]
if call('HGET', P .. 'c:' .. ARGV[5], 'i') ~= ARGV[6] then
  return { 1 }
end
local before = call('HGET', key, ARGV[7])
local state, node, till = string.match(before or '', '^(%a) (%S*) (%d+)')
if state and tonumber(till) <= now then
  state = nil
end
if ARGV[8] ~= 'wait' then
  if state == 'W' and node == NODE then
    if ARGV[8] == 'replied' then
      call('HSET', key, ARGV[7], 'D ' .. node .. ' ' .. till)
    else
      call('HDEL', key, ARGV[7])
    end
  end
  return { 1 }
end
if state then
  return { node == NODE and 1 or 0 }
end
local within = tonumber(ARGV[9])
call('HSET', key, ARGV[7], 'W ' .. NODE .. ' ' .. num(now + within))
local ttl = math.ceil(within / 1000) + 60000
if call('PTTL', key) < ttl then
  call('PEXPIRE', key, num(ttl))
end
return { 1 }
