-- 5 'get', 'peek', 'confirm' or 'confirmed', 6 public token, 7 incarnation, 8 cursor, 9 most messages, 10 most bytes,
-- 11 age in a client's log, 12 age in a shared log
-- Returns 1, cursor, whether it is complete, gaps (from, to, why …), messages (id, message …); and if all that is above the cursor will be in
-- shared logs, unless there are news of the client: up to where there is nothing more, and which ones
local what, pub, inc, asked = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
local key = P .. 'c:' .. pub
local c = call('HMGET', key, 'i', 'b', 'cf', 'fo', 'ms', 'on', 'ob', 'os', 'ow', 'dv')
if c[1] ~= inc then
  return absent(pub, inc)
end
local birth, confirmed, forgotten = tonumber(c[2]), tonumber(c[3]), tonumber(c[4] or 0)
if what == 'confirmed' then
  return { 1, confirmed }
end
local o = ownOf(pub, c[6], c[7], c[8], c[9], c[10])
local mine = memberships(c[5])
local me = pub .. ' ' .. inc
local gaps = {}

local function gap(from, to, why)
  gaps[#gaps + 1] = from
  gaps[#gaps + 1] = to
  gaps[#gaps + 1] = why
end

local function confirm(cursor)
  if cursor > confirmed then
    confirmed = cursor
    call('HSET', key, 'cf', num(cursor))
  end
  dropOwnUpTo(o, cursor, 'c')
  local rest = {}
  for _, m in ipairs(mine) do
    if isOver(m, cursor) then
      if m[3] > math.max(m[2], forgotten) then
        forgotten = m[3]
      end
      unread(m[1])
    else
      rest[#rest + 1] = m
    end
  end
  if #rest < #mine then
    mine = rest
    call('HSET', key, 'ms', cmsgpack.pack(mine), 'fo', num(forgotten))
  end
end

local isCursor = asked <= M.top and asked >= birth
if what == 'confirm' then
  if isCursor then
    confirm(asked)
    save()
  end
  return { 1, isCursor and 1 or 0 }
end

local cursor = asked
if what == 'get' then
  if asked <= 0 then
    cursor = birth
  elseif not isCursor then
    cursor = confirmed
    gap(0, cursor, 'u')
  else
    confirm(cursor)
  end
end

local most, mostBytes = tonumber(ARGV[9]), tonumber(ARGV[10])
local found, logsFound, isWhole = {}, 0, true

-- Each log gives its first ones: so the first ones of all together are complete.
local function collect(log, above, upTo)
  local from, count, bytes = above + 1, 0, 0
  while log.n > 0 and from <= upTo do
    local chunk = call('XRANGE', log.key, num(from), num(upTo), 'COUNT', 100)
    for i = 1, #chunk do
      local f = chunk[i][2]
      if f[6] ~= me then
        if count == most or bytes > mostBytes then
          isWhole = false
          return
        end
        found[#found + 1] = { idOf(chunk[i]), f }
        count, bytes = count + 1, bytes + f[2]
        logsFound = count == 1 and logsFound + 1 or logsFound
      end
    end
    if #chunk < 100 then
      return
    end
    from = idOf(chunk[100]) + 1
  end
end

local function read(log, above, upTo, lost, why)
  collect(log, above, math.min(upTo, M.top))
  lost = math.min(lost, upTo)
  if lost > above then
    gap(above + 1, lost, why)
  end
end

if o.n > 0 then
  if o.d ~= cursor then
    o.d, o.changed = cursor, true
  end
  expireOwn(o, tonumber(ARGV[11]))
end
if what == 'peek' and o.n > 0 and tonumber(call('ZSCORE', P .. 'oo', pub) or cursor + 1) <= cursor then
  call('SADD', P .. 'dv', pub)
end
local ageShared = tonumber(ARGV[12])
local everyone = shared('e')
expireShared(everyone, ageShared)
read(o, cursor, M.top, o.s, o.why)
read(everyone, math.max(cursor, birth), M.top, lostFor(everyone, me), everyone.why)
for _, m in ipairs(mine) do
  local g = shared('g:' .. m[1])
  expireShared(g, ageShared)
  read(g, math.max(cursor, m[2]), m[3] == OPEN and M.top or m[3], lostFor(g, me), g.why)
end
local lostAfter = math.max(cursor, birth, M.lf)
if M.lt > lostAfter then
  gap(lostAfter + 1, M.lt, 'l')
end
if forgotten > cursor then
  gap(cursor + 1, forgotten, 'c')
end
if logsFound > 1 then
  table.sort(found, function(a, b) return a[1] < b[1] end)
end
local messages, bytes = {}, 0
for i = 1, #found do
  local f = found[i][2]
  bytes = bytes + f[2]
  if i > most or (bytes > mostBytes and i > 1) then
    isWhole = false
    break
  end
  messages[#messages + 1] = found[i][1]
  messages[#messages + 1] = f[3] == 'm' and call('HGET', P .. 'm', num(found[i][1])) or f[4]
end
save()
local last = #messages > 0 and messages[#messages - 1] or math.max(M.top, cursor)
local logs = {}
if isWhole and o.n == 0 then -- else there is something to be confirmed, or to be taken as delivered
  logs[1], logs[2] = M.top, 'e'
  for _, m in ipairs(mine) do
    if m[3] ~= OPEN then
      logs = {}
      break
    end
    logs[#logs + 1] = 'g:' .. m[1]
  end
end
return { 1, last, isWhole and 1 or 0, gaps, messages, logs }
