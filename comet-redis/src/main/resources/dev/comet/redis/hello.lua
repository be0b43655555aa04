-- 5 the epoch that this node knows, 0 if none; 6 the highest id that it has seen; 7 microseconds of a lease; 8 for how long, in
-- microseconds, nodes are waited for
-- A node says this by each new connection, and does nothing else before it is answered. An epoch is the time of one server: another one,
-- or the same after it has started again, may lack what was written last. What that was the nodes know: when all of them have said it,
-- the ids that were lost are those above the top. If a node does not come nobody knows, and all are taken as lost.
-- Returns 1 and the epoch; 2: nodes are waited for, ask again; -1: this is a replica
local KEY, AWAITED = P .. 'epoch', P .. 'awaited'
local known, seen = ARGV[5], tonumber(ARGV[6])

local info = call('INFO', 'server') .. call('INFO', 'replication')
local function said(name) return string.match(info, name .. ':(%w+)') or '' end
if said('role') == 'slave' then
  return { -1 }
end
local run, history = said('run_id'), said('master_replid')
local wasPromoted = string.find(said('master_replid2'), '[^0]') -- else its history may have a new name, and be the same
local E = call('HMGET', KEY, 'id', 'run', 'history', 'top', 'till', 'seen', 'knew', 'quiet')
local id, top, till = E[1], tonumber(E[4] or 0), tonumber(E[5] or 0)
local lostUpTo = tonumber(call('HGET', P .. 'meta', 'lt') or 0)
local atLeast = 0

local function settle(upTo)
  if upTo > top then
    local from = lostUpTo > 0 and tonumber(call('HGET', P .. 'meta', 'lf')) or top
    call('HSET', P .. 'meta', 'lf', num(math.min(from, top)), 'lt', num(math.max(upTo, lostUpTo)))
  end
  atLeast = upTo
  call('HSET', KEY, 'till', 0)
end

local function isRaised()
  local before = tonumber(call('HGET', P .. 'meta', 'top') or 0)
  if atLeast > before then
    call('HSET', P .. 'meta', 'top', num(atLeast))
  end
end

if not id then
  -- An empty store: whoever was in it before is told that it does not exist. Its ids are not given again.
  id, till, atLeast = num(now), 0, seen
  call('HSET', KEY, 'id', id, 'top', '9007199254740991', 'till', 0)
elseif E[2] ~= run or (E[3] ~= history and wasPromoted) then
  top, till, E[6], E[7] = tonumber(call('HGET', P .. 'meta', 'top') or 0), now + ARGV[8], '0', '0'
  id = num(math.max(now, tonumber(id) + 1))
  call('HSET', KEY, 'id', id, 'top', num(top), 'till', num(till))
  call('DEL', AWAITED)
  -- Those that were there when the store was alive last: others had said all they knew.
  local last = call('ZRANGE', P .. 'nodes', 0, 0, 'REV', 'WITHSCORES')[2]
  if last then
    for _, node in ipairs(call('ZRANGEBYSCORE', P .. 'nodes', num(last - ARGV[7]), '+inf')) do
      call('SADD', AWAITED, node)
    end
    call('PEXPIRE', AWAITED, TTL)
  end
end
call('HSET', KEY, 'run', run, 'history', history)

if till > 0 then
  call('SREM', AWAITED, NODE)
  seen = math.max(seen, tonumber(E[6] or 0))
  local knew = known ~= '0' or E[7] == '1'
  local missing = call('SCARD', AWAITED)
  if missing == 0 and (knew or tonumber(E[8] or -1) == top) then -- the last node had left when the store was as it is
    settle(seen)
  elseif missing == 0 or now > till then
    settle(math.max(now, seen))
  else
    call('HSET', KEY, 'seen', num(seen), 'knew', knew and '1' or '0')
    call('PEXPIRE', KEY, TTL)
    return { 2 }
  end
elseif known ~= id and known ~= '0' and seen > math.max(top, lostUpTo) then
  settle(math.max(now, seen)) -- it comes late, and knows of more
end
if known ~= id then
  atLeast = math.max(atLeast, tonumber(ARGV[6])) -- no id is given again, and nobody is above the highest
end
isRaised()
call('HDEL', KEY, 'quiet')
if known ~= '0' then
  isHere(ARGV[7])
end
call('PEXPIRE', KEY, TTL)
call('PEXPIRE', P .. 'meta', TTL)
return { 1, tonumber(id) }
