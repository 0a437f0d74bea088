import { describe, expect, it } from "vitest";
import { createKeyCheck, presentedKey } from "./api-keys.js";

const key = "0123456789abcdef";

describe("an API key", () => {
  it("passes when it is one of those configured, and nothing else does", () => {
    const check = createKeyCheck(["another-key-of-ours", key]);
    expect([check(key), check(`${key}x`), check(""), check(undefined)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("never passes when none is configured", () => {
    expect(createKeyCheck([])("")).toBe(false);
  });

  it("is refused at start-up when it could be guessed, without being shown", () => {
    expect(() => createKeyCheck([key, "short"])).toThrow(/^apiKeys\[1\]: (?!.*short)/);
  });

  it("is read from Authorization or X-Api-Key", () => {
    expect(presentedKey({ authorization: "bearer  abc" })).toBe("abc");
    expect(presentedKey({ "x-api-key": "abc" })).toBe("abc");
    expect(presentedKey({ authorization: "Basic abc" })).toBeUndefined();
  });
});
