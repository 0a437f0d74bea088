import type { SeededRandom } from "@holdfast/core/testing";
import type { Plan } from "../plan/plan.js";
import { kindOf, stepOf } from "../state/kinds.js";
import { Actor } from "./actor.js";
import type { Audit } from "./audit.js";
import type { Coverage } from "./coverage.js";
import type { Network } from "./network.js";
import type { SharedWorld } from "./shared.js";

/** What the applications of a run are made of. */
export interface CrowdDeps {
  readonly world: SharedWorld;
  readonly plan: Plan;
  readonly network: Network;
  readonly audit: Audit;
  readonly coverage: Coverage;
  readonly random: SeededRandom;
}

/** Publications come in every size, mostly small. */
const sizes = [0, 0, 0, 20, 200, 3_000];

/** All applications of a run, and what they do of their own accord. */
export class Crowd {
  readonly #deps: CrowdDeps;
  readonly #actors: Actor[] = [];
  #calm = false;
  #lives = 0;

  constructor(deps: CrowdDeps) {
    this.#deps = deps;
  }

  /** Everybody arrives, not quite at once, and begins to act. */
  begin(): void {
    const { plan, world, random } = this.#deps;
    for (let index = 0; index < plan.clients; index += 1) {
      const firstMs = random.int(plan.pauseMs);
      world.clock.after(firstMs, () => this.#arrive(index));
    }
  }

  /** Nobody does anything new. */
  calmDown(): void {
    this.#calm = true;
  }

  /** Records what everybody has at rest. */
  conclude(): void {
    for (const actor of this.#actors) actor?.conclude();
  }

  end(): void {
    for (const actor of this.#actors) actor?.close();
  }

  #arrive(index: number): void {
    if (this.#calm) return;
    const { plan, random } = this.#deps;
    const actor = this.#makeActor();
    this.#actors[index] = actor;
    for (const channel of plan.channels) {
      if (random.chance(0.7)) actor.subscribe(channel, undefined, this.#last());
    }
    if (random.chance(0.5)) void actor.attendance.enter(random.pick(plan.channels), 0);
    if (random.chance(0.4)) actor.attendance.watch(random.pick(plan.channels));
    this.#actLater(index);
  }

  #makeActor(): Actor {
    const { world, plan, network, audit, coverage, random } = this.#deps;
    this.#lives += 1;
    return new Actor({
      name: `u${this.#lives}`,
      world,
      network,
      random: random.fork(),
      coverage,
      tokenLifeMs: plan.tokenLifeMs,
      beforeReset: (channel) => audit.poll(channel),
    });
  }

  #last(): number | undefined {
    const { random } = this.#deps;
    return random.chance(0.3) ? random.int(20) : undefined;
  }

  #actLater(index: number): void {
    const { world, plan, random } = this.#deps;
    world.clock.after(1 + random.int(2 * plan.pauseMs), () => {
      if (this.#calm) return;
      this.#act(index);
      this.#actLater(index);
    });
  }

  #act(index: number): void {
    const { plan, random } = this.#deps;
    const actor = this.#actors[index];
    if (actor === undefined || actor.closed) return;
    const channel = random.pick(plan.channels);
    const lot = random.int(100);
    if (lot < 55) this.#publish(actor, channel);
    else if (lot < 62) actor.asking.whisper(channel);
    else if (lot < 72) this.#read(actor, channel);
    else if (lot < 80) actor.subscribe(channel, undefined, this.#last());
    else if (lot < 84) actor.unsubscribe(channel);
    else if (lot < 92) void actor.attendance.enter(channel, lot);
    else if (lot < 95) actor.attendance.leave(channel);
    else if (lot < 97) this.#letExpire(actor);
    else if (lot < 99) this.#reborn(index, actor);
    else this.#burst(actor, channel);
  }

  /** Books are written by the application alone. */
  #publish(actor: Actor, channel: string): void {
    if (kindOf(channel) === "book") return;
    void actor.asking.publish(channel, this.#deps.random.pick(sizes));
  }

  #read(actor: Actor, channel: string): void {
    if (stepOf(channel) !== undefined && this.#deps.random.chance(0.6)) void actor.load(channel);
    else void actor.asking.read(channel);
  }

  #burst(actor: Actor, channel: string): void {
    if (kindOf(channel) === "book") return;
    for (let count = 0; count < 12; count += 1) void actor.asking.publish(channel, 3_000);
  }

  /** The process ends and another one goes on from the positions it had kept. */
  #reborn(index: number, actor: Actor): void {
    const kept = actor.channels.map((channel) => [channel, actor.kept(channel)] as const);
    actor.close();
    const next = this.#makeActor();
    this.#actors[index] = next;
    for (const [channel, { position, state }] of kept) {
      next.subscribe(channel, position, undefined, state);
    }
  }

  /** Its token ends and it gets no other: from then on it may not be told anything new. */
  #letExpire(actor: Actor): void {
    const { plan, world } = this.#deps;
    if (plan.tokenLifeMs === 0 || actor.tokens.untilMs === 0) return;
    actor.tokens.letExpire();
    world.clock.after(actor.tokens.untilMs - world.clock.wallMs(), () => {
      if (!actor.closed) world.recorder.record({ kind: "revoked", client: actor.name });
    });
  }
}
