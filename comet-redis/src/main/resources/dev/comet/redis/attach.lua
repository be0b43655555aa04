-- 5 hash of the private token, 6 what the request's sender calls itself
local pub = call('GET', P .. 'p:' .. ARGV[5])
if not pub then
  return { 0 }
end
local key = P .. 'c:' .. pub
local c = call('HMGET', key, 'i', 'd', 'n', 'g', 'in')
if not c[1] then
  return { 0 }
end
if c[5] ~= ARGV[6] then
  call('HSET', key, 'in', ARGV[6]) -- for a node that misses the news
end
local generation = tonumber(c[4])
if c[3] ~= NODE then
  generation = generation + 1
  call('HSET', key, 'n', NODE, 'g', generation)
  tell(c[3], 't', 'moved', 'l', pub .. ' ' .. c[1], 'a', generation, 'b', ARGV[6])
end
return { 1, pub, c[1], c[2], generation }
