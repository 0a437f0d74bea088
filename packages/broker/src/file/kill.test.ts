import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { type BrokerLink, type HistoryPage, isFailure } from "../contract.js";
import { createFileBroker } from "./mod.js";
import type { PublisherMessage } from "./testing/publisher-process.js";

type Acknowledged = Extract<PublisherMessage, { readonly type: "acknowledged" }>;

/** Lives of the publisher, each ended by SIGKILL. */
const lives = Number(process.env.HOLDFAST_TEST_KILLS ?? 6);
const entry = fileURLToPath(
  new URL("../../dist/file/testing/publisher-process.js", import.meta.url),
);

/** Publishes in a process of its own and kills it after so many acknowledgements. */
async function liveAndDie(
  folder: string,
  life: number,
  killAfter: number,
): Promise<Acknowledged[]> {
  const child: ChildProcess = fork(entry, [folder, "publish", String(life)], { execArgv: [] });
  const acknowledged: Acknowledged[] = [];
  child.on("message", (message: PublisherMessage) => {
    if (message.type !== "acknowledged") return;
    acknowledged.push(message);
    if (acknowledged.length === killAfter) child.kill("SIGKILL");
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return acknowledged;
}

async function pagesOf(link: BrokerLink, channel: string): Promise<HistoryPage> {
  const entries: HistoryPage["entries"][number][] = [];
  for (;;) {
    const after = entries.at(-1)?.offset ?? 0;
    const page = await link.read({ channel, after, maxCount: 1_000, maxBytes: 1e9 });
    if (isFailure(page)) throw new Error(page.code);
    entries.push(...page.entries);
    if (page.entries.length === 0) return { ...page, entries };
  }
}

test(
  "nothing acknowledged is lost by SIGKILL at any moment, and every epoch goes on",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-kill-"));
    const random = new SeededRandom(Date.now());
    const acknowledged: Acknowledged[] = [];
    for (let life = 1; life <= lives; life += 1) {
      const killAfter = 1 + Math.floor(random.next() * 1_500);
      acknowledged.push(...(await liveAndDie(folder, life, killAfter)));
    }
    const broker = await createFileBroker({ folder, clock: new VirtualClock(Date.now()), random });
    const nothing = () => {};
    const link = broker.connect("reader", {
      onEntry: nothing,
      onEphemeral: nothing,
      onPresence: nothing,
      onRelayGap: nothing,
      onAvailability: nothing,
      onCommand: nothing,
    });
    for (const channel of new Set(acknowledged.map((ack) => ack.channel))) {
      const acks = acknowledged.filter((ack) => ack.channel === channel);
      const page = await pagesOf(link, channel);
      // One epoch over all lives, offsets without holes, nothing twice.
      expect(new Set([page.epoch, ...acks.map((ack) => ack.epoch)]).size).toBe(1);
      expect([page.first, page.entries.length]).toEqual([1, page.top]);
      expect(new Set(page.entries.map((each) => each.data)).size).toBe(page.top);
      for (const { offset, id, data } of acks) {
        expect(page.entries[offset - 1]).toMatchObject({ offset, id, data });
      }
    }
    expect(acknowledged.length).toBeGreaterThan(lives);
    await broker.close();
    await rm(folder, { recursive: true });
  },
  60_000 + 10_000 * lives,
);
