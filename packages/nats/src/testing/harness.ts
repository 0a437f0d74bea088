import { ServerHarness } from "@holdfast/broker/testing";
import { createNatsBroker, type NatsBrokerOptions } from "../broker.js";
import { appended, type ChannelOp } from "../channels/ops.js";
import type { Envelope } from "../journal/envelope.js";
import type { NatsLink } from "../link.js";
import type { NatsServer } from "../local/nats_server.js";
import { Subjects } from "../subjects.js";

const streams = 2;
const partitions = 256;

/** A fresh store on a running server, for the conformance suite: a prefix of its own. */
export class NatsHarness extends ServerHarness<NatsLink> {
  constructor(server: NatsServer, number: number, options: Partial<NatsBrokerOptions> = {}) {
    const store = new Store(server, `t${number}`);
    super(
      {
        brokerAt: (port, parts) =>
          createNatsBroker({
            maxReconnectDelayMs: 20,
            commandTimeoutMs: 2_000,
            connectTimeoutMs: 1_000,
            streams,
            partitions,
            ...options,
            url: `nats://127.0.0.1:${port}?prefix=${store.prefix}&discover=no`,
            ...parts,
          }),
        server,
        target: () => server.port,
        stepMs: 1_000,
        async loseSuffix(channel, count, restart) {
          await store.loseSuffix(channel, count);
          await restart();
        },
        wipe: () => store.wipe(),
      },
      number,
    );
  }
}

/** What lies on the server under one prefix. */
class Store {
  readonly prefix: string;
  readonly #server: NatsServer;

  constructor(server: NatsServer, prefix: string) {
    this.#server = server;
    this.prefix = prefix;
  }

  async wipe(): Promise<void> {
    await this.#server.removeStreams(`${this.prefix}.>`);
  }

  /** What a crash takes whose last writes had not reached the disk: the channel's newest messages. */
  async loseSuffix(channel: string, count: number): Promise<void> {
    const subjects = new Subjects(this.prefix, partitions, streams);
    const { stream, subject } = subjects.journal(channel, "c");
    const [name] = await this.#server.streamNames(`${this.prefix}.${stream}.>`);
    let query: object = { last_by_subj: subject };
    for (let lost = 0; lost < count; ) {
      const answer = await this.#server.ask(`STREAM.MSG.GET.${name}`, query);
      const { message } = answer as { message?: { seq: number; data: string } };
      if (message === undefined) throw new Error(`the channel has no ${count} entries`);
      const envelope: Envelope = JSON.parse(Buffer.from(message.data, "base64").toString("utf8"));
      lost += (envelope.o as ChannelOp[]).filter(appended).length;
      await this.#server.ask(`STREAM.MSG.DELETE.${name}`, { seq: message.seq });
      query = { seq: envelope.l };
    }
  }
}
