-- Put failed jobs back to the end of the line. ARGV: some ids. Answers one outcome per id.
-- Like BullMQ's own reprocessJob; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local refused = refusal({'failed', 'meta', 'events', 'wait', 'paused', 'prioritized', 'marker', 'pc'}, {
  {'ZREM', base .. 'failed', ARGV[1]},
  {'HDEL', base .. ARGV[1], 'finishedOn'},
  {'LPUSH', base .. 'wait', ARGV[1]},
  {'LPUSH', base .. 'paused', ARGV[1]},
  {'INCR', base .. 'pc'},
  {'ZADD', base .. 'prioritized', 0, ARGV[1]},
  {'ZADD', base .. 'marker', 0, '0'},
  {'XADD', base .. 'events', '*', 'event', 'waiting'},
})
if refused then return refused end

local function enqueue(id, priority)
  if priority > 0 then
    local turn = call('INCR', base .. 'pc') % 0x100000000
    call('ZADD', base .. 'prioritized', priority * 0x100000000 + turn, id)
  else
    call('LPUSH', read_queue_state().waiting_list, id)
  end
end

local function retry(id)
  local job = read_job(id)
  if not job.supported then return UNSUPPORTED end
  if not job.exists then return 'hash_missing' end
  -- Failed by us while its handler still hangs: it would run a second time beside it.
  if call('EXISTS', base .. id .. ':lock') == 1 then return 'locked' end
  if call('ZREM', base .. 'failed', id) == 0 then return 'not_failed' end
  call('HDEL', base .. id, 'finishedOn', 'processedOn', 'failedReason', 'atm', 'ats', 'stc', 'defa')
  enqueue(id, job.priority)
  emit('waiting', 'jobId', id, 'prev', 'failed')
  return DONE
end

local outcomes, retried = {}, false
for i, id in ipairs(ARGV) do
  outcomes[i] = retry(id)
  retried = retried or outcomes[i] == DONE
end
if retried then wake_workers() end
return outcomes
