-- Records what was stored, in its order.
for i = 1, event_count do
  if records[i] then redis.call('XADD', audit, 'MAXLEN', '~', '10000', '*', 'r', records[i]) end
end
