import fc from "fast-check";
import { expect, it } from "vitest";
import { channelsOf, subscribersOf } from "./audience.js";
import { testSettings } from "./testing/settings.js";

it("counts for each channel exactly the connections that subscribe to it", () => {
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(),
      (connections, channels, seed) => {
        const subscriptionsPerConnection = 1 + (seed % channels);
        const settings = { ...testSettings, connections, channels, subscriptionsPerConnection };
        const counted = new Array<number>(channels).fill(0);
        for (let connection = 0; connection < connections; connection += 1) {
          const mine = channelsOf(settings, connection);
          expect(new Set(mine).size).toBe(subscriptionsPerConnection);
          for (const channel of mine) counted[channel] = (counted[channel] ?? 0) + 1;
        }
        expect(counted).toEqual(counted.map((_, channel) => subscribersOf(settings, channel)));
      },
    ),
  );
});
