import { type Failure, failure } from "@holdfast/protocol";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { settle, textOf } from "../hub/ask.js";

/** The accepted value, or why it was refused. */
export type Validated<T> = { readonly ok: true; readonly value: T } | Failure;

/** Asks a Standard Schema, at once where it answers at once. `root` is the field the value came in. */
export function validate<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
  root: string,
  done: (outcome: Validated<T>) => void,
): void {
  settle(
    () => schema["~standard"].validate(value),
    (result) => done(outcomeOf(result, root)),
    (error) => {
      const message = `The schema failed: ${textOf(error)}.`;
      done(failure("invalid_data", message, { field: root }));
    },
  );
}

function outcomeOf<T>(result: StandardSchemaV1.Result<T>, root: string): Validated<T> {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const [issue] = result.issues;
  const field = `${root}${pointerOf(issue?.path ?? [])}`;
  return failure("invalid_data", issue?.message ?? "The schema refuses the data.", { field });
}

/** JSON Pointer (RFC 6901) of an issue's path. */
function pointerOf(path: NonNullable<StandardSchemaV1.Issue["path"]>): string {
  let pointer = "";
  for (const step of path) {
    const key = String(typeof step === "object" ? step.key : step);
    pointer += `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  return pointer;
}
