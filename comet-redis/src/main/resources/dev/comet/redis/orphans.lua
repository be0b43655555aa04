-- 5 key. Ends those that are idle and whose node is gone: token, incarnation, description
local before = answered(ARGV[5])
if before then
  return before
end
local count = { clientCount() }
local killed = { 1, count[1], count[2] }
for _, pub in ipairs(call('ZRANGEBYSCORE', P .. 'idle', '-inf', num(now), 'LIMIT', 0, 1000)) do
  local c = call('HMGET', P .. 'c:' .. pub, 'i', 'd', 'n')
  local lease = c[3] and call('ZSCORE', P .. 'nodes', c[3])
  if not c[1] then
    call('ZREM', P .. 'idle', pub) -- expired: nobody has looked after this store for long
  elseif not lease or tonumber(lease) <= now then
    endClient(pub, '')
    killed[#killed + 1] = pub
    killed[#killed + 1] = c[1]
    killed[#killed + 1] = c[2]
  end
end
if #killed == 3 then
  return killed
end
save()
count = { clientCount() }
killed[2], killed[3] = count[1], count[2]
return answer(ARGV[5], killed)
