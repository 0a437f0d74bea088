import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError, engineFor } from "@holdfast/broker";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { silentLogger } from "@holdfast/core";
import { createNatsBroker } from "@holdfast/nats";
import { NatsServer } from "@holdfast/nats/local";
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

async function server(config = ""): Promise<NatsServer> {
  const started = await NatsServer.start({ config });
  closers.push(() => started.dispose());
  return started;
}

test("nats: is opened by its URL, and a wrong one is refused without its password", async () => {
  const url = `${(await server()).url}?presenceLeaseMs=5000`;
  const broker = await engineFor(url, engines)(url, platform);
  closers.push(() => broker.close());
  expect(broker.capabilities).toMatchObject({ engine: "nats", presenceLeaseMs: 5_000 });
  const link = await broker.connect("g1", listener);
  expect(await link.publish(publish)).toMatchObject({ ok: true, offset: 1 });
  const wrong = "nats://u:hunter2@h/3";
  const opening = async () => await engineFor(wrong, engines)(wrong, platform);
  await expect(opening()).rejects.toBeInstanceOf(EngineError);
  await expect(opening()).rejects.not.toThrow(/hunter2/);
});

test("who asks is who the URL says, and a stranger is refused at the start", async () => {
  const { port } = await server('authorization { user: "holdfast", password: "s3cret" }');
  const open = async (who: string) => {
    const broker = createNatsBroker({ ...platform, url: `nats://${who}127.0.0.1:${port}` });
    closers.push(() => broker.close());
    return await broker.connect("g1", listener);
  };
  const link = await open("holdfast:s3cret@");
  expect(await link.publish(publish)).toMatchObject({ ok: true });
  await expect(open("holdfast:guess@")).rejects.toBeInstanceOf(EngineError);
  await expect(open("holdfast:guess@")).rejects.not.toThrow(/guess/);
});

test("tls: speaks to a server whose certificate it can trust, and to no other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const made = await selfSigned("localhost", Date.now());
  const { cert, key } = made as { cert: string; key: string };
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const { port } = await server(
    `tls { cert_file: ${JSON.stringify(certFile)}, key_file: ${JSON.stringify(keyFile)} }`,
  );
  const url = `tls://localhost:${port}?discover=no`;
  const open = (tls: { ca?: string }) => {
    const broker = createNatsBroker({ ...platform, url, tls });
    closers.push(() => broker.close());
    return broker.connect("g1", listener);
  };
  const link = await open({ ca: cert });
  expect(await link.publish(publish)).toMatchObject({ ok: true });
  await expect(open({})).rejects.toBeInstanceOf(EngineError);
});
