import { EngineError } from "@holdfast/broker";
import { DrivenClock, Heard } from "@holdfast/broker/testing";
import { SeededRandom } from "@holdfast/core/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createNatsBroker } from "./broker.js";
import { NatsServer, type NatsServerOptions } from "./local/nats_server.js";

const patienceMs = 120_000;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function server(options: NatsServerOptions = {}): Promise<NatsServer> {
  const started = await NatsServer.start({ syncAlways: false, ...options });
  closers.push(() => started.dispose());
  return started;
}

/** What the engine says when it is to begin; "" when it begins. */
async function saidAt(url: string): Promise<string> {
  const broker = createNatsBroker({ url, clock: new DrivenClock(), random: new SeededRandom(1) });
  closers.push(() => broker.close());
  try {
    await broker.connect("g1", new Heard());
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return (error as EngineError).message;
  }
}

/** Accounts with a user of the same name, in words of the server's configuration; `plain` is for the test itself. */
function accounts(user: { readonly account?: string; readonly permissions?: string }): string {
  return `
    accounts {
      tried {
        ${user.account ?? "jetstream: enabled"}
        users [{ user: tried, password: secret, ${user.permissions ?? ""} }]
      }
      plain { users [{ user: plain, password: plain }] }
    }
    no_auth_user: plain`;
}

interface Refused {
  readonly what: string;
  readonly config: string;
  readonly jetStream?: false;
  /** User and password in the URL. */
  readonly as?: string;
  readonly parameters?: string;
  /** All of it is said. */
  readonly said: readonly string[];
}

const refused: readonly Refused[] = [
  {
    what: "JetStream is off",
    config: "",
    jetStream: false,
    said: ["JetStream is not enabled", "every channel rule", "-js"],
  },
  {
    what: "a max_payload that snapshots do not fit",
    config: "max_payload: 65536",
    said: ["max_payload is 65536 bytes", "channel rules with state", "at least 524288"],
  },
  {
    what: "no headers",
    config: "no_header_support: true",
    said: ["takes no headers", "every channel rule", "Take no_header_support out"],
  },
  {
    what: "another password",
    config: accounts({}),
    as: "tried:wrong",
    said: ["do not let this user in", "user and password"],
  },
  {
    what: "an account without JetStream",
    config: accounts({ account: "jetstream: disabled" }),
    as: "tried:secret",
    said: ["JetStream not enabled for account", "every channel rule", "jetstream block"],
  },
  {
    what: "an account that may have fewer streams",
    config: accounts({ account: "jetstream { max_streams: 2 }" }),
    as: "tried:secret",
    said: ["maximum number of streams reached", "every channel rule", "streams=4"],
  },
  {
    what: "an account whose streams must have a bound",
    config: accounts({ account: "jetstream { max_bytes_required: true }" }),
    as: "tried:secret",
    said: ["max bytes", "every channel rule", "Take max_bytes_required out"],
  },
  {
    what: "a user that may not ask JetStream",
    config: accounts({
      permissions:
        'permissions: { publish: ["holdfast.>"], subscribe: ["holdfast.>", "_INBOX.>"] }',
    }),
    as: "tried:secret",
    said: ['Publish to "$JS.API.INFO"', "every channel rule", "$JS.API.>"],
  },
  {
    what: "a user that may not hear answers",
    config: accounts({
      permissions:
        'permissions: { publish: ["holdfast.>", "$JS.API.>"], subscribe: ["holdfast.>"] }',
    }),
    as: "tried:secret",
    said: ['Subscription to "_INBOX.', "every channel rule", "_INBOX.>"],
  },
  {
    what: "a user that may not publish",
    config: accounts({
      permissions: 'permissions: { publish: ["$JS.API.>"], subscribe: ["holdfast.>", "_INBOX.>"] }',
    }),
    as: "tried:secret",
    said: ['Publish to "holdfast.', "every channel rule", "holdfast.>"],
  },
  {
    what: "a user that may not hear what is told",
    config: accounts({
      permissions: 'permissions: { publish: ["holdfast.>", "$JS.API.>"], subscribe: ["_INBOX.>"] }',
    }),
    as: "tried:secret",
    said: ['Subscription to "holdfast.', "every channel rule", "holdfast.>"],
  },
  {
    what: "three copies on a single server",
    config: "",
    parameters: "?replicas=3",
    said: ["replicas > 1 not supported", "every channel rule", "take replicas= out"],
  },
];

describe("refuses at the start, and says what to change", () => {
  test.each(refused)("$what", { timeout: patienceMs }, async (given) => {
    const { config, jetStream, as, parameters = "", said } = given;
    const { port } = await server({ config, ...(jetStream === false && { jetStream }) });
    const user = as === undefined ? "" : `${as}@`;
    const told = await saidAt(`nats://${user}127.0.0.1:${port}${parameters}`);
    expect(told).toMatch(/^The NATS engine: /);
    for (const part of said) expect(told).toContain(part);
    expect(told).not.toContain("secret");
    expect(told).not.toContain("wrong");
  });
});

/** A stream of this engine's, but for a few things. */
function streamWith(differently: Readonly<Record<string, unknown>>) {
  return {
    name: "holdfast-0",
    subjects: ["holdfast.0.>"],
    republish: { src: "holdfast.0.live.>", dest: "holdfast.r.>" },
    discard: "new",
    allow_rollup_hdrs: true,
    ...differently,
  };
}

const unfit: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ["does not republish", { republish: undefined }, "does not republish what it stores"],
  ["allows no rollups", { allow_rollup_hdrs: false }, "does not allow rollups"],
  ["drops what is old", { discard: "old" }, "lets old messages go by itself"],
  ["drops what was read", { retention: "interest" }, "lets old messages go by itself"],
  ["keeps one message of each subject", { max_msgs_per_subject: 1 }, "lets old messages go"],
  ["takes small messages only", { max_msg_size: 1_000 }, "takes messages of 1000 bytes at most"],
  ["acknowledges nothing", { no_ack: true }, "does not acknowledge"],
  ["denies purging", { allow_rollup_hdrs: false, deny_purge: true }, "every channel rule"],
  [
    "is somebody else's",
    { name: "others", subjects: ["holdfast.>"], republish: undefined },
    "Another stream stores subjects below holdfast",
  ],
];

test.each(unfit)("a stream that %s is refused", { timeout: patienceMs }, async (_, what, said) => {
  const { url, ask } = await prepared(streamWith(what));
  expect(await ask).toMatchObject({ config: {} });
  expect(await saidAt(url)).toContain(said);
});

test("a stream as this engine makes it is taken", { timeout: patienceMs }, async () => {
  const { url, ask } = await prepared(streamWith({}));
  expect(await ask).toMatchObject({ config: {} });
  expect(await saidAt(url)).toBe("");
});

async function prepared(stream: { readonly name: string }) {
  const started = await server();
  return { url: started.url, ask: started.ask(`STREAM.CREATE.${stream.name}`, stream) };
}
