import {
  BINARY,
  CLOSE,
  closeFrame,
  cut,
  echo,
  type FrameCase,
  frame,
  PING,
  PONG,
  TEXT,
} from "./frame-case.js";

// RFC 6455 §5.4, §5.5 and §7: fragments, control frames among them, and the end.

const word = Buffer.from("fragmented");

const fragments: FrameCase[] = [TEXT, BINARY].flatMap((opcode) =>
  Array.from({ length: word.length + 1 }, (_, at) => [
    {
      section: "§5.4",
      name: `opcode ${opcode} cut at byte ${at}`,
      writes: cut(opcode, word, at),
      answers: [echo(opcode, word)],
    },
    {
      section: "§5.4",
      name: `opcode ${opcode} cut at byte ${at} with a ping between, answered first`,
      writes: [cut(opcode, word, at)[0]!, frame(PING, "p"), cut(opcode, word, at)[1]!],
      answers: [echo(PONG, "p"), echo(opcode, word)],
    },
  ]).flat(),
);

const order: FrameCase[] = [
  ...[true, false].flatMap((fin) =>
    ["", "x"].map((payload) => ({
      section: "§5.4",
      name: `a continuation of nothing, ${payload.length} bytes, FIN ${fin}`,
      writes: [frame(0, payload, { fin })],
      close: 1002,
    })),
  ),
  {
    section: "§5.4",
    name: "a continuation after a message that had ended",
    writes: [...cut(TEXT, word, 3), frame(0, "x")],
    answers: [echo(TEXT, word)],
    close: 1002,
  },
  ...[TEXT, BINARY].flatMap((first) =>
    [TEXT, BINARY].flatMap((second) =>
      [true, false].map((fin) => ({
        section: "§5.4",
        name: `opcode ${second}, FIN ${fin}, inside a message of opcode ${first}`,
        writes: [frame(first, "a", { fin: false }), frame(second, "b", { fin })],
        close: 1002,
      })),
    ),
  ),
  {
    section: "§10.4",
    name: "more fragments than a message may have",
    writes: [
      frame(TEXT, "a", { fin: false }),
      Buffer.concat(Array.from({ length: 1_100 }, () => frame(0, "a", { fin: false }))),
    ],
    close: 1008,
  },
];

const control: FrameCase[] = [
  ...[0, 1, 2, 124, 125].flatMap((size): FrameCase[] => [
    {
      section: "§5.5.3",
      name: `a ping of ${size} bytes is answered with the same bytes`,
      writes: [frame(PING, Buffer.alloc(size, 0xfe))],
      answers: [echo(PONG, Buffer.alloc(size, 0xfe))],
    },
    {
      section: "§5.5.3",
      name: `a pong of ${size} bytes nobody asked for is ignored`,
      writes: [frame(PONG, Buffer.alloc(size, 0xfe)), frame(TEXT, "on")],
      answers: [echo(TEXT, "on")],
    },
  ]),
  ...[CLOSE, PING, PONG].flatMap((opcode): FrameCase[] => [
    ...[126, 127, 1_000, 65_535, 65_536].map((size) => ({
      section: "§5.5",
      name: `control opcode ${opcode} of ${size} bytes`,
      writes: [frame(opcode, Buffer.alloc(size, "x"))],
      close: 1002,
    })),
    ...["", "ab"].map((payload) => ({
      section: "§5.5",
      name: `control opcode ${opcode} of ${payload.length} bytes in fragments`,
      writes: [frame(opcode, payload, { fin: false })],
      close: 1002,
    })),
  ]),
];

const received = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const registered = [1012, 1013, 1014];
const forbidden = [0, 1, 125, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999];
const beyond = [5000, 5001, 9999, 32_768, 65_535];

const ends: FrameCase[] = [
  {
    section: "§5.5.1",
    name: "a close without a code",
    writes: [frame(CLOSE, "")],
    close: "empty",
  },
  { section: "§5.5.1", name: "a body of one byte", writes: [frame(CLOSE, "x")], close: 1002 },
  ...[...received, ...registered].flatMap((code) =>
    ["", "going", "r".repeat(123)].map((reason) => ({
      section: registered.includes(code) ? "§7.4.2" : "§7.4.1",
      name: `code ${code} with a reason of ${reason.length} bytes is echoed`,
      writes: [closeFrame(code, reason)],
      close: code,
    })),
  ),
  ...[...forbidden, ...beyond].flatMap((code) =>
    ["", "because"].map((reason) => ({
      section: code >= 1004 && code <= 1015 ? "§7.4.1" : "§7.4.2",
      name: `code ${code} with a reason of ${reason.length} bytes, which nobody may send`,
      writes: [closeFrame(code, reason)],
      close: 1002,
    })),
  ),
  ...[TEXT, BINARY, PING].map((opcode) => ({
    section: "§5.5.1",
    name: `opcode ${opcode} after the close is not answered`,
    writes: [Buffer.concat([closeFrame(1000), frame(opcode, "late")])],
    close: 1000,
  })),
  {
    section: "§5.5.1",
    name: "a close in the middle of a message ends it",
    writes: [frame(TEXT, "a", { fin: false }), closeFrame(1000)],
    close: 1000,
  },
];

/** Every case of messages, control frames and the end. */
export const messageCases: readonly FrameCase[] = [...fragments, ...order, ...control, ...ends];
