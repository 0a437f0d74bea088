import {
  type BrokerLink,
  type ClusterCommand,
  isFailure,
  type RecentCommands,
} from "@holdfast/broker";
import type { Clock, Logger, Random, Timer } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { ask } from "../hub/ask.js";
import { NodeAnnouncer, type NodeCounts } from "./node-announcer.js";
import { dataOf, type Order, orderOf } from "./orders.js";
import type { RevocationLog } from "./revocation-log.js";
import type { Revocations } from "./revocations.js";

/**
 * Pause between two looks for what the relay may have lost, in milliseconds. With the time of a read
 * it keeps a withdrawal within the 2 s that the delivery contract allows.
 */
const LOOK_MS = 1_000;
/** Commands remembered so that they are carried out once. */
const MAX_HEARD = 10_000;
const COMMAND_ID_CHARS = 22;

/** Carried out here and on its way to every other gateway; a failure says that others may not know. */
export type OrderResult = { readonly ok: true } | Failure;

/** Who carries orders out on this gateway. */
export interface Executor {
  apply(order: Order): void;
  /** More may have been revoked than before. */
  judge(): void;
}

/** What a cluster member is made of. */
export interface ClusterOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly revocations: Revocations;
  readonly log: RevocationLog;
  readonly executor: Executor;
  /** Puts this gateway on the list of nodes. */
  readonly node?: { readonly version: string };
  readonly counts: () => NodeCounts;
}

/** This gateway among the others: what one is told, all carry out, also where the relay lost it. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #heard = new Set<string>();
  readonly #announcer: NodeAnnouncer | undefined;
  #cursor: string | undefined;
  #timer: Timer | undefined;
  #isLooking = false;
  #isLoaded = false;
  #isStopped = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { node } = options;
    if (node !== undefined) this.#announcer = new NodeAnnouncer({ ...options, node });
  }

  /** It is known here which tokens were revoked; before, nobody with a token can be let in. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Reads what was revoked before this gateway was there, and looks for commands from then on. */
  start(): void {
    this.look();
    this.#announcer?.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#announcer?.stop();
    this.#timer?.cancel();
  }

  /** The relay brought a command. */
  hear(command: ClusterCommand): void {
    if (!this.#isNews(command.id)) return;
    const order = orderOf(command.name, command.data);
    if (order === undefined) {
      this.#options.logger.warn("command not known", { name: command.name });
    } else this.#carryOut(order);
  }

  /** Carries an order out here and tells every gateway; a revocation is kept first. */
  tell(order: Order, done: (told: OrderResult) => void): void {
    this.#carryOut(order);
    if (order.name !== "revoke") this.#broadcast(order, done);
    else {
      this.#options.log.keep(order.revocation, (failed) => {
        if (failed === undefined) this.#broadcast(order, done);
        else done(failed);
      });
    }
  }

  /** Looks for commands that were not heard. */
  look(): void {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    this.#timer?.cancel();
    const { link, logger } = this.#options;
    ask(
      () => link.commands(this.#cursor),
      (recent) => {
        if (this.#isStopped) return;
        this.#isLooking = false;
        this.#timer = this.#options.clock.after(LOOK_MS, () => this.look());
        if (isFailure(recent)) {
          logger.debug("commands not read", { code: recent.code });
          if (recent.code === "unsupported") this.#load();
        } else this.#take(recent);
      },
    );
  }

  #take({ cursor, complete, commands }: RecentCommands): void {
    const isFirst = this.#cursor === undefined;
    this.#cursor = cursor;
    for (const command of commands) this.hear(command);
    if (isFirst || !this.#isLoaded) this.#load();
    else if (!complete) {
      this.#options.logger.warn("commands were missed, everything is checked anew");
      this.#load();
      this.#options.executor.apply({ name: "recheck" });
    }
  }

  #load(): void {
    const { log, logger, executor } = this.#options;
    log.read((failed) => {
      if (failed !== undefined) {
        this.#isLoaded = false;
        logger.warn("revocations not read", { code: failed.code });
        return;
      }
      this.#isLoaded = true;
      executor.judge();
    });
  }

  #carryOut(order: Order): void {
    if (order.name === "revoke" && !this.#options.revocations.add(order.revocation)) return;
    this.#options.executor.apply(order);
  }

  #broadcast(order: Order, done: (told: OrderResult) => void): void {
    const { link, random } = this.#options;
    const id = random.id(COMMAND_ID_CHARS);
    this.#isNews(id);
    ask(
      () => link.broadcast({ id, name: order.name, data: dataOf(order) }),
      (outcome) => done(isFailure(outcome) ? outcome : { ok: true }),
    );
  }

  #isNews(id: string): boolean {
    if (this.#heard.has(id)) return false;
    this.#heard.add(id);
    if (this.#heard.size > MAX_HEARD) {
      const [oldest] = this.#heard;
      if (oldest !== undefined) this.#heard.delete(oldest);
    }
    return true;
  }
}
