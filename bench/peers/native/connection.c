#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "conversation.h"
#include "wire.h"

#define BUFFER_BYTES (1 << 20)
#define MESSAGE_BYTES 32768
/* Each local address has some 28,000 ports; several leave room for those that have just closed. */
#define SOURCE_ADDRESSES 16

struct counts counts;
struct dialect dialect;

static int epoll_fd;
static struct sockaddr_in server;
static uint8_t buffer[BUFFER_BYTES];

static const uint8_t mask[4] = {0x1f, 0x8b, 0x3c, 0x57};

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

void connections_prepare(uint16_t port) {
  epoll_fd = epoll_create1(0);
  server = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
}

static void watch(struct connection *connection, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll_fd, operation, connection->fd, &event);
}

static bool is_pending(const struct connection *connection) {
  return connection->state != CLOSED && connection->state != OPEN;
}

void connection_become(struct connection *connection, enum state state) {
  bool before = is_pending(connection);
  connection->state = state;
  bool after = is_pending(connection);
  if (!before && after) counts.pending++;
  if (before && !after) counts.pending--;
  if (state == OPEN) counts.opened++;
}

static void let_go(struct connection *connection, bool abruptly) {
  if (connection->fd < 0) return;
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  if (abruptly) setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(connection->fd);
  connection->fd = -1;
  free(connection->rest);
  free(connection->unsent);
  connection->rest = connection->unsent = NULL;
  connection->rest_length = connection->unsent_length = 0;
}

void connection_cut(struct connection *connection) {
  let_go(connection, true);
  connection_become(connection, CLOSED);
}

void connection_retry_later(struct connection *connection, double seconds) {
  counts.refused++;
  connection->retry_at = monotonic_seconds() + seconds * (1 + (double)random() / RAND_MAX);
}

static void lost(struct connection *connection, double retry_seconds) {
  bool was_open = connection->state == OPEN;
  let_go(connection, false);
  if (was_open) {
    counts.dropped++;
    connection_become(connection, CLOSED);
    return;
  }
  connection_become(connection, REFUSED);
  connection_retry_later(connection, retry_seconds);
}

