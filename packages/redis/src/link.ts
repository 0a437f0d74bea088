import type { Done, EphemeralRequest, PartitionChanges } from "@holdfast/broker";
import { ServerLink } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { LinkCore, type LinkOptions } from "./core.js";
import { failureOf } from "./failures.js";
import { encodeEphemeral } from "./relay/frames.js";

/** One gateway's link to a Redis deployment, with connections of its own. */
export class RedisLink extends ServerLink {
  readonly #core: LinkCore;
  readonly #ended: (link: RedisLink) => void;

  private constructor(core: LinkCore, ended: (link: RedisLink) => void) {
    super(core.options.gateway, core);
    this.#core = core;
    this.#ended = ended;
  }

  /** Rejects with an EngineError when the servers cannot be reached or will not do. */
  static async connect(options: LinkOptions, ended: (link: RedisLink) => void): Promise<RedisLink> {
    return new RedisLink(await LinkCore.begin(options), ended);
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#core.available;
  }

  partitionOf(channel: string): number {
    return this.#core.options.keys.partitionOf(channel);
  }

  async changes(
    partition: number,
    cursor: string | undefined,
  ): Promise<PartitionChanges | Failure> {
    const refusal = this.#core.refusal(partition);
    if (refusal !== undefined) return refusal;
    const changes = await this.#core.channels.changes(partition, cursor);
    if (!("ok" in changes) && !changes.complete && cursor !== undefined) {
      // What else the partition held may be lost too.
      this.#core.presence.roster.reclaim(partition);
    }
    return changes;
  }

  /** Settles when everything sent before has come by the relay's connections. */
  async settle(): Promise<void> {
    await this.#core.relay.settle();
  }

  async close(): Promise<void> {
    const { servers, services, nodes, presence } = this.#core;
    const reachable = this.#core.available;
    if (!this.#core.stop()) return;
    await services.close(reachable);
    if (reachable) {
      // What cannot be said comes true when the lease runs out.
      await nodes.remove().catch(() => {});
      await presence.incarnation.end().catch(() => {});
    }
    servers.close();
    this.#ended(this);
  }

  /** Ends without a word, as a killed process does. */
  crash(): void {
    if (!this.#core.stop()) return;
    void this.#core.services.close(false);
    this.#core.servers.close();
    this.#ended(this);
  }

  /** What all gateways share lies in the first partition. */
  protected refusal(name?: string): Failure | undefined {
    return this.#core.refusal(name === undefined ? 0 : this.partitionOf(name));
  }

  protected async tell(publication: EphemeralRequest): Promise<Done> {
    const frame = ephemeralFrame(publication);
    if (frame === undefined) return failure("invalid_data", "The data is not a JSON value.");
    const { servers, options } = this.#core;
    try {
      const command = servers.sharded ? "SPUBLISH" : "PUBLISH";
      await servers.command(command, options.keys.entryRelay(publication.channel), frame);
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  protected failureOf(error: unknown): Failure {
    return failureOf(error);
  }
}

function ephemeralFrame(request: EphemeralRequest): Buffer | string | undefined {
  if ((request.data === undefined) === (request.bytes === undefined)) return undefined;
  try {
    return encodeEphemeral(request);
  } catch {
    return undefined;
  }
}
