import type { SeededRandom } from "@holdfast/core/testing";
import { type Codec, errorCodes, type Payload, type UpMessage } from "@holdfast/protocol";
import { parseUp, type SchemaNode, upSchemas } from "@holdfast/protocol/schemas";
import { noise, spoilt } from "../kit/bytes.js";
import { command, vectorTexts } from "../kit/commands.js";
import { hostileJson, spoiltJson } from "../kit/json.js";
import { must, type Target } from "../kit/target.js";

const limits = { maxDataDepth: 32 };
const MAX_MESSAGES = 8;

/** Frames of commands for one codec, and the parser behind it. */
export function codecTarget(codec: Codec, share: number, root: string): Target {
  const vectors = vectorTexts(root).map((text) => Buffer.from(text));
  return {
    name: `codec-${codec.name}`,
    share,
    make(random) {
      if (random.chance(0.05)) return noise(random);
      if (!codec.binary && random.chance(0.2)) return spoilt(random.pick(vectors), random);
      if (codec.binary) {
        const odd = random.chance(0.5) ? oddly(command(random), random) : command(random);
        return spoilt(encoded(codec, odd), random);
      }
      if (random.chance(0.3)) return spoilt(encoded(codec, command(random)), random);
      const count = random.chance(0.1) ? random.int(12) : 1;
      const lines = Array.from({ length: count }, () =>
        random.chance(0.05) ? hostileJson(random) : spoiltJson(command(random), random),
      );
      return Buffer.from(lines.join(random.chance(0.1) ? "\r\n" : "\n"));
    },
    start() {
      return { run: (input) => judge(codec, input) };
    },
  };
}

/** A command some of whose parts are not what they should be, as far as it can be a value at all. */
function oddly(message: object, random: SeededRandom): object {
  try {
    const value: unknown = JSON.parse(spoiltJson(message, random));
    return typeof value === "object" && value !== null ? value : message;
  } catch {
    return message;
  }
}

/** A command as the codec writes it; one that it refuses to write, as JSON. */
export function encoded(codec: Codec, message: object): Buffer {
  try {
    return Buffer.from(codec.encode(message as never) as string);
  } catch {
    return Buffer.from(JSON.stringify(message));
  }
}

function judge(codec: Codec, input: Buffer): void {
  // What a client says in text has passed the check of UTF-8 when a codec sees it.
  const payload: Payload = codec.binary ? new Uint8Array(input) : input.toString("utf8");
  const values = codec.decode(payload, MAX_MESSAGES);
  must(values.length >= 1 && values.length <= MAX_MESSAGES + 1, "a frame has 1 to 9 values");
  for (const value of values) {
    const parsed = parseUp(value, limits);
    if (parsed.ok) {
      // What is permitted in can be written out, and is the same when it comes in again.
      const again = codec.decode(codec.encode(known(parsed.message)), 1);
      const second = parseUp(again[0], limits);
      must(again.length === 1 && second.ok, "a command that was written out is a command");
      continue;
    }
    must(parsed.code in errorCodes, "a refusal has a code of the table");
    must(parsed.message.length <= 1_024, "a refusal is short");
    must(parsed.field === undefined || parsed.field.startsWith("/"), "a field is a pointer");
  }
}

/** A command without the fields that this version does not know, which nobody judges. */
function known(message: UpMessage): UpMessage {
  return knownPart(message, upSchemas[message.type] as SchemaNode) as UpMessage;
}

function knownPart(value: unknown, { properties }: SchemaNode): unknown {
  if (properties === undefined || typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).filter(([name]) => Object.hasOwn(properties, name));
  return Object.fromEntries(
    parts.map(([name, part]) => [name, knownPart(part, properties[name] ?? {})]),
  );
}
