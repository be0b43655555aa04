-- 5 public token, 6 incarnation. Returns microseconds for which the oldest unconfirmed message of its own log waits, and until it is idle
if call('HGET', P .. 'c:' .. ARGV[5], 'i') ~= ARGV[6] then
  return { 0 }
end
local oldest = call('ZSCORE', P .. 'oo', ARGV[5])
local idle = tonumber(call('ZSCORE', P .. 'idle', ARGV[5]) or now)
return { 1, oldest and math.max(0, now - oldest) or 0, math.max(0, idle - now) }
