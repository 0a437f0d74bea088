import { BINARY, closeFrame, cut, echo, type FrameCase, frame, TEXT } from "./frame-case.js";

// RFC 6455 §8.1, §5.6 and §7.1.6: text is UTF-8 (RFC 3629), wherever it is cut.

const valid: readonly [string, string][] = [
  ["two bytes", "\u0080µ\u07ff"],
  ["three bytes", "\u0800€\ud7ff\ue000\uffff"],
  ["four bytes", "\u{10000}😀\u{10ffff}"],
  ["all lengths mixed", "aµ€😀z"],
  ["a zero", "\0a"],
  ["noncharacters", "\ufffe\ufdd0\u{1fffe}"],
  ["a byte order mark", "\ufeffx"],
];

const invalid: readonly [string, string][] = [
  ["a lone continuation", "80"],
  ["the last continuation", "bf"],
  ["two continuations", "80bf"],
  ["a lead of two alone", "c2"],
  ["a lead of two before ASCII", "c220"],
  ["three bytes cut after two", "e282"],
  ["three bytes broken by ASCII", "e28241"],
  ["four bytes cut after three", "f09f98"],
  ["four bytes broken by ASCII", "f09f9841"],
  ["an overlong slash in two", "c0af"],
  ["an overlong zero in two", "c080"],
  ["an overlong slash in three", "e080af"],
  ["an overlong slash in four", "f08080af"],
  ["the longest overlong in two", "c1bf"],
  ["the longest overlong in three", "e09fbf"],
  ["the longest overlong in four", "f08fbfbf"],
  ["the first surrogate", "eda080"],
  ["the last surrogate", "edbfbf"],
  ["a pair of surrogates", "eda080edb080"],
  ["the first beyond U+10FFFF", "f4908080"],
  ["a lead of F5", "f5808080"],
  ["five bytes", "f888808080"],
  ["six bytes", "fc8480808080"],
  ["FE", "fe"],
  ["FF", "ff"],
];

const validCases: FrameCase[] = valid.flatMap(([name, text]) => {
  const bytes = Buffer.from(text);
  return [
    {
      section: "§5.6",
      name: `${name}, in one frame`,
      writes: [frame(TEXT, bytes)],
      answers: [echo(TEXT, bytes)],
    },
    ...Array.from({ length: bytes.length - 1 }, (_, i) => ({
      section: "§5.6, §8.1",
      name: `${name}, fragments cut at byte ${i + 1}`,
      writes: cut(TEXT, bytes, i + 1),
      answers: [echo(TEXT, bytes)],
    })),
  ];
});

const invalidCases: FrameCase[] = invalid.flatMap(([name, hex]) => {
  const bad = Buffer.from(hex, "hex");
  const around = Buffer.concat([Buffer.from("µ"), bad, Buffer.from("€")]);
  return [
    { section: "§8.1", name: `${name}, alone`, writes: [frame(TEXT, bad)], close: 1007 },
    ...Array.from({ length: around.length - 1 }, (_, i) => ({
      section: "§8.1",
      name: `${name} among valid text, fragments cut at byte ${i + 1}`,
      writes: cut(TEXT, around, i + 1),
      close: 1007,
    })),
    {
      section: "§7.1.6, §8.1",
      name: `${name}, as the reason of a close`,
      writes: [closeFrame(1000, bad)],
      close: 1007,
    },
    {
      section: "§5.6",
      name: `${name}, as bytes, is nobody's concern`,
      writes: [frame(BINARY, bad)],
      answers: [echo(BINARY, bad)],
    },
  ];
});

/** Every case of text. */
export const utf8Cases: readonly FrameCase[] = [...validCases, ...invalidCases];
