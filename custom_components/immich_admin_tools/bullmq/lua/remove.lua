-- Take an active job away for good. Its slot stays lost while a worker still renews the lock.
local refused = refusal({'active', 'meta', 'events'}, {
  {'LRANGE', base .. 'active', 0, -1},
  {'SREM', base .. 'stalled', id},
  {'LREM', base .. 'active', 0, id},
  {'DEL', base .. id},
  {'XADD', base .. 'events', '*', 'event', 'removed'},
}) or fence()
if refused then return refused end

refused = take_out_of_active()
if refused then return refused end
free_dedup_key(job)
delete_job(id)
emit('removed', 'jobId', id, 'prev', 'active')
return {DONE}
