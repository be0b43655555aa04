-- 5, 6 up to where this node has read the news of all nodes and its own; 7… shared logs, and up to where it knows them
-- Returns 1, the highest id, whether there are more news; the news of all, its own; of each log the highest id that it has dropped, and what
-- it has; the last id of the news of all, and of its own: if these are not there to be read they were lost. -1: this node is told none.
-- All of the same moment: whatever was done up to the highest id is in it.
local MOST = 1000
local all = call('XRANGE', P .. 'f', num(ARGV[5] + 1), '+', 'COUNT', MOST)
local own = call('XRANGE', P .. 'i:' .. NODE, num(ARGV[6] + 1), '+', 'COUNT', MOST)
local logs = {}
for i = 7, #ARGV, 2 do
  local name = ARGV[i]
  logs[#logs + 1] = {
    tonumber(call('HGET', P .. 'm:' .. name, 's') or 0),
    call('XRANGE', P .. 'q:' .. name, num(ARGV[i + 1] + 1), '+', 'COUNT', 65),
  }
end
local last = call('HMGET', P .. 'seq', 'f', NODE)
local isMore = #all == MOST or #own == MOST
return { 1, tonumber(call('HGET', P .. 'meta', 'top') or 0), isMore and 1 or 0, all, own, logs, tonumber(last[1] or 0), tonumber(last[2] or -1) }
