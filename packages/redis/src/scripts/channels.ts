import { channelPrelude } from "./prelude.js";
import { Script } from "./script.js";

const begin = `${channelPrelude}
local generation = generation_of()
if not generation then return redis.error_reply(not_master) end
local now = server_time()
`;

/** KEYS: channels. ARGV: nonce, idle ms. Answers `epoch offset id` for each. */
export const headsScript = new Script(
  "heads",
  `${begin}
local answers = {}
for index = 1, #KEYS do
  local channel = open(KEYS[index], now, generation, ARGV[1] .. '-' .. index)
  settle(channel, tonumber(ARGV[2]))
  answers[index] = channel.epoch .. ' ' .. string.format('%.0f', channel.top) .. ' ' .. channel.id
end
return answers
`,
);

/**
 * Keeps a channel that somebody follows. KEYS: channels. ARGV: nonce, idle ms, pinned bytes.
 */
export const touchScript = new Script(
  "touch",
  `${begin}
for index = 1, #KEYS do
  local channel = open(KEYS[index], now, generation, ARGV[1] .. '-' .. index)
  trim(channel, tonumber(ARGV[3]))
  settle(channel, tonumber(ARGV[2]))
  renew(channel, tonumber(ARGV[2]))
end
return #KEYS
`,
);

/**
 * A page of history. KEYS: the channel. ARGV: nonce, idle ms, pinned bytes, after, count, bytes.
 * Answers epoch, top, its witness, first, lineage, the witness at `after`, then the entries.
 */
export const readScript = new Script(
  "read",
  `${begin}
local channel = open(KEYS[1], now, generation, ARGV[1])
local after, max_count, max_bytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
trim(channel, tonumber(ARGV[3]))
local entries, bytes = {}, 0
local offset = math.max(after + 1, channel.first)
local full = false
while offset <= channel.top and not full do
  local offsets = {}
  for n = offset, math.min(channel.top, offset + 63, offset + max_count - #entries - 1) do
    offsets[#offsets + 1] = n
  end
  if #offsets == 0 then break end
  for n, entry in ipairs(redis.call('HMGET', channel.key, unpack(offsets))) do
    if not entry then
      -- Somebody took it away. What lies before it can no longer be handed out without a gap.
      entries, bytes = {}, 0
      channel.first, channel.trimmed = offsets[n] + 1, true
    else
      bytes = bytes + tonumber(string.match(entry, '^%d+ (%d+)'))
      if bytes > max_bytes and #entries > 0 then
        full = true
        break
      end
      entries[#entries + 1] = entry
    end
  end
  offset = offset + #offsets
end
local witness = after > 0 and witness_at(channel, after) or ''
settle(channel, tonumber(ARGV[2]))
return {channel.epoch, string.format('%.0f', channel.top), channel.id,
  string.format('%.0f', channel.first), channel.lineage, witness, entries}
`,
);

/** KEYS: the channel. ARGV: nonce, idle ms. Answers epoch, offset, witness, state; or nothing. */
export const loadSnapshotScript = new Script(
  "load snapshot",
  `${begin}
local channel = open(KEYS[1], now, generation, ARGV[1])
if not channel.snapshot then return nil end
settle(channel, tonumber(ARGV[2]))
return {channel.epoch, string.format('%.0f', channel.snapshot), channel.snapshot_id,
  redis.call('HGET', channel.key, 'w')}
`,
);

/**
 * Compare-and-set of a snapshot. KEYS: the channel. ARGV: nonce, idle ms, pinned bytes, epoch,
 * offset, witness or "", state. Answers 1 when it stands.
 */
export const storeSnapshotScript = new Script(
  "store snapshot",
  `${begin}
if redis.call('HEXISTS', KEYS[1], 'e') == 0 then return 0 end
local channel = open(KEYS[1], now, generation, ARGV[1])
local idle, max_pinned, offset = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
trim(channel, max_pinned)
local stands = ARGV[4] == channel.epoch and offset <= channel.top and offset + 1 >= channel.first
  and offset > (channel.snapshot or -1)
if stands and ARGV[6] ~= '' then
  local witness = witness_at(channel, offset)
  stands = witness == '' or witness == ARGV[6]
end
if not stands then
  settle(channel, idle)
  return 0
end
channel.snapshot, channel.snapshot_id, channel.rare = offset, ARGV[6], true
redis.call('HSET', channel.key, 'w', ARGV[7])
trim(channel, max_pinned)
save(channel)
renew(channel, idle)
return 1
`,
);
