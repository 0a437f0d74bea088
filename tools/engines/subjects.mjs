import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineFor } from "@holdfast/broker";
import { NatsServer } from "@holdfast/nats/local";
import { freePort, RedisServer } from "@holdfast/redis/local";
import { engines } from "../../packages/holdfast/dist/engines.js";
import { platform } from "./measure.mjs";
import { fileRound, rawFile } from "./raw_file.mjs";
import { rawNats } from "./raw_nats.mjs";
import { rawRedis } from "./raw_redis.mjs";

/** @import { Broker } from "@holdfast/broker" */

/**
 * Publishes as fast as it goes, so long and with so many under way.
 * @typedef {(ms: number, window: number) => Promise<{
 *   acknowledged: number,
 *   perSecond: number,
 *   cpuUs?: number,
 * }>} Round `cpuUs`: processor time of this process, where more happens in it than publishing
 */

/**
 * An engine to be measured.
 * @typedef {object} Subject
 * @property {string} name
 * @property {Broker} broker
 * @property {number | undefined} pid of its server, if it has one of its own
 * @property {Round | undefined} raw by its bare client library and the same requests, if it has one
 * @property {Round} [round] by the engine as it is to be measured beside that, if not as it has become
 * @property {() => Promise<void>} close
 */

/** @param {string} url */
async function open(url) {
  return await engineFor(url, engines)(url, platform);
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Promise<Subject>}
 */
async function redis(name, args) {
  const port = await freePort();
  const server = await RedisServer.start({ port, args });
  const broker = await open(`redis://127.0.0.1:${port}`);
  const close = async () => {
    await broker.close();
    await server.dispose();
  };
  return { name, broker, pid: server.pid, raw: (ms) => rawRedis(port, ms), close };
}

/** What can be measured, by name. @type {Readonly<Record<string, () => Promise<Subject>>>} */
export const subjects = {
  memory: async () => {
    const broker = await open("memory:");
    const close = async () => void (await broker.close());
    return { name: "memory", broker, pid: undefined, raw: undefined, close };
  },
  file: async () => {
    const folder = mkdtempSync(join(tmpdir(), "hf-bench-"));
    const broker = await open(`file:${folder}`);
    const close = async () => {
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    };
    /** @type {Round} */
    const round = (ms, window) => fileRound(open, ms, window);
    return { name: "file", broker, pid: undefined, raw: rawFile, round, close };
  },
  redis: () => redis("redis", []),
  nats: async () => {
    const server = await NatsServer.start();
    const broker = await open(server.url);
    const close = async () => {
      await broker.close();
      await server.dispose();
    };
    const raw = (/** @type {number} */ ms, /** @type {number} */ window) =>
      rawNats(server.port, ms, window);
    return { name: "nats", broker, pid: server.pid, raw, close };
  },
  "redis-aof": () => redis("redis-aof", ["--appendonly", "yes", "--appendfsync", "everysec"]),
};
