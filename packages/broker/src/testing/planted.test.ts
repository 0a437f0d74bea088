import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { failure } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { Broker, BrokerLink } from "../contract.js";
import { brokerChecks, runBrokerCheck } from "./checks.js";
import { createFaultyMemoryBroker } from "./mod.js";

/** Topics whose every check is shown to be able to fail. */
const topics = [
  "fenced logs",
  "snapshots of logs",
  "leases",
  "calls",
  "cluster-wide commands",
  "the list of nodes",
];

/** What a lying engine does differently; `links` are all links of the engine so far. */
type Lie = (link: BrokerLink, links: readonly BrokerLink[]) => Partial<BrokerLink>;

const none = new Uint8Array();

/** Planted defects, each of one operation. */
const lies: Readonly<Record<string, Lie>> = {
  "appends nothing": () => ({ append: () => ({ ok: true, sequence: 1 }) }),
  "appends at the end, wherever it was told to": (link) => ({
    append: async (request) => {
      const query = { log: request.log, after: 0, maxCount: 1, maxBytes: 1 };
      const page = await link.readLog(query);
      return link.append({ ...request, expectedSequence: "top" in page ? page.top : 0 });
    },
  }),
  "lets any token pass": (link) => ({
    append: (request) => link.append({ ...request, fencingToken: 9 }),
    storeLogSnapshot: (request) => link.storeLogSnapshot({ ...request, fencingToken: 9 }),
    deleteLog: (request) => link.deleteLog({ ...request, fencingToken: 9 }),
  }),
  "forgets an append without entries": (link) => ({
    append: (request) =>
      request.entries.length === 0
        ? { ok: true, sequence: request.expectedSequence }
        : link.append(request),
  }),
  "raises the token of a refused append": (link) => ({
    append: async (request) => {
      const done = await link.append(request);
      if (!done.ok) {
        const query = { log: request.log, after: 0, maxCount: 1, maxBytes: 1 };
        const page = await link.readLog(query);
        const expectedSequence = "top" in page ? page.top : 0;
        await link.append({ ...request, expectedSequence, entries: [] });
      }
      return done;
    },
  }),
  "pages by nothing": (link) => ({
    readLog: (query) => link.readLog({ ...query, maxCount: 1_000, maxBytes: 1_000_000 }),
  }),
  "takes every name for the same": (link) => ({
    append: (request) => link.append({ ...request, log: "log" }),
    readLog: (query) => link.readLog({ ...query, log: "log" }),
  }),
  "keeps the caller's own bytes": (link) => {
    const kept: Uint8Array[] = [];
    return {
      append: (request) => {
        kept.push(...request.entries);
        return link.append(request);
      },
      readLog: async (query) => {
        const page = await link.readLog(query);
        if (!("entries" in page)) return page;
        const entries = page.entries.map((entry) => {
          const bytes = kept[entry.sequence - 1] ?? none;
          return { ...entry, bytes };
        });
        return { ...page, entries };
      },
    };
  },
  "trims nothing": (link) => ({
    storeLogSnapshot: (request) => link.storeLogSnapshot({ ...request, trimThrough: 0 }),
  }),
  "takes any snapshot": (link) => ({
    storeLogSnapshot: async (request) => {
      await link.storeLogSnapshot(request);
      return { ok: true };
    },
  }),
  "snapshots without raising the token": (link) => ({
    storeLogSnapshot: async (request) => {
      const query = { log: request.log, after: 0, maxCount: 1, maxBytes: 1 };
      const page = await link.readLog(query);
      const token = "top" in page ? Math.max(1, page.fencingToken) : 1;
      return link.storeLogSnapshot({ ...request, fencingToken: token });
    },
  }),
  "deletes nothing": () => ({ deleteLog: () => ({ ok: true }) }),
  "gives every lease to everybody": (link) => {
    let token = 0;
    return {
      acquireLease: ({ name, ttlMs }) => {
        token += 1;
        return { ok: true, name, token, expiresAtMs: ttlMs };
      },
      renewLease: async (renewal) => link.renewLease(renewal),
    };
  },
  "gives the same token again": (link) => ({
    acquireLease: async (request) => {
      const lease = await link.acquireLease(request);
      return lease.ok ? { ...lease, token: 7 } : lease;
    },
  }),
  "renews whatever it is asked to": () => ({
    renewLease: ({ name, token, ttlMs }) => ({ ok: true, name, token, expiresAtMs: ttlMs }),
  }),
  "never ends a lease": (link) => ({
    acquireLease: (request) => link.acquireLease({ ...request, ttlMs: 250_000 }),
  }),
  "refuses every lease": () => ({ acquireLease: () => failure("lease_held") }),
  "lets out-of-reach owners pass": (link, links) => ({
    append: (request) => (links[1] ?? link).append({ ...request, fencingToken: 2 ** 50 }),
  }),
  "answers every call by itself": () => ({
    call: async () => ({ ok: true, payload: none }),
  }),
  "waits for who does not serve": (link) => ({
    call: async (subject, payload, options) => {
      const outcome = await link.call(subject, payload, options);
      if (outcome.ok || outcome.code !== "no_responders") return outcome;
      return failure("timeout", undefined, { unknown: true });
    },
  }),
  "hands a call out twice": (link) => ({
    call: async (subject, payload, options) => {
      void link.call(subject, payload, options);
      return link.call(subject, payload, options);
    },
  }),
  "hands a call to the slowest group only": (link) => ({
    serve: (subject, group, handler, options) =>
      group === "quick" ? { ok: true, stop() {} } : link.serve(subject, group, handler, options),
  }),
  "calls a failure a success": (link) => ({
    serve: (subject, group, handler, options) =>
      link.serve(
        subject,
        group,
        async (call) => {
          try {
            return await handler(call);
          } catch {
            return none;
          }
        },
        options,
      ),
  }),
  "gives nothing up": (link) => ({
    call: (subject, payload, { timeoutMs }) => link.call(subject, payload, { timeoutMs }),
    serve: (subject, group, handler, options) =>
      link.serve(
        subject,
        group,
        (call) => handler({ ...call, signal: new AbortController().signal }),
        options,
      ),
  }),
  "handles more than it may": (link) => ({
    serve: (subject, group, handler) => link.serve(subject, group, handler),
  }),
  "broadcasts to nobody": () => ({ broadcast: () => ({ ok: true }) }),
  "forgets commands at once": (link) => ({
    commands: async () => {
      const recent = await link.commands(undefined);
      return "cursor" in recent ? { ...recent, complete: true, commands: [] } : recent;
    },
  }),
  "never forgets a cursor": (link) => ({
    commands: async (cursor) => {
      const recent = await link.commands(cursor);
      return "cursor" in recent ? { ...recent, complete: true } : recent;
    },
  }),
  "lists nobody": () => ({ nodes: () => [] }),
  "lists whoever was ever there": (link, links) => ({
    announce: async (status) => {
      seen.set(links, [...(seen.get(links) ?? []), status]);
      return link.announce(status);
    },
    nodes: () =>
      (seen.get(links) ?? []).map((status, at) => ({
        gateway: `g${at}`,
        version: "1",
        startedMs: 1,
        connections: 1,
        channels: Number(status !== undefined),
      })),
  }),
  "takes every record": (link) => ({
    announce: async (status) => {
      await link.announce(status);
      return { ok: true };
    },
  }),
};
const seen = new WeakMap<readonly BrokerLink[], unknown[]>();

