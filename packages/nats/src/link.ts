import type { Done, EphemeralRequest, PartitionChanges } from "@holdfast/broker";
import { ServerLink } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { LinkCore, type LinkOptions } from "./core.js";
import { failureOf } from "./failures.js";
import { encodeEphemeral } from "./follows.js";

/** One gateway's link to a NATS deployment, with connections of its own. */
export class NatsLink extends ServerLink {
  readonly #core: LinkCore;
  readonly #ended: (link: NatsLink) => void;

  private constructor(core: LinkCore, ended: (link: NatsLink) => void) {
    super(core.parts.gateway, core);
    this.#core = core;
    this.#ended = ended;
  }

  /** Rejects with an EngineError when the servers cannot be reached or will not do. */
  static async connect(options: LinkOptions, ended: (link: NatsLink) => void): Promise<NatsLink> {
    return new NatsLink(await LinkCore.begin(options), ended);
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#core.available;
  }

  partitionOf(channel: string): number {
    return this.#core.parts.subjects.partitionOf(channel);
  }

  async changes(
    partition: number,
    cursor: string | undefined,
  ): Promise<PartitionChanges | Failure> {
    return this.#core.refusal() ?? (await this.#core.changes.since(partition, cursor));
  }

  /** Settles when everything sent before has come by the relay's connections. */
  async settle(): Promise<void> {
    if (this.#core.open) await this.#core.settle();
  }

  async close(): Promise<void> {
    const { services, presence, parts } = this.#core;
    const reachable = this.#core.available;
    if (!this.#core.stop()) return;
    if (reachable) {
      await services.close();
      // What cannot be said comes true when the lease runs out.
      await presence.incarnation.end().catch(() => {});
    }
    await Promise.all([parts.commands.close(), parts.relay.close()]);
    this.#ended(this);
  }

  /** Ends without a word, as a killed process does. */
  async crash(): Promise<void> {
    if (!this.#core.stop()) return;
    const { commands, relay } = this.#core.parts;
    await Promise.all([commands.close(), relay.close()]);
    this.#ended(this);
  }

  protected refusal(): Failure | undefined {
    return this.#core.refusal();
  }

  protected async tell(publication: EphemeralRequest): Promise<Done> {
    const body = ephemeralBody(publication);
    if (body === undefined) return failure("invalid_data", "The data is not a JSON value.");
    const { commands, subjects } = this.#core.parts;
    try {
      commands.tell(subjects.relay(publication.channel, "e"), body);
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  protected failureOf(error: unknown): Failure {
    return failureOf(error);
  }
}

function ephemeralBody(request: EphemeralRequest): string | undefined {
  if ((request.data === undefined) === (request.bytes === undefined)) return undefined;
  try {
    return encodeEphemeral(request);
  } catch {
    return undefined;
  }
}
