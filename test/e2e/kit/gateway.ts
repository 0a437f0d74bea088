import { silentLogger } from "@holdfast/core";
import { createGateway, type GatewayOptions, type Listening } from "@holdfast/gateway";
import { afterEach } from "vitest";

/** A key for `POST /api/publish`. */
export const API_KEY = "an-api-key-for-tests";

const everything = ["subscribe", "publish", "presence", "history", "call"] as const;

/** Options under which anonymous clients may do everything in `chat:*`. */
export const open = {
  logger: silentLogger,
  metrics: { process: false },
  channels: {
    "chat:*": { history: { maxCount: 100, maxAgeMs: 60_000, maxBytes: 1_000_000 }, presence: true },
  },
  anonymous: { "chat:*": everything },
  apiKeys: [API_KEY],
} as const satisfies GatewayOptions;

const closers: (() => Promise<void>)[] = [];

/** Runs after each test of the file that calls this: everything begun is ended. */
export function endAfterEach(): void {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });
}

/** Something to end after the test. */
export function onEnd(close: () => Promise<void> | void): void {
  closers.push(async () => close());
}

/** A gateway on a free port of this machine. */
export async function serve(
  overrides: GatewayOptions = {},
): Promise<Listening & { readonly gateway: ReturnType<typeof createGateway> }> {
  const gateway = createGateway({ ...open, ...overrides });
  onEnd(() => gateway.close({ drainMs: 0 }));
  return { ...(await gateway.listen(0)), gateway };
}
