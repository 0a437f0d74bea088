import type { StandardSchemaV1 } from "@standard-schema/spec";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";

/** Deepest path that is told. */
const MAX_PATH_STEPS = 64;

/** A compiled schema, or what is wrong with it. */
export type Compiled =
  | { readonly ok: true; readonly schema: StandardSchemaV1 }
  | { readonly ok: false; readonly complaint: string };

/**
 * Compiles a JSON Schema (2020-12) of a channel's data, strictly: what ajv does not know or would
 * ignore is a complaint, and so is a reference to anything outside, which is never fetched.
 */
export function compileJsonSchema(given: unknown): Compiled {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return { ok: false, complaint: "expected a JSON Schema, as an object." };
  }
  try {
    // A compiler for each schema: none may refer to another's definitions.
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false });
    const validate = ajv.compile({ ...given });
    return {
      ok: true,
      schema: standardSchema((value) => (validate(value) ? [] : validate.errors)),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { ok: false, complaint: `not a JSON Schema (2020-12) that can be used: ${reason}.` };
  }
}

function standardSchema(
  errorsOf: (value: unknown) => readonly ErrorObject[] | null | undefined,
): StandardSchemaV1 {
  return {
    "~standard": {
      version: 1,
      vendor: "holdfast",
      validate: (value) => {
        const errors = errorsOf(value) ?? [];
        const [first] = errors;
        return first === undefined ? { value } : { issues: [issueOf(first)] };
      },
    },
  };
}

function issueOf(error: ErrorObject): StandardSchemaV1.Issue {
  const { instancePath, keyword, message = "is not valid", params } = error;
  const path = instancePath.split("/").slice(1, MAX_PATH_STEPS).map(unescaped);
  const named: unknown =
    keyword === "required" ? params.missingProperty : params.additionalProperty;
  if (typeof named === "string") path.push(named);
  return { message: `The channel's schema: ${message}.`, path };
}

/** RFC 6901 §4. */
function unescaped(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
