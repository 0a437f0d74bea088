import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Running, root, start } from "../../package/commands.js";
import { endAfterEach, onEnd } from "../kit/gateway.js";
import { JsonClient, refusedWith } from "../kit/json-client.js";

// Frozen decision 10: `holdfast serve` listens on 127.0.0.1:8000 (--host, --port, HOLDFAST_HOST,
// HOLDFAST_PORT; port 0 picks a free one and prints it), WebSocket at /ws. `npm start` runs the
// development profile: anonymous users may use chat:* and the other demo channels as long as it is
// bound to loopback; the production profile denies by default.

endAfterEach();

const cli = join(root, "packages", "holdfast", "dist", "cli.js");

/** Starts the real command in an empty folder. */
function holdfast(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-profile-"));
  const running = start(process.execPath, [cli, ...args], folder, env);
  onEnd(async () => {
    if (running.child.exitCode === null) await running.stop("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return running;
}

/** Where it says that it listens. */
async function addresses(running: Running) {
  const [, webSocket = "", host = "", port = ""] = await running.printed(
    /WebSocket {2}(ws:\/\/(\S+):(\d+)\/ws)\n/,
  );
  return { webSocket, http: `http://${host}:${port}`, host, port: Number(port) };
}

const everything = ["subscribe", "publish", "history", "presence", "presence_enter"];

async function may(webSocket: string, channel: string): Promise<Record<string, string>> {
  const client = await JsonClient.open(webSocket);
  const outcome: Record<string, string> = {};
  for (const [index, type] of everything.entries()) {
    const id = index + 1;
    client.send({ type, id, channel, ...(type === "publish" ? { data: 1 } : {}) });
    await client.until(
      () => client.closeCode !== undefined || client.messages.some((each) => each.id === id),
    );
    const answer = client.messages.find((each) => each.id === id);
    outcome[type] = answer === undefined ? "closed" : String(answer.code ?? "ok");
  }
  client.socket.terminate();
  return outcome;
}

const all = (outcome: string) => Object.fromEntries(everything.map((type) => [type, outcome]));

describe("10: where it listens", () => {
  it("10: told nothing it takes 127.0.0.1:8000, or says that this is taken", async () => {
    const running = holdfast(["serve"]);
    const [said] = await running.printed(
      /ws:\/\/127\.0\.0\.1:8000\/ws|Port 8000 on 127\.0\.0\.1 is taken/,
    );
    expect(said).toBeDefined();
  });

  it("10: port 0 picks a free one, prints it, and two of them differ", async () => {
    const [one, two] = [holdfast(["serve", "--port", "0"]), holdfast(["serve", "--port", "0"])];
    const ports = [(await addresses(one)).port, (await addresses(two)).port];
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      expect(port).toBeGreaterThan(1023);
      expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
    }
  });

  it("10: HOLDFAST_HOST and HOLDFAST_PORT are heard, and the flags before them", async () => {
    const env = { HOLDFAST_HOST: "127.0.0.2", HOLDFAST_PORT: "0" };
    expect(await addresses(holdfast(["serve"], env))).toMatchObject({ host: "127.0.0.2" });
    const flags = ["serve", "--host", "127.0.0.3", "--port", "0"];
    const both = await addresses(holdfast(flags, { ...env, HOLDFAST_PORT: "1" }));
    expect(both).toMatchObject({ host: "127.0.0.3" });
    expect((await fetch(`${both.http}/health/live`)).status).toBe(200);
  });

  it("10: the WebSocket is at /ws and nowhere else", async () => {
    const { webSocket } = await addresses(holdfast(["serve", "--dev", "--port", "0"]));
    const client = await JsonClient.open(webSocket);
    await client.ask({ type: "connect" }, "connected");
    for (const path of ["/", "/ws/", "/ws/x", "/socket", "/WS"]) {
      expect((await refusedWith(webSocket.replace(/\/ws$/, path))).status).toBe(404);
    }
    // A query belongs to no path.
    await JsonClient.open(`${webSocket}?from=test`);
  });
});

describe("10: the development profile", () => {
  it("10: npm start lets anonymous users use the demo channels, and no others", async () => {
    const entry = join(root, "tools", "start.mjs");
    const running = start(process.execPath, [entry, "--port", "0"], root);
    onEnd(async () => {
      if (running.child.exitCode === null) await running.stop("SIGTERM");
    });
    const { webSocket, http } = await addresses(running);
    for (const channel of ["chat:lobby", "chat:any-room", "demo:cursors"]) {
      expect(await may(webSocket, channel)).toEqual(all("ok"));
    }
    for (const channel of ["orders:1", "user:ada"]) {
      expect(await may(webSocket, channel)).toEqual(all("forbidden"));
    }
    expect((await fetch(`${http}/`)).status).toBe(200);
  });

  it.each(["127.0.0.1", "127.8.9.1", "localhost"])("10: it is bound to %s", async (host) => {
    const running = holdfast(["serve", "--dev", "--host", host, "--port", "0"]);
    expect(await may((await addresses(running)).webSocket, "chat:a")).toEqual(all("ok"));
  });

  it.each([
    [["--host", "0.0.0.0"], {}],
    [["--host", "::"], {}],
    [["--host", "192.0.2.1"], {}],
    [["--host", "127.0.0.1.example"], {}],
    [["--host", "example.org"], {}],
    [[], { HOLDFAST_HOST: "0.0.0.0" }],
  ])("10: it refuses to listen beyond loopback: %j %j", async (flags, env) => {
    const running = holdfast(["serve", "--dev", "--port", "0", ...flags], env);
    const { code, output } = await running.ended;
    expect(code).toBe(2);
    expect(output).toContain("only listens on a loopback address");
    expect(output).not.toContain("WebSocket  ws");
  });
});

describe("10: the production profile", () => {
  it("10: it denies by default: no connection, no API, no demo, and says so", async () => {
    const running = holdfast(["serve", "--port", "0"]);
    const { webSocket, http } = await addresses(running);
    await running.printed(/Nobody can connect yet: set tokenSecret/);
    for (const channel of ["chat:lobby", "demo:a", "x:y"]) {
      expect(await may(webSocket, channel)).toEqual(all("closed"));
    }
    const client = await JsonClient.open(webSocket);
    client.send({ type: "connect" });
    expect(await client.closed()).toBe(4500);
    for (const key of [undefined, "holdfast-development", "a-guess-of-some-length"]) {
      const response = await fetch(`${http}/api/publish`, {
        method: "POST",
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
        body: '{"channel":"chat:lobby","data":1}',
      });
      expect(response.status).toBe(401);
    }
    expect((await fetch(`${http}/`)).status).toBe(404);
  });

  it("10: it opens exactly what anonymous names", async () => {
    const anonymous = JSON.stringify({ "news:*": ["subscribe", "history"] });
    const { webSocket } = await addresses(
      holdfast(["serve", "--port", "0"], { HOLDFAST_ANONYMOUS: anonymous }),
    );
    const client = await JsonClient.open(webSocket);
    for (const [command, code] of [
      [{ type: "publish", channel: "news:a", data: 1 }, "forbidden"],
      [{ type: "subscribe", channel: "chat:lobby" }, "forbidden"],
      [{ type: "presence", channel: "news:a" }, "forbidden"],
    ] as const) {
      expect(await client.ask(command, "error")).toMatchObject({ code });
    }
  });
});
