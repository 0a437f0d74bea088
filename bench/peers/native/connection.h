/* One client connection: its socket, its frames, and its way from closed to open. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect.h"

enum role { SUBSCRIBER, PUBLISHER, CALLER };
enum state { CLOSED, REFUSED, HANDSHAKE, CONNECTING, SUBSCRIBING, OPEN };

struct connection {
  int fd;
  enum role role;
  enum state state;
  /* Comes back after a cut: resumes instead of subscribing. */
  bool returning;
  uint32_t number;
  /* Channels to subscribe to, asked for, and confirmed. */
  uint32_t channels, asked, confirmed;
  /* Sequence of the next payload; 0: whatever comes first. */
  uint64_t next;
  uint32_t id;
  uint64_t called_ns;
  /* When a refused one tries again, in seconds. */
  double retry_at;
  char *captured[CAPTURES];
  uint8_t *rest;
  uint32_t rest_length;
  uint8_t *unsent;
  uint32_t unsent_length;
};

/* What has happened to all connections. */
struct counts {
  uint64_t opened, confirmed, refused, dropped, pings, resumed, published;
  /* Connections that are on their way. */
  uint32_t pending;
};

extern struct counts counts;
extern struct dialect dialect;

void connections_prepare(uint16_t port);

void connection_open(struct connection *connection);

void connection_become(struct connection *connection, enum state state);

/* Tries again after so many seconds, and at random up to as long again: not all come at once. */
void connection_retry_later(struct connection *connection, double seconds);

/* Ends it without a farewell, as a lost network does. */
void connection_cut(struct connection *connection);

/* Sends a text frame made of a template. */
void connection_say(struct connection *connection, const char *template, const char *payload,
                    size_t payload_length, unsigned channel);

/* Appends such a frame to a buffer; returns the new length. */
size_t connection_frame(struct connection *connection, const char *template, const char *payload,
                        size_t payload_length, unsigned channel, uint8_t *out, size_t at);

void connection_send(struct connection *connection, const uint8_t *bytes, size_t length);

/* Tries refused ones whose time has come again. */
void connections_retry(struct connection *connections, unsigned count);

/* Waits for sockets at most so long and serves them; true when standard input has something. */
bool connections_serve(uint64_t timeout_ns);

uint64_t now_ns(void);

#endif
