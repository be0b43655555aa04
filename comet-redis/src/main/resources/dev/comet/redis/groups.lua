-- 5… groups. Those of them that somebody is in
local found = { 1 }
for i = 5, #ARGV do
  if call('EXISTS', P .. 'gm:' .. ARGV[i]) == 1 then
    found[#found + 1] = ARGV[i]
  end
end
return found
