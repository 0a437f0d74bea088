import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { defaultsOf, silentMeter } from "@holdfast/core";
import { recordingLogger, VirtualClock } from "@holdfast/core/testing";
import { jsonCodec } from "@holdfast/protocol/json";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { GatewayCore } from "../core-contract.js";
import { type Settings, settings as table } from "../settings.js";
import { type Connection, Frame, type Handshake, type Transport } from "../transport.js";
import { TrustedProxies } from "./client-address.js";
import { trafficOf } from "./traffic.js";
import { UpgradeDoor } from "./upgrade.js";

const text = (payload: string): Frame => new Frame(payload, Buffer.byteLength(payload));

/** A core that records what the transport tells it and does what the test says. */
class FakeCore implements GatewayCore {
  readonly ready = true;
  readonly connectionCount = 0;
  readonly received: unknown[] = [];
  readonly told: string[] = [];
  readonly closedCodes: number[] = [];
  readonly transports: Transport[] = [];
  readonly handshakes: Handshake[] = [];
  onMessage: (message: unknown, transport: Transport) => void = () => {};
  #waiters: (() => void)[] = [];

  acceptWaitMs(): number {
    return 0;
  }

  recheck(): void {}

  tell(): never {
    throw new Error("nobody is told anything here");
  }

  nodes(): never {
    throw new Error("not under test");
  }
  issueTicket(): never {
    throw new Error("nobody is given a ticket here");
  }

  revocation(): never {
    throw new Error("nothing is revoked here");
  }

  flushed(): undefined {}

  readState(): never {
    throw new Error("nobody reads here");
  }

