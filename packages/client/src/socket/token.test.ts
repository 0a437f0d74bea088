import { describe, expect, it } from "vitest";
import { Scripted, ScriptedPlatform } from "../../test/scripted.js";
import { HoldfastError } from "../errors.js";
import type { GetToken, TokenRequest } from "../options.js";

/** A getToken whose every question the test answers by itself. */
class Asked {
  readonly questions: (TokenRequest & {
    readonly resolve: (token: string | null) => void;
    readonly reject: (cause: unknown) => void;
  })[] = [];

  readonly getToken: GetToken = ({ signal }) =>
    new Promise((resolve, reject) => this.questions.push({ signal, resolve, reject }));

  get last() {
    return this.questions.at(-1)!;
  }
}

const loggedOut = new HoldfastError({
  code: "unauthorized",
  message: "Logged out.",
  retryable: false,
});

async function asking(options: ConstructorParameters<typeof Scripted>[0] = {}) {
  const asked = new Asked();
  const t = new Scripted({ getToken: asked.getToken, ...options });
  await t.settle();
  return { t, asked };
}

async function connected(options: ConstructorParameters<typeof Scripted>[0] = {}) {
  const { t, asked } = await asking(options);
  asked.last.resolve("first");
  const socket = await t.open();
  return { t, asked, socket };
}

