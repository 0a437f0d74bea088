import { brokerChecks, runBrokerCheck } from "@holdfast/broker/testing";
import { afterAll, describe, expect, test } from "vitest";
import { callScript } from "./scripts/calls.js";
import { changesScript } from "./scripts/changes.js";
import { readScript, storeSnapshotScript } from "./scripts/channels.js";
import { broadcastScript } from "./scripts/commands.js";
import { acquireLeaseScript } from "./scripts/fenced_leases.js";
import { appendLogScript } from "./scripts/logs.js";
import { enterScript, leaseScript, sweepScript } from "./scripts/presence.js";
import { publishScript } from "./scripts/publish.js";
import type { Script } from "./scripts/script.js";
import { RedisHarness, ShiftedServer } from "./testing/harness.js";

/** A defect of an atomic step, and a line of the contract that must find it. */
interface Planted {
  readonly defect: string;
  readonly scripts: readonly Script[];
  readonly from: string;
  readonly to: string;
  /** Part of the sentence of a check. */
  readonly found: string;
}

const generation = "if r[2] ~= generation then";

const planted: readonly Planted[] = [
  {
    defect: "another master's channel goes on in the same epoch",
    scripts: [publishScript, readScript],
    from: generation,
    to: "if false then",
    found: "begins a new epoch with lineage when a suffix was lost",
  },
  {
    defect: "the lineage reaches one too far",
    scripts: [publishScript, readScript],
    from: "descend(channel.lineage, channel.epoch, channel.top)",
    to: "descend(channel.lineage, channel.epoch, channel.top + 1)",
    found: "begins a new epoch with lineage when a suffix was lost",
  },
  {
    defect: "a repeat with a known key is appended again",
    scripts: [publishScript],
    from: "if outcome and age_of(outcome) < key_window then",
    to: "if false then",
    found: "answers a repeated key with the first outcome",
  },
  {
    defect: "a known key's other payload is taken for the same",
    scripts: [publishScript],
    from: "if sum ~= digest then return 'c' end",
    to: "",
    found: "refuses a key with another payload",
  },
  {
    defect: "a session's order is not looked at",
    scripts: [publishScript],
    from: "if item.seq ~= last + 1 then",
    to: "if false then",
    found: "refuses a seq that is not the next",
  },
  {
    defect: "the expected offset is not looked at",
    scripts: [publishScript],
    from: "tonumber(item.expected) ~= channel.top",
    to: "false",
    found: "lets exactly one of many with the same `expectedOffset` through",
  },
  {
    defect: "an entry is fanned out without its own offset",
    scripts: [publishScript],
    from: "local head = string.format('%.0f', channel.top)",
    to: "local head = string.format('%.0f', channel.top + 1)",
    found: "tells links and readers the same",
  },
  {
    defect: "a change is not noted",
    scripts: [publishScript],
    from: "note(channel, unnoted)",
    to: "",
    found: "names the channels of a partition that changed since a cursor",
  },
  {
    defect: "a cursor names only what comes after it was given back",
    scripts: [changesScript],
    from: "'(' .. ARGV[4], '+inf'",
    to: "'(' .. version, '+inf'",
    found: "names the channels of a partition that changed since a cursor",
  },
  {
    defect: "trimming passes the stored snapshot",
    scripts: [publishScript, readScript, storeSnapshotScript],
    from: "drop_oldest(channel, kept or FOREVER)",
    to: "drop_oldest(channel, FOREVER)",
    found: "never trims what follows the stored snapshot",
  },
  {
    defect: "a snapshot of another epoch is stored",
    scripts: [storeSnapshotScript],
    from: "ARGV[4] == channel.epoch and",
    to: "",
    found: "refuses a snapshot of another epoch",
  },
  {
    defect: "an older owner may write to a log",
    scripts: [appendLogScript],
    from: "local refusal = fenced(ARGV[1])",
    to: "local refusal",
    found: "refuses a lower token than the log has seen",
  },
  {
    defect: "a lease's token does not rise",
    scripts: [acquireLeaseScript],
    from: "token = math.max(token + 1, now)",
    to: "token = math.max(token, 1)",
    found: "gives ever higher tokens for a name",
  },
  {
    defect: "a lease is given to two",
    scripts: [acquireLeaseScript],
    from: "if held and holder ~= ARGV[1]",
    to: "if false",
    found: "lets exactly one of many holders have a lease",
  },
  {
    defect: "a dead gateway's members go without a word",
    scripts: [sweepScript],
    from: "remove(all[n], member)",
    to: "redis.call('HDEL', key, all[n]); count = count - 1",
    found: "clears the members of a crashed gateway",
  },
  {
    defect: "a missed lease is taken up again and the dead never go",
    scripts: [leaseScript],
    from: "redis.call('ZRANGEBYSCORE', key, 0, now_text, 'LIMIT', 0, 64)",
    to: "{}",
    found: "clears the members of a crashed gateway",
  },
  {
    defect: "an entry again as it is counts as an update",
    scripts: [enterScript],
    from: "if sum ~= digest then",
    to: "if true then",
    found: "says nothing when a member enters again as it is",
  },
  {
    defect: "a call is handed to every member of a group",
    scripts: [callScript],
    from: "      break\n",
    to: "",
    found: "hands each call to one member of a group",
  },
  {
    defect: "a command is told and not kept",
    scripts: [broadcastScript],
    from: ", name, name .. ' ' .. text(now) .. ' ' .. ARGV[6])",
    to: ")",
    found: "has the commands of the last while",
  },
];

let shifted: Promise<ShiftedServer> | undefined;
let count = 0;
afterAll(async () => {
  await (await shifted)?.dispose();
});

function checkOf(sentence: string) {
  const all = Object.values(brokerChecks).flat();
  const found = all.find((check) => check.sentence.includes(sentence));
  if (found === undefined) throw new Error(`no check says: ${sentence}`);
  return found;
}

async function run(sentence: string): Promise<void> {
  shifted ??= ShiftedServer.start();
  const server = await shifted;
  count += 1;
  await runBrokerCheck(checkOf(sentence), async () => new RedisHarness(server, count));
}

function replaceSource(script: Script, source: string): void {
  Object.assign(script, { source });
}

describe("the conformance suite finds a defect in an atomic step", () => {
  test.each(planted)("$defect", async ({ scripts, from, to, found }) => {
    const sources = scripts.map((script) => script.source);
    try {
      for (const script of scripts) {
        // A mutation that no longer fits the script would prove nothing.
        expect(script.source).toContain(from);
        replaceSource(script, script.source.replaceAll(from, to));
      }
      const broken = await run(found).then(
        () => "nothing",
        (error: Error) => error.message,
      );
      // Neither kept, nor broken because the script no longer runs at all.
      expect(broken).not.toMatch(/^nothing$|unavailable|internal/);
    } finally {
      for (const [index, script] of scripts.entries()) replaceSource(script, sources[index] ?? "");
    }
    await run(found);
  });
});
