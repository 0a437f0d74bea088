// A process that opens a file store and publishes into it until it is killed; it reports what was
// acknowledged. With "hold" it only keeps the store open.
import type { Clock, Random } from "@holdfast/core";
import { createFileBroker } from "../node/open.js";

/** What a publisher process says. */
export type PublisherMessage =
  | { readonly type: "open" }
  | {
      readonly type: "acknowledged";
      readonly channel: string;
      readonly epoch: string;
      readonly offset: number;
      readonly id: string;
      readonly data: string;
    };

const [, , folder = "", task = "publish", life = "1"] = process.argv;

const clock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (callback) => queueMicrotask(callback),
};
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const random: Random = {
  next: () => Math.random(),
  id: (length) =>
    Array.from({ length }, () => alphabet[Math.floor(Math.random() * 64)] ?? "A").join(""),
};

const say = (message: PublisherMessage) => process.send?.(message);
const nothing = () => {};
const broker = await createFileBroker({ folder, clock, random });
const link = broker.connect(`g${life}`, {
  onEntry: nothing,
  onEphemeral: nothing,
  onPresence: nothing,
  onRelayGap: nothing,
  onAvailability: nothing,
  onCommand: nothing,
});
say({ type: "open" });

/** One publisher: the next publish goes out when the last one is acknowledged. */
async function publishForever(channel: string, publisher: number): Promise<void> {
  for (let seq = 1; ; seq += 1) {
    const data = `${life}.${publisher}.${seq}`;
    const outcome = await link.publish({
      channel,
      data,
      timeMs: Date.now(),
      history: { maxCount: 1_000_000, maxBytes: 1e9, maxAgeMs: 3_600_000 },
      key: { scope: "p", value: data },
      session: { id: `session-${life}-${publisher}`, seq },
    });
    if (!outcome.ok) throw new Error(outcome.message);
    const { epoch, offset, id } = outcome;
    say({ type: "acknowledged", channel, epoch, offset, id, data });
  }
}

process.on("disconnect", () => process.exit(0));
if (task === "publish") {
  for (let publisher = 0; publisher < 40; publisher += 1) {
    void publishForever(`load:${publisher % 4}`, publisher);
  }
}
