-- 5 public token, 6 incarnation, 7 microseconds
local c = call('HMGET', P .. 'c:' .. ARGV[5], 'i', 'n')
if c[1] ~= ARGV[6] then
  return absent(ARGV[5], ARGV[6])
end
if c[2] == NODE then
  call('ZADD', P .. 'idle', num(now + ARGV[7]), ARGV[5])
end
return { 1 }
