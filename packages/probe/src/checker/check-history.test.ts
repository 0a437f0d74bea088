import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appended, fact, positionAt, story } from "../testing/story.js";
import { checkHistory } from "./check-history.js";
import type { EventOf, HistoryEvent, HistoryFact } from "./history.js";

/** What happens next in a generated run: a publish, a delivery to one client, or a client's reconnect. */
type Step =
  | { readonly do: "publish" }
  | { readonly do: "deliver" | "reconnect"; readonly who: number };

const clients = 3;
const who = fc.nat({ max: clients - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: "publish" } as const) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("deliver" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reconnect" as const), who }) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 60 });

/** A run of a system that keeps every promise. */
function correctRun(script: readonly Step[]): readonly HistoryEvent[] {
  const facts: HistoryFact[] = [fact("epoch", { why: "first" })];
  const at = Array.from({ length: clients }, () => 0);
  let top = 0;
  const begin = (index: number, resumed: boolean) => {
    const names = { client: `c${index}`, sub: `s${index}` };
    const position = positionAt(at[index] ?? 0);
    facts.push(fact("subscribe", resumed ? { ...names, from: position } : names));
    facts.push(fact("subscribed", { ...names, resumed, contiguous: true, position, top }));
  };
  const deliver = (index: number) => {
    const offset = (at[index] ?? 0) + 1;
    if (offset > top) return;
    at[index] = offset;
    const names = { client: `c${index}`, sub: `s${index}` };
    facts.push(fact("delivered", { ...names, offset, token: `t${offset}`, id: `i${offset}` }));
  };
  for (let index = 0; index < clients; index += 1) begin(index, false);
  for (const one of script) {
    if (one.do === "publish") {
      top += 1;
      facts.push(...appended(top));
    } else if (one.do === "deliver") deliver(one.who);
    else begin(one.who, true);
  }
  facts.push(fact("healed"));
  for (let index = 0; index < clients; index += 1) {
    while ((at[index] ?? 0) < top) deliver(index);
  }
  facts.push(fact("final", { first: 1, top }));
  return story(facts);
}

const mutations = ["drop", "repeat", "swap", "offset", "token", "channel", "epoch"] as const;
type Mutation = (typeof mutations)[number];

/** The invariants of which one at least has to object. */
const objections: Readonly<Record<Mutation, readonly string[]>> = {
  drop: ["contiguous", "convergence", "resume-honesty"],
  repeat: ["no-duplicate"],
  swap: ["order"],
  offset: ["agreement", "no-duplicate", "contiguous"],
  token: ["no-phantom"],
  channel: ["no-phantom"],
  epoch: ["contiguous"],
};

/** Spoils the delivery numbered `pick`; `undefined` when that one cannot be spoiled so. */
function mutate(
  events: readonly HistoryEvent[],
  mutation: Mutation,
  pick: number,
): readonly HistoryEvent[] | undefined {
  const deliveries = events.filter((event) => event.kind === "delivered");
  const victim = deliveries[pick % Math.max(deliveries.length, 1)];
  if (victim === undefined) return undefined;
  const place = events.indexOf(victim);
  const instead = (...others: readonly HistoryEvent[]) =>
    restamped([...events.slice(0, place), ...others, ...events.slice(place + 1)]);
  switch (mutation) {
    case "drop":
      return instead();
    case "repeat":
      return instead(victim, victim);
    case "swap":
      return swapped(events, victim);
    case "offset":
      return instead({ ...victim, offset: victim.offset + 1 });
    case "token":
      return instead({ ...victim, token: "never published" });
    case "channel":
      return instead({ ...victim, channel: "chat:b" });
    case "epoch":
      return instead({ ...victim, epoch: "e0" });
  }
}

/** Swaps a delivery with the same subscription's next one, where no reconnect lies between. */
function swapped(events: readonly HistoryEvent[], victim: EventOf<"delivered">) {
  const ofSub = events.filter((event) => "sub" in event && event.sub === victim.sub);
  const next = ofSub[ofSub.indexOf(victim) + 1];
  if (next?.kind !== "delivered") return undefined;
  return restamped(
    events.map((event) => (event === victim ? next : event === next ? victim : event)),
  );
}

function restamped(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return events.map((event, index) => ({ ...event, seq: index + 1 }));
}

describe("checkHistory", () => {
  it("finds nothing in any run of a system that keeps its promises", () => {
    fc.assert(
      fc.property(steps, (script) => {
        expect(checkHistory(correctRun(script)).violations).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  for (const mutation of mutations) {
    it(`catches a delivery spoiled by "${mutation}", by the invariant that is about it`, () => {
      let spoiled = 0;
      fc.assert(
        fc.property(steps, fc.nat(), (script, pick) => {
          const events = mutate(correctRun(script), mutation, pick);
          if (events === undefined) return;
          spoiled += 1;
          const names = checkHistory(events).violations.map(({ invariant }) => invariant);
          expect(objections[mutation].some((name) => names.some((found) => found === name))).toBe(
            true,
          );
        }),
        { numRuns: 300 },
      );
      expect(spoiled).toBeGreaterThan(50);
    });
  }

  it("counts what it judged, so that an empty history is not taken for a good one", () => {
    expect(checkHistory([]).counts).toEqual({
      events: 0,
      ofKind: {},
      acknowledged: 0,
      resumed: 0,
      resets: 0,
    });
    const { counts } = checkHistory(
      correctRun([{ do: "publish" }, { do: "deliver", who: 1 }, { do: "reconnect", who: 1 }]),
    );
    expect(counts).toMatchObject({ acknowledged: 1, resumed: 1, resets: 0 });
    expect(counts.ofKind).toMatchObject({ append: 1, delivered: 3 });
  });

  it("judges half a million deliveries without more than linear work", () => {
    const timePer = (publishes: number) => {
      const script = Array.from({ length: publishes }, (): Step => ({ do: "publish" }));
      const events = correctRun(script);
      const before = performance.now();
      expect(checkHistory(events).violations).toEqual([]);
      return (performance.now() - before) / events.length;
    };
    timePer(2_000);
    const small = timePer(10_000);
    const large = timePer(100_000);
    expect(large).toBeLessThan(small * 10 + 0.001);
  });
});