  accept(transport: Transport, handshake: Handshake): Connection {
    this.transports.push(transport);
    this.handshakes.push(handshake);
    return {
      receive: (payload) => {
        this.received.push(payload);
        this.onMessage(payload, transport);
        this.#wake();
      },
      ponged: () => {
        this.told.push("ponged");
        this.#wake();
      },
      drained: () => {
        this.told.push("drained");
        this.#wake();
      },
      closed: (code) => {
        this.closedCodes.push(code);
        this.#wake();
      },
    };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  publish(): never {
    throw new Error("not used here");
  }

  close(): never {
    throw new Error("not used here");
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

let server: Server;
let core: FakeCore;
let door: UpgradeDoor;
let started: boolean;
const log = recordingLogger();

async function open(overrides: Partial<Settings> = {}): Promise<void> {
  core = new FakeCore();
  started = true;
  door = new UpgradeDoor({
    core: () => (started ? core : undefined),
    codecs: [jsonCodec],
    plain: jsonCodec,
    clock: new VirtualClock(),
    logger: log,
    meter: silentMeter,
    settings: { ...defaultsOf(table), ...overrides },
    origins: [],
    queryTokens: false,
    proxies: new TrustedProxies([]),
    checkHost: false,
    compression: false,
    traffic: trafficOf(silentMeter),
  });
  server = createServer();
  server.on("upgrade", (request, socket, head) => door.handle(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

async function dial(protocols: string[] = [], options: object = {}): Promise<WebSocket> {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocols, options);
  await once(socket, "open");
  return socket;
}

async function refusal(protocols: string[] = [], options: object = {}): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocols, options);
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  response.resume();
  return response.statusCode;
}

beforeEach(() => open());
afterEach(() => {
  door.close();
  server.close();
  server.closeAllConnections();
});

describe("a WebSocket behind the transport seam", () => {
  it("hands over text as text and binary as bytes, and tells what was negotiated", async () => {
    const client = await dial(["holdfast.v1.json", "holdfast.token.s3cret"]);
    client.send("€");
    client.send(Uint8Array.of(1, 2));
    await core.until(() => core.received.length === 2);
    expect(core.received).toEqual(["€", Buffer.of(1, 2)]);
    expect(client.protocol).toBe("holdfast.v1.json");
    expect(core.transports[0]?.negotiated).toBe(true);
    expect(core.handshakes[0]).toMatchObject({ token: "s3cret", remoteAddress: "127.0.0.1" });
    expect(JSON.stringify(core.handshakes[0]?.headers)).not.toContain("s3cret");
    expect(JSON.stringify(log.lines)).not.toContain("s3cret");
  });

  it("sends the frames of a write in order, each as a message of its own", async () => {
    const client = await dial();
    const seen: string[] = [];
    client.on("message", (data) => seen.push(String(data)));
    core.transports[0]?.write([text("one"), text("x".repeat(70_000)), text("drei€")]);
    core.transports[0]?.close(4000, "draining");
    const [code, reason] = await once(client, "close");
    expect(seen).toEqual(["one", "x".repeat(70_000), "drei€"]);
    expect([code, String(reason)]).toEqual([4000, "draining"]);
    await core.until(() => core.closedCodes.length === 1);
    expect(core.closedCodes).toEqual([4000]);
  });

  it("sends nothing after the close, and a reason that fits", async () => {
    const client = await dial();
    const seen: string[] = [];
    client.on("message", (data) => seen.push(String(data)));
    core.transports[0]?.close(4000, "€".repeat(60));
    core.transports[0]?.write([text("late")]);
    const [, reason] = await once(client, "close");
    expect(String(reason)).toBe("€".repeat(41));
    expect(seen).toEqual([]);
  });

  it("pings at the protocol level and reports the pong", async () => {
    await dial();
    core.transports[0]?.ping();
    await core.until(() => core.told.includes("ponged"));
  });

  it("reports what a stalled reader leaves behind, and once it was taken", async () => {
    const client = await dial();
    client.pause();
    const [transport] = core.transports;
    const frame = text("x".repeat(1_000_000));
    while ((transport?.bufferedBytes ?? 0) < 2_000_000) transport?.write([frame]);
    expect(core.told).not.toContain("drained");
    client.resume();
    await core.until(() => core.told.includes("drained"));
    expect(transport?.bufferedBytes).toBe(0);
  });

  it("closes the one connection on which the core made a mistake", async () => {
    core.onMessage = () => {
      throw new Error("a mistake");
    };
    const [client, other] = [await dial(), await dial()];
    client.send("{}");
    const [code] = await once(client, "close");
    expect(code).toBe(4008);
    expect(other.readyState).toBe(WebSocket.OPEN);
  });

  it("ends a flood of pings (abuse 15)", async () => {
    const client = await dial();
    let closedWith: number | undefined;
    const closed = once(client, "close").then(([code]) => {
      closedWith = code;
    });
    // One at a time, so that it is their number alone that is too much.
    for (let i = 0; i < 700 && closedWith === undefined; i++) {
      client.ping();
      await Promise.race([once(client, "pong"), closed]);
    }
    expect(closedWith).toBe(4007);
  });

  it("says 1006 for a socket that was cut", async () => {
    const client = await dial();
    client.terminate();
    await core.until(() => core.closedCodes.length === 1);
    expect(core.closedCodes).toEqual([1006]);
  });

  it("says 1009 for a message that is too long, before it came", async () => {
    const client = await dial();
    client.send("x".repeat(70_000));
    const [code] = await once(client, "close");
    await core.until(() => core.closedCodes.length === 1);
    expect([code, core.closedCodes, core.received]).toEqual([1009, [1009], []]);
  });
});

describe("the door refuses", () => {
  it("everyone while the gateway starts, and while it stops", async () => {
    started = false;
    expect(await refusal()).toBe(503);
    started = true;
    door.drain();
    expect(await refusal()).toBe(503);
  });

  it("pages of a foreign origin", async () => {
    expect(await refusal([], { origin: "https://evil.example" })).toBe(403);
  });

  it("an offer without a known subprotocol, and never logs its token", async () => {
    expect(await refusal(["graphql-ws", "holdfast.token.s3cret"])).toBe(400);
    expect(JSON.stringify(log.lines)).not.toContain("s3cret");
  });

  it("the connection beyond the limit, until one has gone", async () => {
    door.close();
    server.close();
    await open({ maxConnections: 1 });
    const client = await dial();
    expect(await refusal()).toBe(503);
    client.close();
    await core.until(() => core.closedCodes.length === 1);
    expect((await dial()).readyState).toBe(WebSocket.OPEN);
  });
});
