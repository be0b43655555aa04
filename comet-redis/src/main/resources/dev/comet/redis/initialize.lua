-- 5 public token, 6 incarnation, 7 hash of the private token, 8 description, 9 microseconds until it is idle, 10 most clients
local pub, inc, secret = ARGV[5], ARGV[6], P .. 'p:' .. ARGV[7]
local known = call('HGET', P .. 'c:' .. pub, 'i')
local owner = call('GET', secret)
if known == inc and owner == pub then
  return { 1, clientCount() } -- repeated
end
if known or owner then
  return { -1 }
end
if call('ZCARD', P .. 'idle') >= tonumber(ARGV[10]) then
  return { -2 }
end
local key, top = P .. 'c:' .. pub, call('HGET', P .. 'meta', 'top') or '0'
call('HSET', key, 'i', inc, 'd', ARGV[8], 'p', ARGV[7], 'b', top, 'cf', top, 'n', NODE, 'g', 1)
call('SET', secret, pub, 'PX', TTL)
call('PEXPIRE', key, TTL)
call('ZADD', P .. 'idle', num(now + ARGV[9]), pub)
countChanged()
return { 1, clientCount() }
