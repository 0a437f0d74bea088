import { readFile } from "node:fs/promises";
import { connect } from "@holdfast/client";
import { closeCodes, errorCodes, shouldReconnect } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import { endAfterEach, onEnd, serve } from "../kit/gateway.js";
import { JsonClient, type Message } from "../kit/json-client.js";
import { ScriptedServer } from "../kit/scripted-server.js";

// Frozen decision 9: error codes are one registry; clients that meet an unknown code obey retryable
// and retryAfterMs. Advice travels in disconnect; the close reason is only the code's name.

endAfterEach();

const page = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

describe("9: one registry", () => {
  it("9: every code of errors and closes stands on the pages for readers", async () => {
    for (const text of [await page("errors.md"), await page("protocol.md")]) {
      for (const code of Object.keys(errorCodes)) expect(text).toContain(`\`${code}\``);
      for (const [code, { name }] of Object.entries(closeCodes)) {
        expect(text).toContain(code);
        expect(text).toContain(`\`${name}\``);
      }
    }
  });

  it("9: what the gateway answers by socket and by HTTP is of the registry, with its advice", async () => {
    const { url, webSocketUrl } = await serve({ settings: { maxBadMessages: 1_000 } });
    const client = await JsonClient.open(webSocketUrl);
    const wrong = [
      "{",
      { type: "nonsense" },
      { type: "ping", id: 0 },
      { type: "subscribe", channel: "Chat" },
      { type: "subscribe", channel: "secret:a" },
      { type: "unsubscribe", channel: "chat:a" },
      { type: "call", id: 1, method: "nobody" },
      { type: "publish", channel: "chat:a", data: 1, expectedOffset: 9 },
      { type: "publish", channel: "chat:a", data: 1, session: { id: "s", seq: 5 } },
      { type: "publish", channel: "chat:a", data: 1, meta: { a: "x".repeat(1024) } },
    ];
    for (const command of wrong) client.send(command);
    await client.until(() => client.ofType("error").length === wrong.length);
    const codes = new Set(client.ofType("error").map(({ code }) => code));
    expect(codes.size).toBeGreaterThanOrEqual(8);
    for (const error of client.ofType("error")) expectRegistered(error);

    for (const [headers, body] of [
      [{}, "{}"],
      [{ "x-api-key": "an-api-key-for-tests" }, "{"],
      [{ "x-api-key": "an-api-key-for-tests" }, '{"channel":"chat:a"}'],
      [{ "x-api-key": "an-api-key-for-tests" }, '{"channel":"Chat","data":1}'],
    ] as const) {
      const response = await fetch(`${url}/api/publish`, { method: "POST", headers, body });
      expectRegistered((await response.json()) as Message);
    }
  });

  it("9: close codes keep their halves: below 4500 a client returns, from there on it does not", () => {
    for (const code of Object.keys(closeCodes).map(Number)) {
      expect(code).toBeGreaterThanOrEqual(4000);
      expect(code).toBeLessThan(5000);
      expect(shouldReconnect(code)).toBe(code < 4500);
    }
    // Also for the codes that a newer gateway may bring.
    expect([shouldReconnect(4499), shouldReconnect(4599)]).toEqual([true, false]);
  });
});

function expectRegistered({ code, retryable }: Message): void {
  const registry: Readonly<Record<string, { readonly retryable: boolean }>> = errorCodes;
  expect(Object.keys(registry)).toContain(code);
  expect(retryable).toBe(registry[String(code)]?.retryable);
}

describe("9: the SDK and codes it does not know", () => {
  const answering = async (error: object, times: number) => {
    let left = times;
    const arrivedMs: number[] = [];
    const server = await ScriptedServer.start(({ type, id, channel }, say) => {
      if (type !== "publish") return;
      arrivedMs.push(performance.now());
      left -= 1;
      if (left >= 0) say({ type: "error", id, code: "of_the_future", message: "No.", ...error });
      else say({ type: "published", id, channel, offset: 1, epoch: "e" });
    });
    const client = connect(server.url);
    onEnd(() => client.close());
    const outcome = await client.channel("chat:a").publish({ text: "hi" });
    return { outcome, arrivedMs };
  };

  it("9: retryable: it is sent again, not before retryAfterMs, and ends well", async () => {
    const { outcome, arrivedMs } = await answering({ retryable: true, retryAfterMs: 400 }, 1);
    expect(outcome).toMatchObject({ ok: true, offset: 1 });
    expect(arrivedMs).toHaveLength(2);
    // A timer may be a millisecond early.
    expect((arrivedMs[1] ?? 0) - (arrivedMs[0] ?? 0)).toBeGreaterThanOrEqual(399);
  });

  it("9: not retryable: it is the outcome, code and all, and nothing is sent again", async () => {
    const { outcome, arrivedMs } = await answering({ retryable: false }, 100);
    expect(outcome).toMatchObject({ ok: false, code: "of_the_future", retryable: false });
    expect(arrivedMs).toHaveLength(1);
  });

  it("9: an unknown close code below 4500 is obeyed with the advice of disconnect", async () => {
    const server = await ScriptedServer.start(() => {});
    const client = connect(server.url);
    onEnd(() => client.close());
    await expect.poll(() => client.state.now).toBe("open");
    const code = 4333;
    const reason = "of_the_future";
    server.closeAll(code, reason, {
      type: "disconnect",
      code,
      reason,
      reconnect: true,
      retryAfterMs: 600,
    });
    await expect.poll(() => client.state.now).toBe("waiting");
    expect(client.state).toMatchObject({ reason });
    expect(client.state.nextTryMs).toBeGreaterThanOrEqual(600);
    await expect.poll(() => client.state.now, { timeout: 10_000 }).toBe("open");
  });

  it("9: an unknown close code from 4500 on is final", async () => {
    const server = await ScriptedServer.start(() => {});
    const client = connect(server.url);
    onEnd(() => client.close());
    await expect.poll(() => client.state.now).toBe("open");
    server.closeAll(4777, "of_the_future");
    await expect.poll(() => client.state.now).toBe("closed");
    expect(client.state.error).toMatchObject({ code: "of_the_future", retryable: false });
  });
});

it("9: advice stands in disconnect, and the close reason is the code's name and nothing more", async () => {
  const { webSocketUrl, gateway } = await serve({ settings: { maxBadMessages: 2 } });
  const violator = await JsonClient.open(webSocketUrl);
  for (let i = 0; i < 5; i++) violator.send("{");
  const drained = await JsonClient.open(webSocketUrl);
  await drained.ask({ type: "connect" }, "connected");
  await violator.closed();
  await Promise.all([gateway.close({ drainMs: 100 }), drained.closed()]);
  for (const [client, code, advice] of [
    [violator, 4502, { reconnect: false }],
    [drained, 4000, { reconnect: true, retryAfterMs: expect.any(Number) }],
  ] as const) {
    const { name } = closeCodes[code];
    expect([client.closeCode, client.closeReason]).toEqual([code, name]);
    expect(client.messages.at(-1)).toMatchObject({
      type: "disconnect",
      code,
      reason: name,
      ...advice,
    });
  }
});
