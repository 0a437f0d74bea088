/** @import { Defect, PlantedBug } from "../../tools/sim/bundle.mjs" */

const hub = "packages/gateway/src/hub";
const state = "packages/gateway/src/hub/state";
const session = "packages/gateway/src/session";
const memory = "packages/broker/src/memory";
const subscription = "packages/client/src/subscription/subscription.ts";

/**
 * One deliberate defect for each promise; the simulation has to find every one, and the checker has
 * to name a promise that it breaks.
 * @type {readonly PlantedBug[]}
 */
export const plantedBugs = [
  {
    name: "early acknowledgement: a publish that failed is acknowledged",
    invariants: ["ack-appended"],
    file: `${session}/publishing.ts`,
    find: `      if (isFailure(outcome)) {
        peer.refuse(command, outcome);
        return;
      }
      shared.metrics.published.add();
      const { epoch, offset, duplicate } = outcome;`,
    replace: `      const early = { epoch: "early", offset: 1, duplicate: false };
      const { epoch, offset, duplicate } = isFailure(outcome) ? early : outcome;`,
    seeds: 20,
  },
  {
    name: "silent drop: a publication is counted as received and not handed over",
    invariants: ["contiguous"],
    file: subscription,
    find: `if (!this.inbox.push({ kind: "publication", value })) {`,
    replace: `if (offset % 7 !== 0 && !this.inbox.push({ kind: "publication", value })) {`,
    seeds: 10,
  },
  {
    name: "needless reset: every resume is told that the history was trimmed",
    invariants: ["justified-reset"],
    file: `${hub}/continuity.ts`,
    find: `if (page.first > position.offset + 1) return no("history_trimmed");`,
    replace: `if (page.top > position.offset + 1) return no("history_trimmed");`,
    seeds: 20,
  },
  {
    name: "handed over twice",
    invariants: ["no-duplicate"],
    file: subscription,
    find: `if (!this.inbox.push({ kind: "publication", value })) {`,
    replace: `if (offset % 7 === 0) this.inbox.push({ kind: "publication", value });
    if (!this.inbox.push({ kind: "publication", value })) {`,
    seeds: 10,
  },
  {
    name: "swapped: a publication waits until the one after it was handed over",
    invariants: ["order"],
    file: subscription,
    find: `if (!this.inbox.push({ kind: "publication", value })) {`,
    replace: `const self = this as unknown as { held?: typeof value };
    if (offset % 7 === 0) self.held = value;
    const late = offset % 7 === 1 ? self.held : undefined;
    if (offset % 7 !== 0 && !this.inbox.push({ kind: "publication", value })) {`,
    also: {
      find: `    this.#received = position;
    this.#reader.wake();
  }`,
      replace: `    this.#received = position;
    if (late !== undefined) this.inbox.push({ kind: "publication", value: late });
    this.#reader.wake();
  }`,
    },
    seeds: 10,
  },
  {
    name: "phantom: what was refused is appended all the same",
    invariants: ["no-phantom"],
    file: `${session}/publishing.ts`,
    find: `      if (isFailure(outcome)) {
        peer.refuse(command, outcome);
        return;
      }
      shared.metrics.published.add();
      const { epoch, offset, duplicate } = outcome;`,
    replace: `      if (isFailure(outcome)) {
        if (outcome.code === "offset_mismatch") {
          const { expectedOffset: _e, session: _s, key: _k, ...rest } = request;
          void shared.hub.context.link.publish(rest);
        }
        peer.refuse(command, outcome);
        return;
      }
      shared.metrics.published.add();
      const { epoch, offset, duplicate } = outcome;`,
    seeds: 20,
  },
  {
    name: "no new epoch: an engine that lost a suffix goes on as if it had not",
    invariants: ["agreement", "ack-appended"],
    file: `${memory}/channel.ts`,
    find: `    this.epoch = epoch;`,
    replace: `    void epoch;`,
    seeds: 100,
  },
  {
    name: "back to an old epoch: positions keep the first epoch a subscription had",
    invariants: ["epoch-monotone"],
    file: subscription,
    find: `const position = last && { epoch: last.epoch, offset, id };`,
    replace: `const self = this as unknown as { first?: string };
    if (last !== undefined) self.first ??= last.epoch;
    const shown = offset % 3 === 0 ? (self.first ?? "") : (last?.epoch ?? "");
    const position = last && { epoch: shown, offset, id };`,
    seeds: 100,
  },
  {
    name: "ignored epoch: a position of another life of the channel counts as resumed",
    invariants: ["resume-honesty"],
    file: `${hub}/continuity.ts`,
    find: `if (upTo === undefined) return no("epoch_changed");
    if (position.offset > upTo) return no("position_ahead");
  }`,
    replace: `if (upTo === undefined) return { ok: true, epoch: page.epoch };
  }`,
    seeds: 50,
  },
  {
    name: "stale read: a subscribe is answered from what the relay has shown so far",
    invariants: ["read-your-ack"],
    file: `${hub}/replay.ts`,
    find: `this.#subscription.channel.head.read((head) => {`,
    replace: `const stale = (done: (head: Head) => void) => done(this.#subscription.channel.last);
    stale((head: Head) => {`,
    seeds: 100,
  },
  {
    name: "duplicate on retry: the engine forgets publish keys",
    invariants: ["key-idempotence"],
    file: `${memory}/admission.ts`,
    find: `if (key !== undefined) publish.keyName = this.#nameOf(key);`,
    replace: "",
    seeds: 20,
  },
  {
    name: "compare without comparing: an older expected offset is good enough",
    invariants: ["compare-and-publish"],
    file: `${memory}/channel.ts`,
    find: `if (expectedOffset !== undefined && expectedOffset !== this.#log.top) {`,
    replace: `if (expectedOffset !== undefined && expectedOffset > this.#log.top) {`,
    seeds: 20,
  },
  {
    name: "lost publisher order: the newest publish is sent first",
    invariants: ["publisher-order"],
    file: "packages/client/src/session/lane.ts",
    find: `    this.#items.push(item);
  }`,
    replace: `    this.#items.splice(this.#sent, 0, item);
  }`,
    seeds: 50,
  },
  {
    name: "unfenced publisher: what is late of a session that was given up is taken all the same",
    invariants: ["publisher-order"],
    file: "packages/client/src/session/publisher.ts",
    find: `return { id: this.#session, generation: this.#generation };`,
    replace: `return { id: this.#session.slice(6) + this.#generation, generation: 0 };`,
    seeds: 500,
  },
  {
    name: "late revocation: credentials live ten seconds longer than they say",
    invariants: ["revocation-bound"],
    file: `${session}/expiry.ts`,
    find: `set(expiresAtMs: number): void {`,
    replace: `set(given: number): void {
    const expiresAtMs = given + 10_000;`,
    seeds: 50,
  },
  {
    name: "ghost presence: a connection that ends leaves its members behind",
    invariants: ["presence-convergence"],
    file: `${session}/presence.ts`,
    find: `for (const channel of this.#entered) link.leave(channel, member, { grace: true, generation });`,
    replace: ``,
    seeds: 20,
  },
  {
    name: "restless presence: an update is shown as a leave and a join",
    invariants: ["presence-convergence"],
    file: `${memory}/presence.ts`,
    find: `this.#tell(channel, room, "update", member);`,
    replace: `this.#tell(channel, room, "leave", member);
    this.#tell(channel, room, "enter", member);`,
    seeds: 20,
  },
  {
    name: "stolen presence: what is late of a client that has moved on takes its member along",
    invariants: ["presence-convergence"],
    file: `${memory}/presence.ts`,
    find: `if (generation < present.generation) return failure("fenced");`,
    replace: ``,
    seeds: 1_000,
  },
  {
    name: "unbounded queue: a full socket is written to all the same",
    invariants: ["queue-bounds"],
    file: `${session}/outbox.ts`,
    find: `export const HIGH_WATER_BYTES = 65_536;`,
    replace: `export const HIGH_WATER_BYTES = 65_536_000;`,
    seeds: 600,
  },
  {
    name: "no quiet check: what the relay lost on a channel that stays quiet stays lost",
    invariants: ["convergence"],
    file: `${hub}/quiet-check.ts`,
    find: `this.#timer = clock.after(delayMs, () => this.#check());`,
    replace: `this.#timer = clock.after(delayMs, () => {});`,
    seeds: 50,
  },
  {
    name: "snapshot off by one: the first publication after a snapshot is taken for a part of it",
    invariants: ["snapshot-join"],
    file: subscription,
    find: `this.#received = position ?? (resumed ? this.#received : undefined);`,
    replace: `const skipped = state !== undefined && position !== undefined;
      this.#received = skipped
        ? { ...position, offset: position.offset + 1 }
        : (position ?? (resumed ? this.#received : undefined));`,
    seeds: 20,
  },
  {
    name: "stored snapshot off by one: it lacks the publication that it says it holds",
    invariants: ["state-equality"],
    file: `${state}/folded-state.ts`,
    find: `this.#compaction.consider({ position, state });`,
    replace: `this.#compaction.consider({ position, state: known.state });`,
    seeds: 50,
  },
  {
    name: "not folded on resume: the state stays as it was when the connection was lost",
    invariants: ["state-equality"],
    file: subscription,
    find: `this.#mode = mode;`,
    replace: `this.#mode = resumed ? undefined : mode;`,
    seeds: 20,
  },
  {
    name: "folded over a gap: a publication that does not follow is folded all the same",
    invariants: ["state-equality"],
    file: `${state}/folded-state.ts`,
    find: `if (position?.epoch !== epoch || offset !== position.offset + 1) return;`,
    replace: `if (position === undefined || offset <= position.offset) return;`,
    seeds: 150,
  },
  {
    name: "stale snapshot stored over a newer one",
    invariants: ["state-equality", "convergence"],
    file: `${memory}/channel.ts`,
    find: `if (offset <= stored) return false;`,
    replace: ``,
    also: {
      find: `if (epoch !== this.epoch || offset > this.#log.top || offset + 1 < this.#log.first)`,
      replace: `if (epoch !== this.epoch || offset > this.#log.top)`,
    },
    seeds: 3000,
  },
  {
    name: "trimmed past the snapshot: what the state is folded from is let go",
    invariants: ["convergence", "state-equality"],
    file: `${memory}/channel.ts`,
    find: `return this.#pinned ? 1 : undefined;`,
    replace: `return undefined;`,
    also: {
      find: `if (this.#snapshot !== undefined) return this.#snapshot.position.offset + 1;`,
      replace: ``,
    },
    seeds: 100,
  },
  {
    name: "stale state: whoever reads it is shown what the relay has shown so far",
    invariants: ["read-your-ack"],
    file: `${hub}/beginning.ts`,
    find: `source.take(head, (found) => {`,
    replace: `source.take(undefined, (found) => {`,
    seeds: 100,
  },
  {
    name: "the application's snapshot is taken for the newest, whatever position it was committed with",
    invariants: ["state-equality"],
    file: `${state}/handled-state.ts`,
    find: `if (verdict.ok) return positionAt(page.epoch, offset, id);`,
    replace: `if (verdict.ok) return positionAt(page.epoch, page.top, page.topId);`,
    seeds: 100,
  },
];

/**
 * Defects that tens of thousands of seeds met a few times: only runs that were kept show them.
 * @type {readonly Defect[]}
 */
export const rareBugs = [
  {
    name: "a connection that its gateway ended counts as there until its client hears of it",
    invariants: ["presence-convergence"],
    file: "sim/src/world/actor.ts",
    find: `if (this.#open) this.#record({ kind: "disconnected", client: this.name, gateway });`,
    replace: ``,
  },
  {
    name: "a watch that was withdrawn while its list was read begins behind the client's back",
    invariants: ["presence-convergence"],
    file: "packages/gateway/src/session/presence.ts",
    find: `isWatched() || withdrawals === this.#withdrawals`,
    replace: `true`,
    also: {
      find: `if (isWatched()) presence.watch(`,
      replace: `presence.watch(`,
    },
  },
];
