-- What every script begins with. See docs/cluster.md for the keys.
--
-- All numbers that are ids are below 2^53, so that a double holds them; num() writes them with all their digits. Incarnations are
-- compared as text. Tokens and group names are escaped by the caller: they have neither spaces nor line breaks.
local call = redis.call
local P, NODE, TTL = ARGV[1], ARGV[2], ARGV[4]
local now = tonumber(ARGV[3]) -- microseconds; 0: the store's own time
if now == 0 then
  local t = call('TIME')
  now = t[1] * 1000000 + t[2]
end

local FEED_LENGTH = 10000

local function num(n) return string.format('%.0f', n) end

-- ---- what is repeated by a driver that got no answer is answered again, and done once

local function answered(key)
  local before = call('GET', P .. 'k:' .. key)
  return before and cmsgpack.unpack(before)
end

local function answer(key, reply, millis)
  call('SET', P .. 'k:' .. key, cmsgpack.pack(reply), 'PX', millis or 15000)
  return reply
end

local MINUTES = 600000 -- for ends: whoever asked asks again, until it has an answer

-- ---- the feeds of the nodes

-- Each entry has the id of the one before it, so that a node sees whether it has missed something. An id is never given again, also not
-- by a store that has lost its last writes.
local function enter(stream, name, ...)
  local before = call('HGET', P .. 'seq', name) or '0'
  local at = num(math.max(tonumber(before) + 1, now))
  call('HSET', P .. 'seq', name, at)
  call('XADD', stream, 'MAXLEN', '~', FEED_LENGTH, at .. '-0', 'v', before, ...)
end

-- To one node.
local function tell(node, ...)
  if node and node ~= '' and call('ZSCORE', P .. 'nodes', node) then
    enter(P .. 'i:' .. node, node, ...)
  end
end

local function isThere(node)
  local lease = node and call('ZSCORE', P .. 'nodes', node)
  return lease and tonumber(lease) > now
end

-- Whether this node has been there for so long without a break: only then it knows who is idle, and not just cut off. 0: always.
local function isThereFor(micros)
  local since = call('HGET', P .. 'since', NODE)
  return micros == 0 or (since and isThere(NODE) and now - since >= micros)
end

-- To all nodes: a log that they may have readers of has grown.
local function tellAll(...) enter(P .. 'f', 'f', 'n', NODE, ...) end

-- ---- clients

-- How many clients there are, and a number that tells which of two such answers is the later one.
local function clientCount()
  return call('ZCARD', P .. 'idle'), tonumber(call('HGET', P .. 'meta', 'cv') or 0)
end

local function countChanged()
  local before = tonumber(call('HGET', P .. 'meta', 'cv') or 0)
  call('HSET', P .. 'meta', 'cv', num(math.max(before + 1, now)))
end

-- There is no such client: who has ended it, if that was lately, and why. Who asks may not have been told yet.
local function absent(pub, inc) return { 0, call('GET', P .. 'x:' .. pub .. ':' .. inc) or '' } end

-- The groups that a client is or was in: {group, after, until, number}. Until is OPEN while it is a member.
local OPEN = -1
local function memberships(packed) return packed and cmsgpack.unpack(packed) or {} end

