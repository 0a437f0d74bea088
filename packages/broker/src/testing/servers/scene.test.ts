import { expect, test } from "vitest";
import { createMemoryBroker } from "../../memory/broker.js";
import { publishRequest } from "../bench.js";
import { openScene } from "./scene.js";

function scene() {
  return openScene((parts) => {
    const broker = createMemoryBroker(parts);
    return {
      connect: async (gateway, listener) => broker.connect(gateway, listener),
      close: () => broker.close(),
    };
  }, "g1");
}

test("what the link is told is heard, and the engine's time passes while something is waited for", async () => {
  const { link, heard, clock, until, close } = await scene();
  await link.follow("a:b", { presence: false });
  clock.after(300, () => void link.publish(publishRequest("a:b", 1)));
  const passedMs = await until(() => heard.offsets("a:b").includes(1));
  expect(passedMs).toBeGreaterThanOrEqual(300);
  await close();
});

test("what does not come about in time is an error", async () => {
  const { until, close } = await scene();
  await expect(until(() => false, 50)).rejects.toThrow("within 50 ms");
  await close();
});
