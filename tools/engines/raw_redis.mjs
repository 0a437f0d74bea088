import { Redis } from "ioredis";
import { Keys } from "../../packages/redis/dist/keys.js";
import { resolveLimits } from "../../packages/redis/dist/limits.js";
import { publishCall } from "../../packages/redis/dist/publishing/batch.js";
import { publishItem } from "../../packages/redis/dist/publishing/item.js";
import { publishScript } from "../../packages/redis/dist/scripts/publish.js";
import { platform, publishRequest } from "./measure.mjs";

const limits = resolveLimits({});
const keys = new Keys("raw:", limits.partitions);

/**
 * The same script with the same batches by the bare client library: what the engine's own work costs
 * beside it.
 * @param {number} port
 * @param {number} ms
 */
export async function rawRedis(port, ms) {
  const client = new Redis(port, "127.0.0.1");
  const digest = await client.script("LOAD", publishScript.source);
  const seqs = new Map();
  const session = platform.random.id(12);
  let sent = 0;
  let acknowledged = 0;
  const beganMs = performance.now();
  const lane = async () => {
    while (performance.now() - beganMs < ms) {
      const items = [];
      for (let n = 0; n < limits.maxBatchCount; n += 1) {
        const request = publishRequest(sent++, seqs, session);
        const item = publishItem(request, platform.random.id(8), limits, () => {});
        if ("ok" in item) throw new Error(item.code);
        items.push(item);
      }
      /** @type {import("../../packages/redis/dist/publishing/batch.js").CallHead} */
      const head = { command: "SPUBLISH", nonce: platform.random.id(12), life: 1 };
      const call = publishCall(items, head, keys, limits);
      await client.callBuffer(
        "EVALSHA",
        String(digest),
        call.keys.length,
        ...call.keys,
        ...call.args,
      );
      acknowledged += items.length;
    }
  };
  await Promise.all([lane(), lane()]);
  const perSecond = acknowledged / ((performance.now() - beganMs) / 1_000);
  client.disconnect();
  return { acknowledged, perSecond };
}
