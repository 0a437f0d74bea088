import { describe, expect, it } from "vitest";
import { complaintAboutOrigin, originAllowed } from "./origins.js";

describe("an Origin", () => {
  it.each([
    [undefined, "a.example", [], true],
    ["https://a.example", "a.example", [], true],
    ["https://a.example", "A.example:443", [], true],
    ["http://a.example:8000", "a.example:8000", [], true],
    ["http://a.example:8001", "a.example:8000", [], false],
    ["https://evil.example", "a.example", [], false],
    ["https://a.example.evil.example", "a.example", [], false],
    ["null", "a.example", [], false],
    ["not an origin", "a.example", [], false],
    ["https://a.example", undefined, [], false],
    ["https://app.example", "a.example", ["https://app.example"], true],
    ["http://app.example", "a.example", ["https://app.example"], false],
    ["https://any.example", "a.example", ["*"], true],
  ])("%s at host %s with the list %j: %s", (origin, host, origins, allowed) => {
    expect(originAllowed(origin, host, origins)).toBe(allowed);
  });
});

describe("a pattern of subdomains", () => {
  const origins = ["https://*.app.example", "http://*.dev.example:8080"];
  it.each([
    ["https://a.app.example", true],
    ["https://a.b.app.example", true],
    ["http://x.dev.example:8080", true],
    ["https://app.example", false],
    ["https://evilapp.example", false],
    ["https://.app.example", false],
    ["https://a..app.example", false],
    ["http://a.app.example", false],
    ["https://a.app.example:8443", false],
    ["https://a.app.example.evil.example", false],
    ["https://evil.example/.app.example", false],
    ["https://evil.example?.app.example", false],
    ["https://evil.example#.app.example", false],
    ["https://user@evil.example\\\\.app.example", false],
    ["http://x.dev.example", false],
  ])("%s: %s", (origin, allowed) => {
    expect(originAllowed(origin, "gateway.example", origins)).toBe(allowed);
  });

  it.each([
    "https://*.com",
    "https://*",
    "*.app.example",
    "https://a.*.example",
    "ftp://*.a.example",
  ])("%s is refused as an option", (origin) => {
    expect(complaintAboutOrigin(origin)).toMatch(/must be an origin/);
  });
});

it("where TLS ends here, a page in the clear is not of the same origin, but may be listed", () => {
  const host = "gateway.example";
  expect(originAllowed("http://gateway.example", host, [])).toBe(true);
  expect(originAllowed("http://gateway.example", host, [], true)).toBe(false);
  expect(originAllowed("https://gateway.example", host, [], true)).toBe(true);
  expect(originAllowed("http://gateway.example", host, ["http://gateway.example"], true)).toBe(
    true,
  );
});
