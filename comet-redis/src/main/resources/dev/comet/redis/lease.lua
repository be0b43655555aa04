-- 5 microseconds; 0: this node goes. Returns whether the store knew the node, and the last ids of the two feeds
if ARGV[5] == '0' then
  call('ZREM', P .. 'nodes', NODE)
  call('HDEL', P .. 'seq', NODE)
  call('DEL', P .. 'i:' .. NODE)
  return { 1 }
end
local isNew = call('ZADD', P .. 'nodes', num(now + ARGV[5]), NODE)
call('PEXPIRE', P .. 'i:' .. NODE, TTL)
local at = call('HMGET', P .. 'seq', 'f', NODE)
return { 1, 1 - isNew, tonumber(at[1] or 0), tonumber(at[2] or 0) }
