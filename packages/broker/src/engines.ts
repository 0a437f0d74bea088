import type { Clock, Logger, Random } from "@holdfast/core";
import type { Maybe } from "./contract/maybe.js";
import type { Broker } from "./contract.js";
import { createMemoryBroker } from "./memory/broker.js";
import type { Share } from "./partitioned/partition-map.js";

/** What an engine is given by the process it runs in. */
export interface EnginePlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** An engine that cannot be used here as it is asked to; the message says why and what to do about it. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}

/**
 * Opens the engine a URL names. Throws or rejects with an EngineError for a URL that is wrong and
 * for what stands in the way at the start.
 */
export type OpenEngine = (url: string, platform: EnginePlatform) => Maybe<Broker>;

/** What opens the engines of each URL scheme (`memory`, `file`, `redis`), without its colon. */
export type Engines = Readonly<Record<string, OpenEngine>>;

/** The engines that need no server. Native code is loaded by the first `file:` URL. */
export const embeddedEngines: Engines = {
  memory(url, platform) {
    if (url !== "memory:") throw new EngineError(`memory: takes nothing after it, got ${url}`);
    return createMemoryBroker(platform);
  },
  async file(url, platform) {
    const { openFileUrl } = await import("./file/mod.js");
    return openFileUrl(url, platform);
  },
};

/** The scheme of an engine's URL, which must have one. */
function schemeOf(url: string): string | undefined {
  return /^(?<scheme>[a-z][a-z0-9+.-]*):/.exec(url)?.groups?.scheme;
}

/**
 * What opens a URL, or several with blanks between: these share the partitions. Throws EngineError
 * when none of the engines does. The message repeats no more of a URL than its scheme: what follows
 * may hold a password.
 */
export function engineFor(url: string, engines: Engines): OpenEngine {
  const urls = url.trim().split(/\s+/);
  if (urls.length < 2) return single(url, engines);
  const named = urls.map((each) => ({ ...splitShare(each), open: single(each, engines) }));
  return async (_url, platform) => {
    const { openPartitioned } = await import("./partitioned/url.js");
    return openPartitioned(named, platform);
  };
}

function single(url: string, engines: Engines): OpenEngine {
  const scheme = schemeOf(url);
  const open = scheme !== undefined && Object.hasOwn(engines, scheme) && engines[scheme];
  if (open) return open;
  const known = Object.keys(engines).map((name) => `${name}:`);
  const given = scheme === undefined ? "a text without a scheme" : `${scheme}:`;
  throw new EngineError(`${given} is not an engine known here. Known: ${known.join(", ")}`);
}

/** Takes the partitions a deployment is to have, `#0-127`, off the end of its URL. */
function splitShare(url: string): { readonly url: string; readonly share?: Share } {
  const { base, from, to } = /^(?<base>.*)#(?<from>\d+)-(?<to>\d+)$/.exec(url)?.groups ?? {};
  if (base === undefined) return { url };
  return { url: base, share: { from: Number(from), to: Number(to) } };
}
