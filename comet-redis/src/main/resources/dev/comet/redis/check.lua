-- 5 public token, 6 incarnation. Whether it is still this node's, its groups, and what its newest request called itself: for a node that has missed something
local c = call('HMGET', P .. 'c:' .. ARGV[5], 'i', 'n', 'g', 'ms', 'in')
if c[1] ~= ARGV[6] then
  return absent(ARGV[5], ARGV[6])
end
local groups = {}
for _, m in ipairs(memberships(c[4])) do
  if m[3] == OPEN then
    groups[#groups + 1] = m[1]
  end
end
return { 1, c[2] == NODE and 1 or 0, tonumber(c[3]), groups, c[5] or '0' }
