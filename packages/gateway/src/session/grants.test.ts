import { expect, it } from "vitest";
import { Grants } from "./grants.js";

const permits = (grants: ReturnType<Grants["of"]>, channel: string) =>
  grants.some(({ actions, matches }) => actions.includes("publish") && matches(channel));

it("who may do the same shares the tests, and who may do something else does not", () => {
  const grants = new Grants();
  const first = grants.of({ "chat:*": ["publish"] }, undefined, "ada");
  expect(grants.of({ "chat:*": ["publish"] }, undefined, "bob")).toBe(first);
  const other = grants.of({ "chat:a": ["publish"] }, undefined, "bob");
  expect([permits(first, "chat:b"), permits(other, "chat:b")]).toEqual([true, false]);
  const ofAll = grants.of({ "chat:a": ["publish"] }, { "chat:b": ["publish"] }, "bob");
  expect(permits(ofAll, "chat:b")).toBe(true);
});

it("what names the user is the user's alone", () => {
  const grants = new Grants();
  const can = { "user:{sub}": ["publish"] } as const;
  expect(permits(grants.of(can, undefined, "ada"), "user:bob")).toBe(false);
  expect(permits(grants.of(can, undefined, "bob"), "user:bob")).toBe(true);
  expect(permits(grants.of(can, undefined, undefined), "user:bob")).toBe(false);
});

it("a handler that changes its answer afterwards changes nothing for others", () => {
  const grants = new Grants();
  const actions: ("publish" | "subscribe")[] = ["subscribe"];
  const can = { "chat:a": actions };
  grants.of(can, undefined, "ada");
  actions.push("publish");
  expect(permits(grants.of({ "chat:a": ["subscribe"] }, undefined, "bob"), "chat:a")).toBe(false);
});

it("keeps a bounded number", () => {
  const grants = new Grants();
  const first = grants.of({ "chat:0": ["publish"] }, undefined, "ada");
  for (let n = 1; n <= 256; n++) grants.of({ [`chat:${n}`]: ["publish"] }, undefined, "ada");
  expect(grants.of({ "chat:0": ["publish"] }, undefined, "ada")).not.toBe(first);
});
