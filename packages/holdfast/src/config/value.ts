import type { OptionDeclaration } from "@holdfast/core";

/** A value of the declared kind, or what was expected instead. */
export type Read = { readonly ok: true; readonly value: unknown } | Refused;
type Refused = { readonly ok: false; readonly expected: string };

const refused = (expected: string): Refused => ({ ok: false, expected });

/** What a declaration accepts, in words: "a whole number from 1 to 65535". */
export function expectation(declaration: OptionDeclaration): string {
  const { kind, min, max, choices } = declaration;
  if (choices !== undefined) return `one of ${choices.join(", ")}`;
  if (kind === "boolean") return "true or false";
  if (kind === "string") return "a text";
  if (kind === "strings") return "a list of texts";
  if (kind === "json") return "a JSON object";
  const noun = kind === "integer" ? "a whole number" : "a number";
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  if (min !== undefined) return `${noun} of at least ${min}`;
  return max === undefined ? noun : `${noun} of at most ${max}`;
}

/** Checks a value as it stands in a configuration file. */
export function readJson(declaration: OptionDeclaration, value: unknown): Read {
  return accepts(declaration, value) ? { ok: true, value } : refused(expectation(declaration));
}

/** Reads a value from the text of an environment variable or a flag. */
export function readText(declaration: OptionDeclaration, text: string): Read {
  switch (declaration.kind) {
    case "integer":
    case "number":
      return readJson(declaration, text.trim() === "" ? undefined : Number(text));
    case "boolean":
      return readBoolean(text);
    case "strings":
      return { ok: true, value: splitList(text) };
    case "json":
      return readJsonText(declaration, text);
    case "string":
      return readJson(declaration, text);
  }
}

function accepts(declaration: OptionDeclaration, value: unknown): boolean {
  const { kind, min, max, choices } = declaration;
  switch (kind) {
    case "integer":
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value)) return false;
      if (kind === "integer" && !Number.isSafeInteger(value)) return false;
      return (min === undefined || value >= min) && (max === undefined || value <= max);
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string" && (choices === undefined || choices.includes(value));
    case "strings":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "json":
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}

function readBoolean(text: string): Read {
  if (["true", "1", "yes"].includes(text.toLowerCase())) return { ok: true, value: true };
  if (["false", "0", "no"].includes(text.toLowerCase())) return { ok: true, value: false };
  return refused("true or false");
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function readJsonText(declaration: OptionDeclaration, text: string): Read {
  try {
    return readJson(declaration, JSON.parse(text));
  } catch {
    return refused(expectation(declaration));
  }
}
