import { expect, test } from "vitest";
import { nameOf, Subjects, tokenOf } from "./subjects.js";

const names = [
  "a:b",
  "a:B",
  "a:b.c",
  "a:b%2ec",
  "a:b%c",
  "a:*",
  "a:>",
  "a:b c",
  "a:ü",
  "a:💡",
  "a:..",
];

test("every name is one token of a subject, each its own, and can be read back", () => {
  const tokens = names.map(tokenOf);
  expect(new Set(tokens).size).toBe(names.length);
  for (const token of tokens) expect(token).toMatch(/^[^\s.*>]+$/);
  expect(tokens.map(nameOf)).toEqual(names);
});

test("what a stream stores of channels is told under the channel's own relay subject", () => {
  const subjects = new Subjects("hf", 256, 4);
  for (const name of names) {
    const { stream, subject } = subjects.journal(name, "c");
    const { src, dest } = subjects.toldOf(stream);
    const told = subject.replace(src.replace(">", ""), dest.replace(">", ""));
    expect(told).toBe(subjects.relay(name, "c"));
    expect(subjects.channelOf(subject)).toBe(name);
  }
});

test("partitions are spread over all streams, and neither logs nor leases are told to anyone", () => {
  const subjects = new Subjects("hf", 256, 4);
  const streams = new Set(Array.from({ length: 64 }, (_, n) => subjects.streamOf(`room:${n}`)));
  expect(streams.size).toBe(4);
  const { stream, subject } = subjects.journal("room", "l");
  const told = subjects.toldOf(stream).src.replace(">", "");
  expect(subject.startsWith(told)).toBe(false);
  expect(subjects.lease("room").subject.startsWith(told)).toBe(false);
});
