import { partitionOf } from "@holdfast/broker/internal";
import { partitionTags } from "./tags.js";

/**
 * The names of everything the engine keeps. Each carries the hash tag of its partition, and a
 * channel is one key with all that belongs to it: so a slot that moves to another server takes
 * each channel over in one step, and no call ever finds half of one.
 */
export class Keys {
  readonly partitions: number;
  readonly #prefix: string;
  readonly #relayPrefix: string;
  readonly #tags: readonly string[];

  /** `database` is part of the relay's names: unlike keys, they are not apart by database. */
  constructor(prefix: string, partitions: number, database = 0) {
    this.partitions = partitions;
    this.#prefix = prefix;
    this.#relayPrefix = `${prefix}${database}`;
    this.#tags = partitionTags(partitions);
  }

  partitionOf(channel: string): number {
    return partitionOf(channel, this.partitions);
  }

  /** The partition's hash tag; its slot decides which server of a cluster has it. */
  tag(partition: number): string {
    const tag = this.#tags[partition];
    if (tag === undefined) throw new RangeError(`there is no partition ${partition}`);
    return tag;
  }

  /** What the layout of the store is checked against; the one name that partitions do not decide. */
  get layout(): string {
    return `${this.#prefix}layout`;
  }

  /** A channel: its log, its memory of publishers, its snapshot. */
  channel(name: string): string {
    return `${this.#prefix}{${this.#tagOf(name)}}c:${name}`;
  }

  /** What changed lately in a partition. */
  changes(partition: number): string {
    return `${this.#prefix}{${this.tag(partition)}}x`;
  }

  /** Who is present in a channel. */
  presence(name: string): string {
    return `${this.#prefix}{${this.#tagOf(name)}}p:${name}`;
  }

  /** The channels of a partition that an incarnation may have members in. */
  held(partition: number, incarnation: string): string {
    return `${this.#prefix}{${this.tag(partition)}}o:${incarnation}`;
  }

  /** The leases of all incarnations. */
  get leases(): string {
    return `${this.#prefix}{${this.tag(0)}}leases`;
  }

  /** What the gateways said of themselves. */
  get nodes(): string {
    return `${this.#prefix}{${this.tag(0)}}nodes`;
  }

  /** Cluster-wide commands. */
  get commands(): string {
    return `${this.#prefix}{${this.tag(0)}}commands`;
  }

  /** A fenced log. */
  log(name: string): string {
    return `${this.#prefix}{${this.#tagOf(name)}}l:${name}`;
  }

  /** A lease with a fencing token. */
  lease(name: string): string {
    return `${this.#prefix}{${this.#tagOf(name)}}f:${name}`;
  }

  /** Who serves a subject. */
  services(subject: string): string {
    return `${this.#prefix}{${this.#tagOf(subject)}}s:${subject}`;
  }

  /** Carries cluster-wide commands. */
  get commandRelay(): string {
    return `${this.#relayPrefix}{${this.tag(0)}}commands`;
  }

  /** Carries calls of a partition's subjects to a link, and replies to one. */
  inbox(partition: number, link: string): string {
    return `${this.#relayPrefix}{${this.tag(partition)}}i:${link}`;
  }

  /** Carries a channel's entries and ephemeral publications. */
  entryRelay(name: string): string {
    return `${this.#relayPrefix}{${this.#tagOf(name)}}e:${name}`;
  }

  /** Carries a channel's presence events. */
  presenceRelay(name: string): string {
    return `${this.#relayPrefix}{${this.#tagOf(name)}}m:${name}`;
  }

  /** Carries what an incarnation sends itself through the server of a partition. */
  heartbeatRelay(partition: number, incarnation: string): string {
    return `${this.#relayPrefix}{${this.tag(partition)}}h:${incarnation}`;
  }

  #tagOf(channel: string): string {
    return this.tag(this.partitionOf(channel));
  }
}
