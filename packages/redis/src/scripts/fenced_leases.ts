import { prelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * A lease with a fencing token is one hash: holder, token, the server's time until which it is
 * held. It outlives its end, so that tokens go on rising although the clock is set back; where it
 * is forgotten, they go on from the clock.
 *
 * KEYS: the lease.
 */
const begin = `${prelude}
if not generation_of() then return redis.error_reply(not_master) end
local key, now = KEYS[1], server_time()
local r = redis.call('HMGET', key, 'h', 't', 'u')
local holder, token, until_ms = r[1], tonumber(r[2] or 0), tonumber(r[3] or 0)
local held = holder and until_ms > now
local function text(number) return string.format('%.0f', number) end
local function keep(lease, memory)
  redis.call('PEXPIRE', key, text(lease + memory))
end
`;

/** ARGV: holder, ms to live, ms to remember the token. Answers `a token` or `h ms left`. */
export const acquireLeaseScript = new Script(
  "acquire lease",
  `${begin}
if held and holder ~= ARGV[1] then return 'h ' .. text(math.max(1, until_ms - now)) end
token = math.max(token + 1, now)
redis.call('HSET', key, 'h', ARGV[1], 't', text(token), 'u', text(now + tonumber(ARGV[2])))
keep(tonumber(ARGV[2]), tonumber(ARGV[3]))
return 'a ' .. text(token)
`,
);

/** ARGV: token, ms to live (0 releases), ms to remember the token. Answers `a` or `l`. */
export const renewLeaseScript = new Script(
  "renew lease",
  `${begin}
if not held or token ~= tonumber(ARGV[1]) then return 'l' end
redis.call('HSET', key, 'u', text(now + tonumber(ARGV[2])))
keep(tonumber(ARGV[2]), tonumber(ARGV[3]))
return 'a'
`,
);
