import type { SeededRandom } from "@holdfast/core/testing";
import type { AuthorizeHandler, Failure, SnapshotHandler, StateSnapshot } from "@holdfast/protocol";
import type { Coverage } from "../world/coverage.js";
import type { GatewayNode } from "../world/gateway.js";
import type { SharedWorld } from "../world/shared.js";
import { emptyBook, stepOf } from "./kinds.js";

/** What the application is made of. */
export interface ApplicationDeps {
  readonly world: SharedWorld;
  readonly coverage: Coverage;
  readonly random: SeededRandom;
  /** The gateways it may publish through. */
  readonly gateways: () => readonly GatewayNode[];
}

const name = "application";
/** Patience for one attempt to publish, in milliseconds. */
const patienceMs = 6_000;
/** Pause before another attempt, in milliseconds. */
const againMs = 300;
/** What a handler takes where its database is slow, in milliseconds. */
const slowMs = 2_000;
/** Average pause between two publications to one channel, in milliseconds. */
const pauseMs = 700;

/**
 * An application with data of its own: it publishes each change, one after the other, and commits the
 * data together with the position that the publication was given. Gateways ask it for its snapshot.
 */
export class Application {
  readonly #deps: ApplicationDeps;
  readonly #committed = new Map<string, StateSnapshot>();
  #ops = 0;
  #calm = false;

  constructor(deps: ApplicationDeps) {
    this.#deps = deps;
  }

  /** Answers at once, or after a while, or not at all. */
  readonly handler: SnapshotHandler = ({ channel }) =>
    this.#answered(() => this.#committed.get(channel) ?? { snapshot: emptyBook });

  /** Permits what tokens do not say, in the same way. */
  readonly authorize: AuthorizeHandler = () => this.#answered(() => true);

  begin(channels: readonly string[]): void {
    for (const channel of channels) this.#later(channel);
  }

  /** It changes nothing any more; what it has begun it brings to its end. */
  calmDown(): void {
    this.#calm = true;
  }

  #answered<T>(answer: () => T): T | Promise<T> {
    const { coverage, random, world } = this.#deps;
    if (random.chance(0.05) && !this.#calm) throw new Error("the database is away");
    if (random.chance(0.7)) return answer();
    coverage.hit("handler-answered-later");
    const delayMs = random.chance(0.1) ? slowMs : random.int(50);
    return new Promise((resolve) => {
      world.clock.after(delayMs, () => resolve(answer()));
    });
  }

  #later(channel: string): void {
    const { random, world } = this.#deps;
    world.clock.after(1 + random.int(2 * pauseMs), () => {
      if (!this.#calm) this.#change(channel);
    });
  }

  #change(channel: string): void {
    this.#ops += 1;
    const op = `${name}.${this.#ops}`;
    const place = { client: name, channel, op };
    this.#deps.world.recorder.record({ kind: "publish", ...place, token: op, key: op });
    this.#attempt(channel, op);
  }

  /** Under one key until the outcome is known: then the data and the position are committed in one step. */
  #attempt(channel: string, op: string): void {
    const { random, world, gateways } = this.#deps;
    const ready = gateways().filter((gateway) => gateway.listening && gateway.running);
    const gateway = ready.length === 0 ? undefined : random.pick(ready);
    const data = { t: op };
    let over = false;
    const again = (): void => {
      if (over) return;
      over = true;
      world.clock.after(againMs, () => this.#attempt(channel, op));
    };
    world.clock.after(patienceMs, again);
    void gateway?.publish(channel, data, op).then((outcome) => {
      if (over) return;
      if (!outcome.ok) {
        if (outcome.retryable || outcome.unknown === true) again();
        else {
          over = true;
          this.#settled(channel, op, outcome);
        }
        return;
      }
      over = true;
      if ("ephemeral" in outcome) throw new Error("an ephemeral publication was not asked for");
      const { epoch, offset, id, duplicate } = outcome;
      const before = this.#committed.get(channel)?.snapshot ?? emptyBook;
      const snapshot = stepOf(channel)?.(before, data);
      this.#committed.set(channel, { snapshot, position: { epoch, offset, id } });
      const place = { client: name, channel, op };
      world.recorder.record({
        kind: "published",
        ...place,
        outcome: "ok",
        epoch,
        offset,
        ...(duplicate && { duplicate }),
      });
      this.#later(channel);
    });
  }

  #settled(channel: string, op: string, { code }: Failure): void {
    const place = { client: name, channel, op };
    this.#deps.world.recorder.record({ kind: "published", ...place, outcome: "failed", code });
    this.#later(channel);
  }
}
