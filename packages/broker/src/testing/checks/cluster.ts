import assert from "node:assert/strict";
import { brokerFeatures } from "../../contract/capabilities.js";
import type { NodeStatus } from "../../contract/cluster.js";
import { type BrokerCheck, check, offsets, refusal, type Station, value } from "../bench.js";

const command = (id: string, data?: unknown) => ({
  id,
  name: "disconnect",
  ...(data === undefined ? {} : { data }),
});

async function broadcast({ link }: Station, id: string, data?: unknown): Promise<void> {
  value(await link.broadcast(command(id, data)));
}

/** Ids a link heard, each once, in the order of their first time. */
const heardIds = ({ heard }: Station) => [...new Set(heard.commands.map(({ id }) => id))];

const status = (connections: number): NodeStatus => ({
  version: "1.0.0",
  startedMs: 1_000,
  connections,
  channels: 2,
  figures: { lag: 3 },
});

async function nodes({ link }: Station): Promise<string[]> {
  return value(await link.nodes()).map((node) => `${node.gateway} ${node.connections}`);
}

export const capabilityChecks: readonly BrokerCheck[] = [
  check("declares every feature as there, or how to come by it", async (bench) => {
    const { capabilities } = bench.harness.broker;
    for (const feature of brokerFeatures) {
      const declared = capabilities.features[feature];
      assert.ok(declared === true || declared.length > 20, feature);
    }
    assert.ok(capabilities.partitions >= 1);
    for (const windowMs of [capabilities.commandWindowMs, capabilities.fenceWindowMs]) {
      assert.ok(windowMs > 0);
    }
  }),
];

export const commandChecks: readonly BrokerCheck[] = [
  check("tells a command to every gateway, the sender too", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")];
    await broadcast(stations[0] ?? assert.fail(), "c1", { user: "ann" });
    await bench.settle();
    for (const { heard } of stations) {
      assert.deepEqual(heard.commands[0], command("c1", { user: "ann" }));
    }
  }),

  check("has the commands of the last while for whoever reads them again", async (bench) => {
    const station = await bench.station("g1");
    await broadcast(station, "c1");
    const first = value(await station.link.commands(undefined));
    assert.deepEqual([first.complete, first.commands.map(({ id }) => id)], [false, ["c1"]]);
    for (const n of offsets(2, 4)) await broadcast(station, `c${n}`, n);
    const other = await bench.station("g2");
    const next = value(await other.link.commands(first.cursor));
    assert.equal(next.complete, true);
    assert.deepEqual(
      next.commands,
      offsets(2, 4).map((n) => command(`c${n}`, n)),
    );
    const last = value(await other.link.commands(next.cursor));
    assert.deepEqual([last.complete, last.commands], [true, []]);
    assert.equal(value(await other.link.commands("elsewhere")).complete, false);
  }),

  check("refuses commands that are none", async (bench) => {
    const { link } = await bench.station();
    assert.equal(refusal(await link.broadcast({ id: "", name: "x" })).code, "invalid_field");
    assert.equal(refusal(await link.broadcast({ id: "1", name: "a b" })).code, "invalid_field");
    const data = 1n;
    assert.equal(refusal(await link.broadcast({ id: "1", name: "x", data })).code, "invalid_data");
  }),

  check(
    "keeps what the relay lost, so that it is found by reading again",
    async (bench) => {
      const sender = await bench.station("g1");
      const deaf = await bench.station("g2");
      const { cursor } = value(await deaf.link.commands(undefined));
      await bench.faults.cutRelay("g2");
      await broadcast(sender, "c1");
      await bench.settle();
      assert.deepEqual(heardIds(deaf), []);
      const missed = value(await deaf.link.commands(cursor));
      assert.deepEqual([missed.complete, missed.commands], [true, [command("c1")]]);
      await bench.faults.mendRelay("g2");
      await broadcast(sender, "c2");
      await bench.settle();
      assert.ok(heardIds(deaf).includes("c2"));
    },
    ["cutRelay"],
  ),

  check(
    "forgets commands past their window, and says so to who comes too late",
    async (bench) => {
      const station = await bench.station();
      const { commandWindowMs } = bench.harness.broker.capabilities;
      const { cursor } = value(await station.link.commands(undefined));
      await broadcast(station, "c1");
      await bench.advance(commandWindowMs + 1);
      const late = value(await station.link.commands(cursor));
      assert.deepEqual([late.complete, late.commands], [false, []]);
      await broadcast(station, "c2");
      assert.equal(value(await station.link.commands(late.cursor)).complete, true);
    },
    ["clock"],
  ),

  check(
    "says that commands may be missing after losing everything",
    async (bench) => {
      const station = await bench.station();
      await broadcast(station, "c1");
      const { cursor } = value(await station.link.commands(undefined));
      await bench.faults.wipe();
      assert.equal(value(await station.link.commands(cursor)).complete, false);
    },
    ["wipe"],
  ),
];

export const nodeChecks: readonly BrokerCheck[] = [
  check("lists what the gateways last said of themselves, by name", async (bench) => {
    const two = await bench.station("g2");
    const one = await bench.station("g1");
    assert.deepEqual(await nodes(one), []);
    value(await two.link.announce(status(1)));
    value(await one.link.announce(status(2)));
    value(await two.link.announce(status(5)));
    await bench.settle();
    assert.deepEqual(await nodes(one), ["g1 2", "g2 5"]);
    assert.deepEqual(value(await two.link.nodes())[0], { gateway: "g1", ...status(2) });
  }),

  check("takes a gateway off the list when its link ends", async (bench) => {
    const one = await bench.station("g1");
    const two = await bench.station("g2");
    for (const { link } of [one, two]) value(await link.announce(status(1)));
    await one.link.close();
    await bench.settle();
    assert.deepEqual(await nodes(two), ["g2 1"]);
  }),

  check("refuses a record that is larger than a record may be", async (bench) => {
    const { link } = await bench.station();
    const large = { ...status(1), version: "x".repeat(100_000) };
    assert.equal(refusal(await link.announce(large)).code, "too_large");
  }),

  check(
    "takes a gateway that died off the list when its lease has run out",
    async (bench) => {
      const one = await bench.station("g1");
      const two = await bench.station("g2");
      for (const { link } of [one, two]) value(await link.announce(status(1)));
      await bench.settle();
      await bench.faults.crash("g1");
      assert.deepEqual(await nodes(two), ["g1 1", "g2 1"]);
      await bench.advance(bench.harness.broker.capabilities.presenceLeaseMs + 1);
      assert.deepEqual(await nodes(two), ["g2 1"]);
    },
    ["crash", "clock"],
  ),
];
