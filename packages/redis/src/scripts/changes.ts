import { prelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * A partition's changes are one sorted set: channels by the version of their newest change, and
 * four members of the index's own, whose names no channel can have. `\\1v` has the newest version;
 * below zero, so that no range of versions meets them: `\\1l` the life that cursors belong to, `\\1g`
 * the generation it was begun under, `\\1f` the version up to which changes have been forgotten.
 */
const open = `${prelude}
local function open_index(key, life, idle)
  local generation = generation_of()
  if not generation then return nil end
  local number = -tonumber(string.sub(generation, 1, 12), 16)
  local version = redis.call('ZSCORE', key, '\\1v')
  if not version or tonumber(redis.call('ZSCORE', key, '\\1g')) ~= number then
    local from = tonumber(version or 0)
    redis.call('ZADD', key, from, '\\1v', number, '\\1g', '-' .. life, '\\1l', -from, '\\1f')
    redis.call('PEXPIRE', key, idle)
  end
  return {
    version = tonumber(redis.call('ZSCORE', key, '\\1v')),
    life = string.format('%.0f', -redis.call('ZSCORE', key, '\\1l')),
    floor = -tonumber(redis.call('ZSCORE', key, '\\1f')),
  }
end
`;

/**
 * KEYS: the index. ARGV: a life to begin if need be, idle ms, the cursor's life and version.
 * Answers life, newest version, whether the cursor was known, and the channels changed after it.
 */
export const changesScript = new Script(
  "changes",
  `${open}
local index = open_index(KEYS[1], ARGV[1], ARGV[2])
if not index then return redis.error_reply(not_master) end
local version = string.format('%.0f', index.version)
local after = tonumber(ARGV[4])
if ARGV[3] ~= index.life or not after or after < index.floor or after > index.version then
  return {index.life, version, 0, {}}
end
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[4], '+inf')
return {index.life, version, 1, names}
`,
);

/** Notes changes that a publish could not. KEYS: the index. ARGV: life, idle ms, channel names. */
export const noteScript = new Script(
  "note changes",
  `${open}
local index = open_index(KEYS[1], ARGV[1], ARGV[2])
if not index then return redis.error_reply(not_master) end
local version = index.version
local pairs = {}
for n = 3, #ARGV do
  version = version + 1
  pairs[#pairs + 1] = version
  pairs[#pairs + 1] = ARGV[n]
end
redis.call('ZADD', KEYS[1], version, '\\1v', unpack(pairs))
return version
`,
);
