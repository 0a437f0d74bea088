import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { listenAsWorker } from "../workers/worker.js";
import { explainListenError, WorkerPortError } from "./explain.js";

const asked = { host: "127.0.0.1", port: 0 };

test("a worker's own port that is taken is named, and not the one that all workers share", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const gateway = {
    listen: async () => ({ url: "http://127.0.0.1:1", webSocketUrl: "ws://127.0.0.1:1", port: 1 }),
    attach: () => {},
  };
  const role = { number: 2, reusePort: false };
  const listening = listenAsWorker(gateway, role, { ...asked, workerPort: port - 1 });
  const cause = await listening.catch((error: unknown) => error);
  expect(explainListenError(cause, asked)).toBe(
    `Port ${port}, which would be this worker's own, is taken: another program listens there already. Stop it, or choose other ports with --worker-port.`,
  );
  await new Promise((resolve) => taken.close(resolve));
});

test("a worker's own port that the user may not have is named", () => {
  const denied = Object.assign(new Error("denied"), { code: "EACCES" });
  const explained = explainListenError(new WorkerPortError(81, { cause: denied }), asked);
  expect(explained).toContain("may not listen on port 81, which would be this worker's own");
  expect(explained).toContain("--worker-port");
});

test("what is not known of a worker's own port is not explained away", () => {
  const cause = new WorkerPortError(81, { cause: new Error("?") });
  expect(explainListenError(cause, asked)).toBeUndefined();
});
