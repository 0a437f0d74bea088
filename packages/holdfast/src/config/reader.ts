import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import { flagOf, unknownName, variableOf } from "./names.js";
import { type Read, readJson, readText } from "./value.js";

/** Where a value came from. */
export type Source = "default" | "file" | "environment" | "flag";

/** Flags without their dashes; a flag that was given more than once has several values. */
export type Flags = ReadonlyMap<string, readonly (string | boolean)[]>;

/** Collects the values of one table from its sources, later ones over earlier ones, and every complaint. */
export class Reader {
  readonly values: Record<string, unknown> = {};
  readonly sources: Record<string, Source> = {};
  readonly complaints: string[] = [];
  readonly #table: OptionTable;

  constructor(table: OptionTable) {
    this.#table = table;
    for (const [name, declaration] of Object.entries(table)) {
      this.values[name] = declaration.default;
      this.sources[name] = "default";
    }
  }

  /** Takes values as a JSON file holds them; returns the complaints about unknown names to the caller's `known`. */
  takeJson(place: string, content: object, alsoKnown: readonly string[]): void {
    const known = [...Object.keys(this.#table), ...alsoKnown];
    for (const [name, value] of Object.entries(content)) {
      const declaration = this.#declaration(name);
      if (declaration !== undefined) {
        this.#put(name, "file", `${place}: ${name}`, readJson(declaration, value));
      } else if (!alsoKnown.includes(name)) {
        this.complaints.push(`${place}: ${unknownName("option", name, known)}`);
      }
    }
  }

  /** Takes the `HOLDFAST_*` variables; those in `ignored` belong to somebody else. */
  takeEnvironment(
    env: Readonly<Record<string, string | undefined>>,
    ignored: (variable: string) => boolean,
  ): void {
    const byVariable = new Map(Object.keys(this.#table).map((name) => [variableOf(name), name]));
    for (const [variable, text] of Object.entries(env)) {
      if (!variable.startsWith("HOLDFAST_") || text === undefined) continue;
      if (ignored(variable)) continue;
      const name = byVariable.get(variable);
      const declaration = name === undefined ? undefined : this.#declaration(name);
      if (name === undefined || declaration === undefined) {
        this.complaints.push(unknownName("environment variable", variable, [...byVariable.keys()]));
      } else if (variable === "HOLDFAST_PORT" && text.startsWith("tcp://")) {
        this.complaints.push(
          'HOLDFAST_PORT holds an address that Kubernetes made from a Service called "holdfast"; set enableServiceLinks: false in the pod.',
        );
      } else this.#put(name, "environment", variable, readText(declaration, text));
    }
  }

  /** Takes the flags of a command line. */
  takeFlags(flags: Flags): void {
    const byFlag = new Map(Object.keys(this.#table).map((name) => [flagOf(name), name]));
    for (const [flag, values] of flags) {
      const name = byFlag.get(flag);
      const declaration = name === undefined ? undefined : this.#declaration(name);
      if (name === undefined || declaration === undefined) {
        const known = [...byFlag.keys()].map((each) => `--${each}`);
        this.complaints.push(unknownName("flag", `--${flag}`, known));
      } else {
        this.#put(name, "flag", `--${flag}`, readText(declaration, textOf(declaration, values)));
      }
    }
  }

  #declaration(name: string): OptionDeclaration | undefined {
    return Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
  }

  #put(name: string, source: Source, place: string, read: Read): void {
    if (read.ok) {
      this.values[name] = read.value;
      this.sources[name] = source;
    } else this.complaints.push(`${place}: expected ${read.expected}.`);
  }
}

/** Lists add up over repeated flags; of anything else the last one counts. */
function textOf(declaration: OptionDeclaration, values: readonly (string | boolean)[]): string {
  return declaration.kind === "strings" ? values.join(",") : String(values.at(-1));
}
