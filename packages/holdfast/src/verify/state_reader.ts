import type { StateReader } from "@holdfast/probe";

/** Patience for one read, in milliseconds. */
const timeoutMs = 10_000;

/** Reads states over a gateway's HTTP API, as whoever the token says. */
export function stateReader(http: string, token: string | undefined): StateReader {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return async (channel) => {
    const url = `${http}/api/channels/${encodeURIComponent(channel)}/state`;
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    const body: unknown = await response.json();
    return response.ok && isRead(body) ? body : undefined;
  };
}

function isRead(body: unknown): body is NonNullable<Awaited<ReturnType<StateReader>>> {
  if (typeof body !== "object" || body === null || !("state" in body)) return false;
  const { position } = body as { readonly position?: { readonly offset?: unknown } };
  return typeof position?.offset === "number";
}
