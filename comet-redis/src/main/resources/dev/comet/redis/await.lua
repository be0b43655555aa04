-- 5 public token, 6 incarnation, 7 correlation id, 8 'wait', 'replied' or 'over', 9 microseconds
-- A field of r: is: W, or D once there was a reply; the node that waits; until when. A reply that came to another node is in a:
local key = P .. 'r:' .. ARGV[5]
if call('HGET', P .. 'c:' .. ARGV[5], 'i') ~= ARGV[6] then
  return { 1 }
end
local pattern = '^(%a) (%S*) (%d+)$'
local state, node, till = string.match(call('HGET', key, ARGV[7]) or '', pattern)
if ARGV[8] ~= 'wait' then
  if state and node == NODE then
    if ARGV[8] == 'replied' then
      call('HSET', key, ARGV[7], 'D ' .. node .. ' ' .. till)
    elseif state == 'W' then
      call('HDEL', key, ARGV[7])
    end
    call('DEL', P .. 'a:' .. ARGV[5] .. ':' .. ARGV[7])
  end
  return { 1 }
end
if state and tonumber(till) > now and (state == 'D' or isThere(node)) then
  return { node == NODE and 1 or 0 }
end
local all = call('HGETALL', key)
for i = 2, #all, 2 do
  local _, _, over = string.match(all[i], pattern)
  if not over or tonumber(over) <= now then
    call('HDEL', key, all[i - 1])
  end
end
local within = tonumber(ARGV[9])
call('HSET', key, ARGV[7], 'W ' .. NODE .. ' ' .. num(now + within))
local ttl = math.ceil(within / 1000) + 60000
if call('PTTL', key) < ttl then
  call('PEXPIRE', key, num(ttl))
end
return { 1 }
