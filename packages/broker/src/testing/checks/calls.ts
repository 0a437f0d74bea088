import assert from "node:assert/strict";
import type { CallHandler, IncomingCall, ServeOptions, Serving } from "../../contract/calls.js";
import { isFailure } from "../../contract.js";
import { type BrokerCheck, check, offsets, refusal, type Station, value } from "../bench.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (given: Uint8Array) => new TextDecoder().decode(given);

/** Longer than any engine takes; only what waits for a timeout uses less. */
const timeoutMs = 30_000;

async function serve(
  { link }: Station,
  subject: string,
  handler: CallHandler,
  options?: ServeOptions,
  group = "workers",
): Promise<Serving> {
  const serving = await link.serve(subject, group, handler, options);
  return isFailure(serving) ? assert.fail(`not served: ${serving.code}`) : serving;
}

async function call({ link }: Station, subject: string, payload: string): Promise<string> {
  const outcome = await link.call(subject, bytes(payload), { timeoutMs });
  return outcome.ok ? text(outcome.payload) : `! ${outcome.code}`;
}

/** A handler that waits until it is told to go on. */
function heldHandler() {
  const calls: IncomingCall[] = [];
  const waiting: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  const handler: CallHandler = (incoming) => {
    calls.push(incoming);
    arrivals.shift()?.();
    return new Promise((resolve) => waiting.push(() => resolve(incoming.payload)));
  };
  const arrived = (count: number): Promise<void> =>
    calls.length >= count
      ? Promise.resolve()
      : new Promise<void>((resolve) => arrivals.push(resolve)).then(() => arrived(count));
  const release = () => {
    for (const goOn of waiting.splice(0)) goOn();
  };
  return { calls, handler, arrived, release };
}

const aborted = ({ signal }: IncomingCall): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

