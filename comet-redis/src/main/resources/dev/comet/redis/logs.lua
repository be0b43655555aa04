-- What follows in scripts that read or change logs.

-- What a message takes beside its bytes, and what a log takes for it: as the in-process provider counts.
local PER_MESSAGE, PER_COPY = 192, 16

local function idOf(entry) return tonumber(string.match(entry[1], '^%d+')) end

-- ---- what all logs take together

local M = call('HMGET', P .. 'meta', 'top', 'ob', 'on', 'sb', 'sn', 'dr', 'us', 'lf', 'lt')
M = {
  top = tonumber(M[1] or 0),
  ob = tonumber(M[2] or 0), on = tonumber(M[3] or 0), -- own logs: bytes, messages
  sb = tonumber(M[4] or 0), sn = tonumber(M[5] or 0), -- shared logs
  dr = tonumber(M[6] or 0), -- dropped undelivered
  us = tonumber(M[7] or 0), -- counts groups that fell out of use
  lf = tonumber(M[8] or 0), lt = tonumber(M[9] or 0), -- after which id, and up to which, a server has lost what it had
}

-- ---- a client's own log

local O = {}

-- fields: on, ob, os, ow, dv of the client
local function ownOf(pub, on, ob, os, ow, dv)
  local o = {
    pub = pub, key = P .. 'l:' .. pub,
    n = tonumber(on or 0), b = tonumber(ob or 0), -- messages, bytes
    s = tonumber(os or 0), why = ow or 'c', -- the highest id that was let go, and why
    d = tonumber(dv or 0), -- up to where it was delivered
  }
  O[pub] = o
  return o
end

local function own(pub)
  return O[pub] or ownOf(pub, unpack(call('HMGET', P .. 'c:' .. pub, 'on', 'ob', 'os', 'ow', 'dv')))
end

local function first(log) return call('XRANGE', log.key, '-', '+', 'COUNT', 1)[1] end

-- Also of a log that somebody else has deleted: nothing goes on looking for what is not there.
local function isEmpty(log, list, name)
  local bytes = log.b + log.n * (PER_MESSAGE + PER_COPY)
  if list == 'oo' then
    M.ob, M.on = M.ob - bytes, M.on - log.n
  else
    M.sb, M.sn = M.sb - bytes, M.sn - log.n
  end
  log.n, log.b, log.changed, M.changed = 0, 0, true, true
  call('DEL', log.key)
  call('ZREM', P .. list, name)
end

-- It has let go of everything up to s: it is listed under the oldest message that is left.
local function trim(log, list, name)
  call('XTRIM', log.key, 'MINID', num(log.s + 1))
  local oldest = first(log)
  if oldest then
    call('ZADD', P .. list, num(idOf(oldest)), name)
  else
    isEmpty(log, list, name)
  end
end

-- What the total goes down by when this entry leaves this log.
local function freedBy(entry)
  local f = entry[2]
  if f[3] == 'm' and tonumber(call('HGET', P .. 'mr', num(idOf(entry))) or 1) > 1 then
    return PER_COPY
  end
  return PER_MESSAGE + f[2] + PER_COPY
end

-- Lets go of these entries, which are the oldest. Returns how many had not been delivered.
local function dropOwn(o, entries, why)
  if #entries == 0 then
    return 0
  end
  local undelivered = 0
  for i = 1, #entries do
    local entry = entries[i]
    local id, f = idOf(entry), entry[2]
    local freed = freedBy(entry)
    M.ob = M.ob - freed
    if freed > PER_COPY then
      M.on = M.on - 1
    end
    if f[3] == 'm' and call('HINCRBY', P .. 'mr', num(id), -1) <= 0 then
      call('HDEL', P .. 'm', num(id))
      call('HDEL', P .. 'mr', num(id))
    end
    o.b = o.b - f[2]
    if id > o.d then
      undelivered = undelivered + 1
    end
    o.s = id
  end
  o.n, o.why, o.changed, M.changed = o.n - #entries, why, true, true
  trim(o, 'oo', o.pub)
  return undelivered
end

local function dropOwnUpTo(o, id, why)
  if o.n == 0 or id <= 0 then
    return 0
  end
  return dropOwn(o, call('XRANGE', o.key, '-', num(id)), why)
end

local function dropOldestOwn(o)
  local oldest = first(o)
  if oldest then
    M.dr = M.dr + dropOwn(o, { oldest }, 'o')
  else
    isEmpty(o, 'oo', o.pub)
  end
end

-- An id is the time at which it was given, or a little more.
local function expireOwn(o, age)
  if age > 0 and o.n > 0 and tonumber(call('ZSCORE', P .. 'oo', o.pub) or now) < now - age then
    M.dr = M.dr + dropOwnUpTo(o, now - age - 1, 'x')
  end
end

-- ---- a shared log: that of everyone, 'e', or of a group, 'g:' and its name

local S = {}

