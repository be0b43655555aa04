-- 5 public token, 6 incarnation, 7 microseconds
local c = call('HMGET', P .. 'c:' .. ARGV[5], 'i', 'n', 'p')
if c[1] ~= ARGV[6] then
  return absent(ARGV[5], ARGV[6])
end
if c[2] == NODE then
  for _, key in ipairs({ 'c:' .. ARGV[5], 'l:' .. ARGV[5], 'p:' .. c[3] }) do
    call('PEXPIRE', P .. key, TTL)
  end
  call('ZADD', P .. 'idle', num(now + ARGV[7]), ARGV[5])
end
return { 1 }
