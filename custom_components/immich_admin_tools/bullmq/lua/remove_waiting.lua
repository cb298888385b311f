-- Take waiting jobs away for good. ARGV: id, time when it was added ('' = any), id, time …
-- Answers one outcome per id. At most 10 ids a call: searching a list takes as long as the list is.
local parts = {'wait', 'paused', 'prioritized', 'delayed', 'active', 'meta', 'events'}
local refused = refusal(parts, {
  {'LRANGE', base .. 'active', 0, -1},
  {'LINDEX', base .. 'wait', 0},
  {'LREM', base .. 'wait', 1, ARGV[1]},
  {'LREM', base .. 'paused', 1, ARGV[1]},
  {'ZREM', base .. 'prioritized', ARGV[1]},
  {'ZREM', base .. 'delayed', ARGV[1]},
  {'DEL', base .. ARGV[1]},
  {'XADD', base .. 'events', '*', 'event', 'removed'},
})
if refused then return refused end

local is_active = {}
for _, id in ipairs(call('LRANGE', base .. 'active', 0, -1)) do is_active[id] = true end

-- Ids count up from the tail to the head, so search from the end that is nearer.
local function search_direction(list, id)
  local wanted = tonumber(id)
  local newest, oldest = tonumber(call('LINDEX', list, 0) or ''), tonumber(call('LINDEX', list, -1) or '')
  if not (wanted and newest and oldest) then return 1 end
  return math.abs(newest - wanted) <= math.abs(wanted - oldest) and 1 or -1
end

local function take_out_of_list(part, id)
  local list = base .. part
  return call('LREM', list, search_direction(list, id), id) == 1 and part
end

local function take_out_of_set(part, id)
  return call('ZREM', base .. part, id) == 1 and part
end

local function remove(id, added_at)
  local job = read_job(id)
  -- Known without searching: it runs, or it is over.
  if is_active[id] or job.finished_on then return 'not_waiting' end
  if added_at ~= '' and job.added_at ~= added_at then return 'run_changed' end
  if not job.supported then return UNSUPPORTED end
  local was = take_out_of_set('prioritized', id) or take_out_of_set('delayed', id)
    or take_out_of_list('wait', id) or take_out_of_list('paused', id)
  if not was then return 'not_waiting' end
  free_dedup_key(job)
  delete_job(id)
  emit('removed', 'jobId', id, 'prev', was)
  return DONE
end

local outcomes = {}
for i = 1, #ARGV, 2 do outcomes[#outcomes + 1] = remove(ARGV[i], ARGV[i + 1]) end
return outcomes
