-- Put an active job back to the front of the line.
-- Like BullMQ's own moveStalledJobsToWait; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local refused = refusal({'active', 'stalled', 'meta', 'events', 'wait', 'paused', 'prioritized', 'marker'}, {
  {'LRANGE', base .. 'active', 0, -1},
  {'LREM', base .. 'active', 0, id},
  {'HDEL', base .. id, 'processedOn'},
  {'RPUSH', base .. 'wait', id},
  {'RPUSH', base .. 'paused', id},
  {'ZADD', base .. 'prioritized', 0, id},
  {'ZADD', base .. 'marker', 0, '0'},
  {'XADD', base .. 'events', '*', 'event', 'waiting'},
}) or fence()
if refused then return refused end
if not job.exists then return refuse('hash_missing') end

if not take_out_of_active() then return {'not_active'} end
call('HDEL', base .. id, 'processedOn')
if job.priority > 0 then
  -- As BullMQ does: counter 0 puts it before all others of its priority.
  call('ZADD', base .. 'prioritized', job.priority * 0x100000000, id)
else
  call('RPUSH', read_queue_state().waiting_list, id)
end
wake_workers()
emit('waiting', 'jobId', id, 'prev', 'active')
return {DONE}
