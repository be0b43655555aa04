-- 5 public token, 6 incarnation, 7 correlation id. The reply that has come elsewhere: for a node that has missed something
if call('HGET', P .. 'c:' .. ARGV[5], 'i') ~= ARGV[6] then
  return { 0 }
end
local reply = string.match(call('HGET', P .. 'r:' .. ARGV[5], ARGV[7]) or '', '^D [^\n]*\n(.*)$')
return reply and { 1, reply } or { 1 }
