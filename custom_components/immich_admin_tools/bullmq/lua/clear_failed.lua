-- Delete failed jobs. ARGV: some ids. Answers one outcome per id.
-- Like BullMQ's own cleanJobsInSet; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local refused = refusal({'failed', 'meta', 'events'}, {
  {'ZREM', base .. 'failed', ARGV[1]},
  {'DEL', base .. ARGV[1]},
  {'XADD', base .. 'events', '*', 'event', 'cleaned'},
})
if refused then return refused end

local function clear(id)
  local job = read_job(id)
  if not job.supported then return UNSUPPORTED end
  if call('ZREM', base .. 'failed', id) == 0 then return 'not_failed' end
  free_dedup_key(job)
  delete_job(id)
  return DONE
end

local outcomes, cleared = {}, 0
for i, id in ipairs(ARGV) do
  outcomes[i] = clear(id)
  if outcomes[i] == DONE then cleared = cleared + 1 end
end
if cleared > 0 then emit('cleaned', 'count', cleared) end
return outcomes
