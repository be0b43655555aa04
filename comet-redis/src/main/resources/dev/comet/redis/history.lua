-- 5 group, 6 up to this id, 7 how many at most, 8 age in a shared log. The last ones, newest first: id, message …
local g = shared('g:' .. ARGV[5])
expireShared(g, tonumber(ARGV[8]))
save()
local found = { 1 }
if g.n > 0 then
  for _, entry in ipairs(call('XREVRANGE', g.key, num(math.max(0, math.min(M.top, tonumber(ARGV[6])))), '-', 'COUNT', ARGV[7])) do
    found[#found + 1] = idOf(entry)
    found[#found + 1] = entry[2][4]
  end
end
return found
