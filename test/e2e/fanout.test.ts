import { afterEach, describe, expect, it, vi } from "vitest";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";

endAfterEach();
afterEach(() => vi.unstubAllEnvs());

const subscribe = (channel: string) => ({ type: "subscribe", channel });
const history = { maxCount: 10_000, maxBytes: 500_000_000, maxAgeMs: 60_000 };

describe.each([
  ["native", ""],
  ["javascript", "javascript"],
])("with the %s fan-out", (_kind, choice) => {
  const serveIt: typeof serve = (options) => {
    vi.stubEnv("HOLDFAST_FANOUT", choice);
    return serve({ channels: { "chat:*": { history } }, ...options });
  };

  it("one publication to many reaches each of them once, also several in one tick", async () => {
    const { webSocketUrl, gateway } = await serveIt();
    const clients = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const protocols = index % 2 === 0 ? [] : ["holdfast.v1.json"];
        const client = await JsonClient.open(webSocketUrl, { protocols });
        await client.ask(subscribe("chat:a"), "subscribed");
        return client;
      }),
    );
    const big = "x".repeat(30_000);
    await gateway.publish("chat:a", 1);
    await Promise.all([2, big, 4, big, 6].map((data) => gateway.publish("chat:a", data)));
    for (const client of clients) {
      await client.until(() => client.ofType("publication").length === 6);
      expect(client.ofType("publication").map(({ data }) => data)).toEqual([1, 2, big, 4, big, 6]);
    }
  });

  it("nothing of a channel reaches a stalled reader after its permission was withdrawn", async () => {
    let isAllowed = true;
    const { webSocketUrl, gateway } = await serveIt({
      anonymous: {},
      authorize: ({ channel }) => isAllowed || channel !== "chat:secret",
      settings: { maxOutboundBytes: 100_000_000 },
    });
    const client = await JsonClient.open(webSocketUrl);
    await client.ask(subscribe("chat:secret"), "subscribed");
    await client.ask(subscribe("chat:open"), "subscribed");
    client.socket.pause();
    // More than the system's socket buffers take, so that some of it waits in the gateway.
    const data = "x".repeat(50_000);
    for (let count = 0; count < 300; count++) await gateway.publish("chat:secret", data);
    isAllowed = false;
    gateway.recheck({ channel: "chat:secret" });
    for (let count = 0; count < 10; count++) await gateway.publish("chat:secret", "late");
    await gateway.publish("chat:open", "last");
    client.socket.resume();
    await client.until(() => client.ofType("publication").at(-1)?.channel === "chat:open");
    const secret = client.ofType("publication").filter(({ channel }) => channel === "chat:secret");
    expect(secret.length).toBeLessThan(300);
    for (const each of secret) expect(each.data).toBe(data);
    expect(client.ofType("unsubscribed")).toMatchObject([{ code: "forbidden" }]);
  }, 30_000);

  it("connections that come and go during broadcasts hear of their own channels only", async () => {
    const { webSocketUrl, gateway } = await serveIt({ settings: { unfollowDelayMs: 0 } });
    const clients = new Map<string, JsonClient>();
    const gone: [string, JsonClient][] = [];
    let made = 0;
    const join = async (): Promise<void> => {
      const client = await JsonClient.open(webSocketUrl);
      const name = `chat:${made++}`;
      await client.ask(subscribe(name), "subscribed");
      clients.set(name, client);
    };
    for (let count = 0; count < 20; count++) await join();
    for (let round = 0; round < 40; round++) {
      const publishing = [...clients.keys()].map((name) => gateway.publish(name, name));
      const [[name, client] = expect.fail("a client")] = clients;
      clients.delete(name);
      gone.push([name, client]);
      if (round % 2 === 0) client.socket.terminate();
      else client.socket.close();
      await Promise.all([...publishing, join()]);
    }
    for (const [name, client] of clients) {
      const { offset } = await client
        .ask({ type: "history", channel: name }, "history")
        .then(({ top }) => ({ offset: top }));
      await client.until(() => client.ofType("publication").length === offset);
    }
    for (const [name, client] of [...gone, ...clients]) {
      onEnd(() => client.socket.terminate());
      for (const { channel, data } of client.ofType("publication")) {
        expect([channel, data]).toEqual([name, name]);
      }
    }
    expect(gateway.connectionCount).toBeGreaterThanOrEqual(20);
  });
});
