import type { EventOf } from "./history.js";

/** One publish with all its retries. */
export interface PublishOperation {
  readonly invoked: EventOf<"publish">;
  settled: EventOf<"published"> | undefined;
}

/** One read. */
export interface ReadOperation {
  readonly invoked: EventOf<"read">;
  settled: EventOf<"readDone"> | undefined;
}

/** The operations of a history, by their names. */
export class Operations {
  readonly publishes = new Map<string, PublishOperation>();
  readonly reads = new Map<string, ReadOperation>();
  /** By channel, then by token. */
  readonly #byToken = new Map<string, Map<string, PublishOperation[]>>();

  beginPublish(invoked: EventOf<"publish">): void {
    const operation: PublishOperation = { invoked, settled: undefined };
    this.publishes.set(invoked.op, operation);
    const { channel, token } = invoked;
    let tokens = this.#byToken.get(channel);
    if (tokens === undefined) {
      tokens = new Map();
      this.#byToken.set(channel, tokens);
    }
    const same = tokens.get(token);
    if (same === undefined) tokens.set(token, [operation]);
    else same.push(operation);
  }

  settlePublish(settled: EventOf<"published">): void {
    const operation = this.publishes.get(settled.op);
    if (operation !== undefined) operation.settled ??= settled;
  }

  beginRead(invoked: EventOf<"read">): void {
    this.reads.set(invoked.op, { invoked, settled: undefined });
  }

  settleRead(settled: EventOf<"readDone">): void {
    const operation = this.reads.get(settled.op);
    if (operation !== undefined) operation.settled ??= settled;
  }

  /** Every publish of this payload to this channel, in order of invocation. */
  ofToken(channel: string, token: string): readonly PublishOperation[] {
    return this.#byToken.get(channel)?.get(token) ?? [];
  }
}
