-- Fence of one active job. ARGV: id, processedOn ('' = none), lock token ('' = no lock).
local id, expected_processed_on, expected_token = ARGV[1], ARGV[2], ARGV[3]
local job

-- A job that is not active any more is told as that, whatever else has changed.
local function refuse(problem)
  for _, active in ipairs(call('LRANGE', base .. 'active', 0, -1)) do
    if active == id then return {problem} end
  end
  return {'not_active'}
end

-- Why this very run of the job is not there any more, or can't be handled; nil to go on.
local function fence()
  if (call('GET', base .. id .. ':lock') or '') ~= expected_token then return refuse('lock_changed') end
  job = read_job(id)
  if job.processed_on ~= expected_processed_on then return refuse('run_changed') end
  if not job.supported then return refuse(UNSUPPORTED) end
  return nil
end

-- The first write. False when the job was not there, in which case nothing was written.
local function take_out_of_active()
  if call('LREM', base .. 'active', 0, id) == 0 then return false end
  call('SREM', base .. 'stalled', id)
  return true
end
