/** The user asked for something that cannot be; printed as its message alone, with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
