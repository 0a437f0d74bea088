/*
 * How one server wants to be spoken to: a file of lines `key value`. In what is sent, {c} is a
 * channel's number, {i} a request's, {p} the payload, {0} to {2} what was captured.
 */
#ifndef DIALECT_H
#define DIALECT_H

#include <stdbool.h>
#include <stddef.h>

#define CAPTURES 3

struct dialect {
  const char *subscriber_path;
  const char *publisher_path;
  const char *caller_path;
  /* Sec-WebSocket-Protocol; absent: none is offered. */
  const char *subprotocol;
  /* Sent when the socket is open, and the part of a message that answers it; absent: nothing. */
  const char *connect;
  const char *connected;
  /* The same for each channel. */
  const char *subscribe;
  const char *subscribed;
  /* What a connection sends instead of `connect` and `subscribe` when it comes back. */
  const char *reconnect;
  const char *resume;
  const char *resumed;
  /* What is kept of a message: the text after `before` up to the first `until`; '#': its digits. */
  struct {
    const char *before;
    char until;
  } capture[CAPTURES];
  /* The part of a message that asks us to try the subscription again later. */
  const char *refusal;
  const char *publish;
  /* The part of a message that acknowledges a publication; absent: nothing does. */
  const char *published;
  const char *call;
  /* A message that asks whether we are there: a whole one, or a part of one; and its answer. */
  const char *ping;
  const char *ping_part;
  const char *pong;
};

/* What the places of a template stand for. */
struct values {
  unsigned channel;
  unsigned id;
  const char *payload;
  size_t payload_length;
  char *const *captured;
};

/* Reads a file; ends the process with a message when it cannot. */
void dialect_read(struct dialect *dialect, const char *path);

/* Writes a template with its places filled; returns the length, at most `room`. */
size_t dialect_fill(const char *template, const struct values *values, char *out, size_t room);

#endif
