-- Take waiting jobs away for good. ARGV: entries of a list that one id may cost to compare, offset and
-- count of a window ('' = seek), then id, time when it was added ('' = any), id, time …
-- Answers one outcome per id. Seeking finds an id from where its number stands in the line; one that is
-- not there, in a line too long to compare all of it, is answered by 'search': the caller then looks
-- window by window, for one id a call. `wait` and `paused` are one list there, numbered from the end at
-- which jobs are added, as for finding.
-- Like BullMQ's own removeJob; tried with workers of 5.51.0, 5.80.5 and 6.7.0.
local may_compare, offset, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local FIRST_ID = 4
local NEAR = 50

local parts = {'wait', 'paused', 'prioritized', 'delayed', 'active', 'meta', 'events'}
local refused = refusal(parts, {
  {'LRANGE', base .. 'active', 0, -1},
  {'LINDEX', base .. 'wait', 0},
  {'LREM', base .. 'wait', 1, ARGV[FIRST_ID]},
  {'LREM', base .. 'paused', 1, ARGV[FIRST_ID]},
  {'ZREM', base .. 'prioritized', ARGV[FIRST_ID]},
  {'ZREM', base .. 'delayed', ARGV[FIRST_ID]},
  {'DEL', base .. ARGV[FIRST_ID]},
  {'XADD', base .. 'events', '*', 'event', 'removed'},
})
if refused then return refused end

local is_active = {}
for _, id in ipairs(call('LRANGE', base .. 'active', 0, -1)) do is_active[id] = true end

-- A number that stands at an index, or close behind it: a few ids are no numbers.
local function number_near(list, index)
  for behind = 0, 3 do
    local number = tonumber(call('LINDEX', list, index + behind) or '')
    if number then return number end
  end
  return nil
end

local function find_between(list, first, last, id)
  first = math.max(first, 0)
  for position, found in ipairs(call('LRANGE', list, first, last)) do
    if found == id then return first + position - 1 end
  end
  return nil
end

-- The index of an id. Ids count up from the tail to the head, but for some that were put back.
local function seek(list, length, id)
  local wanted = tonumber(id)
  local low, high = 0, length - 1
  while wanted and low < high do
    local middle = math.floor((low + high) / 2)
    local number = number_near(list, middle)
    if not number then return nil end
    if number > wanted then low = middle + 1 else high = middle end
  end
  return wanted and find_between(list, low - NEAR, low + NEAR, id)
end

-- Only this right is not among those that users are asked for.
local function may_set(list)
  return is_allowed('LSET', list, 0, '')
end

-- LREM compares all entries up to the one that goes, and Redis serves nobody meanwhile. Far from both
-- ends the newest job takes the place of the one that goes: nothing is compared then but the first.
local function take_at(list, index, length, id)
  local behind = length - 1 - index
  if math.min(index, behind) <= may_compare or not may_set(list) then
    return call('LREM', list, index <= behind and 1 or -1, id) == 1
  end
  local newest = call('LINDEX', list, 0)
  call('LSET', list, index, newest)
  return call('LREM', list, 1, newest) == 1
end

-- The end that is nearer, as far as the numbers tell.
local function direction(list, id)
  local wanted = tonumber(id)
  local newest, oldest = number_near(list, 0), tonumber(call('LINDEX', list, -1) or '')
  if not (wanted and newest and oldest) then return 1 end
  return math.abs(newest - wanted) <= math.abs(wanted - oldest) and 1 or -1
end

-- Whether it was there and is taken out; 'search' when that can't be told so fast.
local function take_by_seeking(list, id)
  local length = call('LLEN', list)
  if length <= 2 * may_compare then return call('LREM', list, direction(list, id), id) == 1 end
  local index = seek(list, length, id)
  if index then return take_at(list, index, length, id) end
  return 'search'
end

local function take_out_of_lists(id)
  local total, missed = 0, false
  for _, part in ipairs({'wait', 'paused'}) do
    local list = base .. part
    if offset then
      local length = call('LLEN', list)
      local first, last = math.max(offset - total, 0), math.min(offset + count - total, length) - 1
      local index = first <= last and find_between(list, first, last, id)
      if index and take_at(list, index, length, id) then return part end
      total = total + length
      missed = missed or total > offset + count
    else
      local taken = take_by_seeking(list, id)
      if taken == true then return part end
      missed = missed or taken == 'search'
    end
  end
  return nil, missed and 'search' or 'not_waiting'
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
  local was, missing = take_out_of_set('prioritized', id) or take_out_of_set('delayed', id)
  if not was then was, missing = take_out_of_lists(id) end
  if not was then return missing end
  free_dedup_key(job)
  delete_job(id)
  emit('removed', 'jobId', id, 'prev', was)
  return DONE
end

local outcomes = {}
for i = FIRST_ID, #ARGV, 2 do outcomes[#outcomes + 1] = remove(ARGV[i], ARGV[i + 1]) end
return outcomes
