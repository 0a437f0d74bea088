/* The little of RFC 6455 that the floor and the load generator share. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* Longest frame header: two bytes, eight of length, four of mask (section 5.2). */
#define MAX_HEADER_BYTES 14

struct frame {
  uint8_t opcode;
  uint8_t *payload;
  size_t length;
  /* Bytes of the whole frame. */
  size_t total;
};

/* Finds the first frame of `bytes`, unmasked in place: 1 found, 0 incomplete, -1 none of ours. */
int wire_next(uint8_t *bytes, size_t have, struct frame *found);

/* Writes a header for a final frame; `mask`: four bytes, or NULL for a server's frame. */
size_t wire_header(uint8_t *out, uint8_t opcode, size_t length, const uint8_t *mask);

void wire_mask(uint8_t *bytes, size_t length, const uint8_t *mask);

/* Sec-WebSocket-Accept of a key (section 4.2.2); `out` takes 29 bytes. */
void wire_accept(const char *key, char *out);

double monotonic_seconds(void);

#endif
