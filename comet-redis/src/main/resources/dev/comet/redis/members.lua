-- 5 group, 6 after this number, 7 how many at most. In the order in which they joined: token, incarnation, description; last, the number
local found, last = { 1, 0 }, 0
local members = call('ZRANGEBYSCORE', P .. 'gm:' .. ARGV[5], '(' .. ARGV[6], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[7])
for i = 1, #members, 2 do
  local c = call('HMGET', P .. 'c:' .. members[i], 'i', 'd')
  found[2] = tonumber(members[i + 1])
  if c[1] then
    found[#found + 1] = members[i]
    found[#found + 1] = c[1]
    found[#found + 1] = c[2]
  end
end
return found
