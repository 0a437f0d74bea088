/** The token in a payload of the simulation; `""` where there is none. */
export function tokenOf(data: unknown): string {
  if (typeof data !== "object" || data === null || !("t" in data)) return "";
  return typeof data.t === "string" ? data.t : "";
}
