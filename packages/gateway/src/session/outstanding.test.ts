import fc from "fast-check";
import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";
import { Outstanding } from "./outstanding.js";

it("outstanding requests are those that were added and not yet answered, each connection's its own", () => {
  const step = fc.record({
    slot: fc.integer({ min: 1, max: 3 }),
    action: fc.constantFrom("add", "add", "delete", "delete", "clear"),
    id: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outstanding = new Outstanding();
      const wanted = new Map<number, Set<number>>();
      for (let slot = 1; slot <= 3; slot++) {
        outstanding.clear(slot);
        wanted.set(slot, new Set());
      }
      for (const { slot, action, id } of steps) {
        // Nobody adds one that is there.
        if (action === "add" && wanted.get(slot)?.has(id) === true) continue;
        outstanding[action](slot, id);
        wanted.get(slot)?.[action](id);
        for (const [each, ids] of wanted) {
          expect(outstanding.size(each)).toBe(ids.size);
          for (let n = 1; n <= 6; n++) expect(outstanding.has(each, n)).toBe(ids.has(n));
        }
      }
    }),
  );
});

it("a connection that has the number of one that has gone begins with nothing outstanding", async () => {
  const gateway = await testGateway({
    calls: { "app.hang": { handler: () => new Promise<never>(() => {}) } },
  });
  const asked = { type: "call", id: 7, method: "app.hang", data: null };
  const first = await gateway.open();
  for (const id of [7, 8, 9]) first.send({ ...asked, id });
  first.send(asked);
  await gateway.settle();
  expect(first.last("error")).toMatchObject({ id: 7, code: "duplicate_id" });
  first.drop();
  const second = await gateway.open();
  for (const id of [7, 8, 9]) second.send({ ...asked, id });
  await gateway.settle();
  expect(second.of("error")).toEqual([]);
});
