import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { main } from "../main.js";

test("dev nats starts a server with JetStream, says where it is, and ends it when it is told to stop", async () => {
  const stopping = new AbortController();
  let tell: (line: string) => void = () => {};
  const told = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const done = main(["dev", "nats"], {
    env: {},
    folder: ".",
    print: (line) => tell(line),
    note: () => {},
    stopped: stopping.signal,
  });
  const url = await told;
  expect(url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
  const client = await connect({ servers: url.slice("nats://".length), reconnect: false });
  expect(client.info?.jetstream).toBe(true);
  await client.close();
  stopping.abort();
  expect(await done).toBe(0);
  await expect(connect({ servers: url.slice("nats://".length) })).rejects.toThrow();
});
