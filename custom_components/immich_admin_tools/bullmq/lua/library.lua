-- Put in front of every script. KEYS[1] is what all keys of the queue start with, colon included.
-- Like BullMQ's own removeDeduplicationKeyIfNeededOnRemoval and addBaseMarkerIfNeeded; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local base = KEYS[1]
local call = redis.call

local DONE, UNSUPPORTED = 'done', 'unsupported'

-- Reads that tell a key's type: TYPE itself is not among the rights that users are asked for.
local READ_OF = {
  wait = {'LLEN'}, paused = {'LLEN'}, active = {'LLEN'}, pc = {'GET'},
  prioritized = {'ZCARD'}, delayed = {'ZCARD'}, failed = {'ZCARD'}, marker = {'ZCARD'},
  meta = {'HGET', 'version'}, events = {'XINFO'},
  -- No job has an empty id, so this takes nothing away; no right to read a set is asked for.
  stalled = {'SREM', ''},
}

local function read_of(part)
  local name, field = unpack(READ_OF[part])
  if name == 'XINFO' then return {name, 'STREAM', base .. part} end
  return {name, base .. part, field}
end

-- The reply, or nil and true when the key has another type.
local function read(...)
  local reply = redis.pcall(...)
  local err = type(reply) == 'table' and reply.err
  if not err or string.find(err, 'no such key', 1, true) then return reply end
  if string.find(err, 'WRONGTYPE', 1, true) then return nil, true end
  return call(...)
end

local function is_integer(text)
  return string.match(text, '^%-?%d+$') ~= nil
end

-- Whether the key is not what BullMQ would have made.
local function is_odd(part)
  local reply, has_wrong_type = read(unpack(read_of(part)))
  return has_wrong_type or part == 'pc' and reply and not is_integer(reply)
end

local function major_version()
  local version = call('HGET', base .. 'meta', 'version')
  return version and tonumber(string.match(version, '^bullmq:(%d+)%.%d')), version
end

-- Redis 6 can't be asked: run the command on a key of our own and take that away again.
local function rehearse(name, first, ...)
  local key = base .. 'immich-admin-tools'
  local reply
  if name == 'TIME' then
    reply = redis.pcall(name)
  elseif name == 'XINFO' then
    reply = redis.pcall(name, first, key)
  else
    reply = redis.pcall(name, key, ...)
    redis.pcall('DEL', key)
  end
  local err = type(reply) == 'table' and reply.err
  return not (err and (string.find(err, 'user executing the script', 1, true)
    or string.find(err, 'no permissions', 1, true)))
end

local function is_allowed(...)
  if redis.acl_check_cmd then return redis.acl_check_cmd(...) end
  return rehearse(...)
end

-- As an ACL names the rule, without its plus.
local function rule_of(command)
  local name = string.lower(command[1])
  return name == 'xinfo' and 'xinfo|stream' or name
end

-- Each command stands as it will be run: {'LREM', key, …}.
local function missing_rights(commands)
  if not redis.acl_check_cmd and not rehearse('DEL', base) then return {'del'} end
  local missing, is_known = {}, {}
  for _, command in ipairs(commands) do
    local rule = rule_of(command)
    if not is_known[rule] and not is_allowed(unpack(command)) then
      missing[#missing + 1] = rule
      is_known[rule] = true
    end
  end
  return missing
end

-- Why nothing may be written at all, or nil. A script that fails half-way is not rolled back, so
-- all of this stands before the first write: `parts` are the keys that the script reads or writes,
-- `commands` what it runs besides reading jobs.
local function refusal(parts, commands)
  local needed = {
    {'HMGET', base .. 'meta', 'version'},
    {'EXISTS', base .. 'meta'},
    {'GET', base .. 'de:'},
    unpack(commands),
  }
  for _, part in ipairs(parts) do needed[#needed + 1] = read_of(part) end
  local missing = missing_rights(needed)
  if #missing > 0 then return {'missing_rights', unpack(missing)} end
  for _, part in ipairs(parts) do
    if is_odd(part) then return {'wrong_type', part} end
  end
  local major, version = major_version()
  if major ~= 5 and major ~= 6 then return {'unknown_layout', version or ''} end
  return nil
end

local function read_job(id)
  local key = base .. id
  local values = read('HMGET', key, 'processedOn', 'finishedOn', 'timestamp', 'priority', 'deid',
    'parentKey', 'rjk', 'atm', 'name')
  -- Parents, children and repeated jobs change other jobs too when they end.
  if not values or values[6] or values[7] or call('EXISTS', key .. ':dependencies',
      key .. ':processed', key .. ':failed', key .. ':unsuccessful') > 0 then
    return {supported = false, processed_on = values and values[1] or '', added_at = ''}
  end
  return {
    supported = is_integer(values[8] or '0'),
    -- BullMQ leaves a hash with nothing but a count when it finds a missing job stalled.
    exists = values[9] and true or false,
    processed_on = values[1] or '',
    finished_on = values[2],
    added_at = values[3] or '',
    priority = tonumber(values[4]) or 0,
    dedup_id = values[5],
    holds_dedup_key = values[5] and read('GET', base .. 'de:' .. values[5]) == id,
  }
end

-- Without this the next add with the same deduplication id is swallowed.
local function free_dedup_key(job)
  if job.holds_dedup_key then
    call('DEL', base .. 'de:' .. job.dedup_id, base .. 'dn:' .. job.dedup_id)
  end
end

-- The lock stays: a worker that renews a lock that is gone complains for ever.
local function delete_job(id)
  local key = base .. id
  call('DEL', key, key .. ':logs', key .. ':dependencies', key .. ':processed', key .. ':failed',
    key .. ':unsuccessful')
end

-- Nothing of this changes while a script runs, so it is read once.
local queue_state
local function read_queue_state()
  if not queue_state then
    local values = call('HMGET', base .. 'meta', 'paused', 'opts.maxLenEvents')
    local is_paused = values[1] and true or false
    queue_state = {
      is_paused = is_paused,
      -- BullMQ 5 keeps the waiting ids of a paused queue apart, BullMQ 6 leaves them in `wait`.
      waiting_list = base .. (is_paused and major_version() == 5 and 'paused' or 'wait'),
      longest_stream = tonumber(values[2] or '') or 10000,
    }
  end
  return queue_state
end

local function wake_workers()
  if not read_queue_state().is_paused then call('ZADD', base .. 'marker', 0, '0') end
end

local function emit(...)
  local longest = read_queue_state().longest_stream
  call('XADD', base .. 'events', 'MAXLEN', '~', longest, '*', 'event', ...)
end
