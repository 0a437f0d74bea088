import { inTime } from "@holdfast/broker/internal";
import type { Clock } from "@holdfast/core";
import type { Keys } from "../keys.js";
import type { Relay } from "../relay/relay.js";

/** Where a link is told of calls and replies: one inbox for each partition that it needs one in. */
export class Inboxes {
  readonly #relay: Relay;
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #link: string;
  readonly #names = new Set<string>();

  /** `link` is a name of the link that no other one has. */
  constructor(relay: Relay, keys: Keys, clock: Clock, timeoutMs: number, link: string) {
    this.#relay = relay;
    this.#keys = keys;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#link = link;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Listens in a partition; undefined: the server did not confirm it in time. */
  async listen(partition: number): Promise<string | undefined> {
    const name = this.#keys.inbox(partition, this.#link);
    this.#names.add(name);
    const confirmed = this.#relay.want(partition, name);
    return (await inTime(this.#clock, this.#timeoutMs, confirmed)) ? name : undefined;
  }

  /** Listens for replies, in a partition that other links rarely have theirs in. */
  listenForReplies(): Promise<string | undefined> {
    return this.listen(this.#keys.partitionOf(this.#link));
  }
}
