-- Find waiting jobs whose data holds one of some UUIDs.
-- ARGV: 'line' (`wait` and `paused`) or 'prioritized', offset, count, UUID, UUID …
-- Answers the number of ids there, then id, name, timestamp and data of each job found.
-- Ids are numbered from the end at which jobs are added, `wait` and `paused` as one list: so those
-- that are added or taken meanwhile, or a pause, which renames a list, hide nobody.
local offset, count = tonumber(ARGV[2]), tonumber(ARGV[3])
local wanted = {}
for i = 4, #ARGV do wanted[ARGV[i]] = true end

-- Looking for whole UUIDs takes as long as reading the data; a few can be looked for as they are.
local FEW = 4
local function may_match(data)
  if #ARGV - 3 > FEW then return true end
  for i = 4, #ARGV do
    if string.find(data, ARGV[i], 1, true) then return true end
  end
  return false
end

local function matches(data)
  if not may_match(data) then return false end
  for uuid in string.gmatch(data, '%x+%-%x+%-%x+%-%x+%-%x+') do
    if wanted[uuid] then return true end
  end
  return false
end

local found = {}
local function look_at(id)
  local values = read('HMGET', base .. id, 'name', 'timestamp', 'data')
  if not (values and values[3] and matches(values[3])) then return end
  for _, value in ipairs({id, values[1] or '', values[2] or '', values[3]}) do
    found[#found + 1] = value
  end
end

local total = 0
local function look_through(part, length_command, range_command)
  if is_odd(part) then return end
  local key = base .. part
  local length = call(length_command, key)
  local first = math.max(offset - total, 0)
  local last = math.min(offset + count - total, length) - 1
  if first <= last then
    for _, id in ipairs(call(range_command, key, first, last)) do look_at(id) end
  end
  total = total + length
end

if ARGV[1] == 'prioritized' then
  look_through('prioritized', 'ZCARD', 'ZREVRANGE')
else
  look_through('wait', 'LLEN', 'LRANGE')
  look_through('paused', 'LLEN', 'LRANGE')
end
return {total, unpack(found)}
