import { brokerChecks, runBrokerCheck } from "./checks.js";
import type { Ability, BrokerHarness } from "./harness.js";

/** An engine to hold against the contract. */
export interface BrokerSubject {
  /** What the harness can do to the engine; checks that need more are not part of its suite. */
  readonly abilities: readonly Ability[];
  /** A fresh, empty engine for each check. */
  create(): Promise<BrokerHarness>;
}

/**
 * The two functions of a test runner that the suite is declared with; vitest's and `node:test`'s
 * fit. Handed in rather than imported: even an optional peer dependency would bring the runner
 * into every production installation of the workspace.
 */
export interface TestRunner {
  describe(name: string, declare: () => void): unknown;
  test(name: string, run: () => Promise<void>): unknown;
}

/** Declares the conformance suite of the broker contract for one engine. */
export function describeBroker(name: string, subject: BrokerSubject, runner: TestRunner): void {
  const { describe, test } = runner;
  describe(`${name}: the broker contract`, () => {
    for (const [topic, checks] of Object.entries(brokerChecks)) {
      const able = checks.filter((check) =>
        check.needs.every((need) => subject.abilities.includes(need)),
      );
      if (able.length === 0) continue;
      describe(topic, () => {
        for (const check of able) {
          test(check.sentence, () => runBrokerCheck(check, () => subject.create()));
        }
      });
    }
  });
}
