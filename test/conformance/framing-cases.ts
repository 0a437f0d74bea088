import { MAX_MESSAGE_BYTES } from "./echo-endpoint.js";
import { BINARY, echo, type FrameCase, frame, PING, PONG, TEXT } from "./frame-case.js";

// RFC 6455 §5: one frame at a time, its bits, mask and length.

const hello = Buffer.from("Hello");
const sizes = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 255, 256, 1_023, 4_096, 65_535, 65_536];
const kinds = [
  ["text", TEXT],
  ["binary", BINARY],
] as const;

const lengths: FrameCase[] = kinds.flatMap(([kind, opcode]) =>
  sizes.map((size) => ({
    section: "§5.2",
    name: `${kind} of ${size} bytes comes back whole, in the shortest form`,
    writes: [frame(opcode, Buffer.alloc(size, "x"))],
    answers: [echo(opcode, Buffer.alloc(size, "x"))],
  })),
);

/** A sender must use the shortest form; a receiver is not told to refuse, and the gateway does not. */
const longForms: FrameCase[] = kinds.flatMap(([kind, opcode]) =>
  ([2, 8] as const).flatMap((lengthBytes) =>
    [0, 5, 125, ...(lengthBytes === 8 ? [126, 65_535] : [])].map((size) => ({
      section: "§5.2",
      name: `${kind} of ${size} bytes with a ${lengthBytes}-byte length it did not need is understood`,
      writes: [frame(opcode, Buffer.alloc(size, "y"), { lengthBytes })],
      answers: [echo(opcode, Buffer.alloc(size, "y"))],
    })),
  ),
);

const reserved: FrameCase[] = [TEXT, BINARY, 8, PING, PONG].flatMap((opcode) =>
  [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70].map((rsv) => ({
    section: rsv & 0x40 ? "§5.2, RFC 7692 §6" : "§5.2",
    name: `opcode ${opcode} with reserved bits 0x${rsv.toString(16)} that nothing negotiated`,
    writes: [frame(opcode, opcode === 8 ? "" : hello, { rsv })],
    close: 1002,
  })),
);

const reservedOpcodes: FrameCase[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) =>
  ["", "Hello"].flatMap((payload) =>
    [true, false].map((fin) => ({
      section: "§5.2",
      name: `reserved opcode ${opcode}, ${payload.length} bytes, FIN ${fin}`,
      writes: [frame(opcode, payload, { fin })],
      close: 1002,
    })),
  ),
);

const unmasked: FrameCase[] = [0, TEXT, BINARY, 8, PING, PONG].flatMap((opcode) =>
  ["", "Hi"].map((payload) => ({
    section: "§5.1",
    name: `opcode ${opcode} of ${payload.length} bytes without a mask`,
    writes: [
      ...(opcode === 0 ? [frame(TEXT, "a", { fin: false })] : []),
      frame(opcode, payload, { masked: false }),
    ],
    close: 1002,
  })),
);

const masks: FrameCase[] = [
  [0, 0, 0, 0],
  [255, 255, 255, 255],
  [0, 0, 0, 1],
  [0x80, 0, 0, 0],
].flatMap((bytes) =>
  [1, 2, 3, 4, 5, 7, 8, 9, 33].map((size) => ({
    section: "§5.3",
    name: `mask ${Buffer.from(bytes).toString("hex")} over ${size} bytes`,
    writes: [frame(BINARY, Buffer.alloc(size, 0xa5), { mask: Buffer.from(bytes) })],
    answers: [echo(BINARY, Buffer.alloc(size, 0xa5))],
  })),
);

const claimed = (length: bigint): Buffer => {
  const head = Buffer.alloc(14);
  head[0] = 0x82;
  head[1] = 0xff;
  head.writeBigUInt64BE(length, 2);
  return head;
};

const tooLong: FrameCase[] = [
  ...[1n << 63n, (1n << 63n) + 5n, (1n << 64n) - 1n].map((length) => ({
    section: "§5.2",
    name: `a 64-bit length with its highest bit set, ${length}`,
    writes: [claimed(length)],
    close: 1009,
  })),
  ...[1n << 32n, 1n << 53n, (1n << 63n) - 1n, BigInt(MAX_MESSAGE_BYTES + 1)].map((length) => ({
    section: "§7.4.1",
    name: `a length of ${length}, above the limit, before its bytes came`,
    writes: [claimed(length)],
    close: 1009,
  })),
  {
    section: "§10.4",
    name: "fragments that together exceed the limit",
    writes: [
      frame(BINARY, Buffer.alloc(MAX_MESSAGE_BYTES), { fin: false }),
      frame(0, Buffer.alloc(1)),
    ],
    close: 1009,
  },
];

/** TCP keeps no borders: a frame may come in any two pieces. */
const pieces: FrameCase[] = [hello, Buffer.alloc(130, "z")].flatMap((payload) => {
  const bytes = frame(TEXT, payload);
  return Array.from({ length: Math.min(bytes.length - 1, 20) }, (_, i) => ({
    section: "§5.2",
    name: `a frame of ${payload.length} bytes in two pieces, the first of ${i + 1} bytes`,
    writes: [bytes.subarray(0, i + 1), bytes.subarray(i + 1)],
    answers: [echo(TEXT, payload)],
  }));
});

/** Every case of single frames. */
export const framingCases: readonly FrameCase[] = [
  ...lengths,
  ...longForms,
  ...reserved,
  ...reservedOpcodes,
  ...unmasked,
  ...masks,
  ...tooLong,
  ...pieces,
];
