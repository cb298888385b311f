-- Take an active job away for good. Its slot stays lost while a worker still renews the lock.
-- Like BullMQ's own removeJob; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local refused = refusal({'active', 'stalled', 'meta', 'events'}, {
  {'LRANGE', base .. 'active', 0, -1},
  {'LREM', base .. 'active', 0, id},
  {'DEL', base .. id},
  {'XADD', base .. 'events', '*', 'event', 'removed'},
}) or fence()
if refused then return refused end

if not take_out_of_active() then return {'not_active'} end
free_dedup_key(job)
delete_job(id)
emit('removed', 'jobId', id, 'prev', 'active')
return {DONE}
