import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";
import { JsonClient, refusedWith } from "./kit/json-client.js";
import { RawPeer } from "./kit/raw-peer.js";

endAfterEach();

/** A gateway with a page of its own. */
async function site() {
  const staticDir = mkdtempSync(join(tmpdir(), "holdfast-headers-"));
  onEnd(() => rmSync(staticDir, { recursive: true }));
  writeFileSync(join(staticDir, "index.html"), "<title>demo</title>");
  writeFileSync(join(staticDir, "page.css"), "body {}");
  writeFileSync(join(staticDir, "client.js"), "export {}");
  return serve({ staticDir, clientFile: join(staticDir, "client.js") });
}

const common = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

const directives = (policy: string | null) =>
  Object.fromEntries(
    (policy ?? "").split("; ").map((each) => {
      const [name = "", ...sources] = each.split(" ");
      return [name, sources.join(" ")];
    }),
  );

it.each(["/", "/index.html", "/page.css", "/client.js"])(
  "%s comes with a policy that permits what is the gateway's own, and no frame around it",
  async (path) => {
    const { url } = await site();
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(200);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({ ...common, "cross-origin-opener-policy": "same-origin" });
    const policy = directives(response.headers.get("content-security-policy"));
    expect(policy).toMatchObject({
      "default-src": "'self'",
      "object-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'self'",
      "frame-ancestors": "'none'",
    });
    expect(JSON.stringify(policy)).not.toMatch(/unsafe|\*|https?:|ws/);
  },
);

it("an answer of 304 and one to HEAD say the same", async () => {
  const { url } = await site();
  const first = await fetch(`${url}/`);
  const etag = first.headers.get("etag") ?? "";
  const again = await fetch(`${url}/`, { headers: { "if-none-match": etag } });
  const head = await fetch(`${url}/`, { method: "HEAD" });
  expect([again.status, head.status]).toEqual([304, 200]);
  for (const response of [again, head]) {
    const names = ["content-security-policy", ...Object.keys(common)];
    for (const name of names) expect(response.headers.get(name)).toBe(first.headers.get(name));
  }
});

it.each([
  ["GET", "/health/live"],
  ["GET", "/health/ready"],
  ["GET", "/metrics"],
  ["GET", "/nothing"],
  ["GET", "/ws"],
  ["DELETE", "/api/publish"],
  ["POST", "/api/publish"],
])(
  "%s %s is data: a browser that opens it runs nothing of it and keeps nothing",
  async (method, path) => {
    const { url } = await site();
    const response = await fetch(`${url}${path}`, { method });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...common,
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
  },
);

it("a refused upgrade says it too, and neither names the software", async () => {
  const { port, url } = await site();
  const peer = await RawPeer.upgrade(port, "/ws", ["Origin: https://evil.example"]);
  expect(peer.status).toBe(403);
  expect(peer.head).toMatch(/^x-content-type-options: nosniff\r$/im);
  expect(peer.head).toMatch(
    /^content-security-policy: default-src 'none'; frame-ancestors 'none'\r$/im,
  );
  const { headers } = await fetch(`${url}/`);
  for (const name of ["server", "x-powered-by"]) expect(headers.get(name)).toBeNull();
});

describe("a gateway for this machine alone (checkHost)", () => {
  it("abuse 1: answers no page whose name was pointed at it, over HTTP or WebSocket", async () => {
    const { url, webSocketUrl, port } = await serve({ checkHost: true });
    const foreign = { host: `evil.example:${port}`, origin: `http://evil.example:${port}` };
    const refused = await refusedWith(webSocketUrl, { headers: foreign });
    expect(refused.status).toBe(421);
    const raw = await new Promise<number | undefined>((resolve) => {
      get(`${url}/health/live`, { headers: { host: foreign.host } }, ({ statusCode }) =>
        resolve(statusCode),
      );
    });
    expect(raw).toBe(421);
    await JsonClient.open(webSocketUrl);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });
});
