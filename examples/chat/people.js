// Names and colours. Whatever another page sent is looked at before it is shown.

const adjectives = ["brisk", "calm", "deep", "green", "kind", "quiet", "salty", "tidal"];
const animals = ["otter", "heron", "limpet", "puffin", "seal", "tern", "urchin", "whelk"];

/** @template T @param {readonly T[]} list @returns {T} */
const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** A name for who does not want to think of one. */
export function randomName() {
  return `${pick(adjectives)} ${pick(animals)}`;
}

/** @param {unknown} value @param {number} maxLength @returns {string} the text, or "" if it is none */
export function textOf(value, maxLength) {
  return typeof value === "string" ? value.slice(0, maxLength) : "";
}

/** @param {unknown} data what a member entered with @returns {string} */
export function nameOf(data) {
  const name = typeof data === "object" && data !== null ? data.name : undefined;
  return textOf(name, 32).trim() || "somebody";
}

/** @param {string} name @returns {string} one or two letters */
export function initialsOf(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0]?.toUpperCase() ?? "").join("");
}

/** @param {string} name @returns {number} the same hue for the same name */
export function hueOf(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 3600;
  return hash % 360;
}
