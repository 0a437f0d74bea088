import { describe, expect, test } from "vitest";
import { bundleSource } from "../../../../tools/bundling.mjs";
import type { Defect } from "../../../../tools/planting.mjs";

/** A defect of an atomic step, and what must find it: a line of the contract, or a process that ends at every commit. */
interface Planted extends Defect {
  /** Part of the sentence of a check; absent: the crashes. */
  readonly found?: string;
}

const at = (file: string) => ({ file: `packages/broker/src/file/${file}` });

const planted: readonly Planted[] = [
  {
    name: "a publish is acknowledged within its transaction, before the flush",
    ...at("writer.ts"),
    find: "for (const each of batch) each.outcome = each.operation.run();",
    replace: `for (const each of batch) each.outcome = each.operation.run();
      for (const each of batch) each.tell();`,
  },
  {
    name: "an entry is told to followers before it is kept",
    ...at("engine.ts"),
    find: "    return channels.publish(this.#channel, this.#prepared, this.#row, timeMs);",
    replace: `    const early = channels.publish(this.#channel, this.#prepared, this.#row, timeMs);
    if (early.entry) this.#engine.tellEntry(this.#channel, early.outcome.epoch, early.entry);
    return early;`,
  },
  {
    name: "a channel's position is written with the transaction after its entry's",
    ...at("stored-channels.ts"),
    find: "    tables.channels.put(key, {\n      id: row.id,",
    replace: `    this.late?.();
    const put = (late) => { this.late = () => tables.channels.put(key, late); };
    put({\n      id: row.id,`,
    found: "shows on every link at once what was acknowledged",
  },
  {
    name: "a publish key is written with the transaction after its entry's",
    ...at("stored-publishers.ts"),
    find: "tables.keys.put(key, offset);",
    replace: `const late = (this.#context.late ??= new Map());
      for (const write of late.values()) write();
      late.clear();
      late.set(keyName, () => tables.keys.put(key, offset));`,
  },
  {
    name: "a session's place is written with the transaction after its entry's",
    ...at("stored-publishers.ts"),
    find: "this.#context.tables.sessions.put(place.key, place.row);",
    replace: `const late = (this.#context.late ??= new Map());
      late.get(place.key.toString("hex"))?.();
      const { row } = place;
      late.set(place.key.toString("hex"), () => this.#context.tables.sessions.put(place.key, row));`,
  },
  {
    name: "what a transaction did to its channels is written with the next one",
    ...at("writer.ts"),
    find: "      begin();\n      for (const each of batch) each.outcome = each.operation.run();\n      end();",
    replace:
      "      begin();\n      end();\n      for (const each of batch) each.outcome = each.operation.run();",
  },
  {
    name: "a channel's number is kept by the transaction after it was given",
    ...at("store-facts.ts"),
    find: "    this.#facts.put(tickKey, { ...this.#tick, numbers: this.#numbers });\n",
    replace: "",
  },
  {
    name: "a snapshot's position is written without its state",
    ...at("stored-channels.ts"),
    find: "tables.snapshots.put(idKey(row.id), JSON.stringify(snapshot.state));",
    replace: "if (row.snapshot === undefined) tables.snapshots.put(idKey(row.id), '1');",
    found: "has no snapshot until one is stored",
  },
  {
    name: "a lease is acknowledged before it is kept",
    ...at("link.ts"),
    find: "const kept = await this.#engine.kept();",
    replace: "const kept = true;",
  },
  {
    name: "the last fencing token given is not kept",
    ...at("journals.ts"),
    find: "facts.put(lastTokenKey, Math.max(numberOf(facts.get(lastTokenKey)), token));",
    replace: "",
  },
  {
    name: "an owner's append is judged before its transaction",
    ...at("link.ts"),
    find: "return this.#engine.writer.submit(() => this.#engine.logs.append(request));",
    replace: `const top = () => this.#engine.logs.read({ ...request, after: 0, maxCount: 1, maxBytes: 1 }).top;
    if (top() !== request.expectedSequence) return failure("sequence_mismatch");
    return this.#engine.writer.submit(() =>
      this.#engine.logs.append({ ...request, expectedSequence: top() }),
    );`,
    found: "lets exactly one of many appends after the same sequence through",
  },
  {
    name: "the expected offset is looked at before the transaction",
    ...at("engine.ts"),
    find: "const row = encodeEntry(prepared.content);",
    replace: `const row = encodeEntry(prepared.content);
    if (request.expectedOffset === (this.channels.peekHead(channel)?.offset ?? 0)) {
      prepared.request = { ...request, expectedOffset: undefined };
    }`,
    found: "lets exactly one of many with the same `expectedOffset` through",
  },
  {
    name: "an append raises no token",
    ...at("stored-logs.ts"),
    find: "{ ...log, token: request.fencingToken, top, total, bytes }",
    replace: "{ ...log, top, total, bytes }",
    found: "refuses a lower token than the log has seen",
  },
  {
    name: "an entry's bytes are not counted in the step that appends it",
    ...at("stored-log.ts"),
    find: "    this.#total += bytes;\n",
    replace: "",
    found: "retains no more than `maxBytes` of payload",
  },
];

type Suite = typeof import("./testing/suite.js");

async function suiteWith(defect: Defect | undefined): Promise<Suite> {
  const path = await bundleSource({
    folder: "file-engine",
    resolveDir: "packages/broker/src/file/testing",
    contents: `export * from "./suite.ts";`,
    defect,
  });
  return await import(path);
}

function run(suite: Suite, found: string | undefined): Promise<unknown> {
  return found === undefined ? suite.crashAtEveryCommit() : suite.runCheckThatSays(found);
}

describe("the suite finds a defect in the atomic step", () => {
  test.each(planted)("$name", { timeout: 120_000 }, async (defect) => {
    const suite = await suiteWith(defect);
    const broken = await run(suite, defect.found).then(
      () => "nothing",
      (error: Error) => error.message,
    );
    // Neither kept, nor broken because the engine no longer runs at all.
    expect(broken).not.toMatch(/^nothing$|internal|not a function|not defined|does not end/);
  });

  test("and none where there is none", { timeout: 120_000 }, async () => {
    const whole = await suiteWith(undefined);
    for (const found of new Set(planted.map((defect) => defect.found))) await run(whole, found);
  });
});
