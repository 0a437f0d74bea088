import type { Clock } from "@holdfast/core";
import type { FoldedMode } from "@holdfast/protocol";
import type { Bounds } from "../checker/bounds.js";
import type { HistoryFact } from "../checker/history.js";
import { until } from "./patience.js";
import { type ProbeClient, tokenOf } from "./probe-client.js";
import { foldOf, stateFact } from "./states.js";

/** What the quiet phase needs of its run. */
export interface Quiet {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly auditor: ProbeClient;
  readonly clients: readonly ProbeClient[];
  readonly channels: readonly string[];
  readonly modeOf: (channel: string) => FoldedMode | undefined;
  readonly bounds: Bounds;
  /** When load and faults had ended. */
  readonly healedMs: number;
  readonly record: (fact: HistoryFact) => void;
}

/** Longest patience of a publish, as the SDK has it, and a little more. */
const settleMs = 35_000;
/** Beyond the contract's time for presence: the measurement's own. */
const presenceMarginMs = 5_000;
const pageSize = 1_000;
/** Attempts to read one page of a channel. */
const maxPageReads = 100_000;

/** Settles when every publish has its outcome. */
export function settled({ clock, signal, clients }: Quiet): Promise<boolean> {
  const done = () => clients.every((client) => client.pending === 0);
  return until(clock, done, { withinMs: settleMs, everyMs: 50, signal });
}

/** A client, as far as it is asked where it stands. */
type Standing = Pick<ProbeClient, "isOpen" | "ending" | "channels" | "position">;

/** What it takes to see whether everyone has caught up. */
export interface CatchingUp
  extends Pick<Quiet, "clock" | "signal" | "channels" | "bounds" | "healedMs"> {
  readonly auditor: Pick<ProbeClient, "read">;
  readonly clients: readonly Standing[];
}

/** Settles when every subscriber stands at the top of its channels; how long after the healing, or `undefined`. */
export async function caughtUp(quiet: CatchingUp): Promise<number | undefined> {
  const { clock, signal, bounds, clients, channels, auditor, healedMs } = quiet;
  const done = async (): Promise<boolean> => {
    const heads = new Map<string, Head>();
    for (const channel of channels) {
      const head = await auditor.read(channel);
      if (head === undefined) return false;
      heads.set(channel, head);
    }
    return clients.every((client) => client.ending !== undefined || isAtTop(client, heads));
  };
  const whole = await until(clock, done, {
    withinMs: bounds.convergenceMs,
    everyMs: 100,
    signal,
  });
  return whole ? Math.round(clock.monoMs() - healedMs) : undefined;
}

interface Head {
  readonly epoch: string;
  readonly top: number;
}

/** Who stands far up in an epoch that is over has still to be told of it. */
function isAtTop(client: Standing, heads: ReadonlyMap<string, Head>): boolean {
  if (!client.isOpen) return false;
  return client.channels.every((name) => {
    const { epoch, top } = heads.get(name) ?? { epoch: "", top: 0 };
    if (top === 0) return true;
    const position = client.position(name);
    return position !== undefined && position.epoch === epoch && position.offset >= top;
  });
}

/** Reads every channel's whole retained history into the record; which one could not be read, and why. */
export async function readHistories(quiet: Quiet): Promise<string | undefined> {
  for (const channel of quiet.channels) {
    if (quiet.signal.aborted) return undefined;
    const refusal = await readHistory(quiet, channel);
    if (refusal !== undefined) return `${channel}: ${refusal}`;
  }
  return undefined;
}

async function readHistory(quiet: Quiet, channel: string): Promise<string | undefined> {
  const { auditor, record, modeOf } = quiet;
  const mode = modeOf(channel);
  const all: unknown[] = [];
  let after = 0;
  for (let reads = 0; reads < maxPageReads; reads += 1) {
    const page = await auditor.client.channel(channel).history({ after, limit: pageSize });
    if (!page.ok) return `${page.code}: ${page.message}`;
    const { epoch, top, first, publications } = page;
    if (reads === 0) record({ kind: "final", channel, epoch, first, top });
    for (const { offset, id, data } of publications) {
      record({ kind: "kept", channel, epoch, offset, id, token: tokenOf(data) });
      if (mode !== undefined) all.push(data);
    }
    after = publications.at(-1)?.offset ?? top;
    if (after < top) continue;
    // Only a whole history makes a state.
    if (mode !== undefined && all.length === top) {
      record(stateFact("history", channel, { epoch, offset: top }, foldOf(mode, all)));
    }
    return undefined;
  }
  return `it does not end within ${maxPageReads} pages`;
}

/** Records the states that everybody has, and what every one of them is over HTTP. */
export async function readStates({ auditor, clients, channels, modeOf }: Quiet): Promise<void> {
  for (const client of clients) client.noteStates();
  const withState = channels.filter((channel) => modeOf(channel) !== undefined);
  await Promise.all(withState.map((channel) => auditor.readState(channel)));
}

/** Waits until presence shows those who are there, or its time is over, and records what it shows. */
export async function readPresence(
  quiet: Quiet,
  entered: ReadonlyMap<string, string>,
): Promise<void> {
  const { clock, signal, bounds, auditor, record, modeOf } = quiet;
  const channels = quiet.channels.filter((channel) => modeOf(channel) === undefined);
  const expected = new Map(channels.map((channel) => [channel, new Set<string>()]));
  for (const [member, channel] of entered) expected.get(channel)?.add(member);
  const shown = new Map<string, readonly string[]>();
  const done = async (): Promise<boolean> => {
    for (const [channel, members] of expected) {
      if (matches(shown.get(channel), members)) continue;
      const view = await auditor.client.channel(channel).presence.members();
      if (view.ok)
        shown.set(
          channel,
          view.members.map(({ id }) => id),
        );
      if (!matches(shown.get(channel), members)) return false;
    }
    return true;
  };
  const { presenceLeaseMs, presenceGraceMs } = bounds;
  const withinMs = presenceLeaseMs + presenceGraceMs + presenceMarginMs;
  await until(clock, done, { withinMs, everyMs: 250, signal });
  for (const [channel, members] of shown) {
    record({ kind: "presenceView", observer: auditor.name, channel, members, quiet: true });
  }
}

function matches(shown: readonly string[] | undefined, members: ReadonlySet<string>): boolean {
  return shown?.length === members.size && shown.every((member) => members.has(member));
}
