import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { pointsInward } from "./addresses.js";
import { fetchBounded } from "./fetch-bounded.js";

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const open = { timeoutMs: 5_000, maxBytes: 1_000, allowPrivate: true };
const guarded = { ...open, allowPrivate: false };

describe("abuse case 34: a target that points inward", () => {
  const inside = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "::10.0.0.1",
    "::ffff:0:10.0.0.1",
    "2002:a00:1::",
    "2001:0:a00:1::",
    "fec0::1",
    "not an address",
  ];
  it.each(inside)("%s is one", (address) => {
    expect(pointsInward(address)).toBe(true);
  });
  it.each(["93.184.215.14", "2606:2800:21f:cb07::1", "172.32.0.1"])("%s is none", (address) => {
    expect(pointsInward(address)).toBe(false);
  });

  it.each([
    "https://127.0.0.1/keys",
    "https://[::1]/keys",
    "https://2130706433/keys",
    "https://0x7f.1/keys",
    "https://0177.0.0.1/keys",
    "https://[::ffff:127.0.0.1]/keys",
    "https://①⑥⑨.254.169.254/keys",
    "http://id.example/keys",
    "https://user:secret@id.example/keys",
    "file:///etc/passwd",
  ])("%s is not asked", async (url) => {
    // Before anything is asked: no word of a connection that failed.
    const complaint = /an address inside|Only https:|no credentials/;
    await expect(fetchBounded(new URL(url), guarded)).rejects.toThrow(complaint);
  });

  it("a name is judged by every address it has, and the judged one is what is connected to", async () => {
    const asked: string[] = [];
    const resolve = ((host: string, _options: unknown, done: (...values: unknown[]) => void) => {
      asked.push(host);
      done(null, [
        { address: "93.184.215.14", family: 4 },
        { address: "10.0.0.1", family: 4 },
      ]);
    }) as never;
    await expect(
      fetchBounded(new URL("https://id.example/keys"), guarded, resolve),
    ).rejects.toThrow(/id\.example resolves to an address inside/);
    expect(asked).toEqual(["id.example"]);
  });
});

describe("a target that misbehaves is given up (abuse case 34)", () => {
  it("gives what it serves", async () => {
    const url = await serve((_request, response) => response.end('{"keys":[]}'));
    expect((await fetchBounded(url, open)).toString()).toBe('{"keys":[]}');
  });

  it("when it redirects", async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
    );
    await expect(fetchBounded(url, open)).rejects.toThrow(/302/);
  });

  it("when it sends more than the bound, before the rest has come", async () => {
    let sent = 0;
    const url = await serve((_request, response) => {
      const more = (): void => {
        sent += 100;
        if (sent < 100_000_000 && response.write("x".repeat(100))) setImmediate(more);
      };
      more();
      response.on("drain", more);
    });
    await expect(fetchBounded(url, open)).rejects.toThrow(/more than 1000 bytes/);
    expect(sent).toBeLessThan(10_000_000);
  });

  it("when it sends a byte now and then", async () => {
    const url = await serve((_request, response) => {
      const drip = setInterval(() => response.write(" "), 5);
      response.once("close", () => clearInterval(drip));
    });
    await expect(fetchBounded(url, { ...open, timeoutMs: 80 })).rejects.toThrow(/in time/);
  });

  it("when it ends before all has come", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{");
      setImmediate(() => response.destroy());
    });
    await expect(fetchBounded(url, open)).rejects.toThrow();
  });

  it("when it hangs", async () => {
    const url = await serve(() => {});
    await expect(fetchBounded(url, { ...open, timeoutMs: 50 })).rejects.toThrow(/in time/);
  });
});
