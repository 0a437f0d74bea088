import { expect, it } from "vitest";
import { resolve } from "../config/resolve.js";
import { profileOf } from "./profile.js";

const profile = (env: Readonly<Record<string, string>>) =>
  profileOf(resolve({ env, flags: new Map() }));

it("what everybody may do and the key everybody knows are the development profile's alone", () => {
  const { apiKeys, anonymous, channels } = profile({});
  expect([apiKeys, anonymous, channels]).toEqual([[], undefined, {}]);
  const open = profile({ HOLDFAST_DEV: "true" });
  expect(open.apiKeys).toEqual(["holdfast-development"]);
  expect(Object.keys(open.anonymous ?? {})).toEqual(Object.keys(open.channels ?? {}));
  expect(profile({ HOLDFAST_DEV: "true", HOLDFAST_API_KEYS: "k".repeat(32) }).apiKeys).toEqual([
    "k".repeat(32),
  ]);
});

it("the development profile drains in a second and logs from warn, unless told otherwise", () => {
  const { settings, logLevel } = profile({ HOLDFAST_DEV: "true" });
  expect([settings?.drainMs, logLevel]).toEqual([1_000, "warn"]);
  const told = profile({
    HOLDFAST_DEV: "true",
    HOLDFAST_DRAIN_MS: "10000",
    HOLDFAST_LOG_LEVEL: "info",
  });
  expect([told.settings?.drainMs, told.logLevel]).toEqual([10_000, "info"]);
  expect(profile({}).settings?.drainMs).toBe(10_000);
});
