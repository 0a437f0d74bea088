#include "wire.h"

#include <string.h>
#include <time.h>

int wire_next(uint8_t *bytes, size_t have, struct frame *found) {
  if (have < 2) return 0;
  /* Neither fragments nor extensions are negotiated by anyone here. */
  if ((bytes[0] & 0xf0) != 0x80) return -1;
  bool masked = (bytes[1] & 0x80) != 0;
  size_t length = bytes[1] & 0x7f;
  size_t at = 2;
  if (length >= 126) {
    size_t wide = length == 126 ? 2 : 8;
    if (have < 2 + wide) return 0;
    length = 0;
    for (size_t i = 0; i < wide; i++) length = (length << 8) | bytes[at++];
  }
  size_t mask_at = at;
  if (masked) at += 4;
  if (have < at || have - at < length) return 0;
  found->opcode = bytes[0] & 0x0f;
  found->payload = bytes + at;
  found->length = length;
  found->total = at + length;
  if (masked) wire_mask(found->payload, length, bytes + mask_at);
  return 1;
}

size_t wire_header(uint8_t *out, uint8_t opcode, size_t length, const uint8_t *mask) {
  size_t at = 2;
  out[0] = 0x80 | opcode;
  if (length < 126) {
    out[1] = (uint8_t)length;
  } else if (length < 65536) {
    out[1] = 126;
    out[at++] = (uint8_t)(length >> 8);
    out[at++] = (uint8_t)length;
  } else {
    out[1] = 127;
    uint64_t wide = length;
    for (int shift = 56; shift >= 0; shift -= 8) out[at++] = (uint8_t)(wide >> shift);
  }
  if (mask != NULL) {
    out[1] |= 0x80;
    memcpy(out + at, mask, 4);
    at += 4;
  }
  return at;
}

void wire_mask(uint8_t *bytes, size_t length, const uint8_t *mask) {
  for (size_t i = 0; i < length; i++) bytes[i] ^= mask[i & 3];
}

static uint32_t rotate(uint32_t value, int bits) {
  return (value << bits) | (value >> (32 - bits));
}

static void sha1_block(const uint8_t *block, uint32_t *state) {
  static const uint32_t constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  uint32_t words[80];
  for (int i = 0; i < 16; i++) {
    words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 80; i++) {
    words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t mix = i < 20   ? (b & c) | (~b & d)
                   : i < 40 ? b ^ c ^ d
                   : i < 60 ? (b & c) | (b & d) | (c & d)
                            : b ^ c ^ d;
    uint32_t next = rotate(a, 5) + mix + e + constant[i / 20] + words[i];
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

void wire_accept(const char *key, char *out) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  /* A key has 24 characters, the GUID 36: with padding and length two blocks. */
  uint8_t text[128] = {0};
  memcpy(text, key, 24);
  memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
  text[60] = 0x80;
  text[126] = (60 * 8) >> 8;
  text[127] = (60 * 8) & 0xff;
  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  sha1_block(text, state);
  sha1_block(text + 64, state);
  uint8_t digest[21] = {0};
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
  for (int i = 0; i < 7; i++) {
    const uint8_t *from = digest + 3 * i;
    uint32_t three = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    for (int j = 0; j < 4; j++) out[4 * i + j] = alphabet[(three >> (18 - 6 * j)) & 63];
  }
  /* 20 bytes leave one character of padding. */
  out[27] = '=';
  out[28] = '\0';
}

double monotonic_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
