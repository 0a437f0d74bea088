import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

it("a connection that a handler ends because it ends is counted out once", async () => {
  let leave = (): void => {};
  let left = 0;
  const gateway = await testGateway({
    settings: { maxConnectionsPerUser: 2 },
    authenticate: () => ({ user: "ada", can: { "*": ["call"] } }),
    calls: {
      "app.hang": {
        handler: (_data: unknown, { signal }: { readonly signal: AbortSignal }) => {
          signal.addEventListener("abort", () => leave());
          return new Promise<never>(() => {});
        },
      },
    },
  });
  const first = await gateway.open({ token: "t" });
  await gateway.open({ token: "t" });
  const { member } = first.last("connected");
  leave = () => {
    left++;
    void gateway.core.tell({ name: "disconnect", member });
  };
  first.send({ type: "call", id: 1, method: "app.hang", data: null });
  await gateway.settle();
  first.drop();
  expect(left).toBe(1);
  const [third, fourth] = [await gateway.open({ token: "t" }), await gateway.open({ token: "t" })];
  expect([third.closedWith, fourth.closedWith?.code]).toEqual([undefined, 4005]);
});
