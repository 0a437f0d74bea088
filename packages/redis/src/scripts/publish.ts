import { channelPrelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * Carries out a batch of publishes in one step: for each, judge by session, key and
 * `expectedOffset`, give the offset, append; then, for each channel, trim, note the change, fan
 * out.
 *
 * KEYS: the channels. ARGV: the numbers below, then for each channel its name, the key of its
 * partition's changes and its relay, then fourteen values for each publish. Answers with one line
 * per publish, and the names whose change could not be noted because a slot is on the move.
 *
 * The keys of changes are not among KEYS on purpose: while a slot moves, a call with several keys
 * is turned away until they all have arrived, one with the channel alone never is.
 */
export const publishScript = new Script(
  "publish",
  `${channelPrelude}
local command, nonce, life = ARGV[1], ARGV[2], ARGV[3]
local key_window, max_keys = tonumber(ARGV[4]), tonumber(ARGV[5])
local session_idle, max_sessions = tonumber(ARGV[6]), tonumber(ARGV[7])
local max_outcomes, max_pinned = tonumber(ARGV[8]), tonumber(ARGV[9])
local idle, max_changes = tonumber(ARGV[10]), tonumber(ARGV[11])
local HEADER, PER_CHANNEL, PER_ITEM = 11, 3, 14

local generation = generation_of()
if not generation then return redis.error_reply(not_master) end
local now = server_time()
local channels = {}

local function flush(channel)
  if #channel.put > 0 then
    redis.call('HSET', channel.key, unpack(channel.put))
    channel.put = {}
  end
end

local function put(channel, field, value)
  local list = channel.put
  list[#list + 1] = field
  list[#list + 1] = value
  if #list >= 1000 then flush(channel) end
end

local function channel_of(index)
  local channel = channels[index]
  if not channel then
    channel = open(KEYS[index], now, generation, nonce .. '-' .. index)
    channel.put, channel.told, channel.index = {}, {}, index
    channels[index] = channel
  end
  return channel
end

-- Outcomes are 'epoch offset id digest at'.
local function outcome_of(channel, item)
  return table.concat({channel.epoch, string.format('%.0f', channel.top), item.id, item.digest, now}, ' ')
end
local function seen(outcome, digest)
  local place, sum = string.match(outcome, '^(%S+ %d+ %S+) (%S+) ')
  if sum ~= digest then return 'c' end
  return 'd ' .. place
end
local function age_of(outcome)
  return now - tonumber(string.match(outcome, ' (%d+)$'))
end

local function forget_keys(channel)
  for _ = 1, 256 do
    if channel.key_head >= channel.key_tail then return end
    local place = 'q' .. channel.key_head
    local at, name = string.match(redis.call('HGET', channel.key, place) or '0 ', '^(%d+) (.*)$')
    if now - tonumber(at) < key_window then return end
    local outcome = redis.call('HGET', channel.key, 'k' .. name)
    -- It may have been used again since.
    if outcome and age_of(outcome) >= key_window then
      redis.call('HDEL', channel.key, place, 'k' .. name)
    else
      redis.call('HDEL', channel.key, place)
    end
    channel.key_head = channel.key_head + 1
  end
end

local function drop_outcomes(channel, id, last)
  local fields = {'s' .. id}
  for seq = math.max(1, last - max_outcomes + 1), last do
    fields[#fields + 1] = 'o' .. id .. ' ' .. seq
  end
  redis.call('HDEL', channel.key, unpack(fields))
end

local function drop_session(channel, id, last)
  drop_outcomes(channel, id, last)
  channel.sessions = channel.sessions - 1
end

local function never() return false end

-- Looks at the longest queued sessions and lets go of those unused for 'unused' ms.
local function forget_sessions(channel, unused, looks, enough)
  for _ = 1, looks do
    if channel.session_head >= channel.session_tail or enough() then return end
    local place = 'r' .. channel.session_head
    local at, id = string.match(redis.call('HGET', channel.key, place) or '0 ', '^(%d+) (.*)$')
    if now - tonumber(at) < unused then return end
    redis.call('HDEL', channel.key, place)
    channel.session_head = channel.session_head + 1
    local last, used = string.match(redis.call('HGET', channel.key, 's' .. id) or '', '^(%d+) (%d+)')
    if last and now - tonumber(used) >= unused then
      drop_session(channel, id, tonumber(last))
    elseif last then
      redis.call('HSET', channel.key, 'r' .. channel.session_tail, used .. ' ' .. id)
      channel.session_tail = channel.session_tail + 1
    end
  end
end

local function remember_session(channel, item, outcome)
  if item.new_session then
    channel.sessions = channel.sessions + 1
    put(channel, 'r' .. channel.session_tail, now .. ' ' .. item.session)
    channel.session_tail = channel.session_tail + 1
  end
  -- The lower generation has ended: none of its outcomes is asked for any more.
  if item.ends then drop_outcomes(channel, item.session, item.ends) end
  put(channel, 's' .. item.session, item.seq .. ' ' .. now .. ' ' .. item.generation)
  put(channel, 'o' .. item.session .. ' ' .. item.seq, outcome)
  if item.seq > max_outcomes then
    redis.call('HDEL', channel.key, 'o' .. item.session .. ' ' .. (item.seq - max_outcomes))
  end
end

local function judge_session(channel, item, known, outcome)
  item.new_session = not known
  local last, generation = string.match(known or '', '^(%d+) %d+ ?(%d*)')
  last, generation = tonumber(last) or 0, tonumber(generation) or 0
  if tonumber(item.generation) < generation then
    return 'g ' .. string.format('%.0f', generation)
  elseif tonumber(item.generation) > generation then
    item.ends, last, outcome = last, 0, nil
  end
  if item.seq ~= last + 1 then
    if outcome then return seen(outcome, item.digest) end
    return 'o ' .. string.format('%.0f', last + 1)
  end
  if not known and channel.sessions >= max_sessions then
    forget_sessions(channel, key_window, 8, function() return channel.sessions < max_sessions end)
    if channel.sessions >= max_sessions then return 's' end
  end
end

local function judge_key(channel, item, outcome)
  if outcome and age_of(outcome) < key_window then
    local verdict = seen(outcome, item.digest)
    -- The repeat came in a new session: its place in that session's order is taken.
    if verdict ~= 'c' and item.session ~= '' then remember_session(channel, item, outcome) end
    return verdict
  end
  if channel.key_tail - channel.key_head >= max_keys then
    local front = redis.call('HGET', channel.key, 'q' .. channel.key_head)
    local at = tonumber(string.match(front or '0', '^(%d+)'))
    return 'k ' .. string.format('%.0f', math.max(1, at + key_window - now))
  end
end

-- Whether a state's entry finds room beside those that only a newer snapshot can free.
local function fits(channel, item)
  local most = math.max(max_pinned, item.max_bytes)
  if channel.bytes + item.size <= most then return true end
  flush(channel)
  trim(channel, max_pinned)
  local bytes = channel.first >= (keep_from(channel) or 1) and channel.bytes or 0
  return bytes + item.size <= most
end

-- The answer to a publish that is not to be appended; nil: append it.
local function judge(channel, item)
  if item.session ~= '' or item.name ~= '' then
    flush(channel)
    if not channel.swept then
      forget_keys(channel)
      forget_sessions(channel, session_idle, 64, never)
      channel.swept, channel.counted = true, true
    end
    local known = redis.call('HMGET', channel.key, 's' .. item.session,
      'o' .. item.session .. ' ' .. (item.seq or ''), 'k' .. item.name)
    if item.session ~= '' then
      local verdict = judge_session(channel, item, known[1], known[2])
      if verdict then return verdict end
    end
    if item.name ~= '' then
      local verdict = judge_key(channel, item, known[3])
      if verdict then return verdict end
    end
  end
  if item.expected ~= '' and tonumber(item.expected) ~= channel.top then
    return 'm ' .. string.format('%.0f', channel.top)
  end
  if item.pinned and not fits(channel, item) then return 'w' end
end

local function append(channel, item)
  if channel.count ~= item.max_count or channel.size ~= item.max_bytes
    or channel.age ~= item.max_age or channel.pinned ~= item.pinned then
    channel.count, channel.size, channel.age = item.max_count, item.max_bytes, item.max_age
    channel.pinned, channel.rare = item.pinned, true
  end
  if channel.first > channel.top then channel.oldest = now end
  channel.top, channel.id = channel.top + 1, item.id
  channel.bytes = channel.bytes + item.size
  put(channel, channel.top, now .. ' ' .. item.size .. ' ' .. item.id .. ' ' .. item.body)
  local head = string.format('%.0f', channel.top) .. ' ' .. item.id .. ' ' .. #item.body .. '\\n'
  channel.told[#channel.told + 1] = head .. item.body
  local outcome = outcome_of(channel, item)
  if item.name ~= '' then
    put(channel, 'k' .. item.name, outcome)
    put(channel, 'q' .. channel.key_tail, now .. ' ' .. item.name)
    channel.key_tail = channel.key_tail + 1
  end
  if item.session ~= '' then remember_session(channel, item, outcome) end
  return 'a ' .. string.match(outcome, '^(%S+ %d+ %S+)')
end

-- Partition indexes: 'changes' in scripts/changes.ts has their form.
local indexes = {}
local function index_of(key)
  local index = indexes[key]
  if index ~= nil then return index end
  local version = redis.pcall('ZSCORE', key, '\\1v')
  -- Not here: never begun, or on the other server of a slot that moves. To begin it here could put
  -- two of them in the world; the gateway asks by its key alone, which finds the right place.
  if not version or type(version) == 'table' then
    indexes[key] = false
    return false
  end
  local number = -tonumber(string.sub(generation, 1, 12), 16)
  index = {key = key, version = tonumber(version), pairs = {}}
  if tonumber(redis.call('ZSCORE', key, '\\1g')) ~= number then
    index.pairs = {number, '\\1g', '-' .. life, '\\1l', -index.version, '\\1f'}
  end
  indexes[key] = index
  return index
end

local function note(channel, unnoted)
  local base = HEADER + (channel.index - 1) * PER_CHANNEL
  local index = index_of(ARGV[base + 2])
  if not index then
    unnoted[#unnoted + 1] = ARGV[base + 1]
    return
  end
  index.version = index.version + 1
  local pairs = index.pairs
  pairs[#pairs + 1] = index.version
  pairs[#pairs + 1] = ARGV[base + 1]
end

local function save_indexes()
  for _, index in pairs(indexes) do
    if index then
      local list = index.pairs
      list[#list + 1] = index.version
      list[#list + 1] = '\\1v'
      redis.call('ZADD', index.key, unpack(list))
      redis.call('PEXPIRE', index.key, ARGV[10])
      local over = redis.call('ZCARD', index.key) - 4 - max_changes
      if over > 0 then
        local last = redis.call('ZRANGE', index.key, 2 + over, 2 + over, 'WITHSCORES')
        redis.call('ZREMRANGEBYRANK', index.key, 3, 2 + over)
        redis.call('ZADD', index.key, '-' .. last[2], '\\1f')
      end
    end
  end
end

local answers, unnoted = {}, {}
local at = HEADER + #KEYS * PER_CHANNEL
while at < #ARGV do
  local channel = channel_of(tonumber(ARGV[at + 1]))
  local item = {
    id = ARGV[at + 2], size = tonumber(ARGV[at + 3]), body = ARGV[at + 4],
    max_count = tonumber(ARGV[at + 5]), max_bytes = tonumber(ARGV[at + 6]),
    max_age = tonumber(ARGV[at + 7]), expected = ARGV[at + 8], name = ARGV[at + 9],
    session = ARGV[at + 10], seq = tonumber(ARGV[at + 11]), generation = ARGV[at + 12],
    digest = ARGV[at + 13], pinned = ARGV[at + 14] == '1',
  }
  answers[#answers + 1] = judge(channel, item) or append(channel, item)
  at = at + PER_ITEM
end

for index = 1, #KEYS do
  local channel = channels[index]
  if channel then
    flush(channel)
    if #channel.told > 0 then
      trim(channel, max_pinned)
      note(channel, unnoted)
    end
    save(channel)
    local long_ago = now - channel.renewed > idle / 8 or now < channel.renewed
    if channel.begun or channel.rare or long_ago then renew(channel, idle) end
  end
end
save_indexes()
for index = 1, #KEYS do
  local channel = channels[index]
  if channel and #channel.told > 0 then
    local relay = ARGV[HEADER + (index - 1) * PER_CHANNEL + 3]
    redis.call(command, relay, 'E' .. channel.epoch .. '\\n' .. table.concat(channel.told))
  end
end
return {answers, unnoted}
`,
);
