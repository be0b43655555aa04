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

local function answer(key, reply)
  call('SET', P .. 'k:' .. key, cmsgpack.pack(reply), 'PX', 15000)
  return reply
end

-- ---- the feeds of the nodes

-- To one node. Ids are counted up one by one, so that a node sees whether it has missed something.
local function tell(node, ...)
  if node and node ~= '' and call('ZSCORE', P .. 'nodes', node) then
    local at = call('HINCRBY', P .. 'seq', node, 1)
    call('XADD', P .. 'i:' .. node, 'MAXLEN', '~', FEED_LENGTH, num(at) .. '-0', ...)
  end
end

-- To all nodes: a log that they may have readers of has grown.
local function tellAll(...)
  local at = call('HINCRBY', P .. 'seq', 'f', 1)
  call('XADD', P .. 'f', 'MAXLEN', '~', FEED_LENGTH, num(at) .. '-0', 'n', NODE, ...)
end

-- ---- clients

-- How many clients there are, and a number that tells which of two such answers is the later one.
local function clientCount()
  return call('ZCARD', P .. 'idle'), tonumber(call('HGET', P .. 'meta', 'cv') or 0)
end

-- There is no such client: who has ended it, if that was lately, and why. Who asks may not have been told yet.
local function absent(pub, inc) return { 0, call('GET', P .. 'x:' .. pub .. ':' .. inc) or '' } end

-- The groups that a client is or was in: {group, after, until, number}. Until is OPEN while it is a member.
local OPEN = -1
local function memberships(packed) return packed and cmsgpack.unpack(packed) or {} end

