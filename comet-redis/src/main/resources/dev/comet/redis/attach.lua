-- 5 hash of the private token, 6 what the request's sender calls itself, 7 only if the client's generation is below this one; 0: always
local pub = call('GET', P .. 'p:' .. ARGV[5])
if not pub then
  return { 0 }
end
local key = P .. 'c:' .. pub
local c = call('HMGET', key, 'i', 'd', 'n', 'g', 'in')
if not c[1] then
  return { 0 }
end
local generation, below = tonumber(c[4]), tonumber(ARGV[7])
if below == 0 and c[5] ~= ARGV[6] then
  call('HSET', key, 'in', ARGV[6]) -- for a node that misses the news
end
if c[3] ~= NODE then
  if below > 0 and generation >= below then
    return { 0 }
  end
  generation = math.max(generation + 1, now) -- never one that a server has had which lost it
  call('HSET', key, 'n', NODE, 'g', num(generation))
  tell(c[3], 't', 'moved', 'l', pub .. ' ' .. c[1], 'a', num(generation), 'b', ARGV[6])
end
return { 1, pub, c[1], c[2], generation }
