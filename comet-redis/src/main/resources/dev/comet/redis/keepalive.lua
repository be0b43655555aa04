-- of each client: 5 public token, 6 incarnation, 7 microseconds, 8 a cursor that it has confirmed, all of whose own log is below it; 0: none
-- Returns 1, and of each that is not there its place in the list, from 0, and who has ended it
local reply = { 1 }
for i = 5, #ARGV, 4 do
  local pub = ARGV[i]
  local c = call('HMGET', P .. 'c:' .. pub, 'i', 'n', 'p', 'cf')
  if c[1] ~= ARGV[i + 1] then
    reply[#reply + 1] = (i - 5) / 4
    reply[#reply + 1] = absent(pub, ARGV[i + 1])[2]
  elseif c[2] == NODE then
    for _, key in ipairs({ 'c:' .. pub, 'l:' .. pub, 'p:' .. c[3] }) do
      call('PEXPIRE', P .. key, TTL)
    end
    call('ZADD', P .. 'idle', num(now + ARGV[i + 2]), pub)
    if tonumber(ARGV[i + 3]) > tonumber(c[4]) then
      call('HSET', P .. 'c:' .. pub, 'cf', ARGV[i + 3])
    end
  end
end
return reply
