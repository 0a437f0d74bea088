import type { EventOf, HistoryEvent } from "../checker/history.js";

/** Publications of so long after a fault's beginning tell of it, also when it was over at once. */
const aftermathMs = 1_000;
/** A publication that is handed over within this time was not held up by anything. */
const unnoticedMs = 100;

/** What the faults of one kind cost those who noticed them. */
export interface Recovery {
  readonly faults: number;
  /** Subscriptions that got something late, counted for each fault. */
  readonly subscriptions: number;
  /**
   * Until a subscription had everything that was published during the fault: from its end for a fault of
   * an engine for which nobody can stand in, and from its beginning for any other.
   */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the engine lost of what it had acknowledged, as its history at the end shows. */
export interface Lost {
  readonly acknowledged: number;
  /** Subscriptions that had been handed something that was lost. */
  readonly subscriptionsAhead: number;
}

interface Fault {
  readonly name: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** From here on the system can recover. */
  readonly fromMs: number;
}

interface Publication {
  readonly atMs: number;
  readonly deliveries: EventOf<"delivered">[];
}

/**
 * How long it took to recover from each kind of fault. Where faults overlap each is charged with what
 * both cost.
 */
export function recoveries(events: readonly HistoryEvent[]): Readonly<Record<string, Recovery>> {
  const published = publications(events);
  const taken = new Map<string, { faults: number; ms: number[] }>();
  for (const fault of faultsOf(events)) {
    const kind = taken.get(fault.name) ?? { faults: 0, ms: [] };
    taken.set(fault.name, kind);
    kind.faults += 1;
    kind.ms.push(...lateness(fault, published));
  }
  return Object.fromEntries(
    [...taken].map(([name, { faults, ms }]) => {
      ms.sort((a, b) => a - b);
      const at = (part: number) => Math.round(ms[Math.floor(ms.length * part)] ?? 0);
      return [name, { faults, subscriptions: ms.length, p50Ms: at(0.5), p99Ms: at(0.99) }];
    }),
  );
}

/** What was acknowledged, or handed over, and is not in the history at the end. */
export function lostEntries(events: readonly HistoryEvent[]): Lost {
  const kept = new Set<string>();
  const whole = new Set<string>();
  for (const event of events) {
    if (event.kind === "kept") kept.add(nameOf(event));
    // Of what was trimmed nobody can say whether it had been lost.
    else if (event.kind === "final" && event.first <= 1) whole.add(event.channel);
  }
  const isLost = (event: { readonly channel: string; readonly token: string }) =>
    whole.has(event.channel) && !kept.has(nameOf(event));
  const asked = new Map<string, EventOf<"publish">>();
  const ahead = new Set<string>();
  let acknowledged = 0;
  for (const event of events) {
    if (event.kind === "publish") asked.set(event.op, event);
    else if (event.kind === "published" && event.outcome === "ok") {
      const publish = asked.get(event.op);
      if (publish !== undefined && publish.ephemeral !== true && isLost(publish)) acknowledged += 1;
    } else if (event.kind === "delivered" && isLost(event)) {
      ahead.add(`${event.client}\n${event.sub}`);
    }
  }
  return { acknowledged, subscriptionsAhead: ahead.size };
}

function faultsOf(events: readonly HistoryEvent[]): Fault[] {
  const begun = new Map<string, EventOf<"fault">>();
  const faults: Fault[] = [];
  for (const event of events) {
    if (event.kind !== "fault") continue;
    const key = `${event.fault}\n${event.target ?? ""}`;
    const begin = begun.get(key);
    if (event.phase === "begin") begun.set(key, event);
    else if (begin !== undefined) {
      begun.delete(key);
      const mendsFrom = event.mendsFrom ?? (event.engine ? "heal" : "begin");
      const fromMs = mendsFrom === "heal" ? event.atMs : begin.atMs;
      faults.push({ name: event.fault, beginMs: begin.atMs, endMs: event.atMs, fromMs });
    }
  }
  return faults;
}

/** In order of their first publish; a repeat under the same key is the same publication. */
function publications(events: readonly HistoryEvent[]): readonly Publication[] {
  const byName = new Map<string, Publication>();
  for (const event of events) {
    if (event.kind === "publish" && !byName.has(nameOf(event))) {
      byName.set(nameOf(event), { atMs: event.atMs, deliveries: [] });
    } else if (event.kind === "delivered") byName.get(nameOf(event))?.deliveries.push(event);
  }
  return [...byName.values()];
}

/** How long after the fault each subscription that noticed it had the last of what was published meanwhile. */
function lateness(fault: Fault, published: readonly Publication[]): number[] {
  const untilMs = Math.max(fault.endMs, fault.beginMs + aftermathMs);
  const bySubscription = new Map<string, number>();
  for (const { atMs, deliveries } of published) {
    if (atMs < fault.beginMs || atMs > untilMs) continue;
    for (const { atMs: deliveredMs, client, sub } of deliveries) {
      if (deliveredMs - atMs <= unnoticedMs) continue;
      const lateMs = Math.max(0, deliveredMs - Math.max(fault.fromMs, atMs));
      const name = `${client}\n${sub}`;
      bySubscription.set(name, Math.max(lateMs, bySubscription.get(name) ?? 0));
    }
  }
  return [...bySubscription.values()];
}

function nameOf({ channel, token }: { readonly channel: string; readonly token: string }): string {
  return `${channel}\n${token}`;
}
