import { expect, it } from "vitest";
import { endAfterEach, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";

endAfterEach();

it("abuse 29: closing tells every client to come back, with a delay and a spread, then closes", async () => {
  const { webSocketUrl, gateway, url } = await serve();
  const clients = await Promise.all(Array.from({ length: 5 }, () => JsonClient.open(webSocketUrl)));
  for (const client of clients) {
    await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  }
  const closing = gateway.close({ drainMs: 200 });
  expect(gateway.ready).toBe(false);
  expect(await gateway.publish("chat:a", 1)).toMatchObject({ ok: false, code: "draining" });
  for (const client of clients) {
    expect(await client.closed()).toBe(4000);
    expect(client.closeReason).toBe("draining");
    expect(client.ofType("disconnect")).toEqual([
      expect.objectContaining({ code: 4000, reason: "draining", reconnect: true }),
    ]);
  }
  await closing;
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

it("closing again gives the same promise", async () => {
  const { gateway } = await serve();
  const first = gateway.close({ drainMs: 0 });
  expect(gateway.close()).toBe(first);
  await first;
});