export const callChecks: readonly BrokerCheck[] = [
  check("hands a call to who serves its subject, and the reply back", async (bench) => {
    const server = await bench.station("g1");
    const caller = await bench.station("g2");
    const seen: IncomingCall[] = [];
    await serve(server, "orders.get", (incoming) => {
      seen.push(incoming);
      return bytes(`got ${text(incoming.payload)}`);
    });
    assert.equal(await bench.settling(call(caller, "orders.get", "1")), "got 1");
    assert.equal(await bench.settling(call(server, "orders.get", "2")), "got 2");
    assert.deepEqual(
      seen.map(({ subject, payload }) => [subject, text(payload)]),
      [
        ["orders.get", "1"],
        ["orders.get", "2"],
      ],
    );
    assert.ok(seen.every((incoming) => incoming.timeoutMs > 0 && incoming.timeoutMs <= timeoutMs));
  }),

  check("says at once when nobody serves the subject, or no longer", async (bench) => {
    const station = await bench.station();
    const nobody = refusal(await bench.settling(station.link.call("a", bytes("x"), { timeoutMs })));
    assert.deepEqual([nobody.code, nobody.unknown ?? false], ["no_responders", false]);
    const serving = await serve(station, "a", ({ payload }) => payload);
    await serving.stop();
    await bench.settle();
    assert.equal(await bench.settling(call(station, "a", "x")), "! no_responders");
    await serve(station, "a.b", ({ payload }) => payload);
    assert.equal(await bench.settling(call(station, "a", "x")), "! no_responders");
  }),

  check(
    "hands each call to one member of a group, and to others when one has stopped",
    async (bench) => {
      const caller = await bench.station("g3");
      const handled: string[] = [];
      const servings: Serving[] = [];
      for (const gateway of ["g1", "g2"]) {
        const member = await bench.station(gateway);
        servings.push(
          await serve(member, "work", ({ payload }) => {
            handled.push(text(payload));
            return bytes(gateway);
          }),
        );
      }
      const replies = await bench.settling(
        Promise.all(offsets(1, 40).map((n) => call(caller, "work", `${n}`))),
      );
      assert.ok(replies.every((reply) => reply === "g1" || reply === "g2"));
      assert.deepEqual(
        handled.map(Number).sort((a, b) => a - b),
        offsets(1, 40),
      );
      await servings[0]?.stop();
      await bench.settle();
      const later = offsets(1, 10).map((n) => call(caller, "work", `${n}`));
      assert.deepEqual(
        await bench.settling(Promise.all(later)),
        offsets(1, 10).map(() => "g2"),
      );
    },
  ),

  check("hands a call to every group and takes the first reply", async (bench) => {
    const station = await bench.station();
    const slow = heldHandler();
    await serve(station, "work", slow.handler, undefined, "slow");
    await serve(station, "work", () => bytes("quick"), undefined, "quick");
    assert.equal(await bench.settling(call(station, "work", "1")), "quick");
    await bench.settling(slow.arrived(1));
    await bench.settling(aborted(slow.calls[0] ?? assert.fail()));
    slow.release();
  }),

  check("answers what a handler throws as a failure of the call", async (bench) => {
    const station = await bench.station();
    await serve(station, "bad", () => {
      throw new Error("no such order");
    });
    const failed = refusal(
      await bench.settling(station.link.call("bad", bytes(""), { timeoutMs })),
    );
    assert.equal(failed.code, "call_failed");
    assert.match(failed.message, /no such order/);
  }),

  check(
    "tells the handler when its caller gives up, and the caller that it may have been handled",
    async (bench) => {
      const server = await bench.station("g1");
      const caller = await bench.station("g2");
      const held = heldHandler();
      await serve(server, "slow", held.handler);
      const controller = new AbortController();
      const { signal } = controller;
      const outcome = caller.link.call("slow", bytes("x"), { timeoutMs, signal });
      await bench.settling(held.arrived(1));
      controller.abort();
      const given = refusal(await bench.settling(outcome));
      assert.deepEqual([given.code, given.unknown], ["cancelled", true]);
      await bench.settling(aborted(held.calls[0] ?? assert.fail()));
      held.release();
      const before = caller.link.call("slow", bytes("x"), {
        timeoutMs,
        signal: AbortSignal.abort(),
      });
      const never = refusal(await bench.settling(before));
      assert.deepEqual([never.code, never.unknown ?? false], ["cancelled", false]);
      assert.equal(held.calls.length, 1);
    },
  ),

  check(
    "a member that has all it may handle refuses more, and handles again when it is done",
    async (bench) => {
      const station = await bench.station();
      const held = heldHandler();
      await serve(station, "one", held.handler, { maxOutstanding: 1 });
      const first = call(station, "one", "1");
      await bench.settling(held.arrived(1));
      assert.equal(await bench.settling(call(station, "one", "2")), "! busy");
      held.release();
      assert.equal(await bench.settling(first), "1");
      const third = call(station, "one", "3");
      await bench.settling(held.arrived(2));
      held.release();
      assert.equal(await bench.settling(third), "3");
    },
  ),

  check("ends the services of a link with it", async (bench) => {
    const server = await bench.station("g1");
    const caller = await bench.station("g2");
    await serve(server, "work", ({ payload }) => payload);
    await server.link.close();
    await bench.settle();
    assert.equal(await bench.settling(call(caller, "work", "x")), "! no_responders");
  }),

  check(
    "ends a call whose time has run out, for its caller and its handler",
    async (bench) => {
      const station = await bench.station();
      const held = heldHandler();
      await serve(station, "slow", held.handler);
      const outcome = station.link.call("slow", bytes("x"), { timeoutMs: 250 });
      await bench.settling(held.arrived(1));
      await bench.advance(300);
      const late = refusal(await bench.settling(outcome));
      assert.deepEqual([late.code, late.unknown], ["timeout", true]);
      await bench.settling(aborted(held.calls[0] ?? assert.fail()));
      held.release();
      await bench.settle();
      value(await station.link.nodes());
    },
    ["wait"],
  ),
];
