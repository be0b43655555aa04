-- 5 key, 6 size, 7 message; a client's log: 8 messages, 9 bytes, 10 age; a shared log: 11 messages, 12 bytes, 13 age;
-- 14 total bytes, 15 'reject', 'disconnect' or 'drop_oldest'
-- 16 'own': 17 incarnation or 0, 18… public tokens
-- 16 'group' or 'everyone': 17 group, 18 public token of who shall not get it, 19 its incarnation or 0
local before = answered(ARGV[5])
if before then
  return before
end
local size, message = tonumber(ARGV[6]), ARGV[7]
local most, mostBytes, age = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local mostShared, mostSharedBytes, ageShared = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local total, policy = tonumber(ARGV[14]), ARGV[15]

local function fits(log, n, bytes) return log.n == 0 or (log.n < n and log.b + size <= bytes) end

-- By how much the log would be beyond its share, which is what all own logs leave free.
local function beyondShare(o)
  if policy ~= 'reject' then
    return 0
  end
  return M.ob + o.b + o.n * (PER_MESSAGE + PER_COPY) + PER_MESSAGE + size + PER_COPY - total
end

-- Whether the message fits once what was delivered is dropped. Drops nothing.
local function hasRoom(o)
  local n, held, beyond = o.n, o.b, beyondShare(o)
  local function isEnough() return n == 0 or (n < most and held + size <= mostBytes and beyond <= 0) end
  if isEnough() then
    return true
  end
  local delivered = o.d > 0 and call('XRANGE', o.key, '-', num(o.d)) or {}
  for i = 1, #delivered do
    local bytes = delivered[i][2][2]
    n, held = n - 1, held - bytes
    beyond = beyond - PER_MESSAGE - bytes - PER_COPY - freedBy(delivered[i])
    if isEnough() then
      return true
    end
  end
  return false
end

local function totalHolds(used, cost) return used <= 0 or used + cost <= total end

local function dropDelivered(o)
  local oldest = o.n > 0 and o.d > 0 and tonumber(call('ZSCORE', P .. 'oo', o.pub) or 0)
  local before = o.n
  if oldest and oldest <= o.d then
    dropOwnUpTo(o, o.d, 'o')
  end
  return o.n < before
end

-- Returns false and who has the oldest message, if own logs leave no room: nothing is dropped from shared ones then.
local function makeRoom(cost)
  if totalHolds(M.ob + M.sb, cost) then
    return true
  end
  if not totalHolds(M.ob, cost) then
    for _, pub in ipairs(call('SMEMBERS', P .. 'dv')) do
      dropDelivered(own(pub))
    end
    call('DEL', P .. 'dv')
  end
  while not totalHolds(M.ob, cost) do
    local oldest = call('ZRANGE', P .. 'oo', 0, 0)[1]
    if not oldest then
      break
    end
    local o = own(oldest)
    if not dropDelivered(o) then
      if policy ~= 'drop_oldest' then
        return false, oldest
      end
      dropOldestOwn(o)
    end
  end
  local more = cost + total / 64 -- a little more, so that not every send has to
  while not totalHolds(M.ob + M.sb, more) do
    local oldest = call('ZRANGE', P .. 'so', 0, 0)[1]
    if not oldest then
      break
    end
    dropOldestShared(shared(oldest))
  end
  return true
end

