import { type BrokerLink, type BrokerListener, isFailure } from "@holdfast/broker";
import type { FaultyMemoryBroker } from "@holdfast/broker/testing";
import type { Recorder } from "@holdfast/probe";
import { Truth } from "../state/truth.js";
import { tokenOf } from "./token.js";

/** Name of the link that no fault reaches. */
export const auditor = "auditor";

const pastEverything = Number.MAX_SAFE_INTEGER;

interface Known {
  epoch: string;
  first: number;
}

/** Records what the engine really holds, at the moment it comes to hold it. */
export class Audit {
  readonly #recorder: Recorder;
  readonly #channels: readonly string[];
  readonly #known = new Map<string, Known>();
  readonly #truth: Truth;
  readonly #link: BrokerLink;

  constructor(broker: FaultyMemoryBroker, channels: readonly string[], recorder: Recorder) {
    this.#recorder = recorder;
    this.#channels = channels;
    this.#truth = new Truth(recorder);
    const listener: BrokerListener = {
      onEntry: (channel, epoch, { offset, id, data }) => {
        this.poll(channel);
        const token = tokenOf(data);
        recorder.record({
          kind: "append",
          channel,
          epoch,
          offset,
          id,
          token,
        });
        this.#truth.appended(channel, epoch, offset, data);
      },
      onEphemeral: () => {},
      onPresence: ({ channel, life, version, action, member }) => {
        const facts = { channel, life, version, action, member: member.id };
        recorder.record({ kind: "presenceEvent", observer: auditor, ...facts });
      },
      onRelayGap: () => {},
      onAvailability: () => {},
      onCommand: () => {},
    };
    this.#link = broker.connect(auditor, listener);
    for (const channel of channels) {
      void this.#link.follow(channel, { presence: true });
      this.poll(channel);
    }
  }

  pollAll(why: string): void {
    for (const channel of this.#channels) this.poll(channel, why);
  }

  /** Notes a new epoch and what was trimmed since the last look. */
  poll(channel: string, why = "begun"): void {
    const page = this.#link.read({ channel, after: pastEverything, maxCount: 1, maxBytes: 1 });
    if (page instanceof Promise || isFailure(page)) return;
    const { epoch, first } = page;
    const known = this.#known.get(channel);
    if (known?.epoch !== epoch) {
      const lineage = page.lineage[0];
      this.#recorder.record({
        kind: "epoch",
        channel,
        epoch,
        why,
        ...(lineage && { lineage }),
      });
      this.#truth.begun(channel, epoch, lineage);
    }
    if (first > (known?.epoch === epoch ? known.first : 1)) {
      this.#recorder.record({ kind: "trim", channel, epoch, first });
    }
    this.#known.set(channel, { epoch, first });
  }

  /** Records everything that is retained, and who is present. */
  conclude(): void {
    for (const channel of this.#channels) {
      this.poll(channel);
      let after = 0;
      for (;;) {
        const page = this.#link.read({ channel, after, maxCount: 500, maxBytes: 1_000_000 });
        if (page instanceof Promise || isFailure(page)) throw new Error("the auditor was cut off");
        const { epoch, first, top, entries } = page;
        for (const { offset, id, data } of entries) {
          this.#recorder.record({ kind: "kept", channel, epoch, offset, id, token: tokenOf(data) });
          after = offset;
        }
        if (after < top && entries.length > 0) continue;
        this.#recorder.record({ kind: "final", channel, epoch, first, top });
        break;
      }
      this.#present(channel);
    }
  }

  #present(channel: string): void {
    const view = this.#link.presence(channel, 10_000);
    if (view instanceof Promise || isFailure(view)) return;
    const members = view.members.map(({ id }) => id);
    this.#recorder.record({
      kind: "presenceView",
      observer: auditor,
      channel,
      members,
      quiet: true,
    });
  }
}
