import { describeBroker, serverAbilities } from "@holdfast/broker/testing";
import { afterAll, describe, test } from "vitest";
import { NatsServer } from "./local/nats_server.js";
import { NatsHarness } from "./testing/harness.js";

let server: Promise<NatsServer> | undefined;
let count = 0;

afterAll(async () => {
  await (await server)?.dispose();
});

describeBroker(
  "nats",
  {
    abilities: serverAbilities,
    async create() {
      // What a process has written survives its own end; only the machine's would take it.
      server ??= NatsServer.start({ syncAlways: false });
      count += 1;
      return new NatsHarness(await server, count);
    },
  },
  { describe, test },
);
