import { constants, deflateRawSync } from "node:zlib";
import { MAX_MESSAGE_BYTES } from "./echo-endpoint.js";
import {
  BINARY,
  CLOSE,
  closeFrame,
  echo,
  type FrameCase,
  frame,
  PING,
  PONG,
  TEXT,
} from "./frame-case.js";

// RFC 7692 §6 and §7.2: compressed messages, against an endpoint that has agreed on permessage-deflate
// without context takeover, and compresses what it sends from 512 bytes on.

const RSV1 = 0x40;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const hello = Buffer.from("Hello");
/** §7.2.3.1 */
const HELLO = "f2 48 cd c9 c9 07 00";

/** A compressed message as §7.2.1 makes it. */
export function deflated(payload: Buffer | string, level = 6): Buffer {
  const finishFlush = constants.Z_SYNC_FLUSH;
  return deflateRawSync(payload, { level, finishFlush }).subarray(0, -4);
}

/** A compressed message in one frame. */
const packed = (opcode: number, body: Buffer): Buffer => frame(opcode, body, { rsv: RSV1 });

/** A compressed message in frames cut at bytes, the bit on the first alone (§6.1). */
function fragments(opcode: number, body: Buffer, ...cuts: number[]): Buffer[] {
  const borders = [0, ...cuts, body.length];
  return borders.slice(1).map((end, i) => {
    const fin = i === borders.length - 2;
    const part = body.subarray(borders[i], end);
    return i === 0 ? frame(opcode, part, { fin, rsv: RSV1 }) : frame(0, part, { fin });
  });
}

/** What an answer of this endpoint looks like. */
const answer = (opcode: number, payload: Buffer | string): string =>
  Buffer.byteLength(payload) < 512 ? echo(opcode, payload) : `compressed ${echo(opcode, payload)}`;

