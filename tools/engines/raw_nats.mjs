import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { deserialize } from "node:v8";
import { connect, headers as newHeaders } from "@nats-io/transport-node";
import { digest } from "../../packages/broker/dist/memory/payload.js";
import { platform, publishRequest } from "./measure.mjs";

/** @import { NatsConnection } from "@nats-io/transport-node" */
/** @import { Ask } from "./recorded_nats.mjs" */
/** @typedef {{ ask: Ask, message: any }} Link what is asked, and the message it stores */
/** @typedef {{ chains: Link[][], acknowledged: number, prefix: string }} Recorded */

/** Its value is the place that the message before it was given in this replay. */
const expectedHeader = "Nats-Expected-Last-Subject-Sequence";
const purge = "$JS.API.STREAM.PURGE.";
const timeout = 60_000;
const recorder = fileURLToPath(new URL("record_nats.mjs", import.meta.url));

/** A name of streams and subjects that nobody has used. */
const freshPrefix = () => `bench${platform.random.id(12).replaceAll(/[-_]/g, "x")}`;

/** @param {number} port @param {number} ms @param {number} window @returns {Promise<Recorded>} */
async function record(port, ms, window) {
  const folder = mkdtempSync(join(tmpdir(), "hf-bench-"));
  const file = join(folder, "recorded");
  const prefix = freshPrefix();
  const args = [file, port, prefix, ms, window].map(String);
  try {
    await promisify(execFile)(process.execPath, [recorder, ...args]);
    const { asked, acknowledged } = deserialize(readFileSync(file));
    return { chains: chainsOf(asked), acknowledged, prefix };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {NatsConnection} connection @param {string} operation @param {unknown} [body] */
async function askApi(connection, operation, body) {
  const text = body === undefined ? "" : JSON.stringify(body);
  const answer = await connection.request(`$JS.API.${operation}`, text, { timeout });
  const { error, ...rest } = JSON.parse(answer.string());
  if (error !== undefined) throw new Error(`${operation}: ${error.description}`);
  return rest;
}

/**
 * Makes streams like those of another prefix; what takes them away again.
 * @param {NatsConnection} connection
 * @param {string} from
 * @param {string} to
 */
async function copyStreams(connection, from, to) {
  const { streams } = await askApi(connection, "STREAM.LIST", { subject: `${from}.>` });
  /** @type {string[]} */
  const names = [];
  for (const { config } of streams) {
    const copy = JSON.parse(JSON.stringify(config).replaceAll(from, to));
    await askApi(connection, `STREAM.CREATE.${copy.name}`, copy);
    names.push(copy.name);
  }
  return async () => {
    for (const name of names) await askApi(connection, `STREAM.DELETE.${name}`);
  };
}

/** What makes a message of the requests that are in it, as the engine has to as well. */
function messageMaker() {
  const seqs = new Map();
  const session = platform.random.id(12);
  let sent = 0;
  /** @param {{ o?: readonly (readonly unknown[])[] }} recorded */
  return (recorded) => {
    for (const [kind] of recorded.o ?? []) {
      if (kind !== "a" && kind !== "p") continue;
      const { data } = publishRequest(sent++, seqs, session);
      if (digest({ data }) === platform.random.id(8)) throw new Error("a digest is no id");
    }
    return JSON.stringify(recorded);
  };
}

/** Tokens that all parts of one thing have in common. */
const partsLength = 4;

/**
 * What a request is about: a journal, or something too large for its message.
 * @param {Ask} ask @returns {string}
 */
function placeOf({ subject, body }) {
  const query = subject.startsWith("$JS.") && body !== "" ? JSON.parse(body) : {};
  const place = subject.startsWith("$JS.") ? (query.filter ?? query.last_by_subj ?? "") : subject;
  return place.endsWith(".b") ? place.split(".").slice(0, partsLength).join(".") : place;
}

/**
 * What is asked of each journal, one after the other, as the engine does: the parts of what is too large
 * for a message go before the one that names it, and are let go where its journal is.
 * @param {readonly Ask[]} asked
 */
function chainsOf(asked) {
  /** @type {Map<string, Link[]>} */
  const chains = new Map();
  for (const ask of asked) {
    const place = placeOf(ask);
    if (place === "") continue;
    const isJournal = ask.subject.endsWith(".c");
    const message = isJournal ? JSON.parse(ask.body) : undefined;
    const chain = chains.get(place) ?? [];
    chains.set(place, chain);
    const { blob } = message?.s ?? {};
    if (blob !== undefined) {
      const [prefix, stream] = place.split(".");
      const parts = `${prefix}.${stream}.kept.${blob.slice(0, blob.lastIndexOf("."))}`;
      chain.push(...(chains.get(parts) ?? []));
      chains.set(parts, chain);
    }
    chain.push({ ask, message });
  }
  return [...new Set(chains.values())];
}

/** @type {Promise<Recorded> | undefined} */
let recording;

/**
 * The same requests made into the same messages, and asked of the server one after the other for each
 * channel, by the bare client library: what the engine's own work costs beside it.
 * @param {number} port
 * @param {number} ms
 * @param {number} window
 */
export async function rawNats(port, ms, window) {
  recording ??= record(port, ms, window);
  const { chains, acknowledged, prefix } = await recording;
  const own = freshPrefix();
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const remove = await copyStreams(connection, prefix, own);
  const messageOf = messageMaker();
  const purges = /** @type {Promise<unknown>[]} */ ([]);
  /** @param {Link[]} chain */
  const follow = async (chain) => {
    let last = 0;
    const places = new Map();
    for (const { ask, message } of chain) {
      const subject = ask.subject.replace(prefix, own);
      const body = message === undefined ? ask.body.replace(prefix, own) : "";
      if (subject.startsWith(purge)) {
        const query = JSON.parse(body);
        if (query.seq !== undefined) query.seq = places.get(query.seq) ?? last;
        const text = JSON.stringify(query);
        purges.push(connection.request(subject, text, { timeout }));
        continue;
      }
      const headers = newHeaders();
      for (const [name, value] of ask.headers) {
        headers.set(name, name === expectedHeader ? String(last) : value);
      }
      const text = message === undefined ? body : messageOf(message);
      const answer = await connection.request(subject, text, { timeout, headers });
      if (message === undefined) continue;
      const { seq, error } = JSON.parse(answer.string());
      if (seq === undefined) throw new Error(error?.description ?? "not stored");
      last = seq;
      places.set(ask.seq, seq);
    }
  };
  const beganMs = performance.now();
  await Promise.all(chains.map(follow));
  const perSecond = acknowledged / ((performance.now() - beganMs) / 1_000);
  await Promise.all(purges);
  await remove();
  await connection.close();
  return { acknowledged, perSecond };
}
