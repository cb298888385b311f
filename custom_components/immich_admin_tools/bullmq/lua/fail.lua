-- End an active job as failed. ARGV[4]: the reason, as it shows in Immich.
-- Like BullMQ's own moveToFinished, with the attempt that counts; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local reason = ARGV[4]
local refused = refusal({'active', 'stalled', 'meta', 'events', 'failed'}, {
  {'LRANGE', base .. 'active', 0, -1},
  {'LREM', base .. 'active', 0, id},
  {'PTTL', base .. 'de:'},
  {'TIME'},
  {'DEL', base .. 'de:'},
  {'HINCRBY', base .. id, 'atm', 1},
  {'HSET', base .. id, 'failedReason', reason},
  {'ZADD', base .. 'failed', 0, id},
  {'XADD', base .. 'events', '*', 'event', 'failed'},
}) or fence()
if refused then return refused end
if not job.exists then return refuse('hash_missing') end
-- BullMQ would now add the job that waits behind this one.
if job.dedup_id and call('EXISTS', base .. 'dn:' .. job.dedup_id) == 1 then return refuse(UNSUPPORTED) end
-- A deduplication key with a time to live outlasts its job on purpose.
if job.holds_dedup_key then
  job.holds_dedup_key = call('PTTL', base .. 'de:' .. job.dedup_id) == -1
end
local time = call('TIME')
local now = time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))

if not take_out_of_active() then return {'not_active'} end
free_dedup_key(job)
local attempts = call('HINCRBY', base .. id, 'atm', 1)
call('HSET', base .. id, 'failedReason', reason, 'finishedOn', now)
call('ZADD', base .. 'failed', now, id)
emit('failed', 'jobId', id, 'failedReason', reason, 'prev', 'active')
emit('retries-exhausted', 'jobId', id, 'attemptsMade', attempts)
return {DONE}
