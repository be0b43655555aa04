-- 5 key, 6 public token, 7 incarnation, 8 reason
local before = answered(ARGV[5])
if before then
  return before
end
if call('HGET', P .. 'c:' .. ARGV[6], 'i') ~= ARGV[7] then
  return { 0 }
end
endClient(ARGV[6], ARGV[8])
save()
return answer(ARGV[5], { 1, clientCount() }, MINUTES)
