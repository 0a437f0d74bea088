import { prelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * Cluster-wide commands are one sorted set by number, each as `number at command`; and below zero
 * three of its own: \`\\1l\` the life that cursors belong to, \`\\1g\` the generation it was begun under,
 * \`\\1f\` the number up to which commands have been forgotten. \`\\1v\` has the newest number.
 *
 * KEYS: the set. ARGV: a life to begin if need be, window ms, most commands, then the operation's own.
 */
const begin = `${prelude}
local generation = generation_of()
if not generation then return redis.error_reply(not_master) end
local key, now = KEYS[1], server_time()
local window, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local function text(number) return string.format('%.0f', number) end
local number = -tonumber(string.sub(generation, 1, 12), 16)
local newest = redis.call('ZSCORE', key, '\\1v')
if not newest or tonumber(redis.call('ZSCORE', key, '\\1g')) ~= number then
  newest = newest or '0'
  redis.call('ZADD', key, newest, '\\1v', number, '\\1g', '-' .. ARGV[1], '\\1l', '-' .. newest, '\\1f')
end
newest = tonumber(newest)
local forgotten = -tonumber(redis.call('ZSCORE', key, '\\1f'))
local function forget()
  local before = forgotten
  while forgotten < newest do
    local place = text(forgotten + 1)
    local kept = redis.call('ZRANGEBYSCORE', key, place, place)
    local at
    for _, member in ipairs(kept) do at = at or string.match(member, '^%d+ (%d+) ') end
    if at and now - tonumber(at) < window and newest - forgotten <= most then break end
    for _, member in ipairs(kept) do
      if member ~= '\\1v' then redis.call('ZREM', key, member) end
    end
    forgotten = forgotten + 1
  end
  if forgotten > before then redis.call('ZADD', key, '-' .. text(forgotten), '\\1f') end
end
`;

/** ARGV from 4: the publish command, the relay, the command. */
export const broadcastScript = new Script(
  "broadcast",
  `${begin}
newest = newest + 1
local name = text(newest)
redis.call('ZADD', key, name, '\\1v', name, name .. ' ' .. text(now) .. ' ' .. ARGV[6])
forget()
redis.call(ARGV[4], ARGV[5], ARGV[6])
return newest
`,
);

/** ARGV from 4: the cursor's life and number. Answers life, newest, whether it was known, commands. */
export const recentCommandsScript = new Script(
  "recent commands",
  `${begin}
forget()
local life = text(-redis.call('ZSCORE', key, '\\1l'))
local after = tonumber(ARGV[5])
local known = ARGV[4] == life and after and after >= forgotten and after <= newest
local from = known and '(' .. ARGV[5] or '(' .. text(forgotten)
local commands = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, from, '+inf')) do
  local command = string.match(member, '^%d+ %d+ (.*)$')
  if command then commands[#commands + 1] = command end
end
return {life, text(newest), known and 1 or 0, commands}
`,
);
