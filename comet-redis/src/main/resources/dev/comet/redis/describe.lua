-- 5… public tokens. The clients that have them: token, incarnation, description
local found = { 1 }
for i = 5, #ARGV do
  local c = call('HMGET', P .. 'c:' .. ARGV[i], 'i', 'd')
  if c[1] then
    found[#found + 1] = ARGV[i]
    found[#found + 1] = c[1]
    found[#found + 1] = c[2]
  end
end
return found
