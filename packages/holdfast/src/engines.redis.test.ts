import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError, engineFor } from "@holdfast/broker";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { silentLogger } from "@holdfast/core";
import { createRedisBroker } from "@holdfast/redis";
import { freePort, RedisServer } from "@holdfast/redis/local";
import { afterEach, expect, test } from "vitest";
import { engines } from "./engines.js";
import { selfSigned } from "./serve/self-signed.js";

const platform = { clock: systemClock, random: systemRandom, logger: silentLogger };
const listener = {
  onEntry() {},
  onEphemeral() {},
  onPresence() {},
  onRelayGap() {},
  onAvailability() {},
  onCommand() {},
};
const history = { maxCount: 10, maxBytes: 10_000, maxAgeMs: 60_000 };
const publish = { channel: "a:b", data: 1, timeMs: 1, history };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function server(port: number, ...args: string[]): Promise<RedisServer> {
  const started = await RedisServer.start({ port, args });
  closers.push(() => started.dispose());
  return started;
}

test("redis: and its kin are opened by their URLs, and a wrong one is refused without its password", async () => {
  const port = await freePort();
  await server(port);
  const url = `redis://127.0.0.1:${port}?presenceLeaseMs=5000`;
  const broker = await engineFor(url, engines)(url, platform);
  closers.push(() => broker.close());
  expect(broker.capabilities).toMatchObject({ engine: "redis", presenceLeaseMs: 5_000 });
  const link = await broker.connect("g1", listener);
  expect(await link.publish(publish)).toMatchObject({ ok: true, offset: 1 });
  const wrong = "rediss+cluster://u:hunter2@h/3";
  const opening = async () => await engineFor(wrong, engines)(wrong, platform);
  await expect(opening()).rejects.toBeInstanceOf(EngineError);
  await expect(opening()).rejects.not.toThrow(/hunter2/);
});

test("rediss: speaks TLS to a server whose certificate it can trust, and to no other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const made = await selfSigned("localhost", Date.now());
  const { cert, key } = made as { cert: string; key: string };
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const port = await freePort();
  const files = ["--tls-cert-file", certFile, "--tls-key-file", keyFile];
  await server(0, "--tls-port", String(port), ...files, "--tls-auth-clients", "no");
  const url = `rediss://127.0.0.1:${port}`;
  const trusting = createRedisBroker({ url, ...platform, tls: { ca: cert } });
  closers.push(() => trusting.close());
  const link = await trusting.connect("g1", listener);
  await link.follow("a:b", { presence: false });
  expect(await link.publish(publish)).toMatchObject({ ok: true, offset: 1 });
  const wary = createRedisBroker({ url, ...platform });
  await expect(wary.connect("g1", listener)).rejects.toThrow(/self.signed certificate/i);
});
