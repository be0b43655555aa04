-- 5 age in a client's log, 6 age in a shared log
-- Returns how many clients, as of which change; messages, bytes, dropped; for how many microseconds the oldest in an own log waits
local age, ageShared = tonumber(ARGV[5]), tonumber(ARGV[6])
if age > 0 then
  for _, pub in ipairs(call('ZRANGEBYSCORE', P .. 'oo', '-inf', '(' .. num(now - age), 'LIMIT', 0, 50)) do
    expireOwn(own(pub), age)
  end
end
if ageShared > 0 then
  for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'so', '-inf', '(' .. num(now - ageShared), 'LIMIT', 0, 50)) do
    local g = shared(name)
    expireShared(g, ageShared)
  end
end

-- A store that nobody looks after expires, and only such a one: by turns the keys of some clients and groups.
for _, name in ipairs({ 'meta', 'epoch', 'seq', 'f', 'nodes', 'since', 'idle', 'groups', 'oo', 'so', 'dv', 'm', 'mr', 'q:e', 'm:e' }) do
  call('PEXPIRE', P .. name, TTL)
end
local function some(zset, turn)
  local from = tonumber(call('HGET', P .. 'meta', turn) or 0)
  local found = call('ZRANGE', P .. zset, num(from), num(from + 99))
  call('HSET', P .. 'meta', turn, #found < 100 and 0 or num(from + 100))
  return found
end
for _, pub in ipairs(some('idle', 'ti')) do
  local secret = call('HGET', P .. 'c:' .. pub, 'p')
  call('PEXPIRE', P .. 'c:' .. pub, TTL)
  call('PEXPIRE', P .. 'l:' .. pub, TTL)
  if secret then
    call('PEXPIRE', P .. 'p:' .. secret, TTL)
  end
end
for _, group in ipairs(some('groups', 'tg')) do
  call('PEXPIRE', P .. 'q:g:' .. group, TTL)
  call('PEXPIRE', P .. 'm:g:' .. group, TTL)
  call('PEXPIRE', P .. 'gm:' .. group, TTL)
end

-- Nodes that are gone for a minute and more.
for _, node in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', '-inf', num(now - 60000000))) do
  call('ZREM', P .. 'nodes', node)
  call('HDEL', P .. 'seq', node)
  call('HDEL', P .. 'since', node)
  call('DEL', P .. 'i:' .. node)
end
save()
local clients, version = clientCount()
local oldest = call('ZRANGE', P .. 'oo', 0, 0, 'WITHSCORES')[2]
return { 1, clients, version, M.on + M.sn, M.ob + M.sb, M.dr, oldest and math.max(0, now - oldest) or 0 }
