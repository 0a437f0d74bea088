import { UnavailableError } from "@holdfast/protocol";
import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

it.each([
  ["an UnavailableError asks the client to come back", new UnavailableError("no answer"), 4003],
  ["any other error refuses it for good", new Error("a mistake"), 4500],
])("%s", async (_name, error, code) => {
  const gateway = await testGateway({
    authenticate: async () => {
      throw error;
    },
  });
  const peer = await gateway.open({ token: "t" });
  await gateway.settle();
  expect(peer.closedWith?.code).toBe(code);
  expect(peer.last("disconnect")).toMatchObject({ reconnect: code < 4500 });
});
