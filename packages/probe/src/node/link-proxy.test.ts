import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { LinkProxy, type ProxyLink } from "./link-proxy.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** One connection through a proxy, with both its ends and what they heard. */
async function scene() {
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    accepted.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  const proxy = await LinkProxy.start({ pick: () => (server.address() as AddressInfo).port });
  closers.push(() => proxy.close());
  const client = connect(proxy.port, "127.0.0.1");
  client.on("error", () => {});
  closers.push(() => client.destroy());
  await vi.waitFor(() => expect(accepted).toHaveLength(1));
  const [gateway] = accepted as [Socket];
  closers.push(() => gateway.destroy());
  const [link] = [...proxy.links] as [ProxyLink];
  return {
    proxy,
    link,
    client,
    gateway,
    heard: { client: bytes(client), gateway: bytes(gateway) },
  };
}

function bytes(socket: Socket) {
  const heard = { text: "", closed: false };
  socket.on("data", (chunk: Buffer) => {
    heard.text += chunk.toString();
  });
  socket.on("close", () => {
    heard.closed = true;
  });
  return heard;
}

test("relays both ways, and tells each side that the other is gone", async () => {
  const { proxy, client, gateway, heard } = await scene();
  client.write("up");
  gateway.write("down");
  await vi.waitFor(() => expect([heard.gateway.text, heard.client.text]).toEqual(["up", "down"]));
  client.destroy();
  await vi.waitFor(() => expect([heard.gateway.closed, proxy.links.size]).toEqual([true, 0]));
});

test("cuts after exactly so many bytes more, in the middle of what is sent", async () => {
  const { link, gateway, heard } = await scene();
  link.cutAfter(3, "down");
  gateway.write("abcdef");
  await vi.waitFor(() => expect([heard.client.closed, heard.gateway.closed]).toEqual([true, true]));
  expect(heard.client.text).toBe("abc");
});

test("a stalled link loses nothing", async () => {
  const { link, client, gateway, heard } = await scene();
  link.stall(50);
  gateway.write("a");
  client.write("b");
  expect(link.faulty).toBe(true);
  await vi.waitFor(() => expect([heard.client.text, heard.gateway.text]).toEqual(["a", "b"]));
  expect(link.faulty).toBe(false);
});

test("on a half-open link everything vanishes, also the end of a side, until it is over", async () => {
  const { link, client, gateway, heard } = await scene();
  link.halfOpen(1_000);
  gateway.write("lost");
  client.destroy();
  await vi.waitFor(() => expect(heard.client.closed).toBe(true));
  expect(heard.gateway.closed).toBe(false);
  await vi.waitFor(() => expect(heard.gateway.closed).toBe(true), { timeout: 10_000 });
  expect(heard.client.text).toBe("");
});

test("a slow link lets little through at a time, and everything in the end", async () => {
  const { link, gateway, heard } = await scene();
  link.slow(200, 1_500);
  const sent = "x".repeat(5_000);
  gateway.write(sent);
  await vi.waitFor(() => expect(heard.client.text.length).toBeGreaterThan(0));
  expect(heard.client.text.length).toBeLessThan(5_000);
  await vi.waitFor(() => expect(heard.client.text).toBe(sent), { timeout: 10_000 });
});

test("refuses a connection when there is nowhere to go", async () => {
  const proxy = await LinkProxy.start({ pick: () => undefined });
  closers.push(() => proxy.close());
  const client = connect(proxy.port, "127.0.0.1");
  client.on("error", () => {});
  await once(client, "close");
  expect(proxy.links.size).toBe(0);
});
