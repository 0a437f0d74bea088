import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { openGateway, testKey } from "../cli/testing/gateway.js";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { main } from "../main.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Here a token is its user, and its own identifier. */
async function gateway() {
  const opened = await openGateway({
    authenticate: ({ token }) =>
      token === undefined ? null : { user: token.split(".")[0] ?? "", tokenId: token },
  });
  closers.push(() => opened.close());
  return opened;
}

async function connect(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(url, ["holdfast.v1.json", `holdfast.token.${token}`]);
  closers.push(() => socket.terminate());
  await once(socket, "message");
  return socket;
}

async function run(url: string, ...args: string[]) {
  const terminal = new RecordingTerminal({ HOLDFAST_API_KEY: testKey });
  const code = await main([...args, "--url", url], terminal);
  return { code, noted: terminal.noted.join("\n") };
}

const closeCode = async (socket: WebSocket): Promise<number> =>
  ((await once(socket, "close")) as [number])[0];

describe("holdfast revoke and disconnect", () => {
  it("ends a user's connections, whose tokens are then refused", async () => {
    const { url, webSocketUrl } = await gateway();
    const socket = await connect(webSocketUrl, "ada.1");
    const closed = closeCode(socket);
    expect(await run(url, "revoke", "--user", "ada")).toEqual({ code: 0, noted: "Revoked." });
    expect(await closed).toBe(4006);
    const again = new WebSocket(webSocketUrl, ["holdfast.v1.json", "holdfast.token.ada.1"]);
    expect(await closeCode(again)).toBe(4500);
  });

  it("revokes one token, and disconnects without revoking", async () => {
    const { url, webSocketUrl } = await gateway();
    const [one, two] = [await connect(webSocketUrl, "ada.1"), await connect(webSocketUrl, "ada.2")];
    const [oneClosed, twoClosed] = [closeCode(one), closeCode(two)];
    expect((await run(url, "revoke", "--token-id", "ada.1")).code).toBe(0);
    expect(await oneClosed).toBe(4006);
    expect((await run(url, "disconnect", "--user", "ada")).code).toBe(0);
    expect(await twoClosed).toBe(4504);
    await connect(webSocketUrl, "ada.2");
  });

  it.each([
    [["revoke"], "exactly one"],
    [["revoke", "--user", "ada", "--token-id", "t"], "exactly one"],
    [["revoke", "--token-id", "t", "--before", "2026-01-01"], "--before"],
    [["revoke", "--user", "ada", "--before", "yesterday"], "2026-03-01"],
    [["disconnect"], "exactly one"],
  ])("says what is wrong with %j", async (args, message) => {
    const { code, noted } = await run("http://127.0.0.1:1", ...args);
    expect([code, noted]).toEqual([2, expect.stringContaining(message)]);
  });

  it("is refused without a valid key, and for a time to come", async () => {
    const { url } = await gateway();
    const wrong = await run(url, "disconnect", "--user", "ada", "--api-key", "not-a-key-of-anyone");
    expect([wrong.code, wrong.noted]).toEqual([1, expect.stringContaining("unauthorized")]);
    const late = await run(url, "revoke", "--user", "ada", "--before", "2999-01-01T00:00:00Z");
    expect([late.code, late.noted]).toEqual([1, expect.stringContaining("beforeMs")]);
  });
});
