-- 5 public token, 6 incarnation, 7 correlation id. The reply that has come to another node
if call('HGET', P .. 'c:' .. ARGV[5], 'i') ~= ARGV[6] then
  return absent(ARGV[5], ARGV[6])
end
local reply = call('GET', P .. 'a:' .. ARGV[5] .. ':' .. ARGV[7])
return reply and { 1, reply } or { 1 }
