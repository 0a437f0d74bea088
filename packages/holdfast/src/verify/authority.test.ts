import { silentLogger } from "@holdfast/core";
import { createGateway } from "@holdfast/gateway";
import { jwt } from "@holdfast/gateway/jwt";
import { runVerify, type TokenAuthority, type VerifyReport } from "@holdfast/probe";
import { nodePlatform } from "@holdfast/probe/node";
import { afterEach, expect, test } from "vitest";
import { makeSecrets, tokenAuthority } from "./authority.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const namespace = "verify";

/** A run of a few seconds on a gateway of its own, whose tokens the authority gives and takes. */
async function proof(spoil: (honest: TokenAuthority) => TokenAuthority): Promise<VerifyReport> {
  const secrets = makeSecrets(nodePlatform.random);
  const gateway = createGateway({
    channels: { [`${namespace}:*`]: { history: {} } },
    authenticate: jwt({ secrets: [secrets.tokenSecret] }),
    apiKeys: [secrets.apiKey],
    anonymous: { [`${namespace}:*`]: ["subscribe", "publish", "history"] },
    logger: silentLogger,
    metrics: false,
  });
  closers.push(() => gateway.close({ drainMs: 0 }));
  const { url } = await gateway.listen(0);
  const { clock } = nodePlatform;
  const outcome = await runVerify({
    settings: {
      url: `${url.replace("http", "ws")}/ws`,
      namespace,
      durationMs: 10_000,
      connections: 6,
      channels: 2,
      subscriptionsPerConnection: 2,
      publishesPerSecond: 20,
      dropsPerSecond: 0,
      run: nodePlatform.random.id(8),
    },
    platform: nodePlatform,
    authority: spoil(tokenAuthority(url, secrets, { namespace, clock })),
    signal: new AbortController().signal,
  });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.report;
}

test("clients whose tokens are revoked are handed nothing more, and come back with new ones", async () => {
  const report = await proof((honest) => honest);
  expect(report).toMatchObject({ verdict: "kept", violations: [], findings: [] });
  expect(report.revocations).toBeGreaterThan(0);
  expect(report.resumed).toBeGreaterThan(0);
});

test("a revocation that is answered and not carried out is found", async () => {
  const report = await proof((honest) => ({ ...honest, revoke: async () => true }));
  expect(report.verdict).toBe("violated");
  expect(report.invariants["revocation-bound"]).toBeGreaterThan(0);
});
