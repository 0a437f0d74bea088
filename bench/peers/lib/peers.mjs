import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as dialects from "./dialects.mjs";
import { secret } from "./token.mjs";
import { folder, tools } from "./tools.mjs";

/** @import { Dialect } from "./dialects.mjs" */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} label for the table
 * @property {readonly string[]} command
 * @property {Record<string, string>} [env]
 * @property {() => Dialect} dialect
 * @property {boolean} [calls] false: it has no call that can be compared
 * @property {boolean} [resumes] whether clients that come back get what they missed
 * @property {Partial<Pick<Peer, "command" | "dialect" | "env">>} [storm] what differs when they do
 * @property {number} [patienceSeconds] after so long without any progress a turn has failed
 * @property {(port: number) => string} [configuration] of a server that says no port: handed to it
 *   as a file whose path follows the command
 */

/** A publication of 128 bytes as Holdfast sends it, with channel, offset, id, user and time. */
const publicationBytes = 258;

/** The default, as `servers/holdfast.mjs` raises it otherwise. */
const stormSettings = JSON.stringify({ acceptsPerSecond: 2_000 });

const server = (/** @type {string} */ name) => join(folder, "servers", name);
const raw = () => dialects.raw;

/** @param {string} name @param {string} label @param {readonly string[]} args @returns {Peer} */
const nodePeer = (name, label, args) => ({
  name,
  label,
  command: [process.execPath, ...args],
  dialect: raw,
});

/**
 * @param {string} name
 * @param {string} label
 * @param {Record<string, string>} env
 * @returns {Peer}
 */
const holdfastPeer = (name, label, env) => ({
  name,
  label,
  command: [process.execPath, server("holdfast.mjs")],
  env: { BENCH_SECRET: secret, ...env },
  dialect: dialects.holdfast,
  resumes: true,
  // Its own bounds on a herd are the point then.
  storm: { env: { BENCH_SECRET: secret, BENCH_SETTINGS: stormSettings, ...env } },
});

/** One namespace with history and recovery, signed tokens; everything else as it is. @param {number} port */
function centrifugoConfiguration(port) {
  const namespace = {
    name: "bench",
    history_size: 1000,
    history_ttl: "300s",
    force_recovery: true,
    allow_subscribe_for_client: true,
    allow_publish_for_client: true,
  };
  return JSON.stringify({
    http_server: { address: "127.0.0.1", port: String(port) },
    client: { token: { hmac_secret_key: secret } },
    channel: { namespaces: [namespace] },
    log: { level: "error" },
  });
}

/**
 * The build of another checkout, to compare two versions of Holdfast.
 * @param {string} checkout
 */
export function besidePeer(checkout) {
  const build = join(resolve(checkout), "packages", "holdfast", "dist", "mod.js");
  return holdfastPeer(`holdfast@${checkout}`, `Holdfast of ${checkout}`, {
    BENCH_HOLDFAST: pathToFileURL(build).href,
  });
}

/** Everything that can be measured, in the order of a turn. @returns {readonly Peer[]} */
export function allPeers() {
  const { floor, bun, centrifugo } = tools;
  return [
    { name: "floor", label: "C floor", command: [floor], dialect: raw },
    {
      name: "floor-long",
      label: "C floor, frames as long as Holdfast's",
      command: [floor, String(publicationBytes)],
      dialect: raw,
    },
    nodePeer("ws", "ws, send in a loop", [server("ws.mjs"), "send"]),
    nodePeer("ws-framed", "ws, framed once", [server("ws.mjs"), "framed"]),
    {
      ...nodePeer("socket.io", "Socket.IO", [server("socketio.mjs")]),
      dialect: () => dialects.socketIo,
      resumes: true,
      storm: {
        command: [process.execPath, server("socketio.mjs"), "recovery"],
        dialect: () => dialects.socketIoRecovery,
      },
    },
    nodePeer("uws", "uWebSockets.js", [server("uws.mjs")]),
    {
      ...nodePeer("bun", "Bun", []),
      command: [bun, server("bun.mjs")],
    },
    {
      name: "centrifugo",
      label: "Centrifugo",
      command: [centrifugo, "-c"],
      configuration: centrifugoConfiguration,
      dialect: dialects.centrifugo,
      calls: false,
      resumes: true,
    },
    holdfastPeer("holdfast", "Holdfast", {}),
    holdfastPeer("holdfast-js", "Holdfast, JavaScript only", { HOLDFAST_FANOUT: "javascript" }),
  ];
}
