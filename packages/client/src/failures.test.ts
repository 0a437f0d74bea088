import { errorCodes } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import { failure, ownFailures } from "./failures.js";

describe("the failures of the SDK itself", () => {
  const codes = Object.keys(ownFailures) as (keyof typeof ownFailures)[];
  it.each(codes)("%s gives the advice of the registry", (code) => {
    expect(failure(code).retryable).toBe(errorCodes[code].retryable);
  });
});
