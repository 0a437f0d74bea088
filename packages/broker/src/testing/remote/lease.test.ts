import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { afterEach, expect, test, vi } from "vitest";
import { Heard, value } from "../bench.js";
import { connectRemoteBroker } from "./broker.js";
import { serveRemoteBroker } from "./server.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function scene() {
  const clock = new VirtualClock();
  const server = await serveRemoteBroker({ clock, random: new SeededRandom(1) });
  closers.push(() => server.close());
  const broker = await connectRemoteBroker(server.port);
  closers.push(() => broker.close());
  const heard = new Heard();
  const link = await broker.connect("g1", heard);
  const outage = async () => {
    server.pause();
    await vi.waitFor(() => expect(heard.availability.at(-1)).toBe(false));
  };
  const back = async () => {
    server.resume();
    await vi.waitFor(() => expect(heard.availability.at(-1)).toBe(true));
  };
  return { clock, broker, link, heard, outage, back };
}

const ids = async ({ link }: Pick<Awaited<ReturnType<typeof scene>>, "link">) =>
  value(await link.presence("a:b", 10)).members.map(({ id }) => id);

test("a gateway that missed its lease registers its members again in a new incarnation", async () => {
  const { clock, broker, link, heard, outage, back } = await scene();
  await link.follow("a:b", { presence: true });
  value(await link.enter("a:b", { id: "m" }));
  await outage();
  const { presenceLeaseMs, presenceGraceMs } = broker.capabilities;
  await clock.advance(presenceLeaseMs + presenceGraceMs);
  await back();
  expect(await ids({ link })).toEqual(["m"]);
  // The lease of the first incarnation must not take it out again.
  await clock.advance(presenceLeaseMs + presenceGraceMs);
  expect(await ids({ link })).toEqual(["m"]);
  expect(heard.gaps).toBe(1);
});

test("a gateway that comes back does not take a member from the one it moved to", async () => {
  const { broker, link, outage, back, clock } = await scene();
  value(await link.enter("a:b", { id: "m" }));
  await outage();
  await back();
  const other = await broker.connect("g2", new Heard());
  value(await other.enter("a:b", { id: "m" }));
  await outage();
  await back();
  await vi.waitFor(() => expect(other.available).toBe(true));
  link.leave("a:b", "m", { grace: false });
  await link.settle();
  const { presenceLeaseMs, presenceGraceMs } = broker.capabilities;
  await clock.advance(presenceLeaseMs + presenceGraceMs);
  expect(await ids({ link: other })).toEqual(["m"]);
});
