-- 5 'private' or 'public', 6 hash of the private token, or the public token
local pub = ARGV[6]
if ARGV[5] == 'private' then
  pub = call('GET', P .. 'p:' .. ARGV[6])
end
local c = pub and call('HMGET', P .. 'c:' .. pub, 'i', 'd')
return c and c[1] and { 1, pub, c[1], c[2] } or { 0 }
