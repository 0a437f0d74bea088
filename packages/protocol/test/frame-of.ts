const maskingKey = Buffer.from("37fa213d", "hex");

/** RFC 6455 §5.2: a single frame of one message, in hex. Masked: as a client sends it. */
export function frameOf(payload: string | Uint8Array, masked: boolean): string {
  const bytes = Buffer.from(payload as Uint8Array);
  const opcode = typeof payload === "string" ? 0x81 : 0x82;
  const mask = masked ? 0x80 : 0;
  const header =
    bytes.length < 126
      ? [opcode, mask | bytes.length]
      : [opcode, mask | 126, bytes.length >> 8, bytes.length & 0xff];
  if (!masked) return Buffer.from([...header, ...bytes]).toString("hex");
  const hidden = bytes.map((byte, index) => byte ^ (maskingKey[index % 4] ?? 0));
  return Buffer.from([...header, ...maskingKey, ...hidden]).toString("hex");
}
