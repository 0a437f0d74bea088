/* What is said on a connection in a server's dialect, and what is understood. */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "connection.h"

/* Told for each payload: a connection, the bytes, and when they were read. */
typedef void (*on_payload)(struct connection *, const uint8_t *, uint64_t);

void conversation_prepare(on_payload take);

/* The socket is open: says who we are. */
void conversation_begin(struct connection *connection);

/* Asks for the next subscriptions; without any left, the connection is open. */
void conversation_go_on(struct connection *connection);

/* Takes what one frame holds: one message or several. */
void conversation_take(struct connection *connection, const uint8_t *text, size_t length,
                       uint64_t read_ns);

#endif