void connection_open(struct connection *connection) {
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  connection->asked = connection->confirmed = 0;
  connection->retry_at = 0;
  connection_become(connection, HANDSHAKE);
  int on = 1;
  struct sockaddr_in source = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + connection->number % SOURCE_ADDRESSES)};
  setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(connection->fd, (struct sockaddr *)&source, sizeof source) < 0 ||
      (connect(connection->fd, (struct sockaddr *)&server, sizeof server) < 0 &&
       errno != EINPROGRESS)) {
    lost(connection, 1);
    return;
  }
  watch(connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void connection_send(struct connection *connection, const uint8_t *bytes, size_t length) {
  if (connection->fd < 0) return;
  ssize_t taken = 0;
  if (connection->unsent_length == 0) {
    taken = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (taken < 0) taken = 0;
    if ((size_t)taken == length) return;
  }
  size_t more = length - (size_t)taken;
  connection->unsent = realloc(connection->unsent, connection->unsent_length + more);
  memcpy(connection->unsent + connection->unsent_length, bytes + taken, more);
  connection->unsent_length += (uint32_t)more;
  watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

size_t connection_frame(struct connection *connection, const char *template, const char *payload,
                        size_t payload_length, unsigned channel, uint8_t *out, size_t at) {
  static char message[MESSAGE_BYTES];
  struct values values = {channel, connection->id, payload, payload_length, connection->captured};
  size_t length = dialect_fill(template, &values, message, sizeof message);
  at += wire_header(out + at, TEXT, length, mask);
  memcpy(out + at, message, length);
  wire_mask(out + at, length, mask);
  return at + length;
}

void connection_say(struct connection *connection, const char *template, const char *payload,
                    size_t payload_length, unsigned channel) {
  static uint8_t bytes[MESSAGE_BYTES + MAX_HEADER_BYTES];
  connection->id++;
  size_t length =
      connection_frame(connection, template, payload, payload_length, channel, bytes, 0);
  connection_send(connection, bytes, length);
}

static void request_upgrade(struct connection *connection) {
  const char *path = connection->role == SUBSCRIBER  ? dialect.subscriber_path
                     : connection->role == PUBLISHER ? dialect.publisher_path
                                                     : dialect.caller_path;
  char request[1024];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s\r\n",
                        path == NULL ? "/" : path, ntohs(server.sin_port),
                        dialect.subprotocol == NULL ? "" : "Sec-WebSocket-Protocol: ",
                        dialect.subprotocol == NULL ? "" : dialect.subprotocol,
                        dialect.subprotocol == NULL ? "" : "\r\n");
  connection_send(connection, (uint8_t *)request, (size_t)length);
}

/* Answers a control frame; false when the connection ends with it. */
static bool take_control(struct connection *connection, const struct frame *frame) {
  if (frame->opcode == CLOSE) return false;
  if (frame->opcode != PING) return true;
  uint8_t bytes[125 + MAX_HEADER_BYTES];
  size_t at = wire_header(bytes, PONG, frame->length, mask);
  memcpy(bytes + at, frame->payload, frame->length);
  wire_mask(bytes + at, frame->length, mask);
  counts.pings++;
  connection_send(connection, bytes, at + frame->length);
  return true;
}

/* The bytes of an answered upgrade, 0 when it is not complete, -1 when it was refused. */
static ssize_t take_answer(struct connection *connection, uint8_t *bytes, size_t have) {
  uint8_t *end = memmem(bytes, have, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  if (memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
    *end = '\0';
    const char *retry = strcasestr((char *)bytes, "\r\nretry-after:");
    lost(connection, retry == NULL ? 1 : atof(retry + 14));
    return -1;
  }
  conversation_begin(connection);
  return end - bytes + 4;
}

static void keep_rest(struct connection *connection, const uint8_t *bytes, size_t length) {
  if (connection->rest_length == 0 && length == 0) return;
  free(connection->rest);
  connection->rest = length == 0 ? NULL : malloc(length);
  if (connection->rest != NULL) memcpy(connection->rest, bytes, length);
  connection->rest_length = (uint32_t)length;
}

static void receive(struct connection *connection) {
  size_t have = connection->rest_length, used = 0;
  if (have > 0) memcpy(buffer, connection->rest, have);
  ssize_t taken = recv(connection->fd, buffer + have, sizeof buffer - have, 0);
  if (taken < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (taken <= 0) {
    lost(connection, 1);
    return;
  }
  uint64_t read_ns = now_ns();
  have += (size_t)taken;
  if (connection->state == HANDSHAKE) {
    ssize_t answer = take_answer(connection, buffer, have);
    if (answer < 0) return;
    used = (size_t)answer;
    if (answer == 0) {
      keep_rest(connection, buffer, have);
      return;
    }
  }
  struct frame frame;
  int found;
  while ((found = wire_next(buffer + used, have - used, &frame)) == 1) {
    used += frame.total;
    if (frame.opcode == TEXT || frame.opcode == BINARY) {
      conversation_take(connection, frame.payload, frame.length, read_ns);
    } else if (!take_control(connection, &frame)) {
      found = -1;
      break;
    }
  }
  if (found < 0) lost(connection, 1);
  else keep_rest(connection, buffer + used, have - used);
}

static void writable(struct connection *connection) {
  if (connection->state == HANDSHAKE && connection->unsent_length == 0) {
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    request_upgrade(connection);
    return;
  }
  ssize_t taken = send(connection->fd, connection->unsent, connection->unsent_length, MSG_NOSIGNAL);
  if (taken <= 0) return;
  connection->unsent_length -= (uint32_t)taken;
  memmove(connection->unsent, connection->unsent + taken, connection->unsent_length);
  if (connection->unsent_length == 0) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

void connections_retry(struct connection *connections, unsigned count) {
  double now = monotonic_seconds();
  for (unsigned i = 0; i < count; i++) {
    struct connection *connection = &connections[i];
    if (connection->retry_at == 0 || connection->retry_at > now) continue;
    connection->retry_at = 0;
    if (connection->state == REFUSED) connection_open(connection);
    else if (connection->state == SUBSCRIBING) conversation_go_on(connection);
  }
}

bool connections_serve(uint64_t timeout_ns) {
  static struct epoll_event events[1024];
  struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000ULL),
                             .tv_nsec = (long)(timeout_ns % 1000000000ULL)};
  int count = epoll_pwait2(epoll_fd, events, 1024, &timeout, NULL);
  bool told = false;
  for (int i = 0; i < count; i++) {
    struct connection *connection = events[i].data.ptr;
    if (connection == NULL) {
      told = true;
      continue;
    }
    if (connection->fd >= 0 && (events[i].events & EPOLLOUT)) writable(connection);
    bool readable = (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
    if (connection->fd >= 0 && readable) receive(connection);
  }
  return told;
}
