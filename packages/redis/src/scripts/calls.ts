import { prelude } from "./prelude.js";
import { Script } from "./script.js";

/**
 * Hands a call to one member of each group that serves its subject: the members take turns, and one
 * whose process no longer listens is passed over and forgotten; a living one registers again when its
 * connection is back.
 *
 * KEYS: who serves the subject, a hash of `group inbox number` and `*` for the turn. ARGV: the
 * publish command, the call. Answers `group inbox number` of each member that has it.
 */
export const callScript = new Script(
  "call",
  `${prelude}
if not generation_of() then return redis.error_reply(not_master) end
local groups, names = {}, {}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local group = string.match(field, '^(%S+) ')
  if group then
    if not groups[group] then
      groups[group] = {}
      names[#names + 1] = group
    end
    table.insert(groups[group], field)
  end
end
if #names == 0 then return {} end
local turn = redis.call('HINCRBY', KEYS[1], '*', 1)
local given = {}
for _, name in ipairs(names) do
  local members = groups[name]
  table.sort(members)
  for n = 1, #members do
    local field = members[(turn + n) % #members + 1]
    local inbox, number = string.match(field, '^%S+ (%S+) (%S+)$')
    if redis.call(ARGV[1], inbox, 'C' .. number .. ' ' .. ARGV[2]) > 0 then
      given[#given + 1] = field
      break
    end
    redis.call('HDEL', KEYS[1], field)
  end
end
return given
`,
);
