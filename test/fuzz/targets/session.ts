import { call } from "@holdfast/gateway";
import { type Codec, closeCodes } from "@holdfast/protocol";
import {
  everything,
  FakeTransport,
  type TestGateway,
  testGateway,
} from "../../../packages/gateway/src/testing/harness.js";
import { noise, spoilt } from "../kit/bytes.js";
import { command } from "../kit/commands.js";
import { spoiltJson } from "../kit/json.js";
import { must, type Probe, type Target } from "../kit/target.js";
import { encoded } from "./codec.js";

/** Stands between the messages of one connection. */
const SEPARATOR = Buffer.of(0x1e, 0x1e, 0x1e);
/** A message that begins so is binary. */
const BINARY = 0x00;

const anything = {
  "~standard": { version: 1, vendor: "fuzz", validate: (value: unknown) => ({ value }) },
} as const;

/** Messages of one connection, to a whole gateway under a clock of its own. */
export function sessionTarget(codec: Codec, share: number): Target {
  return {
    name: `session-${codec.name}`,
    share,
    make(random) {
      const messages = Array.from({ length: 1 + random.int(6) }, () => {
        if (random.chance(0.03)) return noise(random);
        const message = command(random);
        if (codec.binary || random.chance(0.2)) {
          const written = encoded(codec, message);
          return random.chance(0.3) ? spoilt(written, random) : written;
        }
        return Buffer.from(spoiltJson(message, random, 0.05));
      });
      const parts = messages.flatMap((message) => [SEPARATOR, message]);
      const isOpened = random.chance(0.8);
      const first = isOpened ? encoded(codec, { type: "connect", id: 1 }) : Buffer.alloc(0);
      return Buffer.concat([first, ...parts]);
    },
    async start() {
      const gateway = await testGateway({
        settings: { maxBadMessages: 1_000 },
        calls: { echo: call(anything, (input) => input) },
        anonymous: { ...everything, echo: ["call"] },
      });
      return new SessionProbe(gateway, codec);
    },
  };
}

class SessionProbe implements Probe {
  readonly #gateway: TestGateway;
  readonly #codec: Codec;
  #runs = 0;

  constructor(gateway: TestGateway, codec: Codec) {
    this.#gateway = gateway;
    this.#codec = codec;
  }

  async run(input: Buffer): Promise<void> {
    const { core, clock, logger } = this.#gateway;
    const transport = new FakeTransport(true, this.#codec);
    transport.connection = core.accept(transport, { headers: {} });
    for (const message of split(input)) {
      const isBinary = message[0] === BINARY || this.#codec.binary;
      transport.connection.receive(isBinary ? message : message.toString("utf8"));
    }
    clock.runSoon();
    // What takes time may take it: acknowledgements, replays, deadlines.
    if (this.#runs++ % 8 === 0) await clock.advanceAsync(50);
    const code = transport.closedWith?.code;
    must(code === undefined || code in closeCodes, `closed with ${code}, which is no code`);
    must(code !== 4008, "no message is a mistake of ours");
    for (const message of transport.received) {
      must(message.type !== "error" || message.code !== "internal", "no message is internal's");
    }
    transport.drop();
    must(core.connectionCount === 0, "nothing is kept of a connection that is gone");
    const faults = logger.lines.filter(({ level }) => level === "error");
    must(faults.length === 0, `the log tells of a mistake: ${JSON.stringify(faults[0])}`);
    logger.clear();
    if (this.#runs % 1_000 === 0) await clock.advanceAsync(60_000);
  }

  async end(): Promise<void> {
    const { core } = this.#gateway;
    await this.#gateway.clock.advanceAsync(60_000);
    const closing = core.close({ drainMs: 0 });
    await this.#gateway.clock.advanceAsync(60_000);
    await closing;
  }
}

function split(input: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let from = 0; from <= input.length; ) {
    const at = input.indexOf(SEPARATOR, from);
    const to = at === -1 ? input.length : at;
    if (to > from) messages.push(input.subarray(from, to));
    from = to + SEPARATOR.length;
  }
  return messages;
}
