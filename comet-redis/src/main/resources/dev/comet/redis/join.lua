-- 5 public token, 6 incarnation, 7 group, 8 most groups of a client, 9 most groups. Returns 1 and the id after which; -5: too many of
-- its own, -6: too many groups, and how many
local pub, group = ARGV[5], ARGV[7]
local key = P .. 'c:' .. pub
local c = call('HMGET', key, 'i', 'n', 'ms')
if c[1] ~= ARGV[6] then
  return { 0 }
end
local mine = memberships(c[3])
for _, m in ipairs(mine) do
  if m[1] == group and m[3] == OPEN then
    return { 1, m[2] }
  end
end
if #mine >= tonumber(ARGV[8]) then
  return { -5, #mine }
end
if not call('ZSCORE', P .. 'groups', group) then
  if call('ZCARD', P .. 'groups') >= tonumber(ARGV[9]) then
    local unused = call('ZRANGEBYSCORE', P .. 'groups', '(0', '+inf', 'LIMIT', 0, 1)[1]
    if not unused then
      return { -6, call('ZCARD', P .. 'groups') }
    end
    removeGroup(unused)
  end
end
local meta = P .. 'm:g:' .. group
local number = call('HINCRBY', meta, 'j', 1)
call('HINCRBY', meta, 'rd', 1)
call('PEXPIRE', meta, TTL)
call('ZADD', P .. 'groups', 0, group)
call('ZADD', P .. 'gm:' .. group, number, pub)
call('PEXPIRE', P .. 'gm:' .. group, TTL)
mine[#mine + 1] = { group, M.top, OPEN, number }
call('HSET', key, 'ms', cmsgpack.pack(mine))
tell(c[2], 't', 'joined', 'l', pub .. ' ' .. c[1], 'a', group)
save()
return { 1, M.top }
