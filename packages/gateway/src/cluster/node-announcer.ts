import { type BrokerLink, isFailure, type NodeStatus } from "@holdfast/broker";
import type { Clock, Logger, Timer } from "@holdfast/core";
import { ask } from "../hub/ask.js";

/** Pause between two announcements, in milliseconds: figures are that old at most, and an engine that lost them has them again. */
const ANNOUNCE_MS = 5_000;

/** What changes of what a gateway says of itself. */
export type NodeCounts = Pick<NodeStatus, "connections" | "channels" | "figures">;

/** What an announcer is made of. */
export interface NodeAnnouncerOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly node: { readonly version: string };
  readonly counts: () => NodeCounts;
}

/** Keeps this gateway on the list of nodes, with its figures. */
export class NodeAnnouncer {
  readonly #options: NodeAnnouncerOptions;
  readonly #startedMs: number;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: NodeAnnouncerOptions) {
    this.#options = options;
    this.#startedMs = options.clock.wallMs();
  }

  start(): void {
    const { link, clock, logger, node, counts } = this.#options;
    const startedMs = this.#startedMs;
    ask(
      () => link.announce({ version: node.version, startedMs, ...counts() }),
      (outcome) => {
        if (this.#isStopped) return;
        if (isFailure(outcome)) logger.debug("node not announced", { code: outcome.code });
        this.#timer = clock.after(ANNOUNCE_MS, () => this.start());
      },
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}
