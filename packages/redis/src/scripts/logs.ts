import { prelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * A fenced log is one hash: newest and oldest sequence, bytes, the highest token, the sequence and
 * the bytes of its snapshot, and each entry as `token bytes`. A deleted log keeps its token until
 * the key expires.
 *
 * Refusals are lines: `f token`, `s top`, `b`.
 */
const begin = `${prelude}
if not generation_of() then return redis.error_reply(not_master) end
local key = KEYS[1]
local r = redis.call('HMGET', key, 't', 'f', 'b', 'k', 'n')
local top, first, bytes = tonumber(r[1] or 0), tonumber(r[2] or 1), tonumber(r[3] or 0)
local token, snapshot = tonumber(r[4] or 0), tonumber(r[5] or -1)
local function text(number) return string.format('%.0f', number) end
local function fenced(given)
  if tonumber(given) < token then return 'f ' .. text(token) end
end
`;

/** ARGV: token, expected sequence, most bytes, then the entries. Answers `a top` or a refusal. */
export const appendLogScript = new Script(
  "append to log",
  `${begin}
local refusal = fenced(ARGV[1])
if refusal then return refusal end
if tonumber(ARGV[2]) ~= top then return 's ' .. text(top) end
local added = 0
for n = 4, #ARGV do added = added + #ARGV[n] end
if added > 0 and bytes + added > tonumber(ARGV[3]) then return 'b' end
local put = {'k', ARGV[1], 't', top + #ARGV - 3, 'f', first, 'b', bytes + added}
for n = 4, #ARGV do
  put[#put + 1] = text(top + n - 3)
  put[#put + 1] = ARGV[1] .. ' ' .. ARGV[n]
end
redis.call('HSET', key, unpack(put))
redis.call('PERSIST', key)
return 'a ' .. text(top + #ARGV - 3)
`,
);

/** ARGV: after, count, bytes. Answers top, first, token, and the entries. */
export const readLogScript = new Script(
  "read log",
  `${begin}
local max_count, max_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local entries, size, sequence, full = {}, 0, math.max(tonumber(ARGV[1]) + 1, first), false
while sequence <= top and not full do
  local wanted = {}
  for n = sequence, math.min(top, sequence + 63, sequence + max_count - #entries - 1) do
    wanted[#wanted + 1] = text(n)
  end
  if #wanted == 0 then break end
  for _, entry in ipairs(redis.call('HMGET', key, unpack(wanted))) do
    size = size + #entry - string.find(entry, ' ', 1, true)
    if size > max_bytes and #entries > 0 then
      full = true
      break
    end
    entries[#entries + 1] = entry
  end
  sequence = sequence + #wanted
end
return {text(top), text(first), text(token), entries}
`,
);

/** ARGV: token, sequence, trim through, state. Answers `a` or a refusal. */
export const storeLogSnapshotScript = new Script(
  "store log snapshot",
  `${begin}
local refusal = fenced(ARGV[1])
if refusal then return refusal end
local sequence, through = tonumber(ARGV[2]), tonumber(ARGV[3])
if sequence > top or sequence <= snapshot then return 's ' .. text(top) end
while first <= through do
  local gone = {}
  for n = first, math.min(through, first + 63) do gone[#gone + 1] = text(n) end
  for _, entry in ipairs(redis.call('HMGET', key, unpack(gone))) do
    bytes = bytes - (#entry - string.find(entry, ' ', 1, true))
  end
  redis.call('HDEL', key, unpack(gone))
  first = first + #gone
end
redis.call('HSET', key, 'k', ARGV[1], 't', text(top), 'f', text(first), 'b', text(bytes),
  'n', ARGV[2], 'w', ARGV[4])
return 'a'
`,
);

/** Answers the sequence and the state, or nothing. */
export const loadLogSnapshotScript = new Script(
  "load log snapshot",
  `${begin}
if snapshot < 0 then return nil end
return {text(snapshot), redis.call('HGET', key, 'w')}
`,
);

/** ARGV: token, ms to remember it. Answers `a` or a refusal. */
export const deleteLogScript = new Script(
  "delete log",
  `${begin}
local refusal = fenced(ARGV[1])
if refusal then return refusal end
redis.call('UNLINK', key)
redis.call('HSET', key, 'k', ARGV[1])
redis.call('PEXPIRE', key, ARGV[2])
return 'a'
`,
);
