import { expect, test } from "vitest";
import { AddressError, parseAddress } from "./address.js";

test("one server, with the usual port and prefix", () => {
  expect(parseAddress("nats://queue.internal")).toEqual({
    servers: ["queue.internal:4222"],
    tls: false,
    credentials: {},
    prefix: "holdfast",
    replicas: undefined,
    ignoreClusterUpdates: false,
    limits: {},
  });
});

test("several servers, credentials and parameters", () => {
  const url =
    "tls://ann:p%40ss@a:4223,b,[::1]:5000/?prefix=chat&replicas=3&discover=no&presenceLeaseMs=5000";
  expect(parseAddress(url)).toEqual({
    servers: ["a:4223", "b:4222", "[::1]:5000"],
    tls: true,
    credentials: { user: "ann", pass: "p@ss" },
    prefix: "chat",
    replicas: 3,
    ignoreClusterUpdates: true,
    limits: { presenceLeaseMs: 5_000 },
  });
});

test("a name alone is a token", () => {
  expect(parseAddress("nats://s3cret@h").credentials).toEqual({ token: "s3cret" });
});

test.each([
  "nats://",
  "nats://h:x",
  "nats://h/path",
  "nats://h?unknown=1",
  "nats://h?prefix=a.b",
  "nats://h?replicas=6",
  "nats://h?discover=maybe",
  "nats://h?keyWindowMs=soon",
  "nats://u:%zz@h",
  "redis://h",
])("%s is refused, and no password is repeated", (url) => {
  expect(() => parseAddress(url)).toThrow(AddressError);
  expect(() => parseAddress(url)).not.toThrow(/%zz/);
});
