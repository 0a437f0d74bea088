import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.mjs";
import { dialectText, withoutCaptures } from "./dialects.mjs";
import { cpuSeconds } from "./machine.mjs";
import { tools } from "./tools.mjs";

/** @import { Peer } from "./peers.mjs" */

/**
 * What the load generator answers to a command; see `native/load.c`.
 * @typedef {object} LoadReport
 * @property {string} command
 * @property {boolean} complete
 * @property {number} seconds
 * @property {number} ownCpuSeconds
 * @property {number} expected
 * @property {number} received
 * @property {number} answered
 * @property {number} lost
 * @property {number} repeated
 * @property {number} damaged
 * @property {number} opened
 * @property {number} resumed
 * @property {number} refused
 * @property {number} dropped
 * @property {number} published
 * @property {number} pings
 * @property {number} p50Us
 * @property {number} p99Us
 * @property {number} p999Us
 * @property {number} maxUs
 */

/** The published data's size, as text. */
const payloadBytes = 128;
/** Where server and load run while they are pinned. */
const cores = { server: 0, load: 1 };

/** @returns {Promise<number>} a port that is free now */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until somebody listens. @param {number} port */
async function listening(port) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`Nobody listens on port ${port}.`);
}

/** One server and the load on it, from start to end. */
export class Session {
  #folder = mkdtempSync(join(tmpdir(), "holdfast-peers-"));
  /** @type {Child | undefined} */
  #server;
  /** @type {Child | undefined} */
  #load;
  #peer;

  /** @param {Peer} peer */
  constructor(peer) {
    this.#peer = peer;
  }

  /**
   * @param {Peer} peer
   * @param {{ storm?: boolean, pinned?: boolean }} options `storm`: connections will come back;
   *   `pinned`: server and load have a core of their own (Linux only)
   */
  static async start(peer, { storm = false, pinned = false } = {}) {
    const spoken = storm ? { ...peer, ...peer.storm } : peer;
    const session = new Session(spoken);
    try {
      await session.#start(storm, pinned);
      return session;
    } catch (cause) {
      await session.stop();
      throw cause;
    }
  }

  /** @param {boolean} storm @param {boolean} pinned */
  async #start(storm, pinned) {
    const { command, configuration, env = {}, dialect, patienceSeconds = 15 } = this.#peer;
    let port = 0;
    if (configuration === undefined) {
      this.#server = new Child(command, { core: pinned ? cores.server : undefined, env });
      ({ port } = await this.#server.answer());
    } else {
      port = await freePort();
      const file = join(this.#folder, "server.json");
      writeFileSync(file, configuration(port));
      this.#server = new Child([...command, file], {
        core: pinned ? cores.server : undefined,
        env,
      });
      await listening(port);
    }
    const file = join(this.#folder, "dialect");
    writeFileSync(file, dialectText(storm ? dialect() : withoutCaptures(dialect())));
    const numbers = [payloadBytes, patienceSeconds].map(String);
    this.#load = new Child([tools.load, String(port), file, ...numbers], {
      core: pinned ? cores.load : undefined,
    });
  }

  get pid() {
    return this.#server?.pid ?? 0;
  }

  /**
   * Lets the load generator do something.
   * @param {string} name
   * @param {...number} values
   * @returns {Promise<LoadReport>} throws when not everything arrived, once, whole and in order
   */
  async load(name, ...values) {
    const report = await this.#load?.ask([name, ...values].join(" "));
    const { complete, lost, repeated, damaged, dropped } = report;
    if (!complete || lost + repeated + damaged + dropped > 0) {
      const refused = report.refused > 0 ? `, ${report.refused} were refused` : "";
      const all = JSON.stringify(report);
      throw new Error(`${this.#peer.label}: not everything arrived${refused}: ${all}`);
    }
    return report;
  }

  /**
   * The same, with the server's processor time meanwhile.
   * @param {string} name
   * @param {...number} values
   */
  async measure(name, ...values) {
    const before = cpuSeconds(this.pid);
    const report = await this.load(name, ...values);
    return { ...report, serverCpuSeconds: cpuSeconds(this.pid) - before };
  }

  /**
   * How long the event loop kept others waiting since the last question; `own`: without the time
   * that its core was somebody else's.
   * @returns {Promise<{ p50Ms: number, p99Ms: number, maxMs: number, ownP99Ms: number, ownMaxMs: number } | undefined>} undefined: it cannot tell
   */
  async delay() {
    const { command, configuration } = this.#peer;
    const tells = configuration === undefined && command[0] !== tools.floor;
    return tells ? this.#server?.ask("delay") : undefined;
  }

  async stop() {
    await this.#load?.stop();
    await this.#server?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Handshakes on their way at a time while connections are opened at leisure. */
export const pending = 200;

/**
 * Runs `work` in a session that ends with it.
 * @template T
 * @param {Peer} peer
 * @param {Parameters<typeof Session.start>[1]} options
 * @param {(session: Session) => Promise<T>} work
 */
export async function during(peer, options, work) {
  const session = await Session.start(peer, options);
  try {
    return await work(session);
  } finally {
    await session.stop();
  }
}

/**
 * A session that has done `work` and stays; ended when that fails.
 * @param {Peer} peer
 * @param {Parameters<typeof Session.start>[1]} options
 * @param {(session: Session) => Promise<unknown>} work
 */
export async function prepared(peer, options, work) {
  const session = await Session.start(peer, options);
  try {
    await work(session);
    return session;
  } catch (cause) {
    await session.stop();
    throw cause;
  }
}

/** @param {{ seconds: number, ownCpuSeconds: number, serverCpuSeconds: number }} report */
export const busy = ({ seconds, ownCpuSeconds, serverCpuSeconds }) => ({
  clientBusy: ownCpuSeconds / seconds,
  serverBusy: serverCpuSeconds / seconds,
});