describe("getToken, before a connection", () => {
  it("is asked every time, and its answer goes along", async () => {
    let count = 0;
    const t = new Scripted({ getToken: () => `token-${++count}` });
    await t.open();
    expect(t.socket.last("connect").token).toBe("token-1");
    await t.reconnect();
    expect(t.socket.last("connect").token).toBe("token-2");
  });

  it.each([null, undefined])("connects anonymously when it says %s", async (token) => {
    const t = new Scripted({ getToken: async () => token });
    await t.open();
    expect(t.socket.last("connect")).not.toHaveProperty("token");
    expect(t.client.state.now).toBe("open");
  });

  it.each([
    ["rejects", (cause: Error) => Promise.reject(cause)],
    [
      "throws",
      (cause: Error) => {
        throw cause;
      },
    ],
  ])("is told to the application when it %s, and asked again with backoff", async (_, fail) => {
    const cause = new Error("the token service is down");
    const errors: HoldfastError[] = [];
    let asked = 0;
    const t = new Scripted({
      getToken: () => {
        asked += 1;
        return asked <= 3 ? fail(cause) : "token";
      },
    });
    t.client.on("error", (error) => errors.push(error));
    await t.settle();
    const ceilings: number[] = [1000, 2000, 4000];
    for (const [index, ceilingMs] of ceilings.entries()) {
      expect(asked).toBe(index + 1);
      expect(t.client.state).toMatchObject({ now: "waiting", attempt: index + 1 });
      expect(t.client.state.reason).toBe("no_token");
      expect(t.client.state.nextTryMs).toBeLessThanOrEqual(ceilingMs);
      await t.clock.advanceAsync(t.client.state.nextTryMs!);
    }
    await t.open();
    expect(t.sockets).toHaveLength(1);
    expect(errors).toHaveLength(3);
    for (const error of errors) {
      expect(error).toMatchObject({ code: "unauthorized", retryable: true, cause });
    }
  });

  it("is given up after 10 s, and an answer that comes later changes nothing", async () => {
    const { t, asked } = await asking();
    await t.clock.advanceAsync(9999);
    expect(asked.last.signal.aborted).toBe(false);
    await t.clock.advanceAsync(1);
    expect(asked.last.signal.aborted).toBe(true);
    expect(t.errors).toEqual(["unauthorized"]);
    expect(t.client.state).toMatchObject({ now: "waiting", reason: "no_token" });
    asked.last.resolve("late");
    await t.settle();
    expect(t.sockets).toHaveLength(0);
    await t.clock.advanceAsync(1000);
    expect(asked.questions).toHaveLength(2);
    asked.last.resolve("second");
    await t.open();
    expect(t.sockets).toHaveLength(1);
    expect(t.socket.last("connect").token).toBe("second");
  });

  it("closes the client with its own error when that error is final", async () => {
    const { t, asked } = await asking();
    const sent = t.client.channel("chat:lobby").publish(1);
    const subscribing = t.client.channel("chat:lobby").subscribe();
    const refused = expect(subscribing).rejects.toBe(loggedOut);
    asked.last.reject(loggedOut);
    await t.settle();
    expect(t.client.state).toMatchObject({ now: "closed", error: loggedOut });
    expect(await sent).toMatchObject({ ok: false, code: "unauthorized", message: "Logged out." });
    await refused;
    expect(t.errors).toEqual([]);
    await t.clock.advanceAsync(600_000);
    expect(asked.questions).toHaveLength(1);
    expect(t.clock.pendingTimers).toBe(0);
  });

  it("is left alone as long as its own error says", async () => {
    const { t, asked } = await asking();
    const busy = { code: "busy", message: "", retryable: true, retryAfterMs: 30_000 };
    asked.last.reject(new HoldfastError(busy));
    await t.clock.advanceAsync(29_999);
    expect(asked.questions).toHaveLength(1);
    await t.clock.advanceAsync(1);
    expect(asked.questions).toHaveLength(2);
    expect(t.errors).toEqual(["busy"]);
  });

  it.each([
    ["as a refusal", true],
    ["by closing with 4006", false],
  ])("is asked again when the gateway calls its token expired %s", async (_, refusal) => {
    const { t, asked } = await asking();
    for (let expired = 1; expired <= 3; expired += 1) {
      asked.last.resolve("expired");
      await t.settle();
      t.socket.open();
      const { id } = t.socket.last("connect");
      const error = {
        type: "error",
        code: "token_expired",
        message: "",
        retryable: false,
      } as const;
      if (refusal) t.socket.push({ ...error, ...(id !== undefined && { id }) });
      else t.socket.end(4006, "token_expired");
      expect(t.client.state).toMatchObject({ now: "waiting", attempt: expired });
      await t.clock.advanceAsync(t.client.state.nextTryMs!);
      expect(asked.questions).toHaveLength(expired + 1);
    }
    asked.last.resolve("fresh");
    await t.open();
    expect(t.client.state.now).toBe("open");
  });

  it("is not asked again when the gateway refuses its token for good", async () => {
    const { t, asked } = await asking();
    asked.last.resolve("forged");
    await t.settle();
    t.socket.open();
    t.socket.push({ type: "error", id: 1, code: "unauthorized", message: "No.", retryable: false });
    expect(t.client.state).toMatchObject({ now: "closed", reason: "unauthorized" });
    expect(t.client.state.error).toMatchObject({ code: "unauthorized", message: "No." });
  });

  it("is told that its answer is no longer wanted when the client is closed", async () => {
    const { t, asked } = await asking();
    t.client.close();
    expect(asked.last.signal.aborted).toBe(true);
    asked.last.resolve("late");
    await t.settle();
    expect(t.sockets).toHaveLength(0);
    expect(t.clock.pendingTimers).toBe(0);
  });

  it("is not told so once its answer was taken", async () => {
    const { t, asked } = await connected();
    t.client.close();
    expect(asked.last.signal.aborted).toBe(false);
  });

  it("is not asked while there is no network", async () => {
    const page = new ScriptedPlatform();
    const { t, asked } = await connected({ events: page });
    page.goOffline();
    t.socket.end();
    await t.clock.advanceAsync(600_000);
    expect(asked.questions).toHaveLength(1);
    page.goOnline();
    await t.settle();
    expect(asked.questions).toHaveLength(2);
  });
});

