import { folds } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import {
  history,
  patches,
  publish,
  stateAt,
  subscribed,
  world,
} from "../../testing/folded-world.js";
import { testGateway } from "../../testing/harness.js";

describe("snapshots", () => {
  it("are stored by whoever publishes, so that a short history is enough for everybody else", async () => {
    const { gateway, stored } = world();
    const one = await gateway("g1");
    await publish(one, ...patches(1, 41));
    const snapshot = await stored();
    const offset = snapshot?.position.offset ?? 0;
    expect(offset).toBeGreaterThan(34);
    expect(snapshot?.state).toEqual(stateAt(offset));
    const peer = await subscribed(await gateway("g2"));
    expect(peer.last("subscribed")).toMatchObject({ position: { offset: 41 }, state: stateAt(41) });
  });

  it("are not what the state depends on: nothing is let go before one is stored", async () => {
    const { gateway, stored } = world();
    await publish(await gateway("g1", { snapshotEveryCount: 1_000 }), ...patches(1, 60));
    expect(await stored()).toBeNull();
    const peer = await subscribed(await gateway("g2"));
    expect(peer.last("subscribed")).toMatchObject({ position: { offset: 60 }, state: stateAt(60) });
  });

  it("of an epoch whose suffix was lost stand in the one that continues it", async () => {
    const { gateway, broker } = world();
    await publish(await gateway("g1"), ...patches(1, 23));
    for (const lost of [1, 3]) {
      broker.failover(lost);
      const top = lost === 1 ? 22 : 19;
      const peer = await subscribed(await gateway(`late-${lost}`));
      expect(peer.last("subscribed")).toMatchObject({ position: { offset: top } });
      expect(peer.last("subscribed").state).toEqual(stateAt(top));
    }
  });

  it("begin with the oldest retained entry where the channel had a history before it had state", async () => {
    const { clock, broker, gateway } = world();
    const plain = await testGateway({ clock, broker, channels: { "merge:*": { history } } });
    await publish(plain, ...patches(1, 9));
    const peers = [await subscribed(await gateway("g1")), await subscribed(await gateway("g2"))];
    const state = patches(7, 9).reduce<unknown>(folds.merge, null);
    for (const peer of peers) {
      expect(peer.last("subscribed")).toMatchObject({ position: { offset: 9 }, state });
    }
  });

  it("that cannot be stored are tried again, and the state is right all the while", async () => {
    let fails = true;
    const { gateway, clock, stored } = world({
      operations: (_name, operation) =>
        operation === "storeSnapshot" && fails ? { lost: "request" } : undefined,
    });
    const one = await gateway("g1");
    await publish(one, ...patches(1, 20));
    await clock.advanceAsync(6_000);
    expect(await stored()).toBeNull();
    fails = false;
    await publish(one, ...patches(21, 21));
    await clock.advanceAsync(6_000);
    await publish(one, ...patches(22, 22));
    await clock.advanceAsync(1_000);
    expect((await stored())?.state).toEqual(stateAt((await stored())?.position.offset ?? 0));
  });
});
