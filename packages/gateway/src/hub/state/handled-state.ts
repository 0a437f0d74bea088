import { type Entry, type Head, type HistoryPage, isFailure } from "@holdfast/broker";
import {
  type Failure,
  failure,
  findIJsonFault,
  type Position,
  type SnapshotHandler,
  type StateSnapshot,
} from "@holdfast/protocol";
import { textOf } from "../ask.js";
import type { HubContext } from "../context.js";
import { judge, positionAt, sharedUpTo } from "../continuity.js";
import { Abortable, withDeadline } from "../deadline.js";
import { jsonBytes } from "./json-bytes.js";
import type { Admitted, StateAt, StateSource } from "./source.js";
import type { StateHolder } from "./state-memory.js";

/** Times the handler is asked, where its snapshot is older than what is retained. */
const MAX_QUESTIONS = 2;

/** What a codec can say, and an engine's own bound. */
const jsonLimits = { maxDepth: 128, refusePrototypeKeys: false };

type Waiting = (found: StateAt | Failure) => void;

/**
 * The state of a channel as the application's handler supplies it. Asked once for everybody who waits,
 * and reused for a while: the publications after its position follow it in any case.
 */
export class HandledState implements StateSource, StateHolder {
  readonly mode = "handler";
  readonly #channel: { readonly name: string; readonly released: boolean };
  readonly #handler: SnapshotHandler;
  readonly #context: HubContext;
  #recent: { readonly snapshot: StateSnapshot; readonly untilMs: number } | undefined;
  #waiting: Waiting[] = [];
  #abort: (() => void) | undefined;
  #questions = 0;

  constructor(
    handler: SnapshotHandler,
    channel: { readonly name: string; readonly released: boolean },
    context: HubContext,
  ) {
    this.#handler = handler;
    this.#channel = channel;
    this.#context = context;
  }

  take(_atLeast: Head | undefined, callback: Waiting): void {
    this.#waiting.push(callback);
    if (this.#waiting.length > 1) return;
    this.#questions = 0;
    const recent = this.#recent;
    if (recent !== undefined && this.#context.clock.monoMs() < recent.untilMs) {
      this.#join(recent.snapshot);
    } else this.#question();
  }

  admit(_data: unknown, callback: (admitted: Admitted) => void): void {
    callback({ ok: true, settled: () => {} });
  }

  advanced(_epoch: string, _entry: Entry): void {}

  continued(_formerEpoch: string, _position: Position): void {}

  evict(): void {
    this.#recent = undefined;
  }

  release(): void {
    this.#abort?.();
    this.evict();
    this.#context.states.release(this);
    this.#answer(failure("draining"));
  }

  #question(): void {
    const { settings, wheel, metrics } = this.#context;
    this.#questions++;
    this.#recent = undefined;
    metrics.stateLoad();
    const channel = this.#channel.name;
    const abortable = new Abortable();
    this.#abort = withDeadline<StateSnapshot>(
      wheel,
      settings.handlerTimeoutMs,
      abortable,
      () => this.#handler({ channel, signal: abortable.signal }),
      (ending) => {
        this.#abort = undefined;
        if (ending.kind === "value") this.#answered(ending.value);
        else this.#failed(ending.kind === "error" ? textOf(ending.error) : "timeout");
      },
    );
  }

  #answered(answer: StateSnapshot): void {
    const { clock, settings, states } = this.#context;
    const fault = faultOf(answer, settings.maxStateBytes);
    if (fault !== undefined) {
      this.#failed(fault);
      return;
    }
    const { snapshot = null, position } = answer;
    const kept = { snapshot, ...(position === undefined ? {} : { position }) };
    this.#recent = { snapshot: kept, untilMs: clock.monoMs() + settings.snapshotReuseMs };
    states.hold(this, jsonBytes(snapshot));
    this.#join(kept);
  }

  #failed(error: string): void {
    const channel = this.#channel.name;
    this.#context.logger.warn("snapshot handler failed", { channel, error });
    this.#answer(failure("unavailable", "The state of the channel could not be found out."));
  }

  /** Finds the place in history that the snapshot stands at. */
  #join({ snapshot, position }: StateSnapshot): void {
    const { reads } = this.#context;
    const channel = this.#channel.name;
    reads.read(
      { channel, after: position?.offset ?? 0, maxCount: 1, maxBytes: 1 },
      {
        wanted: () => !this.#channel.released,
        done: (page) => {
          if (isFailure(page)) {
            this.#answer(page);
            return;
          }
          const place = placeOf(position, page);
          if (place !== undefined) this.#answer({ position: place, state: snapshot });
          else if (this.#questions < MAX_QUESTIONS) this.#question();
          else this.#failed("its position is older than what the history retains");
        },
      },
    );
  }

  #answer(found: StateAt | Failure): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback(found);
  }
}

/** What is wrong with a handler's answer. */
function faultOf(answer: StateSnapshot, maxStateBytes: number): string | undefined {
  if (typeof answer !== "object" || answer === null) return "not a snapshot with its position";
  const { snapshot = null, position } = answer;
  const fault = findIJsonFault(snapshot, jsonLimits);
  if (fault !== undefined) return `snapshot${fault.pointer} must be ${fault.expected}`;
  if (jsonBytes(snapshot) > maxStateBytes)
    return `the snapshot has more than ${maxStateBytes} bytes`;
  if (position === undefined) return undefined;
  const isPosition = typeof position?.epoch === "string" && Number.isSafeInteger(position?.offset);
  return isPosition ? undefined : "its position is not one that publish returned";
}

/**
 * Where in a channel's present life a snapshot stands; undefined: what follows it is not retained.
 * Data that was committed with a position of an earlier life holds nothing of what came since: it
 * stands where the lives part, or before the first entry.
 */
function placeOf(position: Position | undefined, page: HistoryPage): Position | undefined {
  const begin: Position = { epoch: page.epoch, offset: 0 };
  if (position === undefined) return page.first <= 1 ? begin : undefined;
  const { epoch, offset, id } = position;
  const verdict = judge(positionAt(epoch, offset, id), page);
  if (verdict.ok) return positionAt(page.epoch, offset, id);
  if (epoch === page.epoch) return undefined;
  const upTo = sharedUpTo(epoch, page) ?? 0;
  return offset >= upTo && page.first <= upTo + 1 ? { epoch: page.epoch, offset: upTo } : undefined;
}
