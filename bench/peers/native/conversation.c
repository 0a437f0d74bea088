#define _GNU_SOURCE
#include "conversation.h"

#include <stdlib.h>
#include <string.h>

#include "payload.h"

/* Subscribe commands on their way per connection. */
#define SUBSCRIBE_WINDOW 50

static on_payload take_payload;

void conversation_prepare(on_payload take) { take_payload = take; }

void conversation_go_on(struct connection *connection) {
  const char *ask = connection->returning ? dialect.resume : dialect.subscribe;
  bool done = connection->confirmed >= connection->channels;
  if (connection->role != SUBSCRIBER || ask == NULL || done) {
    connection_become(connection, OPEN);
    return;
  }
  while (connection->asked < connection->channels &&
         connection->asked < connection->confirmed + SUBSCRIBE_WINDOW) {
    connection_say(connection, ask, NULL, 0, connection->asked++);
  }
}

void conversation_begin(struct connection *connection) {
  bool returns = connection->returning && dialect.reconnect != NULL;
  const char *hello = returns ? dialect.reconnect : dialect.connect;
  connection_become(connection, CONNECTING);
  if (hello != NULL) connection_say(connection, hello, NULL, 0, 0);
  if (dialect.connected != NULL) return;
  connection_become(connection, SUBSCRIBING);
  conversation_go_on(connection);
}

/* How much of a text stands before its end; all of it: the end is not there. */
static size_t kept_of(const char *text, size_t length, char until) {
  size_t kept = 0;
  while (kept < length) {
    bool is_digit = text[kept] >= '0' && text[kept] <= '9';
    if (until == '#' ? !is_digit : text[kept] == until) break;
    kept++;
  }
  return kept;
}

static void capture(struct connection *connection, const uint8_t *text, size_t length) {
  for (int i = 0; i < CAPTURES; i++) {
    const char *before = dialect.capture[i].before;
    if (before == NULL) continue;
    const char *found = memmem(text, length, before, strlen(before));
    if (found == NULL) continue;
    found += strlen(before);
    size_t left = length - (size_t)(found - (const char *)text);
    size_t kept = kept_of(found, left, dialect.capture[i].until);
    if (kept == left) continue;
    free(connection->captured[i]);
    connection->captured[i] = strndup(found, kept);
  }
}

static unsigned count_of(const uint8_t *text, size_t length, const char *mark) {
  unsigned count = 0;
  const uint8_t *found;
  while ((found = memmem(text, length, mark, strlen(mark))) != NULL) {
    count++;
    length -= (size_t)(found - text) + strlen(mark);
    text = found + strlen(mark);
  }
  return count;
}

/* What a message means for a connection that is not open yet. */
static void advance(struct connection *connection, const uint8_t *text, size_t length) {
  if (connection->state == CONNECTING && dialect.connected != NULL &&
      memmem(text, length, dialect.connected, strlen(dialect.connected)) != NULL) {
    connection_become(connection, SUBSCRIBING);
    conversation_go_on(connection);
    return;
  }
  if (connection->state != SUBSCRIBING) return;
  const char *mark = connection->returning ? dialect.resumed : dialect.subscribed;
  unsigned count = mark == NULL ? 0 : count_of(text, length, mark);
  if (count > 0) {
    connection->confirmed += count;
    counts.confirmed += count;
    if (connection->returning) counts.resumed += count;
    conversation_go_on(connection);
  } else if (dialect.refusal != NULL && count_of(text, length, dialect.refusal) > 0) {
    connection->asked = connection->confirmed;
    connection_retry_later(connection, 1);
  }
}

/* Where the next payload begins; looks for one rare byte first, which is what makes it quick. */
static const uint8_t *next_payload(const uint8_t *text, const uint8_t *end) {
  while (text < end && (text = memchr(text, PAYLOAD_MARK[0], (size_t)(end - text))) != NULL) {
    if (text + 1 < end && text[1] == PAYLOAD_MARK[1]) return text;
    text++;
  }
  return NULL;
}

/* Hands on each payload; false when there is none. */
static bool hand_on(struct connection *connection, const uint8_t *text, size_t length,
                    uint64_t read_ns) {
  const uint8_t *end = text + length;
  const uint8_t *at = next_payload(text, end);
  bool found = at != NULL;
  while (at != NULL && at + payload_bytes <= end) {
    take_payload(connection, at, read_ns);
    at = next_payload(at + payload_bytes, end);
  }
  return found;
}

/* A ping may share its frame with other messages, a line each, where a server joins them. */
static bool is_ping(const uint8_t *text, size_t length) {
  if (dialect.ping_part != NULL) {
    size_t part = strlen(dialect.ping_part);
    if (length >= part && memcmp(text, dialect.ping_part, part) == 0) return true;
    return memchr(text, '\n', length) != NULL &&
           memmem(text, length, dialect.ping_part, part) != NULL;
  }
  return dialect.ping != NULL && length == strlen(dialect.ping) &&
         memcmp(text, dialect.ping, length) == 0;
}

void conversation_take(struct connection *connection, const uint8_t *text, size_t length,
                       uint64_t read_ns) {
  if (is_ping(text, length)) {
    counts.pings++;
    connection_say(connection, dialect.pong, NULL, 0, 0);
  }
  if (connection->state != OPEN) advance(connection, text, length);
  if (connection->role == PUBLISHER && dialect.published != NULL) {
    counts.published += count_of(text, length, dialect.published);
  }
  if (dialect.capture[0].before != NULL) capture(connection, text, length);
  bool had_payload = hand_on(connection, text, length, read_ns);
  /* Nothing will come of what is refused; the report says why so little did. */
  bool asks = connection->role != SUBSCRIBER && connection->state == OPEN;
  if (asks && !had_payload && dialect.refusal != NULL) {
    counts.refused += count_of(text, length, dialect.refusal);
  }
}
