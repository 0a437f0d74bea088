import { prelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * A channel's presence is one hash: its life, version, generation, count, the number of the last
 * entry, and each member as `order owner digest member`. Under another generation events may
 * have been lost, so the versions begin again in another life.
 *
 * KEYS: the presence hash. ARGV: idle ms, a life to begin if need be, the publish command, the
 * relay, then the operation's own.
 */
const begin = `${prelude}
local generation = generation_of()
if not generation then return redis.error_reply(not_master) end
local key, idle, fresh, command, relay = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local r = redis.call('HMGET', key, 'l', 'v', 'n', 's', 'g')
local life, version, count, order = r[1], tonumber(r[2] or 0), tonumber(r[3] or 0), tonumber(r[4] or 0)
local known = life and r[5] == generation
if not known then life, version = fresh, 0 end

local function save()
  redis.call('HSET', key, 'l', life, 'v', version, 'n', count, 's', order, 'g', generation)
  redis.call('PEXPIRE', key, idle)
end

local function tell(action, member)
  version = version + 1
  redis.call(command, relay, '{"life":"' .. life .. '","version":' .. string.format('%.0f', version)
    .. ',"action":"' .. action .. '","count":' .. string.format('%.0f', count)
    .. ',"member":' .. member .. '}')
end

-- order, owner, digest, member
local function parse(record)
  return string.match(record, '^(%d+) (%S+) (%S+) (.*)$')
end

local function remove(field, member)
  redis.call('HDEL', key, field)
  count = count - 1
  tell('leave', member)
end

local function owned(owner, owners)
  return string.find(' ' .. owners .. ' ', ' ' .. owner .. ' ', 1, true) ~= nil
end
`;

/**
 * ARGV from 5: owner, the owner's former incarnations or "", "enter" or "reclaim", member id,
 * digest, member, most members, generation. Answers "full", "other" (a reclaim of somebody else's),
 * "fenced" (the member's client has come back since), or "ok". The generation is kept with the digest.
 */
export const enterScript = new Script(
  "enter",
  `${begin}
local owner, formers, mode, id, digest, member = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local turn = tonumber(ARGV[12])
local record = redis.call('HGET', key, 'm' .. id)
local place = order + 1
if record then
  local held_place, holder, stamp = parse(record)
  local sum, held_turn = string.match(stamp, '^([^@]*)@?(%d*)$')
  held_turn = tonumber(held_turn) or 0
  if turn < held_turn then return 'fenced' end
  if mode == 'reclaim' and turn == held_turn and holder ~= owner and not owned(holder, formers) then
    return 'other'
  end
  place = held_place
  if sum ~= digest then tell('update', member) end
else
  if count >= tonumber(ARGV[11]) then return 'full' end
  order, count = order + 1, count + 1
  tell('enter', member)
end
local stamp = digest .. '@' .. ARGV[12]
redis.call('HSET', key, 'm' .. id, place .. ' ' .. owner .. ' ' .. stamp .. ' ' .. member)
save()
return 'ok'
`,
);

/** ARGV from 5: the owner's incarnations, member id. Answers whether a member of theirs was there. */
export const leaveScript = new Script(
  "leave",
  `${begin}
local record = redis.call('HGET', key, 'm' .. ARGV[6])
if not record then return 0 end
local _, holder, _, member = parse(record)
if not owned(holder, ARGV[5]) then return 0 end
remove('m' .. ARGV[6], member)
save()
return 1
`,
);

/** Takes out every member of a dead owner. ARGV from 5: the owner. Answers how many there were. */
export const sweepScript = new Script(
  "sweep",
  `${begin}
local swept = 0
local all = redis.call('HGETALL', key)
for n = 1, #all, 2 do
  if string.sub(all[n], 1, 1) == 'm' then
    local _, holder, _, member = parse(all[n + 1])
    if holder == ARGV[5] then
      remove(all[n], member)
      swept = swept + 1
    end
  end
end
if swept > 0 then save() end
return swept
`,
);

/** Answers life, version and the whole hash. ARGV from 5: "watch" begins the life if there is none. */
export const viewScript = new Script(
  "view",
  `${begin}
if (r[1] and not known) or ARGV[5] == 'watch' then save() end
return {life, string.format('%.0f', version), redis.call('HGETALL', key)}
`,
);

/**
 * The leases of all incarnations: one sorted set of the server's time until which each is alive,
 * and below zero two of its own: \`\\1g\` the generation, \`\\1s\` since when it has been watched. A lease
 * that ran out is never renewed: its holder takes a new incarnation.
 *
 * KEYS: the leases. ARGV: incarnation, "register" or "renew" or "end" or "look", lease ms.
 * Answers whether the lease stands, how long the set has been watched, those past their time, and,
 * for "look", all there are and those that are alive.
 */
export const leaseScript = new Script(
  "lease",
  `${prelude}
local generation = generation_of()
if not generation then return redis.error_reply(not_master) end
local key, incarnation, mode, lease = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = server_time()
local number = -tonumber(string.sub(generation, 1, 12), 16)
if tonumber(redis.call('ZSCORE', key, '\\1g') or 0) ~= number then
  redis.call('ZADD', key, number, '\\1g', -now, '\\1s')
end
local since = -tonumber(redis.call('ZSCORE', key, '\\1s'))
local stands = 1
if mode == 'register' then
  redis.call('ZADD', key, now + lease, incarnation)
elseif mode ~= 'look' then
  local until_ms = redis.call('ZSCORE', key, incarnation)
  if not until_ms or tonumber(until_ms) <= now then stands = 0
  elseif mode == 'end' then redis.call('ZADD', key, now, incarnation)
  else redis.call('ZADD', key, now + lease, incarnation) end
end
local now_text = string.format('%.0f', now)
local all, alive = {}, {}
if mode == 'look' then
  all = redis.call('ZRANGEBYSCORE', key, 0, '+inf')
  alive = redis.call('ZRANGEBYSCORE', key, '(' .. now_text, '+inf')
end
return {stands, string.format('%.0f', now - since),
  redis.call('ZRANGEBYSCORE', key, 0, now_text, 'LIMIT', 0, 64), all, alive}
`,
);

/** Forgets a dead incarnation's lease, unless it is alive. KEYS: the leases. ARGV: incarnation. */
export const forgetLeaseScript = new Script(
  "forget lease",
  `${prelude}
local until_ms = redis.call('ZSCORE', KEYS[1], ARGV[1])
if until_ms and tonumber(until_ms) <= server_time() then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
`,
);

/**
 * Keeps what an incarnation holds in a partition. KEYS: its set of channels. ARGV: ms to keep it, how
 * many channels are added, those, and channels it no longer holds. Answers how many it held before
 * and the server's generation.
 */
export const keepHeldScript = new Script(
  "keep held",
  `${prelude}
local generation = generation_of()
if not generation then return redis.error_reply(not_master) end
local key, added = KEYS[1], tonumber(ARGV[2])
local count = redis.call('SCARD', key)
for n = 3, #ARGV do
  redis.call(n - 2 <= added and 'SADD' or 'SREM', key, ARGV[n])
end
redis.call('PEXPIRE', key, ARGV[1])
return {count, generation}
`,
);

/**
 * Takes a gateway off the list of nodes if the record is that incarnation's. KEYS: the list, a hash
 * of `incarnation record` by gateway. ARGV: gateway, incarnation.
 */
export const removeNodeScript = new Script(
  "remove node",
  `
local record = redis.call('HGET', KEYS[1], ARGV[1])
if record and string.find(record, ARGV[2] .. ' ', 1, true) == 1 then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
return 0
`,
);
