import type { TlsOptions } from "@holdfast/gateway";

const DAY_MS = 86_400_000;
const LIFE_DAYS = 30;

/**
 * A certificate for this machine's names that nobody vouches for: for trying out `wss:` only. It
 * lives in memory and ends with the process. `nowMs` is wall-clock time since the Unix epoch.
 */
export async function selfSigned(host: string, nowMs: number): Promise<TlsOptions> {
  // Loaded when asked for: it brings an X.509 implementation that nobody else needs.
  const { generate } = await import("selfsigned");
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(nowMs - DAY_MS),
    notAfterDate: new Date(nowMs + LIFE_DAYS * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
          ...(isName(host) ? [{ type: 2 as const, value: host }] : []),
        ],
      },
    ],
  });
  return { cert, key };
}

function isName(host: string): boolean {
  return /^[a-z][a-z0-9.-]*$/i.test(host) && host !== "localhost";
}
