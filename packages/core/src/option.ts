/** Kinds of value a configuration option can hold. */
export type OptionKind = "integer" | "number" | "boolean" | "string" | "strings" | "json";

/** One configuration option: declared once, used for file, environment, flags, reference page and JSON Schema. */
export interface OptionDeclaration<Value = unknown> {
  readonly kind: OptionKind;
  readonly default: Value;
  /** Unit of the value: "ms", "s", "bytes", "count", "ratio", … or "" where it has none. */
  readonly unit: string;
  /** One line for the reference page and `--help`. */
  readonly description: string;
  /** Smallest and largest permitted number (inclusive). */
  readonly min?: number;
  readonly max?: number;
  /** The only permitted strings. */
  readonly choices?: readonly string[];
  /** A secret is never printed, logged or shown by `holdfast config`. */
  readonly secret?: boolean;
}

/** A table of options by their camelCase name. */
export type OptionTable = Readonly<Record<string, OptionDeclaration>>;

/** The resolved values of a table. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionDeclaration<infer Value>
    ? Value
    : never;
};

type Details<Value> = Omit<OptionDeclaration<Value>, "kind" | "default">;

/** Declares a whole-number option. */
export function integer(value: number, details: Details<number>): OptionDeclaration<number> {
  return { kind: "integer", default: value, ...details };
}

/** Declares a number option that may have a fraction. */
export function number(value: number, details: Details<number>): OptionDeclaration<number> {
  return { kind: "number", default: value, ...details };
}

/** Declares a yes/no option. */
export function boolean(value: boolean, details: Details<boolean>): OptionDeclaration<boolean> {
  return { kind: "boolean", default: value, ...details };
}

/** Declares a text option. */
export function string(value: string, details: Details<string>): OptionDeclaration<string> {
  return { kind: "string", default: value, ...details };
}

/** Declares a list of texts (comma-separated in the environment and on the command line). */
export function strings(
  value: readonly string[],
  details: Details<readonly string[]>,
): OptionDeclaration<readonly string[]> {
  return { kind: "strings", default: value, ...details };
}

/** The defaults of a table as resolved values. */
export function defaultsOf<Table extends OptionTable>(table: Table): OptionValues<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(table)) values[name] = declaration.default;
  return values as OptionValues<Table>;
}
