-- 5 microseconds; 0: this node goes. 6 up to where it has read its stream. Returns the last ids of the two streams
if ARGV[5] == '0' then
  call('ZREM', P .. 'nodes', NODE)
  call('HDEL', P .. 'seq', NODE)
  call('HDEL', P .. 'since', NODE)
  call('DEL', P .. 'i:' .. NODE)
  if call('ZCARD', P .. 'nodes') == 0 then -- whoever comes next sees that nothing was lost since
    call('HSET', P .. 'epoch', 'quiet', call('HGET', P .. 'meta', 'top') or '0')
  end
  return { 1 }
end
isHere(ARGV[5])
call('XTRIM', P .. 'i:' .. NODE, 'MINID', num(ARGV[6] + 1))
call('PEXPIRE', P .. 'i:' .. NODE, TTL)
local at = call('HMGET', P .. 'seq', 'f', NODE)
return { 1, tonumber(at[1] or 0), tonumber(at[2] or 0) }
