import { defineConfig } from "vitest/config";

// Siblings of the workspace resolve to their TypeScript source, so that a test never runs
// against a stale build.
const conditions = ["@holdfast/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/**/src/**/*.test.ts",
      "test/**/*.test.ts",
      "sim/**/*.test.ts",
      "examples/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/dist/**"],
    passWithNoTests: false,
    allowOnly: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
