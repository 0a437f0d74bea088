// Holdfast as it is shipped: every connection shows a signed token, every message has its position,
// the memory engine keeps the history. Only bounds that a single load generator would run into are
// raised, because it is one user on one address; all checks stay on.
import { createHmac, timingSafeEqual } from "node:crypto";
import { report } from "./report.mjs";

const {
  BENCH_SECRET: secret = "",
  BENCH_SETTINGS: overrides = "{}",
  // The build of another checkout, to measure two of them side by side.
  BENCH_HOLDFAST: build = "holdfast",
} = process.env;
/** @type {typeof import("holdfast")} */
const { call, createGateway } = await import(build);

/** HS256 (RFC 7515); the answer says who it is, what may be done, and until when. */
async function authenticate(/** @type {{ token?: string }} */ { token }) {
  const [head = "", body = "", signature = ""] = (token ?? "").split(".");
  const wanted = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  const { sub, can, exp } = JSON.parse(Buffer.from(body, "base64url").toString());
  return { user: sub, can, expiresAtMs: exp * 1000 };
}

/** Any text, as Standard Schema has it. */
const text = {
  "~standard": {
    version: /** @type {const} */ (1),
    vendor: "bench",
    validate: (/** @type {unknown} */ value) =>
      typeof value === "string" ? { value } : { issues: [{ message: "not a text" }] },
  },
};

const gateway = createGateway({
  authenticate,
  channels: { "bench:*": { history: { maxCount: 1000, maxBytes: 1_048_576 } } },
  calls: { "bench.echo": call(text, (data) => data) },
  settings: {
    maxConnectionsPerUser: 0,
    messagesPerSecond: 10_000_000,
    messagesPerSecondPerUser: 0,
    bytesPerSecond: 1_000_000_000,
    bytesPerSecondPerUser: 0,
    acceptsPerSecond: 100_000,
    ...JSON.parse(overrides),
  },
  logLevel: "error",
});
const { port } = await gateway.listen(0);
report(port);
