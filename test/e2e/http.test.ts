import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { API_KEY, endAfterEach, onEnd, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";

endAfterEach();

const authorized = { authorization: `Bearer ${API_KEY}` };

function post(url: string, body: unknown, headers: Record<string, string> = authorized) {
  return fetch(`${url}/api/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

describe("GET /api/nodes", () => {
  it("lists the gateways for an API key, and for nobody else", async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/api/nodes`, { headers: authorized });
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        nodes: [
          {
            gateway: expect.any(String),
            version: expect.stringMatching(/^\d+\.\d+\.\d+/),
            startedMs: expect.any(Number),
            connections: 0,
            channels: 0,
            figures: { subscriptions: 0 },
          },
        ],
      },
    ]);
    expect((await fetch(`${url}/api/nodes`)).status).toBe(401);
  });
});

describe("POST /api/publish", () => {
  it("appends a publication that subscribers receive, once per key", async () => {
    const { url, webSocketUrl } = await serve();
    const client = await JsonClient.open(webSocketUrl);
    await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
    const body = { channel: "chat:a", data: { text: "hi" }, key: "k-1", user: "ada" };
    const first = await post(url, body);
    expect([first.status, await first.json()]).toEqual([
      200,
      { offset: 1, epoch: expect.any(String), duplicate: false },
    ]);
    const again = await post(url, body, { "x-api-key": API_KEY });
    expect(await again.json()).toMatchObject({ offset: 1, duplicate: true });
    expect(await client.next("publication")).toMatchObject({
      offset: 1,
      data: { text: "hi" },
      user: "ada",
    });
  });

  it("takes bytes and ephemeral publications", async () => {
    const { url, webSocketUrl } = await serve();
    const client = await JsonClient.open(webSocketUrl);
    await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
    expect((await post(url, { channel: "chat:a", bytes: "AQI=" })).status).toBe(200);
    expect(await client.next("publication")).toMatchObject({ bytes: "AQI=" });
    const ephemeral = await post(url, { channel: "chat:a", data: "typing", ephemeral: true });
    expect(await ephemeral.json()).toEqual({ ephemeral: true });
    expect(await client.next("ephemeral")).toMatchObject({ data: "typing" });
  });

  it("says conflict for a key used with another payload, and for a missed expectedOffset", async () => {
    const { url } = await serve();
    await post(url, { channel: "chat:a", data: 1, key: "k" });
    const conflict = await post(url, { channel: "chat:a", data: 2, key: "k" });
    expect([conflict.status, await conflict.json()]).toEqual([
      409,
      expect.objectContaining({ code: "conflict", retryable: false }),
    ]);
    const missed = await post(url, { channel: "chat:a", data: 2, expectedOffset: 7 });
    expect(await missed.json()).toMatchObject({ status: 409, code: "offset_mismatch" });
  });

  it.each([
    ["no key", {}],
    ["a wrong key", { authorization: "Bearer not-the-key-of-anyone" }],
    ["an empty key", { "x-api-key": "" }],
  ])("abuse 31: answers 401 to %s", async (_name, headers) => {
    const { url } = await serve();
    const response = await post(url, { channel: "chat:a", data: 1 }, headers);
    expect(response.status).toBe(401);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ code: "unauthorized" });
  });

  it("abuse 31: answers 401 to every key when none is configured", async () => {
    const { url } = await serve({ apiKeys: [] });
    expect((await post(url, { channel: "chat:a", data: 1 })).status).toBe(401);
  });

  it("abuse 31: answers 404 to a channel that no rule matches", async () => {
    const { url } = await serve();
    const response = await post(url, { channel: "other:a", data: 1 });
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ code: "unknown_channel", field: "/channel" }),
    ]);
  });

  it("abuse 31: answers 413 to a body that is too large, and stores nothing", async () => {
    const { url, gateway } = await serve();
    const response = await post(url, { channel: "chat:a", data: "x".repeat(300_000) });
    expect([response.status, await response.json()]).toEqual([
      413,
      expect.objectContaining({ code: "too_large" }),
    ]);
    expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
  });

  it.each([
    ["not JSON", "{", "bad_message", undefined],
    ["no channel", { data: 1 }, "invalid_field", "/channel"],
    ["both payloads", { channel: "chat:a", data: 1, bytes: "" }, "invalid_field", "/data"],
    ["a channel out of grammar", { channel: "Chat", data: 1 }, "invalid_channel", undefined],
    [
      "a key too long",
      { channel: "chat:a", data: 1, key: "k".repeat(200) },
      "invalid_field",
      "/key",
    ],
  ])("abuse 17: answers 400 to %s, naming what is wrong", async (_name, body, code, field) => {
    const { url } = await serve();
    const response = await post(url, body);
    const problem = (await response.json()) as { code: string; field?: string };
    expect([response.status, problem.code]).toEqual([400, code]);
    if (field !== undefined) expect(problem.field).toBe(field);
  });

  it("abuse 18: refuses nesting without end and keeps prototypes clean", async () => {
    const { url } = await serve();
    const deep = `{"channel":"chat:a","data":${"[".repeat(500)}${"]".repeat(500)}}`;
    expect((await post(url, deep)).status).toBe(400);
    await post(url, '{"channel":"chat:a","data":{"__proto__":{"polluted":1}}}');
    await post(url, '{"channel":"chat:a","data":1,"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("the other routes", () => {
  it("answer health, and not ready while draining", async () => {
    const { url, gateway, webSocketUrl } = await serve();
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    await JsonClient.open(webSocketUrl);
    const closing = gateway.close({ drainMs: 300 });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    await closing;
  });

  it("answer 404, and 405 with what is permitted", async () => {
    const { url } = await serve();
    const missing = await fetch(`${url}/nothing`);
    expect([missing.status, missing.headers.get("content-type")]).toEqual([
      404,
      "application/problem+json",
    ]);
    const wrong = await fetch(`${url}/api/publish`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(`${url}/ws`)).status).toBe(426);
  });

  it("show metrics on this machine, and not through a proxy (abuse 32)", async () => {
    const { url, webSocketUrl } = await serve();
    await JsonClient.open(webSocketUrl);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('holdfast_connections_opened_total{codec="json",handshake="plain"} 1');
    const headers = { "x-forwarded-for": "203.0.113.9" };
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(403);
  });

  it("show metrics elsewhere to who has an API key (abuse 32)", async () => {
    const { url } = await serve();
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const statusWith = async (key: string) =>
      (await fetch(`${url}/metrics`, { headers: { ...headers, authorization: `Bearer ${key}` } }))
        .status;
    expect([await statusWith(API_KEY), await statusWith(`${API_KEY}x`)]).toEqual([200, 403]);
  });

  it("have no metrics when they are switched off, and show them to all when public", async () => {
    const off = await serve({ metrics: false });
    expect((await fetch(`${off.url}/metrics`)).status).toBe(404);
    const all = await serve({ metrics: { public: true } });
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const response = await fetch(`${all.url}/metrics`, { headers });
    expect(await response.text()).toContain("process_cpu_seconds_total");
  });

  it("serve files with type and validator, the client, and nothing outside", async () => {
    const staticDir = mkdtempSync(join(tmpdir(), "holdfast-e2e-"));
    onEnd(() => rmSync(staticDir, { recursive: true }));
    writeFileSync(join(staticDir, "index.html"), "<title>demo</title>");
    writeFileSync(join(staticDir, "holdfast.js"), "export {}");
    const { url } = await serve({ staticDir, clientFile: join(staticDir, "holdfast.js") });
    const page = await fetch(`${url}/?room=1`);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toBe("<title>demo</title>");
    const etag = page.headers.get("etag") ?? "";
    const headers = { "if-none-match": etag };
    expect((await fetch(url, { headers })).status).toBe(304);
    const client = await fetch(`${url}/client.js`);
    expect(client.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(await client.text()).toBe("export {}");
    expect((await fetch(`${url}/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  });
});
