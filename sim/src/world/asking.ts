import type { Client } from "@holdfast/client/internal";
import type { SeededRandom } from "@holdfast/core/testing";
import type { HistoryFact } from "@holdfast/probe";
import type { AnyContract, Failure, Position } from "@holdfast/protocol";
import { dataOf } from "../state/kinds.js";
import type { Coverage } from "./coverage.js";

/** What an application asks with. */
export interface AskingDeps {
  readonly name: string;
  readonly client: Client<AnyContract>;
  readonly random: SeededRandom;
  readonly coverage: Coverage;
  readonly record: (fact: HistoryFact) => void;
  readonly position: (channel: string) => Position | undefined;
}

/** A publish that can be repeated. */
interface Known {
  readonly channel: string;
  readonly key: string;
  readonly token: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Patience of those who soon give a publish up and go on. */
const impatienceMs = [50, 50, 400, 2_000];

/** Publishes an application could repeat. */
const maxKnown = 8;

/** What one application publishes and reads, recorded with how it ended. */
export class Asking {
  readonly #deps: AskingDeps;
  readonly #known: Known[] = [];
  /** Publishes per channel, in the order in which the application asked for them. */
  readonly #numbers = new Map<string, number>();
  #ops = 0;

  constructor(deps: AskingDeps) {
    this.#deps = deps;
  }

  /** Publishes something new, or only where nothing came in between, or again what it published before. */
  async publish(channel: string, size: number): Promise<void> {
    const { random } = this.#deps;
    const before = this.#known.filter((known) => known.channel === channel);
    if (before.length > 0 && random.chance(0.1)) {
      await this.#repeat(random.pick(before), random.chance(0.3));
      return;
    }
    const op = this.#op();
    const offset = this.#deps.position(channel)?.offset;
    const compares = offset !== undefined && random.chance(0.1);
    const expected = compares ? { expectedOffset: offset } : {};
    const seq = (this.#numbers.get(channel) ?? 0) + 1;
    this.#numbers.set(channel, seq);
    const session = { id: this.#deps.name, seq };
    const known = { channel, key: op, token: op, data: dataOf(channel, op, size, random) };
    const isThere = await this.#send({ ...known, op, facts: { session, ...expected } });
    // Only what is there already can be repeated without a place of its own in the order.
    if (isThere) this.#known.push(known);
    if (this.#known.length > maxKnown) this.#known.shift();
  }

  /** The same key again: with the same payload, or with another one. */
  async #repeat({ channel, key, token, data }: Known, differs: boolean): Promise<void> {
    const op = this.#op();
    const payload = differs ? { token: op, data: { ...data, t: op } } : { token, data };
    // Nothing new is appended, so it has no place in the publisher's order.
    await this.#send({ channel, op, key, ...payload, facts: {} });
  }

  async #send(wish: {
    readonly channel: string;
    readonly op: string;
    readonly token: string;
    readonly key: string;
    readonly data: Readonly<Record<string, unknown>>;
    readonly facts: {
      readonly session?: { readonly id: string; readonly seq: number };
      readonly expectedOffset?: number;
    };
  }): Promise<boolean> {
    const { client, coverage, name, random, record } = this.#deps;
    const { channel, op, token, key, data, facts } = wish;
    const place = { client: name, channel, op };
    record({ kind: "publish", ...place, token, key, user: name, ...facts });
    const { expectedOffset } = facts;
    const timeoutMs = random.chance(0.2) ? random.pick(impatienceMs) : undefined;
    const options = {
      key,
      ...(expectedOffset !== undefined && { expectedOffset }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
    const result = await client.channel(channel).publish(data, options);
    if (result.ok) {
      const { ok: _ok, ...receipt } = result;
      if (receipt.duplicate === true) coverage.hit("publish-repeated");
      record({ kind: "published", ...place, outcome: "ok", ...receipt });
      return true;
    }
    if (result.unknown === true) coverage.hit("publish-unknown");
    if (result.code === "conflict") coverage.hit("publish-conflict");
    if (result.code === "offset_mismatch") coverage.hit("offset-mismatch");
    if (result.code === "limit_exceeded") coverage.hit("state-full");
    record({ kind: "published", ...place, outcome: outcomeOf(result), code: result.code });
    return false;
  }

  /** Publishes something that need not arrive. */
  whisper(channel: string): void {
    const op = this.#op();
    const place = { client: this.#deps.name, channel, op };
    this.#deps.record({ kind: "publish", ...place, token: op, ephemeral: true });
    void this.#deps.client.channel(channel).publish({ t: op }, { ephemeral: true, key: "cursor" });
  }

  /** Asks for the newest position. */
  async read(channel: string): Promise<void> {
    const { client, name, record } = this.#deps;
    const place = { client: name, channel, op: this.#op() };
    record({ kind: "read", ...place });
    const page = await client.channel(channel).history({ limit: 1 });
    if (!page.ok) record({ kind: "readDone", ...place, outcome: outcomeOf(page) });
    else {
      const { epoch, top } = page;
      record({ kind: "readDone", ...place, outcome: "ok", epoch, top });
    }
  }

  #op(): string {
    this.#ops += 1;
    return `${this.#deps.name}.${this.#ops}`;
  }
}

function outcomeOf(failure: Failure): "failed" | "unknown" {
  return failure.unknown === true ? "unknown" : "failed";
}
