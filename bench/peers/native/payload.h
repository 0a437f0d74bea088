/* A payload that shows which one it is and whether it is whole: `@#`, 12 digits, a filling. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PAYLOAD_MARK "@#"
#define PAYLOAD_HEAD 14
#define MAX_PAYLOAD_BYTES 16384

static char payload_filling[MAX_PAYLOAD_BYTES];
static size_t payload_bytes = 128;

static inline void payload_prepare(size_t bytes) {
  payload_bytes = bytes;
  for (size_t i = 0; i < bytes; i++) payload_filling[i] = (char)('a' + i % 26);
  payload_filling[bytes - 1] = '~';
}

static inline void payload_make(char *out, uint64_t sequence) {
  char digits[16];
  snprintf(digits, sizeof digits, "%012llu", (unsigned long long)(sequence % 1000000000000ULL));
  memcpy(out, PAYLOAD_MARK, 2);
  memcpy(out + 2, digits, 12);
  memcpy(out + PAYLOAD_HEAD, payload_filling + PAYLOAD_HEAD, payload_bytes - PAYLOAD_HEAD);
}

/* The number of a payload; 0 for one that is damaged. */
static inline uint64_t payload_read(const uint8_t *bytes) {
  size_t length = payload_bytes - PAYLOAD_HEAD;
  if (memcmp(bytes + PAYLOAD_HEAD, payload_filling + PAYLOAD_HEAD, length) != 0) return 0;
  uint64_t sequence = 0;
  for (int i = 2; i < PAYLOAD_HEAD; i++) {
    if (bytes[i] < '0' || bytes[i] > '9') return 0;
    sequence = sequence * 10 + (uint64_t)(bytes[i] - '0');
  }
  return sequence;
}

#endif
