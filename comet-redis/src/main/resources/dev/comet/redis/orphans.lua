-- 5 key, 6 for how long this node must have been there, 7 for how long a client of another node must have been idle if that node is there
-- Ends some of those that are idle and whose node is gone, or has forgotten them. Returns 1, the number of clients, whether there may be
-- more; token, incarnation, description …
local before = answered(ARGV[5])
if before then
  return before
end
local clients, version = clientCount()
local killed = { 1, clients, version, 0 }
if not isThereFor(tonumber(ARGV[6])) then
  return killed
end
local ended = 0
for _, pub in ipairs(call('ZRANGEBYSCORE', P .. 'idle', '-inf', num(now), 'LIMIT', 0, 1000)) do
  local c = call('HMGET', P .. 'c:' .. pub, 'i', 'd', 'n')
  local forgotten = tonumber(ARGV[7]) > 0 and tonumber(call('ZSCORE', P .. 'idle', pub)) < now - ARGV[7]
  if not c[1] then
    call('ZREM', P .. 'idle', pub) -- expired: nobody has looked after this store for long
  elseif forgotten or (c[3] ~= NODE and not isThere(c[3])) then
    endClient(pub, '')
    killed[#killed + 1] = pub
    killed[#killed + 1] = c[1]
    killed[#killed + 1] = c[2]
    ended = ended + 1
    if ended == 50 then
      killed[4] = 1
      break
    end
  end
end
if ended == 0 then
  return killed
end
save()
killed[2], killed[3] = clientCount()
return answer(ARGV[5], killed, MINUTES)
