-- Fence of one active job. ARGV: id, processedOn ('' = none), lock token ('' = no lock).
local id, expected_processed_on, expected_token = ARGV[1], ARGV[2], ARGV[3]
local job

local function is_active()
  for _, active in ipairs(call('LRANGE', base .. 'active', 0, -1)) do
    if active == id then return true end
  end
  return false
end

-- Why this very run of the job is not there any more, or can't be handled; nil to go on.
local function fence()
  if not is_active() then return {'not_active'} end
  if (call('GET', base .. id .. ':lock') or '') ~= expected_token then return {'lock_changed'} end
  job = read_job(id)
  if job.processed_on ~= expected_processed_on then return {'run_changed'} end
  if not job.supported then return {UNSUPPORTED} end
  return nil
end

-- The first write, so it also tells the type of `stalled`, which no read can. Answers as `fence`.
local function take_out_of_active()
  local reply = redis.pcall('SREM', base .. 'stalled', id)
  if type(reply) == 'table' and reply.err then return {'wrong_type', 'stalled'} end
  call('LREM', base .. 'active', 0, id)
  return nil
end
