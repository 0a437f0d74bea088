/**
 * What every script begins with.
 *
 * Time is the server's own (`TIME`): the one clock that all gateways share. The stamps of requests
 * come from as many clocks as there are gateways, and one that is fast would let the others' keys
 * and entries expire. A step of the server's clock forward can shorten a window by that step, which
 * is why keys are kept longer than promised; a step back only keeps things longer.
 *
 * The generation is `master_replid`: a server makes a new one whenever it begins to be a master,
 * at start as well as on promotion, and never takes one over. So a generation that is not the one
 * a channel was written under means that a suffix may be missing.
 */
export const prelude = `
local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function generation_of()
  local info = redis.call('INFO', 'replication')
  if not string.find(info, 'role:master', 1, true) then return nil end
  return string.sub(string.match(info, 'master_replid:(%x+)'), 1, 16)
end

local not_master = 'READONLY this server is not a master'
`;

/** Channels: one hash each, with all that belongs to the channel. */
export const channelPrelude = `${prelude}
local FIELDS = {'e', 'g', 't', 'i', 'f', 'b', 'l', 'c', 'y', 'a', 'h', 'n', 'u', 'v', 'x', 'z', 'm', 'j', 'p'}
local MAX_LINEAGE = 16
local FOREVER = 9007199254740991

-- A new epoch after 'parent' ended at 'up_to': older ancestors share no more than that.
local function descend(lineage, parent, up_to)
  local parts = {parent .. ':' .. string.format('%.0f', up_to)}
  for name, limit in string.gmatch(lineage, '([^:,]+):(%d+)') do
    if #parts >= MAX_LINEAGE then break end
    parts[#parts + 1] = name .. ':' .. string.format('%.0f', math.min(tonumber(limit), up_to))
  end
  return table.concat(parts, ',')
end

-- The channel as it is on this server. What is not known begins a life; what was written under
-- another generation goes on in a new epoch from what is really here.
local function open(key, now, generation, fresh)
  local r = redis.call('HMGET', key, unpack(FIELDS))
  local channel = {key = key, now = now, generation = generation}
  if not r[1] then
    channel.epoch, channel.top, channel.id, channel.first, channel.bytes = fresh, 0, '', 1, 0
    channel.lineage, channel.count, channel.size, channel.age, channel.oldest = '', 0, 0, 0, 0
    channel.snapshot, channel.snapshot_id, channel.pinned = false, '', false
    channel.key_head, channel.key_tail, channel.session_head, channel.session_tail = 0, 0, 0, 0
    channel.sessions, channel.renewed = 0, 0
    channel.begun = true
    return channel
  end
  channel.epoch, channel.id, channel.lineage = r[1], r[4], r[7]
  channel.top, channel.first, channel.bytes = tonumber(r[3]), tonumber(r[5]), tonumber(r[6])
  channel.count, channel.size, channel.age = tonumber(r[8]), tonumber(r[9]), tonumber(r[10])
  channel.oldest = tonumber(r[11])
  local at, id = string.match(r[12], '^(%d+) (.*)$')
  channel.snapshot, channel.snapshot_id = at and tonumber(at) or false, id or ''
  channel.key_head, channel.key_tail = tonumber(r[13]), tonumber(r[14])
  channel.session_head, channel.session_tail = tonumber(r[15]), tonumber(r[16])
  channel.sessions = tonumber(r[17])
  channel.pinned, channel.renewed = r[18] == '1', tonumber(r[19] or 0)
  if r[2] ~= generation then
    channel.lineage = descend(channel.lineage, channel.epoch, channel.top)
    channel.epoch = fresh
    channel.begun = true
  end
  return channel
end

-- 'rare': what hardly ever changes has changed. 'counted': keys or sessions have come or gone.
local function save(channel)
  if not channel.begun and not channel.rare then
    redis.call('HSET', channel.key, 't', channel.top, 'i', channel.id, 'f', channel.first,
      'b', channel.bytes, 'h', channel.oldest)
    if channel.counted then
      redis.call('HSET', channel.key, 'u', channel.key_head, 'v', channel.key_tail,
        'x', channel.session_head, 'z', channel.session_tail, 'm', channel.sessions)
    end
    return
  end
  local snapshot = ''
  if channel.snapshot then
    snapshot = string.format('%.0f', channel.snapshot) .. ' ' .. channel.snapshot_id
  end
  redis.call('HSET', channel.key,
    'e', channel.epoch, 'g', channel.generation, 't', channel.top, 'i', channel.id,
    'f', channel.first, 'b', channel.bytes, 'l', channel.lineage, 'c', channel.count,
    'y', channel.size, 'a', channel.age, 'h', channel.oldest, 'n', snapshot,
    'u', channel.key_head, 'v', channel.key_tail, 'x', channel.session_head,
    'z', channel.session_tail, 'm', channel.sessions, 'j', channel.pinned and '1' or '')
end

-- Lets the channel live for as long as its history is kept and it may be asked for again.
local function renew(channel, idle)
  redis.call('HSET', channel.key, 'p', channel.now)
  if channel.snapshot or channel.pinned then
    redis.call('PERSIST', channel.key)
  else
    -- An eighth more: it is renewed no more often than that.
    local life = math.min(math.max(idle, channel.age) + idle / 8, 1e12)
    redis.call('PEXPIRE', channel.key, string.format('%.0f', life))
  end
end

local function exceeded(channel)
  if channel.first > channel.top then return false end
  return channel.top - channel.first + 1 > channel.count or channel.bytes > channel.size
    or channel.now - channel.oldest >= channel.age
end

local function drop_oldest(channel, keep_from)
  -- As many as are too many by count, which is nearly always all there is to do; then more at a time.
  local look = math.max(1, channel.top - channel.first + 1 - channel.count)
  while channel.first < keep_from and exceeded(channel) do
    local offsets, gone = {}, {}
    for offset = channel.first, math.min(channel.top, channel.first + math.min(look, 64) - 1) do
      offsets[#offsets + 1] = offset
    end
    look = look * 2
    -- One more, whose age is the oldest once the others are gone.
    offsets[#offsets + 1] = offsets[#offsets] + 1
    local entries = redis.call('HMGET', channel.key, unpack(offsets))
    for n = 1, #offsets - 1 do
      if channel.first >= keep_from or not exceeded(channel) then break end
      local size = entries[n] and string.match(entries[n], '^%d+ (%d+)') or 0
      channel.bytes = channel.bytes - tonumber(size)
      channel.first = channel.first + 1
      local next_at = entries[n + 1] and string.match(entries[n + 1], '^(%d+)')
      channel.oldest = next_at and tonumber(next_at) or channel.now
      gone[#gone + 1] = offsets[n]
    end
    redis.call('HDEL', channel.key, unpack(gone))
    channel.trimmed = true
  end
end

-- The oldest offset that has to stay; nil: none has to.
local function keep_from(channel)
  if channel.snapshot then return channel.snapshot + 1 end
  return channel.pinned and 1 or nil
end

-- What follows the stored snapshot stays. Where the state is not folded from the entries that is up
-- to 'max_pinned' bytes; past it the snapshot goes, because a snapshot that its deltas do not meet is
-- worse than none.
local function trim(channel, max_pinned)
  local kept = keep_from(channel)
  drop_oldest(channel, kept or FOREVER)
  if not kept or channel.pinned or channel.first < kept or channel.bytes <= max_pinned then return end
  drop_oldest(channel, FOREVER)
  if channel.first > kept then
    channel.snapshot = false
    redis.call('HDEL', channel.key, 'w')
    channel.trimmed, channel.rare = true, true
  end
end

-- Saves what a look at the channel found out: a new epoch, entries whose time is over.
local function settle(channel, idle)
  if not channel.begun and not channel.trimmed then return end
  save(channel)
  if channel.begun then renew(channel, idle) end
end

local function witness_at(channel, offset)
  if offset == channel.top then return channel.id end
  if offset < channel.first or offset > channel.top then return '' end
  local entry = redis.call('HGET', channel.key, offset)
  return entry and string.match(entry, '^%d+ %d+ (%S+)') or ''
end
`;
