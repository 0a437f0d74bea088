import { createGateway, type GatewayOptions, type Listening } from "@holdfast/gateway";
import { afterEach } from "vitest";
import { confidential, keep, keptLogger } from "./emitted.js";

/** A key for `POST /api/publish`. */
export const API_KEY = confidential("an-api-key-for-tests");

/** What a client session is recognized by. */
export const SESSION_SECRET = confidential("a-session-secret-1");

const everything = ["subscribe", "publish", "presence", "history", "call"] as const;

/** Options under which anonymous clients may do everything in `chat:*`. */
export const open = {
  logger: keptLogger,
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
  const listening = gateway.listen(0);
  onEnd(async () => {
    await keepMetrics(listening);
    await gateway.close({ drainMs: 0 });
  });
  return { ...(await listening), gateway };
}

/** What the gateway has counted is said too; one that shows no metrics, or has ended, says nothing. */
async function keepMetrics(listening: Promise<Listening>): Promise<void> {
  try {
    const { url } = await listening;
    if (url.startsWith("http:")) keep(await (await fetch(`${url}/metrics`)).text());
  } catch {}
}
