import { brokerChecks, runBrokerCheck } from "@holdfast/broker/testing";
import { afterAll, describe, expect, test } from "vitest";
import { NatsServer } from "./local/nats_server.js";
import { bundleHarness, type PlantedFault } from "./testing/planting.js";

/** A defect of an atomic step, and a line of the contract that must find it. */
interface Planted extends PlantedFault {
  readonly defect: string;
  /** Part of the sentence of a check. */
  readonly found: string;
}

const planted: readonly Planted[] = [
  {
    defect: "a step is stored whatever the subject's last message is",
    file: "journal/journal.ts",
    find: "store.put(subject, text, { expected })",
    replace: "store.put(subject, text)",
    found: "gives publishers on several links one order without holes",
  },
  {
    defect: "a repeat is judged by what the gateway remembers",
    file: "journal/journal.ts",
    find: "if (sure || verified) return result;",
    replace: "return result;",
    found: "ends a lower generation with the first entry of a higher one, whatever is late of it",
  },
  {
    defect: "another generation's channel goes on in the same epoch",
    file: "journal/journal.ts",
    find: "return this.#fold.state !== undefined && this.#fold.generation === this.#parts.store.generation;",
    replace: "return this.#fold.state !== undefined;",
    found: "begins a new epoch with lineage when a suffix was lost",
  },
  {
    defect: "a server's new process is taken for the old one",
    file: "servers/store.ts",
    find: 'if (boot !== "" && now !== "" && boot !== now) return true;',
    replace: "",
    found: "begins a new epoch with lineage when a suffix was lost",
  },
  {
    defect: "the lineage reaches one too far",
    file: "channels/journal_type.ts",
    find: "[{ parent: epoch, upTo: log.top }",
    replace: "[{ parent: epoch, upTo: log.top + 1 }",
    found: "begins a new epoch with lineage when a suffix was lost",
  },
  {
    defect: "publish keys are not stored",
    file: "channels/draft_publishers.ts",
    find: "digest, keyName ?? null, id,",
    replace: "digest, null, id,",
    found: "recognises a key on every link",
  },
  {
    defect: "a session's place is not stored",
    file: "channels/draft_publishers.ts",
    find: "keyName ?? null, id, generation",
    replace: "keyName ?? null, null, generation",
    found: "counts a session's seq per channel, on whichever link it publishes",
  },
  {
    defect: "the head told without folding is that of before",
    file: "channels/draft.ts",
    find: "[epoch, offset, id];",
    replace: "[epoch, offset - 1, id];",
    found: "shows on every link at once what was acknowledged",
  },
  {
    defect: "what was trimmed is not noted",
    file: "channels/draft_log.ts",
    find: "this.#first += 1;",
    replace: "this.#first += 0; break;",
    found: "retains exactly the newest `maxCount` entries",
  },
  {
    defect: "the snapshot is not noted in the channel",
    file: "channels/draft.ts",
    find: 'ops.push(["x", { position, blob }]);',
    replace: "{}",
    found: "has no snapshot until one is stored",
  },
  {
    defect: "changes are looked for from the newest message on",
    file: "channels/changes.ts",
    find: "await store.places(filter, index.scanned + 1)",
    replace: "await store.places(filter, last + 1)",
    found: "names the channels of a partition that changed since a cursor",
  },
  {
    defect: "an entry is told a second time",
    file: "follows.ts",
    find: "if (entry !== undefined) this.#tell(channel, epoch, entry);",
    replace: "if (entry !== undefined) for (const _ of [1, 2]) this.#tell(channel, epoch, entry);",
    found: "tells every following link of every entry once and in order",
  },
  {
    defect: "a lease is given to two",
    file: "leases.ts",
    find: "held.untilMs > nowMs && held.holder !== holder",
    replace: "false && held.holder !== holder",
    found: "lets exactly one of many holders have a lease",
  },
  {
    defect: "a lease is stored whatever was stored meanwhile",
    file: "leases.ts",
    find: "{ expected, replaces: true }",
    replace: "{ replaces: true }",
    found: "lets exactly one of many holders have a lease",
  },
  {
    defect: "a dead gateway's members go without a word",
    file: "presence/sweeper.ts",
    find: "await Promise.all(some.map((channel) => this.#rooms.sweep(channel, name)));",
    replace: "",
    found: "clears the members of a crashed gateway",
  },
  {
    defect: "an entry again as it is counts as an update",
    file: "presence/rooms.ts",
    find: "if (!same) {",
    replace: "if (!same || same) {",
    found: "says nothing when a member enters again as it is",
  },
  {
    defect: "a call is handed to every member of a group",
    file: "calls/services.ts",
    find: "hearer, tokenOf(group))",
    replace: "hearer, tokenOf(group + service.member))",
    found: "hands each call to one member of a group",
  },
  {
    defect: "a command is told and not kept",
    file: "commands.ts",
    find: "if (last === undefined || last.seq <= after) return [];",
    replace: "return [];",
    found: "has the commands of the last while",
  },
];

let server: Promise<NatsServer> | undefined;
let count = 0;
afterAll(async () => {
  await (await server)?.dispose();
});

function checkOf(sentence: string) {
  const all = Object.values(brokerChecks).flat();
  const found = all.find((check) => check.sentence.includes(sentence));
  if (found === undefined) throw new Error(`no check says: ${sentence}`);
  return found;
}

async function run(sentence: string, fault?: PlantedFault): Promise<void> {
  server ??= NatsServer.start({ syncAlways: false });
  const started = await server;
  count += 1;
  const { NatsHarness } = await bundleHarness(fault);
  await runBrokerCheck(checkOf(sentence), async () => new NatsHarness(started, count));
}

describe("the conformance suite finds a defect in an atomic step", () => {
  test.each(planted)("$defect", { timeout: 60_000 }, async (fault) => {
    const broken = await run(fault.found, fault).then(
      () => "nothing",
      (error: Error) => error.message,
    );
    // Neither kept, nor broken because the engine no longer runs at all.
    expect(broken).not.toMatch(/^nothing$|unavailable|internal|not a function/);
    await run(fault.found);
  });
});
