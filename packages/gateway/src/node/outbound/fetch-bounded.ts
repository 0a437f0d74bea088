import { type LookupAddress, type LookupOptions, lookup as systemLookup } from "node:dns";
import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { isIP } from "node:net";
import { pointsInward } from "./addresses.js";

/** What a fetch may cost and reach. */
export interface OutboundBounds {
  /** From the first packet to the last byte, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** true: also `http:`, and addresses of this machine and its networks. */
  readonly allowPrivate: boolean;
  readonly signal?: AbortSignal;
}

type Lookup = typeof systemLookup;

/**
 * Reads a small document: no redirect is followed, nothing is read beyond `maxBytes`, and the
 * connection goes to the very address that was judged, so that a name cannot change in between.
 * Rejects with an `Error` whose message names the cause and never the body.
 */
export function fetchBounded(
  url: URL,
  bounds: OutboundBounds,
  resolve: Lookup = systemLookup,
): Promise<Buffer> {
  const complaint = complaintAbout(url, bounds);
  if (complaint !== undefined) return Promise.reject(new Error(complaint));
  const signals = [AbortSignal.timeout(bounds.timeoutMs)];
  if (bounds.signal !== undefined) signals.push(bounds.signal);
  return new Promise((settle, reject) => {
    const request = (url.protocol === "https:" ? requestTls : requestPlain)(url, {
      agent: false,
      headers: { accept: "application/json" },
      lookup: judged(resolve, bounds.allowPrivate) as Lookup,
      maxHeaderSize: 16_384,
      signal: AbortSignal.any(signals),
    });
    request.once("error", (error: Error) => {
      reject(error.name === "AbortError" ? new Error("It did not answer in time.") : error);
    });
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const refuse = (message: string): void => {
        reject(new Error(message));
        request.destroy();
      };
      if (response.statusCode !== 200) {
        refuse(`It answered with status ${response.statusCode}; redirects are not followed.`);
        return;
      }
      response.on("data", (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > bounds.maxBytes) refuse(`It sent more than ${bounds.maxBytes} bytes.`);
        else chunks.push(chunk);
      });
      response.once("end", () => settle(Buffer.concat(chunks)));
      response.once("error", reject);
    });
    request.end();
  });
}

/** What keeps a URL from being fetched at all. */
export function complaintAbout(
  url: URL,
  { allowPrivate }: Pick<OutboundBounds, "allowPrivate">,
): string | undefined {
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) {
    return `Only https: is fetched, not ${url.protocol}`;
  }
  if (url.username !== "" || url.password !== "") return "A URL may hold no credentials.";
  // Node does not look up what is an address already.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!allowPrivate && isIP(host) !== 0 && pointsInward(host)) {
    return `${host} is an address inside this machine or its networks.`;
  }
  return undefined;
}

/** Resolves a name, and refuses it when any of its addresses points inward. */
function judged(resolve: Lookup, allowPrivate: boolean) {
  return (
    host: string,
    options: LookupOptions,
    done: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        done(error ?? new Error(`${host} has no address.`), []);
      } else if (!allowPrivate && addresses.some(({ address }) => pointsInward(address))) {
        done(new Error(`${host} resolves to an address inside this machine or its networks.`), []);
      } else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
