import { type RecordingLogger, recordingLogger } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { API_KEY, endAfterEach, serve } from "./kit/gateway.js";
import { JsonClient, refusedWith } from "./kit/json-client.js";

endAfterEach();

async function ticketOf(url: string, key: string = API_KEY): Promise<Response> {
  return fetch(`${url}/api/tickets`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ user: "ada", can: { "chat:*": ["subscribe"] } }),
  });
}

const textOf = (log: RecordingLogger): string => JSON.stringify(log.lines);

describe("POST /api/tickets", () => {
  it("gives a ticket that opens one connection", async () => {
    const { url, webSocketUrl } = await serve();
    const response = await ticketOf(url);
    const { ticket, expiresInMs } = (await response.json()) as Record<string, string>;
    expect([response.status, expiresInMs]).toEqual([200, 30_000]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const client = await JsonClient.open(webSocketUrl);
    client.send({ type: "connect", token: ticket });
    expect(await client.next("connected")).toMatchObject({ user: "ada" });
    const second = await JsonClient.open(webSocketUrl);
    second.send({ type: "connect", token: ticket });
    expect(await second.next("disconnect")).toMatchObject({ code: 4500 });
  });

  it("abuse 31: gives none without the right key", async () => {
    const { url } = await serve();
    expect((await ticketOf(url, "not-the-key-of-anyone")).status).toBe(401);
  });
});

describe("a token in the query string", () => {
  it("is refused unless the gateway was told to take it", async () => {
    const { url, webSocketUrl } = await serve();
    const { ticket } = (await (await ticketOf(url)).json()) as { ticket: string };
    const refused = await refusedWith(`${webSocketUrl}?ticket=${ticket}`);
    expect(refused.status).toBe(400);
    expect(refused.body).toContain("queryTokens");
  });

  it("works where it was told to, which is warned of, and is not logged", async () => {
    const logger = recordingLogger();
    const { url, webSocketUrl } = await serve({ queryTokens: true, logger });
    expect(textOf(logger)).toContain("tokens in the query string are taken");
    const { ticket } = (await (await ticketOf(url)).json()) as { ticket: string };
    const client = await JsonClient.open(`${webSocketUrl}?ticket=${ticket}`);
    expect(await client.next("connected")).toMatchObject({ user: "ada" });
    const twice = await refusedWith(`${webSocketUrl}?token=a&ticket=${ticket}`);
    expect(twice.status).toBe(400);
    expect(textOf(logger)).not.toContain(ticket);
  });
});