describe("getToken, when the credentials are about to end", () => {
  const expiring = { type: "expiring", inMs: 60_000 } as const;

  it("is asked once, and its answer is handed in on the same connection", async () => {
    const { t, asked, socket } = await connected();
    socket.push(expiring, expiring);
    await t.settle();
    expect(asked.questions).toHaveLength(2);
    asked.last.resolve("second");
    await t.settle();
    const refresh = socket.last("refresh");
    expect(refresh.token).toBe("second");
    socket.push({ type: "refreshed", id: refresh.id! });
    expect(t.sockets).toHaveLength(1);
    expect(t.errors).toEqual([]);
    expect(t.states.map(({ now }) => now)).toEqual(["connecting", "open"]);
  });

  it("is asked again with backoff when it fails, as long as the connection lives", async () => {
    const { t, asked, socket } = await connected();
    socket.push(expiring);
    await t.settle();
    asked.last.reject(new Error("down"));
    await t.clock.advanceAsync(1000);
    expect(asked.questions).toHaveLength(3);
    asked.last.reject(new Error("down"));
    await t.clock.advanceAsync(2000);
    asked.last.resolve("second");
    await t.settle();
    expect(socket.last("refresh").token).toBe("second");
    expect(t.errors).toEqual(["unauthorized", "unauthorized"]);
    expect(t.client.state.now).toBe("open");
  });

  it("is asked again when it hangs", async () => {
    const { t, asked, socket } = await connected();
    socket.push(expiring);
    await t.settle();
    await t.clock.advanceAsync(10_000);
    expect(asked.last.signal.aborted).toBe(true);
    await t.clock.advanceAsync(1000);
    expect(asked.questions).toHaveLength(3);
  });

  it("is asked again when the gateway cannot judge now, and only told when it refuses", async () => {
    const { t, asked, socket } = await connected();
    const refuse = (code: string, retryable: boolean) =>
      socket.push({ type: "error", id: socket.last("refresh").id!, code, message: "", retryable });
    socket.push(expiring);
    await t.settle();
    asked.last.resolve("second");
    await t.settle();
    refuse("unavailable", true);
    await t.clock.advanceAsync(1000);
    expect(asked.questions).toHaveLength(3);
    asked.last.resolve("another user's");
    await t.settle();
    refuse("unauthorized", false);
    await t.clock.advanceAsync(20_000);
    expect(asked.questions).toHaveLength(3);
    expect(t.errors).toEqual(["unavailable", "unauthorized"]);
    // In time the gateway ends the connection, and the next one asks.
    socket.end(4006, "token_expired");
    await t.clock.advanceAsync(2000);
    expect(asked.questions).toHaveLength(4);
  });

  it("closes the client when its error is final", async () => {
    const { t, asked, socket } = await connected();
    socket.push(expiring);
    await t.settle();
    asked.last.reject(loggedOut);
    await t.settle();
    expect(t.client.state).toMatchObject({ now: "closed", error: loggedOut });
    expect(socket.over).toBe("closed");
    expect(t.clock.pendingTimers).toBe(0);
  });

  it("leaves the connection to end when it has nothing to hand in", async () => {
    const { t, asked, socket } = await connected();
    socket.push(expiring);
    await t.settle();
    asked.last.resolve(null);
    await t.settle();
    expect(socket.all("refresh")).toEqual([]);
    expect(t.errors).toEqual([]);
  });

  it("is given up when the connection is lost: the next one asks by itself", async () => {
    const { t, asked, socket } = await connected();
    socket.push(expiring);
    await t.settle();
    const refreshing = asked.last;
    socket.end();
    expect(refreshing.signal.aborted).toBe(true);
    await t.clock.advanceAsync(1000);
    expect(asked.questions).toHaveLength(3);
    refreshing.resolve("late");
    asked.last.resolve("third");
    const again = await t.open();
    expect(again.last("connect").token).toBe("third");
    expect(again.all("refresh")).toEqual([]);
  });
});