function lying(lie: Lie) {
  const clock = new VirtualClock();
  const honest = createFaultyMemoryBroker({ clock, random: new SeededRandom(1) });
  const links: BrokerLink[] = [];
  const broker: Broker = {
    capabilities: honest.capabilities,
    connect: (gateway, listener) => {
      const link = honest.connect(gateway, listener);
      links.push(link);
      const told: BrokerLink = Object.assign(Object.create(link), lie(link, links));
      // Methods of the honest link need it as their receiver: it has private fields.
      return new Proxy(told, {
        get(target, name) {
          const own = Object.hasOwn(target, name) ? Reflect.get(target, name) : undefined;
          if (own !== undefined) return own;
          const method: unknown = Reflect.get(link, name);
          return typeof method === "function" ? method.bind(link) : method;
        },
      });
    },
    close: () => honest.close(),
  };
  return {
    broker,
    faults: honest,
    advance: async (ms: number) => clock.advanceAsync(ms),
    settle: async () => clock.advanceAsync(0),
    dispose: async () => honest.close(),
  };
}

/** A check that waits for what never comes has failed as well. */
async function fails(run: Promise<void>): Promise<boolean> {
  const hung = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(true), 100).unref();
  });
  return Promise.race([
    run.then(
      () => false,
      () => true,
    ),
    hung,
  ]);
}

test.each(topics)(
  "every check of %s fails for a planted defect, and for none without one",
  async (topic) => {
    for (const check of brokerChecks[topic] ?? []) {
      const honest = async () => lying(() => ({}));
      await runBrokerCheck(check, honest);
      const found: string[] = [];
      for (const [name, lie] of Object.entries(lies)) {
        if (await fails(runBrokerCheck(check, async () => lying(lie)))) found.push(name);
      }
      expect([check.sentence, found]).not.toEqual([check.sentence, []]);
    }
  },
);