const examples: FrameCase[] = (
  [
    ["§7.2.3.1", "one block", HELLO, "Hello"],
    ["§7.2.3.3", "a block that is not compressed", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"],
    ["§7.2.3.4", "a block with BFINAL set", "f3 48 cd c9 c9 07 00 00", "Hello"],
    ["§7.2.3.5", "two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"],
    ["§7.2.3.6", "an empty message", "00", ""],
    ["§7.2.3.6", "an empty message with BFINAL set", "01 00 00 ff ff 00", ""],
    ["§7.2.3.6", "an empty message of a fixed block", "02 00", ""],
    ["§7.2.1", "empty blocks in front", `00 00 00 ff ff 00 00 00 ff ff ${HELLO}`, "Hello"],
    [
      "§7.2.1",
      "empty blocks behind",
      "f2 48 cd c9 c9 07 00 00 00 ff ff 00 00 00 ff ff 00",
      "Hello",
    ],
  ] as const
).flatMap(([section, name, body, text]) =>
  [TEXT, BINARY].map((opcode) => ({
    section,
    name: `opcode ${opcode}: ${name}`,
    writes: [packed(opcode, hex(body))],
    answers: [echo(opcode, text)],
  })),
);

const cuts: FrameCase[] = [TEXT, BINARY].flatMap((opcode) =>
  Array.from({ length: hex(HELLO).length + 1 }, (_, at) => [
    {
      section: "§6.1, §7.2.3.1",
      name: `opcode ${opcode}, compressed, cut at byte ${at}`,
      writes: fragments(opcode, hex(HELLO), at),
      answers: [echo(opcode, hello)],
    },
    {
      section: "§6.1",
      name: `opcode ${opcode}, compressed, cut at byte ${at} with a ping between`,
      writes: [
        fragments(opcode, hex(HELLO), at)[0]!,
        frame(PING, "p"),
        fragments(opcode, hex(HELLO), at)[1]!,
      ],
      answers: [echo(PONG, "p"), echo(opcode, hello)],
    },
  ]).flat(),
);

const sizes = [0, 1, 125, 126, 127, 511, 512, 513, 4_096, 65_520, MAX_MESSAGE_BYTES];

const whole: FrameCase[] = [0, 1, 6, 9].flatMap((level) =>
  sizes.map((size) => {
    const payload = Buffer.from(Array.from({ length: size }, (_, i) => (i * i) % 97));
    const body = deflated(payload, level);
    // What does not get smaller grows by the headers of its blocks, and those count too.
    if (body.length > MAX_MESSAGE_BYTES) {
      return {
        section: "§8, RFC 6455 §10.4",
        name: `${size} bytes that compression makes ${body.length}, above the limit`,
        writes: [packed(BINARY, body)],
        close: 1009,
      };
    }
    return {
      section: "§7.2.2",
      name: `${size} bytes compressed at level ${level}`,
      writes: [packed(BINARY, body)],
      answers: [answer(BINARY, payload)],
    };
  }),
);

const bits: FrameCase[] = [
  ...[TEXT, BINARY].flatMap((opcode) => [
    ...[0x10, 0x20, 0x30, 0x50, 0x60, 0x70].map((rsv) => ({
      section: "RFC 6455 §5.2",
      name: `opcode ${opcode} with reserved bits 0x${rsv.toString(16)} beyond what was agreed on`,
      writes: [frame(opcode, hex(HELLO), { rsv })],
      close: 1002,
    })),
    ...[true, false].map((fin) => ({
      section: "§6.1",
      name: `RSV1 on a continuation of compressed opcode ${opcode}, FIN ${fin}`,
      writes: [
        frame(opcode, hex("f2 48"), { fin: false, rsv: RSV1 }),
        frame(0, hex("cd c9 c9 07 00"), { fin, rsv: RSV1 }),
      ],
      close: 1002,
    })),
    {
      section: "§6.1",
      name: `RSV1 on a continuation of plain opcode ${opcode}`,
      writes: [frame(opcode, "a", { fin: false }), frame(0, hex(HELLO), { rsv: RSV1 })],
      close: 1002,
    },
  ]),
  ...[CLOSE, PING, PONG].flatMap((opcode) =>
    [0, 7].map((size) => ({
      section: "§6",
      name: `control opcode ${opcode} of ${size} bytes, compressed`,
      writes: [packed(opcode, hex(HELLO).subarray(0, size))],
      close: 1002,
    })),
  ),
  {
    section: "§6",
    name: "a compressed ping within a compressed message",
    writes: [fragments(TEXT, hex(HELLO), 3)[0]!, packed(PING, hex(HELLO))],
    close: 1002,
  },
  ...[3, 7, 11, 15].map((opcode) => ({
    section: "RFC 6455 §5.2",
    name: `reserved opcode ${opcode}, compressed`,
    writes: [packed(opcode, hex(HELLO))],
    close: 1002,
  })),
];

const broken: FrameCase[] = [
  ["a reserved block type", "06"],
  ["a reserved block type after a good block", "f2 48 05 00 00 00 ff ff 06"],
  ["a stored block whose lengths disagree", "00 05 00 fa fe 48 65 6c 6c 6f 00"],
  ["a distance before the message", "f2 00 11 00 00"],
  ["a dynamic block of more codes than there are", "fc ff ff ff"],
  ["noise", "ff ff ff"],
].flatMap(([name, body]) =>
  [TEXT, BINARY].map((opcode) => ({
    section: "§7.2.2",
    name: `opcode ${opcode}: ${name}`,
    writes: [packed(opcode, hex(body!))],
    close: 1007,
  })),
);

const context: FrameCase[] = [
  {
    section: "§7.1.1.2, §7.2.3.2",
    name: "a message that refers to the one before, which was agreed not to be kept",
    writes: [packed(TEXT, hex(HELLO)), packed(TEXT, hex("f2 00 11 00 00"))],
    answers: [echo(TEXT, hello)],
    close: 1007,
  },
  {
    section: "§7.2.3.2",
    name: "the same message twice, each by itself",
    writes: [packed(TEXT, hex(HELLO)), packed(TEXT, hex(HELLO))],
    answers: [echo(TEXT, hello), echo(TEXT, hello)],
  },
  {
    section: "§7.2.3.4",
    name: "a message after one that ended with BFINAL",
    writes: [packed(TEXT, hex("f3 48 cd c9 c9 07 00 00")), packed(TEXT, hex(HELLO))],
    answers: [echo(TEXT, hello), echo(TEXT, hello)],
  },
  {
    // Known to differ: §7.2.1 lets blocks follow, but zlib's stream is over there, and nobody sends it.
    section: "§7.2.1",
    name: "a message ends with its block that has BFINAL set, whatever follows in it",
    writes: [packed(TEXT, hex(`f3 48 cd c9 c9 07 00 ${HELLO}`)), packed(TEXT, hex(HELLO))],
    answers: [echo(TEXT, hello), echo(TEXT, hello)],
  },
];

const zeros = (size: number): Buffer => deflated(Buffer.alloc(size), 9);

const limits: FrameCase[] = [
  ...[1, 1_000, 10_000_000].map((more) => ({
    section: "§8, RFC 6455 §10.4",
    name: `a message that grows ${more} bytes beyond the limit`,
    writes: [packed(BINARY, zeros(MAX_MESSAGE_BYTES + more))],
    close: 1009,
  })),
  {
    section: "§8, RFC 6455 §10.4",
    name: "fragments that together grow beyond the limit",
    writes: fragments(BINARY, zeros(MAX_MESSAGE_BYTES * 4), 20, 40, 60),
    close: 1009,
  },
  {
    section: "§8, RFC 6455 §10.4",
    name: "a compressed length above the limit, before its bytes came",
    writes: [Buffer.of(0xc2, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0)],
    close: 1009,
  },
  {
    section: "§8, RFC 6455 §10.4",
    name: "more fragments than a message may have, of nothing",
    writes: [
      frame(TEXT, "", { fin: false, rsv: RSV1 }),
      Buffer.concat(Array.from({ length: 1_100 }, () => frame(0, "", { fin: false }))),
    ],
    close: 1008,
  },
];

const euro = deflated("a€b");

const text: FrameCase[] = [
  ...["80", "c0af", "eda080", "f4908080", "e282", "ff"].flatMap((bad) => [
    {
      section: "RFC 6455 §8.1",
      name: `${bad}, compressed, as text`,
      writes: [packed(TEXT, deflated(hex(bad)))],
      close: 1007,
    },
    {
      section: "RFC 6455 §5.6",
      name: `${bad}, compressed, as bytes`,
      writes: [packed(BINARY, deflated(hex(bad)))],
      answers: [echo(BINARY, hex(bad))],
    },
  ]),
  ...Array.from({ length: euro.length - 1 }, (_, i) => ({
    section: "RFC 6455 §8.1",
    name: `a sign of three bytes, compressed, cut at byte ${i + 1}`,
    writes: fragments(TEXT, euro, i + 1),
    answers: [echo(TEXT, "a€b")],
  })),
];

/** Inflated beside the loop, and yet in order. */
const large = "order ".repeat(5_000);

const order: FrameCase[] = [
  {
    section: "§6",
    name: "compressed and plain messages in turn",
    writes: Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? packed(TEXT, deflated(`${i} ${large}`)) : frame(TEXT, `${i}`),
    ),
    answers: Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? answer(TEXT, `${i} ${large}`) : echo(TEXT, `${i}`),
    ),
  },
  {
    section: "§6",
    name: "the same in one segment, with pings between",
    writes: [
      Buffer.concat([
        packed(TEXT, deflated(large)),
        frame(PING, "1"),
        frame(TEXT, "plain"),
        packed(BINARY, deflated(large)),
        frame(PING, "2"),
      ]),
    ],
    answers: [
      answer(TEXT, large),
      echo(PONG, "1"),
      echo(TEXT, "plain"),
      answer(BINARY, large),
      echo(PONG, "2"),
    ],
  },
  ...[packed(TEXT, hex(HELLO)), packed(TEXT, hex("ff ff ff"))].map((late, i) => ({
    section: "RFC 6455 §5.5.1",
    name: `a compressed message after the close is not looked at, ${i === 0 ? "good" : "broken"}`,
    writes: [Buffer.concat([closeFrame(1000), late])],
    close: 1000,
  })),
  {
    section: "RFC 6455 §5.4",
    name: "a compressed message inside another",
    writes: [fragments(TEXT, hex(HELLO), 3)[0]!, packed(TEXT, hex(HELLO))],
    close: 1002,
  },
  ...[1, 2, 9].map((bytes) => ({
    section: "RFC 6455 §5.2",
    name: `a compressed message in pieces of ${bytes} bytes`,
    writes: Array.from({ length: Math.ceil(packed(TEXT, hex(HELLO)).length / bytes) }, (_, i) =>
      packed(TEXT, hex(HELLO)).subarray(i * bytes, (i + 1) * bytes),
    ),
    answers: [echo(TEXT, hello)],
  })),
];

/** Every case of compressed messages. */
export const deflateCases: readonly FrameCase[] = [
  ...examples,
  ...cuts,
  ...whole,
  ...bits,
  ...broken,
  ...context,
  ...limits,
  ...text,
  ...order,
];
