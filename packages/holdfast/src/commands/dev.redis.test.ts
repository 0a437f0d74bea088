import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { main } from "../main.js";

async function dev(...args: string[]) {
  const printed: string[] = [];
  const noted: string[] = [];
  const stopping = new AbortController();
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const done = main(["dev", ...args], {
    env: {},
    folder: ".",
    print: (line) => {
      printed.push(line);
      tell();
    },
    note: (line) => noted.push(line),
    stopped: stopping.signal,
  });
  void done.then(tell);
  await told;
  return { printed, noted, done, stop: () => stopping.abort() };
}

test("dev redis starts a server, says where it is, and ends it when it is told to stop", async () => {
  const { printed, done, stop } = await dev("redis");
  const [url = ""] = printed;
  expect(url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  const client = new Redis(url, { retryStrategy: null });
  client.on("error", () => {});
  expect(await client.ping()).toBe("PONG");
  stop();
  expect(await done).toBe(0);
  const late = new Redis(url, { lazyConnect: true, retryStrategy: null });
  late.on("error", () => {});
  await expect(late.connect()).rejects.toThrow();
});

test("dev says which engines it knows, and why a server does not start", async () => {
  const unknown = await dev("rediss");
  expect([await unknown.done, unknown.noted.join()]).toEqual([2, expect.stringContaining("redis")]);
  const taken = await dev("redis");
  const port = taken.printed[0]?.split(":").at(-1) ?? "";
  const second = await dev("redis", "--port", port);
  expect(await second.done).toBe(1);
  expect(second.noted.join()).toContain("redis-server ended");
  taken.stop();
  expect(await taken.done).toBe(0);
});
