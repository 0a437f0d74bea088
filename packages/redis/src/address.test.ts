import { describe, expect, test } from "vitest";
import { AddressError, parseAddress } from "./address.js";

describe("an engine URL of Redis", () => {
  test("names one server, with the usual port and database", () => {
    expect(parseAddress("redis://localhost")).toEqual({
      kind: "single",
      hosts: [{ host: "localhost", port: 6379 }],
      tls: false,
      database: 0,
      prefix: "hf:",
      plainPubSub: false,
      limits: {},
    });
  });

  test("may carry a user, a password with any characters, TLS, a database and a prefix", () => {
    expect(parseAddress("rediss://ann:p%40ss%3A@[::1]:7000/3?prefix=app1:")).toEqual({
      kind: "single",
      hosts: [{ host: "::1", port: 7000 }],
      tls: true,
      username: "ann",
      password: "p@ss:",
      database: 3,
      prefix: "app1:",
      plainPubSub: false,
      limits: {},
    });
    expect(parseAddress("redis://:secret@h")).toMatchObject({ password: "secret" });
  });

  test("names sentinels and their master", () => {
    const url = "redis+sentinel://u:p@a,b:26380/main/2?sentinelPassword=s";
    expect(parseAddress(url)).toMatchObject({
      kind: "sentinel",
      hosts: [
        { host: "a", port: 26379 },
        { host: "b", port: 26380 },
      ],
      master: "main",
      database: 2,
      sentinelPassword: "s",
    });
  });

  test("names some servers of a cluster, or a socket", () => {
    expect(parseAddress("rediss+cluster://a:7000,b:7001")).toMatchObject({
      kind: "cluster",
      tls: true,
      hosts: [
        { host: "a", port: 7000 },
        { host: "b", port: 7001 },
      ],
    });
    const socket = parseAddress("redis+unix:///run/redis.sock?database=1");
    expect(socket).toMatchObject({ socketPath: "/run/redis.sock", hosts: [], database: 1 });
  });

  test("may set the engine's limits", () => {
    const { limits } = parseAddress("redis://h?presenceLeaseMs=3000&maxBatchCount=10");
    expect(limits).toEqual({ presenceLeaseMs: 3_000, maxBatchCount: 10 });
  });

  test.each([
    "redis+cluster://h?pubsub=plain",
    "redis://h?maxBatchCount=many",
    "http://h",
    "redis://",
    "redis://h:x",
    "redis://h/one",
    "redis://h/1/2",
    "redis+sentinel://h",
    "redis+cluster://h/1",
    "redis://u:hunter2@h?what=1",
    "redis://u:hunter2@h?prefix={x}",
  ])("is refused without being repeated: %s", (url) => {
    expect(() => parseAddress(url)).toThrow(AddressError);
    try {
      parseAddress(url);
    } catch (error) {
      expect(String(error)).not.toContain("hunter2");
    }
  });
});
