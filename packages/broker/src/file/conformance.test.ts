import { describe, test } from "vitest";
import { describeBroker } from "../testing/mod.js";
import { abilities, fileHarness } from "./testing/suite.js";

for (const [name, ending] of [
  ["file, closed and opened again", "closed"],
  ["file, killed and opened again", "abandoned"],
] as const) {
  describeBroker(name, { abilities, create: () => fileHarness(ending) }, { describe, test });
}
