import type { SeededRandom } from "@holdfast/core/testing";

/** JSON texts of values that are rarely meant. Texts, since not all of them are values. */
const hostile: readonly ((random: SeededRandom) => string)[] = [
  () => "null",
  () => "true",
  () => "[]",
  () => "{}",
  () => '""',
  (random) => String(random.pick([-1, 0, -0, 1.5, 1e21, 2 ** 53, 0xffff_ffff, 2 ** 32])),
  () => "1e999",
  () => "-1e-999",
  () => '"\\ud800"',
  () => '"\\udc00\\ud800"',
  () => '"\\u0000"',
  () => '{"__proto__":{"polluted":1}}',
  () => '{"constructor":{"prototype":{"polluted":1}}}',
  () => '{"toString":null,"valueOf":1,"toJSON":2}',
  () => '{"a":1,"a":2}',
  () => '{"length":-1,"0":"x"}',
  () => '"__proto__"',
  (random) => `"${"x".repeat(random.pick([128, 129, 255, 256, 257, 4_096]))}"`,
  (random) => {
    const depth = random.pick([31, 32, 33, 257, 2_000]);
    return `${"[".repeat(depth)}${"]".repeat(depth)}`;
  },
  (random) => {
    const depth = random.pick([33, 500]);
    return `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  },
  (random) => `[${Array.from({ length: random.pick([17, 300]) }, () => "0").join()}]`,
  (random) => JSON.stringify(random.id(random.int(40))),
  () => '"AAAA"',
  () => '"AA=="',
  () => '"%"',
];

/** Lengths about those that names, keys, users and tags may have. */
export const boundLengths = [0, 1, 32, 63, 64, 65, 127, 128, 129, 200, 255, 256, 257, 1_024];

const hostileNames = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "type",
  "id",
  "",
  "a/b~",
];

/** A value that is rarely meant, as JSON. */
export const hostileJson = (random: SeededRandom): string => random.pick(hostile)(random);

/** A JSON text like `value`, with some of its parts replaced, left out, doubled, moved or renamed. */
export function spoiltJson(value: unknown, random: SeededRandom, oddity = 0.15): string {
  if (random.chance(oddity / 2)) return hostileJson(random);
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => {
      if (random.chance(oddity / 2)) return [];
      const text = spoiltJson(item, random, oddity);
      return random.chance(oddity / 2) ? [text, text] : [text];
    });
    return `[${items.join(gap(random))}]`;
  }
  if (typeof value === "object" && value !== null) return spoiltObject(value, random, oddity);
  return JSON.stringify(value) ?? "null";
}

function spoiltObject(value: object, random: SeededRandom, oddity: number): string {
  const parts = Object.entries(value).flatMap(([name, part]) => {
    if (random.chance(oddity / 3)) return [];
    const shown = random.chance(oddity / 4) ? random.pick(hostileNames) : name;
    const text = `${JSON.stringify(shown)}:${spoiltJson(part, random, oddity)}`;
    return random.chance(oddity / 6) ? [text, text] : [text];
  });
  if (random.chance(oddity)) {
    parts.push(`${JSON.stringify(random.pick(hostileNames))}:${hostileJson(random)}`);
  }
  return `{${parts.join(gap(random))}}`;
}

const gap = (random: SeededRandom): string => (random.chance(0.02) ? " ,\t" : ",");
