import { type Recorder, stateDigest } from "@holdfast/probe";
import { firstState, stepOf } from "./kinds.js";

/** The states of the channels as the engine's entries alone make them. */
export class Truth {
  readonly #recorder: Recorder;
  /** The state at each offset, by channel and epoch: a backup goes back to any of them. */
  readonly #lives = new Map<string, unknown[]>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** A channel's history has begun a new life, with what it shares with the one before. */
  begun(
    channel: string,
    epoch: string,
    lineage: { readonly parent: string; readonly upTo: number } | undefined,
  ): void {
    if (stepOf(channel) === undefined) return;
    const before = lineage && this.#lives.get(nameOf(channel, lineage.parent));
    const states = before?.slice(0, (lineage?.upTo ?? 0) + 1) ?? [firstState(channel)];
    this.#lives.set(nameOf(channel, epoch), states);
    if (before === undefined) this.#record(channel, epoch, 0, states[0]);
  }

  /** An entry was appended. */
  appended(channel: string, epoch: string, offset: number, data: unknown): void {
    const step = stepOf(channel);
    const states = this.#lives.get(nameOf(channel, epoch));
    if (step === undefined || states === undefined) return;
    const state = step(states[offset - 1], data);
    states[offset] = state;
    this.#record(channel, epoch, offset, state);
  }

  #record(channel: string, epoch: string, offset: number, state: unknown): void {
    const digest = stateDigest(state);
    this.#recorder.record({ kind: "state", observer: "engine", channel, epoch, offset, digest });
  }
}

const nameOf = (channel: string, epoch: string): string => `${channel} ${epoch}`;
