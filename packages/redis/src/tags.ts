/** Hash slots of a Redis cluster ("Redis Cluster specification", Key distribution model). */
const slots = 16_384;

/** CRC-16/XMODEM, by which a cluster places keys. */
function crc16(text: string): number {
  let crc = 0;
  for (let at = 0; at < text.length; at += 1) {
    crc ^= text.charCodeAt(at) << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc;
}

/** The hash slot of a tag of ASCII characters. */
export function slotOf(tag: string): number {
  return crc16(tag) % slots;
}

/**
 * One hash tag for each partition, such that their slots lie evenly over the cluster: partition
 * `p` of `n` has the slot in the middle of the `p`th of `n` equal parts, under the smallest number
 * (in base 36) that hashes there. Every key of a partition carries its tag, so that one script can
 * touch them all. The rule is part of what the store holds: it must never change.
 */
export function partitionTags(partitions: number): readonly string[] {
  const wanted = new Map<number, number>();
  for (let partition = 0; partition < partitions; partition += 1) {
    wanted.set(Math.floor(((partition + 0.5) * slots) / partitions), partition);
  }
  const tags: string[] = new Array(partitions).fill("");
  for (let number = 0; wanted.size > 0; number += 1) {
    const tag = number.toString(36);
    const partition = wanted.get(slotOf(tag));
    if (partition === undefined) continue;
    tags[partition] = tag;
    wanted.delete(slotOf(tag));
  }
  return tags;
}
