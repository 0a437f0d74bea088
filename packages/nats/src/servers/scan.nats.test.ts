import { DrivenClock } from "@holdfast/broker/testing";
import { silentLogger } from "@holdfast/core";
import { SeededRandom } from "@holdfast/core/testing";
import { afterAll, afterEach, expect, test } from "vitest";
import { parseAddress } from "../address.js";
import { resolveLimits } from "../limits.js";
import { NatsServer } from "../local/nats_server.js";
import { apiCodes } from "./api.js";
import { Connection } from "./connection.js";
import type { StoreError } from "./errors.js";
import { type ScanConnection, scanMessages } from "./scan.js";

const patienceMs = 60_000;
const starting = NatsServer.start({ syncAlways: false });
afterAll(async () => (await starting).dispose());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A stream of three messages, and a connection to its server. */
async function filled() {
  const server = await starting;
  await server.removeStreams();
  await server.ask("STREAM.CREATE.s", { name: "s", subjects: ["s.>"] });
  const clock = new DrivenClock();
  const connection = await Connection.open({
    address: parseAddress(server.url),
    limits: resolveLimits({}),
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    name: "scan",
    onAvailability: () => {},
  });
  closers.push(() => connection.close());
  for (const text of ["one", "two", "three"]) await connection.ask("s.a", text);
  return { server, clock, connection };
}

/** Does something to the server between what a scan asks first and what it asks next. */
function interrupted(connection: Connection, between: () => Promise<unknown>): ScanConnection {
  return {
    ask: async (...request) => {
      const answer = await connection.ask(...request);
      if (request[0].startsWith("$JS.API.CONSUMER.CREATE.")) await between();
      return answer;
    },
    askForMany: (...request) => connection.askForMany(...request),
  };
}

const scan = { stream: "s", filter: "s.a", from: 1, to: 3 };

test("reads what lies between two sequences, in order", { timeout: patienceMs }, async () => {
  const { connection } = await filled();
  const found = await scanMessages(connection, scan, "inbox");
  expect(found.map(({ seq, text }) => [seq, text])).toEqual([
    [1, "one"],
    [2, "two"],
    [3, "three"],
  ]);
});

test("says that the stream was removed while it was read, instead of waiting for good", {
  timeout: patienceMs,
}, async () => {
  const { server, connection } = await filled();
  const broken = interrupted(connection, () => server.ask("STREAM.DELETE.s"));
  const said = await scanMessages(broken, scan, "inbox").catch((error: StoreError) => error.code);
  // Which of the two is told depends on the server.
  expect([apiCodes.streamNotFound, apiCodes.consumerNotFound]).toContain(said);
});

test("says that the stream was removed and made anew while it was read", {
  timeout: patienceMs,
}, async () => {
  const { server, connection } = await filled();
  const broken = interrupted(connection, async () => {
    await server.ask("STREAM.DELETE.s");
    await server.ask("STREAM.CREATE.s", { name: "s", subjects: ["s.>"] });
  });
  await expect(scanMessages(broken, scan, "inbox")).rejects.toMatchObject({
    code: apiCodes.consumerNotFound,
  });
});

test("gives up where the rest of an answer does not come", { timeout: patienceMs }, async () => {
  const { clock, connection } = await filled();
  let heard = 0;
  const request = { subject: "s.silent", body: "", reply: "inbox.silent", expiresMs: 1_000 };
  const asked = connection.askForMany(request, () => {
    heard += 1;
    return false;
  });
  const outcome = expect(asked).rejects.toMatchObject({ kind: "unknown" });
  // The stream acknowledges what it stored, and nothing more.
  await expect.poll(() => heard, { timeout: patienceMs }).toBe(1);
  clock.advance(resolveLimits({}).commandTimeoutMs + 1_000);
  await outcome;
});

test("gives up where the connection is lost before the answer", {
  timeout: patienceMs,
}, async () => {
  const { connection } = await filled();
  const request = { subject: "nobody", body: "", reply: "inbox.lost", expiresMs: 1_000 };
  const asked = connection.askForMany(request, (message) => message.headers?.code !== 503);
  const outcome = expect(asked).rejects.toMatchObject({ kind: "unknown" });
  connection.renew("it is to be lost");
  await outcome;
});
