import type { HistoryEvent, HistoryFact, HistoryKind } from "../checker/history.js";
import { createRecorder } from "../checker/recorder.js";

/** The fields of a fact that a story names; the others have the story's defaults. */
type Parts<K extends HistoryKind> = Partial<Omit<Extract<HistoryFact, { kind: K }>, "kind">>;

const defaults = {
  client: "ann",
  observer: "ann",
  sub: "s1",
  channel: "chat:a",
  op: "op1",
  token: "t1",
  epoch: "e1",
  id: "i1",
  offset: 1,
} as const;

/** A fact of a short history, with names from a small, fixed cast where none are given. */
export function fact<K extends HistoryKind>(
  kind: K,
  parts: Parts<K> = {},
): Extract<HistoryFact, { kind: K }> {
  const filled: Record<string, unknown> = { kind };
  for (const name of fieldsOf[kind]) filled[name] = defaults[name];
  const whole: object = Object.assign(filled, parts);
  if (!isOfKind(whole, kind)) throw new Error(`not a ${kind}`);
  return whole;
}

function isOfKind<K extends HistoryKind>(
  value: object,
  kind: K,
): value is Extract<HistoryFact, { kind: K }> {
  return "kind" in value && value.kind === kind;
}

const fieldsOf: Readonly<Record<HistoryKind, readonly (keyof typeof defaults)[]>> = {
  publish: ["client", "channel", "op", "token"],
  published: ["client", "channel", "op"],
  read: ["client", "channel", "op"],
  readDone: ["client", "channel", "op"],
  subscribe: ["client", "sub", "channel"],
  subscribed: ["client", "sub", "channel"],
  delivered: ["client", "sub", "channel", "epoch", "offset", "id", "token"],
  ephemeral: ["client", "sub", "channel", "token"],
  reset: ["client", "sub", "channel"],
  state: ["observer", "channel", "epoch", "offset"],
  unsubscribed: ["client", "sub", "channel"],
  connected: ["client"],
  disconnected: ["client"],
  revoked: ["client"],
  granted: ["client"],
  entered: ["client", "channel"],
  left: ["client", "channel"],
  presenceEvent: ["observer", "channel"],
  presenceView: ["observer", "channel"],
  append: ["channel", "epoch", "offset", "id", "token"],
  trim: ["channel", "epoch"],
  epoch: ["channel", "epoch"],
  final: ["channel", "epoch"],
  kept: ["channel", "epoch", "offset", "id", "token"],
  exhausted: ["channel"],
  fault: [],
  healed: [],
  queue: [],
};

/** A history of the facts in this order; a number lets that many milliseconds pass. */
export function story(...steps: readonly (HistoryFact | readonly HistoryFact[] | number)[]) {
  let nowMs = 0;
  const recorder = createRecorder(() => nowMs);
  for (const step of steps) {
    if (typeof step === "number") nowMs += step;
    else if ("kind" in step) recorder.record(step);
    else for (const one of step) recorder.record(one);
  }
  return recorder.events;
}

/** A publish that was appended at `offset` and acknowledged, as three facts. Tokens are `t<offset>`. */
export function appended(offset: number, epoch = "e1"): readonly HistoryFact[] {
  const token = `t${offset}`;
  const op = `op-${epoch}-${offset}`;
  return [
    fact("publish", { op, token, client: "bob" }),
    fact("append", { epoch, offset, token, id: `i${offset}` }),
    fact("published", { op, client: "bob", outcome: "ok", epoch, offset }),
  ];
}

/** The delivery of what {@link appended} appended. */
export function delivered(offset: number, epoch = "e1"): HistoryFact {
  return fact("delivered", { epoch, offset, token: `t${offset}`, id: `i${offset}` });
}

/** A subscription that begins at `offset`. */
export function subscribed(offset = 0, epoch = "e1"): HistoryFact {
  return fact("subscribed", {
    resumed: false,
    contiguous: true,
    position: positionAt(offset, epoch),
    top: offset,
  });
}

/** A subscription that came back at `offset`. */
export function resumed(offset: number, epoch = "e1"): HistoryFact {
  return fact("subscribed", {
    resumed: true,
    contiguous: true,
    position: positionAt(offset, epoch),
  });
}

/** A position with the witness of {@link appended}. */
export function positionAt(offset: number, epoch = "e1") {
  return offset === 0 ? { epoch, offset } : { epoch, offset, id: `i${offset}` };
}

/** Names of events, to compare an excerpt with. */
export function kindsOf(events: readonly HistoryEvent[]): readonly HistoryKind[] {
  return events.map((event) => event.kind);
}
