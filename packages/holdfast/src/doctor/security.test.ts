import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { RecordingTerminal } from "../cli/testing/recording-terminal.js";
import { resolve } from "../config/resolve.js";
import { main } from "../main.js";
import { type Surroundings, securityChecks, securityFindings } from "./security.js";

const secret = "a-secret-of-more-than-thirty-two-bytes";
const around: Surroundings = { nodeMajor: 24, modeOf: () => 0o100600 };

/** A configuration that leaves nothing open. */
const good = {
  host: "0.0.0.0",
  tlsCertFile: "cert.pem",
  tlsKeyFile: "key.pem",
  origins: ["https://app.example"],
  tokenAudience: "live",
  tokenIssuer: "https://id.example",
  maxTokenLifeMs: 86_400_000,
  maxConnectionsPerAddress: 50,
  acceptsPerSecondPerAddress: 20,
  broker: "rediss://gateway:a-password@10.0.0.5",
  channels: { "chat:*": { schema: { type: "object" } } },
};
const goodEnv = {
  HOLDFAST_TOKEN_SECRET: secret,
  HOLDFAST_API_KEYS: "a-key-of-thirty-two-characters-01",
};

function findings(
  more: Record<string, unknown>,
  env: Record<string, string> = goodEnv,
  surroundings = around,
  flags: ReadonlyMap<string, readonly string[]> = new Map(),
) {
  const content = { ...good, ...more };
  const configuration = resolve({ file: { path: "config.json", content }, env, flags });
  return securityFindings(configuration, surroundings);
}

const triggers: Record<string, ReturnType<typeof findings>> = {
  dev: findings({ dev: true, host: "127.0.0.1" }),
  tls: findings({ tlsCertFile: "", tlsKeyFile: "" }),
  "self-signed": findings({ tlsCertFile: "", tlsKeyFile: "", tlsSelfSigned: true }),
  "key-file": findings({}, goodEnv, { ...around, modeOf: () => 0o100644 }),
  origins: findings({ origins: ["http://app.example"] }),
  anonymous: findings({ anonymous: { "chat:*": ["subscribe", "publish"] } }),
  "anonymous-read": findings({ anonymous: { "chat:*": ["subscribe"] } }),
  authenticated: findings({ authenticated: { "*": ["subscribe"] } }),
  audience: findings({ tokenAudience: "" }),
  issuer: findings({ tokenIssuer: "" }),
  "token-life": findings({ maxTokenLifeMs: 31_622_400_000 }),
  "key-set": findings({ tokenKeySetPrivate: true }),
  "query-tokens": findings({ queryTokens: true }),
  "api-keys": findings({}, { ...goodEnv, HOLDFAST_API_KEYS: "sixteen-letters-" }),
  "secrets-flag": findings({}, {}, around, new Map([["token-secret", [secret]]])),
  "secrets-file": findings({ tokenSecret: secret }, {}),
  "address-limits": findings({ maxConnectionsPerAddress: 0 }),
  "user-limits": findings({ messagesPerSecondPerUser: 0 }),
  "all-proxies": findings({ trustedProxies: ["0.0.0.0/0"] }),
  "engine-plain": findings({ broker: "redis://gateway:a-password@10.0.0.5" }),
  "engine-password": findings({ broker: "rediss://gateway:a-password@10.0.0.4 rediss://10.0.0.5" }),
  "engine-memory": findings({ broker: "memory:" }),
  schema: findings({ channels: { "chat:*": {} } }),
  compression: findings({ compression: true }),
  node: findings({}, goodEnv, { ...around, nodeMajor: 20 }),
};

describe("holdfast doctor --security", () => {
  it("finds nothing in a configuration that leaves nothing open", () => {
    expect(findings({})).toEqual([]);
    expect(findings({ tlsCertFile: "", tlsKeyFile: "", trustedProxies: ["10.0.0.0/8"] })).toEqual(
      [],
    );
  });

  it.each(securityChecks)("finds %s where it is so", (id) => {
    const found = triggers[id] ?? [];
    expect(found.map((each) => each.id)).toContain(id);
    expect(JSON.stringify(found)).not.toMatch(/a-secret-of|a-password|sixteen-letters/);
  });

  it("docs/security.md has a row for each, with its weight, and no row that nothing looks at", async () => {
    const page = await readFile(new URL("../../../../docs/security.md", import.meta.url), "utf8");
    const rows = page.matchAll(/^\| `(?<id>[a-z-]+)` \| (?<weight>open|look) \| \S/gm);
    const explained = [...rows].map(({ groups }) => `${groups?.id} ${groups?.weight}`);
    const checked = securityChecks.map((id) => {
      const weight = triggers[id]?.find((found) => found.id === id)?.weight;
      return `${id} ${weight}`;
    });
    expect(explained.toSorted()).toEqual(checked.toSorted());
  });

  it("ends with 1 while something is open, the gravest first, and 0 when nothing is", async () => {
    const run = async (...args: string[]) => {
      const terminal = new RecordingTerminal(goodEnv);
      const code = await main(["doctor", "--security", ...args], terminal);
      return { code, printed: terminal.printed };
    };
    const open = await run("--host", "0.0.0.0", "--origins", "*");
    expect(open.code).toBe(1);
    expect(open.printed[0]).toMatch(/^open {2}tls /);
    const flags = ["--token-audience", "live", "--broker", "file:./data"];
    expect((await run(...flags)).code).toBe(0);
  });
});
