/** @import { Opposite } from "./opposite.mjs" */
import { hub, session, test } from "./opposite.mjs";

const faults = `${hub}/faults.test.ts`;

/** @type {readonly Opposite[]} */
export const delivery = [
  {
    row: 21,
    name: "a queue without a bound",
    file: `${session}/outbox.ts`,
    find: "if (!this.#fits(frame)) this.#owner.fail(closeCode.slow_reader);",
    replace: "",
    test: test(
      `${session}/backpressure.test.ts`,
      "(abuse 21) > loses ephemeral publications before it is closed",
    ),
  },
  {
    row: 22,
    name: "a replay leaves one out",
    file: `${hub}/replay.ts`,
    find: "      sink.stored(next.encoded.frame(sink.codec));\n",
    replace: "      if (this.#cursor.offset !== 3) sink.stored(next.encoded.frame(sink.codec));\n",
    test: test("test/e2e/resume-cut.test.ts", "abuse 22: in JSON, a replay cut after any byte"),
  },
  {
    row: 23,
    name: "a position before the first is none",
    file: `${session}/subscribing.ts`,
    find: "shared.hub.begin(subscription, command, (failed) => {",
    replace: `const at = command.position?.offset === 0 ? undefined : command.position;
      shared.hub.begin(subscription, { ...command, position: at }, (failed) => {`,
    test: test("test/e2e/limits.test.ts", "abuse 23: a resume before any message"),
  },
  {
    row: 24,
    name: "another epoch is like this one",
    file: `${hub}/continuity.ts`,
    find: `if (upTo === undefined) return no("epoch_changed");
    if (position.offset > upTo) return no("position_ahead");`,
    replace: "",
    test: test(faults, "is reset when the engine comes back empty (abuse 24)"),
  },
  {
    row: 25,
    name: "a gap is passed over",
    file: `${hub}/continuity.ts`,
    find: 'if (page.first > position.offset + 1) return no("history_trimmed");',
    replace: "",
    test: test(faults, "is reset once when history was trimmed past it (abuse 25)"),
  },
  {
    row: 26,
    name: "keys are forgotten",
    file: "packages/broker/src/memory/admission.ts",
    find: "if (key !== undefined) publish.keyName = this.#nameOf(key);",
    replace: "",
    test: test(`${session}/publishing.test.ts`, "its acknowledgement was lost (abuse 26)"),
  },
  {
    row: 27,
    name: "ready without an engine",
    file: "packages/gateway/src/core.ts",
    find: "this.#drain === undefined && this.#shared.hub.available && this.cluster.isLoaded",
    replace: "this.#drain === undefined && this.cluster.isLoaded",
    test: test(faults, "survives an engine that is out of reach (abuse 27)"),
  },
  {
    row: 28,
    name: "silence is golden",
    file: `${session}/heartbeat.ts`,
    find: "else this.#heart.stopped();",
    replace: "else wheel.set(this, restMs(settings));",
    test: test("test/e2e/slow-peer.test.ts", "abuse 28: a peer that answers no ping"),
  },
  {
    row: 30,
    name: "two sockets are one session",
    file: `${session}/session.ts`,
    find: "  replaced(): void {\n    this.end(closeCode.replaced);",
    replace: "  replaced(): void {",
    test: test("test/e2e/session.test.ts", "abuse 30: two sockets resume one session"),
  },
];
