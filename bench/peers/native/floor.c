/*
 * The practical limit: a WebSocket server that does nothing but what the kernel charges for. What
 * a publisher sends in one read is framed once, joined, and handed to every subscriber with one
 * send(). Paths: /sub receives, /pub publishes, /echo gets back what it sends. Prints its port. With
 * a number as argument, what is published is filled up with blanks to so many bytes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire.h"

#define MAX_PEERS 20000
#define BUFFER_BYTES (1 << 18)

enum role { HANDSHAKING = 0, SUBSCRIBER, PUBLISHER, CALLER };

struct peer {
  enum role role;
  /* Bytes of an incomplete frame or request; almost always none. */
  uint8_t *rest;
  size_t rest_length;
  /* Where a subscriber stands in the list. */
  int place;
};

static struct peer peers[MAX_PEERS];
static int subscribers[MAX_PEERS];
static int subscriber_count;
static uint8_t buffer[BUFFER_BYTES];
static uint8_t joined[BUFFER_BYTES];
static size_t least_bytes;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void drop(int fd) {
  struct peer *peer = &peers[fd];
  if (peer->role == SUBSCRIBER) {
    int last = subscribers[--subscriber_count];
    subscribers[peer->place] = last;
    peers[last].place = peer->place;
  }
  free(peer->rest);
  memset(peer, 0, sizeof *peer);
  close(fd);
}

/* A full socket is waited for: the floor has no queue. */
static void send_all(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t taken = send(fd, bytes, length, MSG_NOSIGNAL);
    if (taken < 0 && errno == EAGAIN) {
      struct pollfd wait = {.fd = fd, .events = POLLOUT};
      if (poll(&wait, 1, 1000) <= 0) return;
      continue;
    }
    if (taken < 0) return;
    bytes += taken;
    length -= (size_t)taken;
  }
}

static void become(int fd, enum role role) {
  peers[fd].role = role;
  if (role != SUBSCRIBER) return;
  peers[fd].place = subscriber_count;
  subscribers[subscriber_count++] = fd;
}

/* Answers an upgrade request; returns how many bytes it had, 0: incomplete, -1: none. */
static ssize_t shake_hands(int fd, uint8_t *bytes, size_t have) {
  uint8_t *end = memmem(bytes, have, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  *end = '\0';
  char *key = strcasestr((char *)bytes, "\r\nsec-websocket-key: ");
  if (key == NULL) return -1;
  char accept[29], answer[200];
  wire_accept(key + 21, accept);
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                        "connection: upgrade\r\nsec-websocket-accept: %s\r\n\r\n",
                        accept);
  const char *path = (const char *)bytes + 4;
  enum role role = strncmp(path, "/pub", 4) == 0    ? PUBLISHER
                   : strncmp(path, "/echo", 5) == 0 ? CALLER
                                                    : SUBSCRIBER;
  send_all(fd, (uint8_t *)answer, (size_t)length);
  become(fd, role);
  return end - bytes + 4;
}

static size_t append(size_t at, const struct frame *frame, size_t least) {
  size_t length = frame->length < least ? least : frame->length;
  if (at + MAX_HEADER_BYTES + length > sizeof joined) return at;
  at += wire_header(joined + at, frame->opcode, length, NULL);
  memcpy(joined + at, frame->payload, frame->length);
  memset(joined + at + frame->length, ' ', length - frame->length);
  return at + length;
}

/* Takes the whole frames of a connection; returns how many bytes they had, or -1 to close. */
static ssize_t take_frames(int fd, uint8_t *bytes, size_t have) {
  size_t used = 0, made = 0;
  size_t least = peers[fd].role == PUBLISHER ? least_bytes : 0;
  struct frame frame;
  int found;
  while ((found = wire_next(bytes + used, have - used, &frame)) == 1) {
    used += frame.total;
    if (frame.opcode == CLOSE) return -1;
    if (frame.opcode == TEXT || frame.opcode == BINARY) made = append(made, &frame, least);
  }
  if (found < 0) return -1;
  if (made == 0) return (ssize_t)used;
  if (peers[fd].role == CALLER) send_all(fd, joined, made);
  if (peers[fd].role == PUBLISHER) {
    for (int i = 0; i < subscriber_count; i++) send_all(subscribers[i], joined, made);
  }
  return (ssize_t)used;
}

static void keep_rest(struct peer *peer, const uint8_t *bytes, size_t length) {
  uint8_t *rest = NULL;
  if (length > 0) {
    rest = malloc(length);
    if (rest == NULL) fail("malloc");
    memcpy(rest, bytes, length);
  }
  free(peer->rest);
  peer->rest = rest;
  peer->rest_length = length;
}

static void receive(int fd) {
  struct peer *peer = &peers[fd];
  memcpy(buffer, peer->rest == NULL ? (uint8_t *)"" : peer->rest, peer->rest_length);
  ssize_t taken = recv(fd, buffer + peer->rest_length, sizeof buffer - peer->rest_length, 0);
  if (taken < 0 && errno == EAGAIN) return;
  if (taken <= 0) {
    drop(fd);
    return;
  }
  size_t have = peer->rest_length + (size_t)taken, used = 0;
  if (peer->role == HANDSHAKING) {
    ssize_t request = shake_hands(fd, buffer, have);
    if (request < 0) drop(fd);
    if (request == 0) keep_rest(peer, buffer, have);
    if (request <= 0) return;
    used = (size_t)request;
  }
  ssize_t more = take_frames(fd, buffer + used, have - used);
  if (more < 0) {
    drop(fd);
    return;
  }
  used += (size_t)more;
  if (peer->rest != NULL || used < have) keep_rest(peer, buffer + used, have - used);
}

static int listen_anywhere(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(fd, 4096) < 0) fail("listen");
  if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) fail("getsockname");
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void greet(int epoll, int listener) {
  int fd, on = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= MAX_PEERS) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
  }
}

int main(int argc, char **argv) {
  if (argc > 1) least_bytes = (size_t)atoi(argv[1]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int epoll = epoll_create1(0), listener = listen_anywhere();
  struct epoll_event events[512] = {{.events = EPOLLIN, .data.fd = listener}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, events) < 0) fail("epoll_ctl");
  for (;;) {
    int count = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == listener) greet(epoll, listener);
      else receive(events[i].data.fd);
    }
  }
}
