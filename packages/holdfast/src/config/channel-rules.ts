import type { Action, Capabilities, FoldedMode } from "@holdfast/protocol";
import { compileJsonSchema } from "./json-schema.js";
import { unknownName } from "./names.js";

/** Options of the channels a pattern matches, as the configuration file states them. */
export interface ConfiguredRule {
  readonly history?:
    | false
    | { readonly maxCount?: number; readonly maxBytes?: number; readonly maxAgeMs?: number };
  readonly state?: FoldedMode;
  readonly presence?: boolean;
  readonly stampUser?: boolean;
  readonly maxPerSecond?: number;
  /** JSON Schema (2020-12) of the channel's data. */
  readonly schema?: object;
}

/** Channel pattern to rule, in the order of the file: the first match counts. */
export type ConfiguredRules = Readonly<Record<string, ConfiguredRule>>;

/** Every action a capability can name. */
export const actions: readonly Action[] = ["subscribe", "publish", "presence", "history", "call"];

/** The states a file can ask for; a handler is code. */
export const foldedModes: readonly FoldedMode[] = ["last", "merge"];

const ruleFields = ["history", "state", "presence", "stampUser", "maxPerSecond", "schema"];
const historyFields = ["maxCount", "maxBytes", "maxAgeMs"];
const patternGrammar =
  /^(\*|[a-z][a-z0-9-]{0,31}:(?:[A-Za-z0-9_.~@:/-]{1,200}|[A-Za-z0-9_.~@:/-]{0,199}\*))$/;
const methodGrammar = /^[A-Za-z][A-Za-z0-9_.-]{0,126}\*?$/;

/** Finds what is wrong with the file's `channels`; empty: nothing. Each text names its place. */
export function complaintsAboutRules(rules: unknown): string[] {
  if (!isRecord(rules))
    return ["channels: expected an object of channel patterns and their rules."];
  return Object.entries(rules).flatMap(([pattern, rule]) => [
    ...complaintsAboutPattern("channels", pattern),
    ...complaintsAboutRule(`channels["${pattern}"]`, rule),
  ]);
}

/** Finds what is wrong with capabilities (`anonymous`, or the `can` of a token); empty: nothing. */
export function complaintsAboutCapabilities(place: string, value: unknown): string[] {
  if (!isRecord(value)) return [`${place}: expected an object of channel patterns and actions.`];
  return Object.entries(value).flatMap(([pattern, listed]) => {
    // A user's own name may stand in it, which the gateway fills in.
    const filled = pattern.replaceAll("{sub}", "x");
    const complaints = methodGrammar.test(filled) ? [] : complaintsAboutPattern(place, filled);
    if (!Array.isArray(listed)) {
      return [...complaints, `${place}["${pattern}"]: expected a list of ${actions.join(", ")}.`];
    }
    const unknown = listed.filter((action) => !actions.includes(action));
    return [
      ...complaints,
      ...unknown.map(
        (action) => `${place}["${pattern}"]: ${unknownName("action", nameOf(action), actions)}`,
      ),
    ];
  });
}

/** Not every JSON value can become a text: `{"toString": null}` cannot. */
const nameOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** true for the name of a call, which only `call` can be permitted for: channels have a colon. */
export function isCallName(pattern: string): boolean {
  return pattern !== "*" && !pattern.includes(":");
}

/**
 * Finds capabilities that could never permit anything, such as `chat` where `chat:*` was meant.
 * For what is written here; tokens of others are taken as they are.
 */
export function complaintsAboutIdleCapabilities(place: string, can: Capabilities): string[] {
  return Object.entries(can)
    .filter(([pattern, listed]) => isCallName(pattern) && listed.some((each) => each !== "call"))
    .map(
      ([pattern]) =>
        `${place}["${pattern}"]: without a colon it is the name of a call, which permits call alone; channels are "${pattern}:*".`,
    );
}

/** The capabilities, where nothing is wrong with them. */
export function isCapabilities(value: unknown): value is Capabilities {
  return complaintsAboutCapabilities("", value).length === 0;
}

function complaintsAboutPattern(place: string, pattern: string): string[] {
  if (patternGrammar.test(pattern)) return [];
  return [
    `${place}: "${pattern}" is not a channel pattern; write namespace:name, namespace:prefix* or *.`,
  ];
}

function complaintsAboutRule(place: string, rule: unknown): string[] {
  if (!isRecord(rule)) return [`${place}: expected an object with ${ruleFields.join(", ")}.`];
  const complaints = complaintsAboutFields(place, rule, ruleFields);
  for (const field of ["presence", "stampUser"]) {
    const value = rule[field];
    if (value !== undefined && typeof value !== "boolean") {
      complaints.push(`${place}.${field}: expected true or false.`);
    }
  }
  const { maxPerSecond, state } = rule;
  if (state !== undefined && !foldedModes.some((mode) => mode === state)) {
    complaints.push(`${place}.state: expected "last" or "merge".`);
  }
  if (maxPerSecond !== undefined && !(typeof maxPerSecond === "number" && maxPerSecond > 0)) {
    complaints.push(`${place}.maxPerSecond: expected a number above 0.`);
  }
  const compiled = rule.schema === undefined ? undefined : compileJsonSchema(rule.schema);
  if (compiled?.ok === false) complaints.push(`${place}.schema: ${compiled.complaint}`);
  return [...complaints, ...complaintsAboutHistory(`${place}.history`, rule.history)];
}

function complaintsAboutHistory(place: string, history: unknown): string[] {
  if (history === undefined || history === false) return [];
  if (!isRecord(history)) {
    return [`${place}: expected false or an object with ${historyFields.join(", ")}.`];
  }
  const complaints = complaintsAboutFields(place, history, historyFields);
  for (const field of historyFields) {
    const value = history[field];
    if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= 0)) {
      complaints.push(`${place}.${field}: expected a whole number of at least 0.`);
    }
  }
  return complaints;
}

function complaintsAboutFields(
  place: string,
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
): string[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `${place}: ${unknownName("field", name, known)}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
