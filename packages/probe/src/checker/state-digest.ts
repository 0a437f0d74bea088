/** A state up to this long stands in a history as it is. */
const maxPlainChars = 96;
const shownChars = 64;

/** The same text for equal JSON values, whatever the order of their members. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
}

/** The "cyrb53" construction over UTF-16 units. */
function hashOf(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (high >>> 0).toString(36) + (low >>> 0).toString(36);
}

/**
 * What stands for a state in a history: equal for equal JSON values, different for different ones, and
 * for people as much of the value as fits. `undefined` is a state that is not known.
 */
export function stateDigest(state: unknown): string {
  const text = canonical(state);
  if (text.length <= maxPlainChars) return text;
  return `${text.slice(0, shownChars)}… (${text.length} characters, ${hashOf(text)})`;
}
