-- 5 public token, 6 incarnation, 7 group, 8 key
local before = answered(ARGV[8])
if before then
  return before
end
local pub, group = ARGV[5], ARGV[7]
local key = P .. 'c:' .. pub
local c = call('HMGET', key, 'i', 'n', 'ms', 'cf', 'fo')
if c[1] ~= ARGV[6] then
  return { 0 }
end
local me = pub .. ' ' .. c[1]

-- The id of the last message, whether it is still there or not, that was for this client.
local function lastFor(g)
  local upTo = '+'
  while g.n > 0 do
    local chunk = call('XREVRANGE', g.key, upTo, '-', 'COUNT', 50)
    for i = 1, #chunk do
      if chunk[i][2][6] ~= me then
        return idOf(chunk[i])
      end
    end
    if #chunk < 50 then
      break
    end
    upTo = num(idOf(chunk[50]) - 1)
  end
  return lostFor(g, me)
end

local mine, rest, left = memberships(c[3]), {}, nil
for _, m in ipairs(mine) do
  if m[1] == group and m[3] == OPEN then
    left = m
    left[3] = lastFor(shared('g:' .. group))
    if not isOver(left, tonumber(c[4])) then
      rest[#rest + 1] = left
    end
  else
    rest[#rest + 1] = m
  end
end
if not left then
  return { 1, 0 }
end
local forgotten = tonumber(c[5] or 0)
if #rest < #mine and left[3] > math.max(left[2], forgotten) then
  forgotten = left[3]
end
call('HSET', key, 'ms', cmsgpack.pack(rest), 'fo', num(forgotten))
call('ZREM', P .. 'gm:' .. group, pub)
if #rest < #mine then
  unread(group)
end
tell(c[2], 't', 'left', 'l', me, 'a', group)
save()
return answer(ARGV[8], { 1, 1 })
