import type { SeededRandom } from "@holdfast/core/testing";
import { noise, spoilt } from "../kit/bytes.js";
import { API_KEY, Door } from "../kit/door.js";
import { hostileJson, spoiltJson } from "../kit/json.js";
import { must, type Target } from "../kit/target.js";

const paths = [
  "/",
  "/ws",
  "/metrics",
  "/health/live",
  "/health/ready",
  "/client.js",
  "/api/publish",
  "/api/tickets",
  "/api/disconnect",
  "/api/revoke",
  "/api/recheck",
  "/api/unsubscribe",
  "/api/channels/doc%3Aa/state",
  "/api/channels/%ff/state",
  "/api/channels/..%2f..%2fpackage.json/state",
  "/../../package.json",
  "/..%2f..%2fpackage.json",
  "/%2e%2e/%2e%2e/package.json",
  "//package.json",
  "/.%00./package.json",
  "*",
  "http://127.0.0.1/health/live",
];

const bodies: Readonly<Record<string, unknown>> = {
  "/api/publish": {
    channel: "chat:a",
    data: { text: "hello" },
    key: "k",
    user: "u",
    tags: ["t"],
    meta: { a: "b" },
    expectedOffset: 0,
    ephemeral: false,
  },
  "/api/tickets": { user: "alice", can: { "chat:*": ["subscribe"] } },
  "/api/disconnect": { user: "alice" },
  "/api/revoke": { user: "alice", beforeMs: 1 },
  "/api/recheck": { user: "alice", channel: "chat:a" },
  "/api/unsubscribe": { user: "alice", channel: "chat:a" },
};

const headers = [
  "Content-Type: application/json",
  "Accept: */*",
  "X-Api-Key: wrong-wrong-wrong-wrong",
  "X-Forwarded-For: 1.2.3.4, unknown",
  "Range: bytes=0-1,5-",
  "If-None-Match: *",
  "If-Modified-Since: yesterday",
  "Expect: 100-continue",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "Connection: upgrade",
  "Transfer-Encoding: chunked",
  "Content-Length: 5",
  "Cookie: a=b; __proto__=1",
  "Origin: null",
  "Sec-WebSocket-Key: x",
];

/** Whole HTTP requests as bytes: lines, headers and bodies, damaged or out of place. */
export function httpTarget(isReal: boolean, share: number, root: string): Target {
  return {
    name: isReal ? "http-tcp" : "http",
    share,
    make(random) {
      if (random.chance(0.03)) return noise(random);
      const made = request(random);
      return random.chance(0.4) ? spoilt(made, random) : made;
    },
    async start() {
      const door = await Door.open(isReal, root);
      return {
        async run(input) {
          const answer = await door.send(input);
          door.check();
          judge(answer);
        },
        end: () => door.close(),
      };
    },
  };
}

function request(random: SeededRandom): Buffer {
  const path = random.pick(paths);
  const shown = random.chance(0.2) ? spoilt(Buffer.from(path), random).toString("latin1") : path;
  const hasBody = path in bodies;
  const method = random.chance(0.85)
    ? hasBody
      ? "POST"
      : "GET"
    : random.pick(["HEAD", "PUT", "OPTIONS", "DELETE", "CONNECT", "TRACE"]);
  const body = hasBody
    ? random.chance(0.1)
      ? hostileJson(random)
      : spoiltJson(bodies[path], random)
    : "";
  const lines = [
    `${method} ${shown} HTTP/1.${random.chance(0.9) ? 1 : 0}`,
    "Host: 127.0.0.1",
    ...(random.chance(0.9) ? [`Authorization: Bearer ${API_KEY}`] : []),
    ...(body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...headers.filter(() => random.chance(0.05)),
    random.chance(0.9) ? "Connection: close" : "Connection: keep-alive",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "utf8");
}

function judge(answer: Buffer): void {
  if (answer.length === 0) return;
  const text = answer.toString("latin1");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
  must(status >= 100, "an answer is one of HTTP");
  must(status < 500 || status === 503 || status === 501 || status === 505, `answered ${status}`);
  must(!text.includes("holdfast-monorepo"), "no file outside the folder is served");
  must(!text.includes("node_modules"), "no answer tells of our own files");
}