local function shared(name)
  local g = S[name]
  if not g then
    local f = call('HMGET', P .. 'm:' .. name, 'n', 'b', 's', 'w', 'ux', 'ui')
    g = {
      name = name, key = P .. 'q:' .. name, meta = P .. 'm:' .. name,
      n = tonumber(f[1] or 0), b = tonumber(f[2] or 0),
      s = tonumber(f[3] or 0), why = f[4] or 'c',
      -- One client for whom the last messages let go were not, and the highest let go that was for it: such messages must not
      -- look like a loss to it. Any other has lost the last of them.
      ux = f[5] or '', ui = tonumber(f[6] or 0),
    }
    S[name] = g
  end
  return g
end

local function dropShared(g, entries, why)
  if #entries == 0 then
    return
  end
  for i = 1, #entries do
    local f, id = entries[i][2], idOf(entries[i])
    local x = f[6] or ''
    local before = g.s
    if x == g.ux then
      before = g.ui
    end
    g.ux, g.ui, g.s = x, x ~= '' and before or 0, id
    g.b = g.b - f[2]
    M.sb = M.sb - PER_MESSAGE - f[2] - PER_COPY
  end
  M.sn = M.sn - #entries
  g.n, g.why, g.changed, M.changed = g.n - #entries, why, true, true
  trim(g, 'so', g.name)
end

local function dropOldestShared(g)
  local oldest = first(g)
  if oldest then
    dropShared(g, { oldest }, 'o')
  else
    isEmpty(g, 'so', g.name)
  end
end

local function expireShared(g, age)
  if age > 0 and g.n > 0 and tonumber(call('ZSCORE', P .. 'so', g.name) or now) < now - age then
    dropShared(g, call('XRANGE', g.key, '-', num(now - age - 1)), 'x')
  end
end

-- The highest id let go that was for this client.
local function lostFor(g, me) return g.ux == me and g.ui or g.s end

-- ---- groups

local function removeGroup(group)
  local g = shared('g:' .. group)
  M.sb, M.sn, M.changed = M.sb - g.b - g.n * (PER_MESSAGE + PER_COPY), M.sn - g.n, true
  call('DEL', g.key, g.meta, P .. 'gm:' .. group)
  call('ZREM', P .. 'so', g.name)
  call('ZREM', P .. 'groups', group)
  S[g.name] = nil
end

-- One membership less reads the group's log.
local function unread(group)
  if call('HINCRBY', P .. 'm:g:' .. group, 'rd', -1) <= 0 then
    if shared('g:' .. group).n == 0 then
      removeGroup(group)
    else
      M.us, M.changed = M.us + 1, true
      call('ZADD', P .. 'groups', num(M.us), group)
    end
  end
end

local function isOver(m, cursor) return m[3] ~= OPEN and m[3] <= math.max(cursor, m[2]) end

-- ---- the end of a client

local function endClient(pub, reason)
  local c = call('HMGET', P .. 'c:' .. pub, 'i', 'p', 'n', 'ms')
  local o = own(pub)
  if o.n > 0 then
    dropOwn(o, call('XRANGE', o.key, '-', '+'), 'c')
  end
  o.changed = false
  for _, m in ipairs(memberships(c[4])) do
    if m[3] == OPEN then
      call('ZREM', P .. 'gm:' .. m[1], pub)
    end
    unread(m[1])
  end
  local nodes = { [c[3] or ''] = true }
  local awaited = call('HGETALL', P .. 'r:' .. pub)
  for i = 2, #awaited, 2 do
    nodes[string.match(awaited[i], '^%a (%S*)') or ''] = true
  end
  call('DEL', P .. 'c:' .. pub, P .. 'p:' .. c[2], P .. 'r:' .. pub)
  call('ZREM', P .. 'idle', pub)
  call('SREM', P .. 'dv', pub)
  countChanged()
  call('SET', P .. 'x:' .. pub .. ':' .. c[1], NODE .. ' ' .. reason, 'PX', 60000)
  for node in pairs(nodes) do
    if node ~= NODE then
      tell(node, 't', 'ended', 'l', pub .. ' ' .. c[1], 'a', reason)
    end
  end
end

-- ---- at the end of a script that changes something

local function save()
  for name, g in pairs(S) do
    if g.n == 0 and g.changed and name ~= 'e' and tonumber(call('HGET', g.meta, 'rd') or 0) <= 0 then
      removeGroup(string.sub(name, 3)) -- nobody is in it, and it holds nothing
    end
  end
  for _, o in pairs(O) do
    if o.changed then
      call('HSET', P .. 'c:' .. o.pub, 'on', o.n, 'ob', num(o.b), 'os', num(o.s), 'ow', o.why, 'dv', num(o.d))
    end
  end
  for _, g in pairs(S) do
    if g.changed then
      call('HSET', g.meta, 'n', g.n, 'b', num(g.b), 's', num(g.s), 'w', g.why, 'ux', g.ux, 'ui', num(g.ui))
    end
  end
  if M.changed then
    call('HSET', P .. 'meta', 'top', num(M.top), 'ob', num(M.ob), 'on', num(M.on), 'sb', num(M.sb), 'sn', num(M.sn), 'dr', num(M.dr), 'us', num(M.us))
  end
end

