import { expect, it } from "vitest";
import { isForLocalHost } from "./local-host.js";

const judge = (host: string | undefined, localAddress = "127.0.0.1") =>
  isForLocalHost({ headers: { host }, socket: { localAddress } } as never);

it.each([
  "localhost",
  "LOCALHOST:8000",
  "localhost.:8000",
  "app.localhost:8000",
  "127.0.0.1:8000",
  "127.9.9.9",
  "[::1]:8000",
  undefined,
])("a request for %j is for this machine", (host) => {
  expect(judge(host)).toBe(true);
});

it.each([
  "evil.example",
  "evil.example:8000",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "notlocalhost",
  "10.0.0.1:8000",
  "[::2]:8000",
  "127.0.0.1@evil.example",
  "",
])("a request for %j that reached a loopback address is not (DNS rebinding)", (host) => {
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    expect(judge(host, address)).toBe(false);
  }
  expect(judge(host, "192.0.2.1")).toBe(true);
});
