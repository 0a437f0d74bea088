import fc from "fast-check";
import { expect, it } from "vitest";
import { Outstanding } from "./outstanding.js";

it("outstanding requests are those that were added and not yet answered", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6 })));
  fc.assert(
    fc.property(steps, (taken) => {
      const outstanding = new Outstanding();
      const wanted = new Set<number>();
      for (const [isNew, id] of taken) {
        if (isNew && !wanted.has(id)) {
          outstanding.add(id);
          wanted.add(id);
        } else if (!isNew) {
          outstanding.delete(id);
          wanted.delete(id);
        }
        expect(outstanding.size).toBe(wanted.size);
        for (let each = 1; each <= 6; each++) expect(outstanding.has(each)).toBe(wanted.has(each));
      }
    }),
  );
});
