-- What follows in scripts by which a node says that it is there.

-- For so long it is. One that was not in the list has been told nothing meanwhile, and is to notice: its news begin anew.
local function isHere(lease)
  if not call('ZSCORE', P .. 'nodes', NODE) then
    local before = tonumber(call('HGET', P .. 'seq', NODE) or 0)
    call('HSET', P .. 'seq', NODE, num(math.max(before + 1, now)))
  end
  if not isThere(NODE) then
    call('HSET', P .. 'since', NODE, num(now))
  end
  call('ZADD', P .. 'nodes', num(now + lease), NODE)
end