local function described(list, pub)
  local c = call('HMGET', P .. 'c:' .. pub, 'i', 'd')
  list[#list + 1] = pub
  list[#list + 1] = c[1]
  list[#list + 1] = c[2]
  return list
end

local function refuseForTotal(cost, oldest)
  save()
  local reply = { -4, cost }
  return policy == 'disconnect' and described(reply, oldest) or reply
end

local function nextId()
  M.top, M.changed = math.max(M.top + 1, now), true
  return M.top
end

local function sendToEach()
  local receivers, nodes, here = {}, {}, {}
  for i = 18, #ARGV do
    local pub = ARGV[i]
    local c = call('HMGET', P .. 'c:' .. pub, 'i', 'n', 'on', 'ob', 'os', 'ow', 'dv')
    if not c[1] or (ARGV[17] ~= '0' and ARGV[17] ~= c[1]) then
      return { 0 }
    end
    receivers[#receivers + 1] = ownOf(pub, c[3], c[4], c[5], c[6], c[7])
    if c[2] == NODE then
      here[#here + 1] = pub .. ' ' .. c[1]
    end
    nodes[c[2]] = nodes[c[2]] or {}
    table.insert(nodes[c[2]], pub .. ' ' .. c[1])
  end
  if policy ~= 'drop_oldest' then
    local full = { -3 }
    for _, o in ipairs(receivers) do
      expireOwn(o, age)
      if not hasRoom(o) then
        described(full, o.pub)
      end
    end
    if #full > 1 then
      save()
      return full
    end
  end
  local cost = PER_MESSAGE + size + #receivers * PER_COPY
  local hasAll, oldest = makeRoom(cost)
  if not hasAll then
    return refuseForTotal(cost, oldest)
  end
  local id = nextId()
  local isOne = #receivers == 1
  if not isOne then
    call('HSET', P .. 'm', num(id), message)
    call('HSET', P .. 'mr', num(id), #receivers)
  end
  M.ob, M.on = M.ob + cost, M.on + 1
  for _, o in ipairs(receivers) do
    expireOwn(o, age)
    while o.n > 0 and beyondShare(o) > cost and tonumber(call('ZSCORE', P .. 'oo', o.pub) or 0) <= o.d do
      dropOldestOwn(o)
    end
    while not fits(o, most, mostBytes) do
      dropOldestOwn(o)
    end
    call('XADD', o.key, num(id) .. '-0', 'b', size, isOne and 'p' or 'm', isOne and message or '1')
    if o.n == 0 then
      call('PEXPIRE', o.key, TTL)
      call('ZADD', P .. 'oo', num(id), o.pub)
    end
    o.n, o.b, o.changed = o.n + 1, o.b + size, true
  end
  for node, pubs in pairs(nodes) do
    tell(node, 't', 'grew', 'l', table.concat(pubs, '\n'), 'a', num(id))
  end
  save()
  return answer(ARGV[5], { 1, id, table.concat(here, '\n') })
end

local function sendToShared(name, ...)
  local cost = PER_MESSAGE + size + PER_COPY
  local hasAll, oldest = makeRoom(cost)
  if not hasAll then
    return refuseForTotal(cost, oldest)
  end
  local except = ''
  if ARGV[18] ~= '' then
    local inc = call('HGET', P .. 'c:' .. ARGV[18], 'i')
    if inc and (ARGV[19] == '0' or ARGV[19] == inc) then
      except = ARGV[18] .. ' ' .. inc
    end
  end
  local g = shared(name)
  expireShared(g, ageShared)
  while not fits(g, mostShared, mostSharedBytes) do
    dropOldestShared(g)
  end
  local id = nextId()
  if except == '' then
    call('XADD', g.key, num(id) .. '-0', 'b', size, 'p', message)
  else
    call('XADD', g.key, num(id) .. '-0', 'b', size, 'p', message, 'x', except)
  end
  if g.n == 0 then
    call('PEXPIRE', g.key, TTL)
    call('ZADD', P .. 'so', num(id), name)
  end
  g.n, g.b, g.changed = g.n + 1, g.b + size, true
  M.sb, M.sn = M.sb + cost, M.sn + 1
  tellAll(...)
  save()
  return answer(ARGV[5], { 1, id })
end

if ARGV[16] == 'own' then
  return sendToEach()
end
if ARGV[16] == 'everyone' then
  return sendToShared('e', 't', 'e')
end
if call('ZSCORE', P .. 'groups', ARGV[17]) then
  return sendToShared('g:' .. ARGV[17], 't', 'g', 'l', ARGV[17])
end
local id = nextId() -- a group that nobody is in
save()
return answer(ARGV[5], { 1, id })
