/*
 * The load generator: load <port> <dialect file> <payload bytes> <patience in seconds>. Reads
 * commands from standard input, one a line, and answers each with one line of JSON; meanwhile it
 * answers pings. A command gives up when nothing has moved for its patience; while something does, it says
 * so every few seconds with a line {"moving":true}.
 *
 *   subscribe COUNT CHANNELS PENDING   opens so many subscribers, PENDING at a time
 *   publisher                          opens the connection that publishes
 *   fan SECONDS BATCH CHANNELS         publishes BATCH at once, the next when all have everything
 *   pace SECONDS PER_SECOND            publishes on time, whatever has arrived (open loop)
 *   publish COUNT                      publishes to nobody, waits for the acknowledgements
 *   call SECONDS COUNT                 COUNT connections, each with one call on its way
 *   cut                                ends every subscriber's connection without a farewell
 *   resume PENDING                     the subscribers come back and wait for what they missed
 *   close                              ends all connections
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "connection.h"
#include "conversation.h"
#include "histogram.h"
#include "payload.h"
#include "wire.h"

#define MAX_SUBSCRIBERS 19500
#define MAX_CALLERS 1000
#define MAX_BATCH 1000
/* Publications whose time is remembered. */
#define SENT_RING (1 << 16)

static struct connection subscribers[MAX_SUBSCRIBERS];
static struct connection callers[MAX_CALLERS];
static struct connection publisher = {.fd = -1, .role = PUBLISHER, .number = 7};
static unsigned subscriber_count, caller_count;

static struct histogram latency;
static uint64_t sent_ns[SENT_RING];
/* The last sequence published. */
static uint64_t sequence;
static uint64_t received, answered, lost, repeated, damaged;
static bool calling;
static double patience_seconds;

static void take_delivery(struct connection *connection, uint64_t number, uint64_t read_ns) {
  if (connection->next != 0 && number != connection->next) {
    if (number < connection->next) {
      repeated++;
      return;
    }
    lost += number - connection->next;
  }
  connection->next = number + 1;
  received++;
  histogram_add(&latency, read_ns - sent_ns[number % SENT_RING]);
}

static void call_next(struct connection *connection) {
  char payload[MAX_PAYLOAD_BYTES];
  payload_make(payload, ++connection->next);
  connection->called_ns = now_ns();
  connection_say(connection, dialect.call, payload, payload_bytes, 0);
}

static void take_answer(struct connection *connection, uint64_t number, uint64_t read_ns) {
  if (number != connection->next) lost++;
  histogram_add(&latency, read_ns - connection->called_ns);
  answered++;
  if (calling) call_next(connection);
}

static void take(struct connection *connection, const uint8_t *bytes, uint64_t read_ns) {
  uint64_t number = payload_read(bytes);
  if (number == 0) damaged++;
  else if (connection->role == CALLER) take_answer(connection, number, read_ns);
  else if (connection->role == SUBSCRIBER) take_delivery(connection, number, read_ns);
}

static double own_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
         (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

static double began, began_own;
/* When it was last said that something moves, in seconds. */
static double said;

static void begin(void) {
  received = answered = lost = repeated = damaged = 0;
  counts = (struct counts){.pending = counts.pending};
  histogram_clear(&latency);
  said = began = monotonic_seconds();
  began_own = own_seconds();
}

static void number(const char *name, uint64_t value) {
  printf(",\"%s\":%llu", name, (unsigned long long)value);
}

static void micros(const char *name, uint64_t value_ns) {
  printf(",\"%s\":%.1f", name, (double)value_ns / 1e3);
}

static void report(const char *command, bool complete, uint64_t expected) {
  printf("{\"command\":\"%s\",\"complete\":%s", command, complete ? "true" : "false");
  printf(",\"seconds\":%.6f,\"ownCpuSeconds\":%.6f", monotonic_seconds() - began,
         own_seconds() - began_own);
  number("expected", expected);
  number("received", received);
  number("answered", answered);
  number("lost", lost);
  number("repeated", repeated);
  number("damaged", damaged);
  number("opened", counts.opened);
  number("resumed", counts.resumed);
  number("refused", counts.refused);
  number("dropped", counts.dropped);
  number("published", counts.published);
  number("pings", counts.pings);
  micros("p50Us", histogram_at(&latency, 0.5));
  micros("p99Us", histogram_at(&latency, 0.99));
  micros("p999Us", histogram_at(&latency, 0.999));
  micros("maxUs", latency.highest);
  printf("}\n");
  fflush(stdout);
}

/* Something has moved: who waits for the answer need not give up. */
static void say_moving(double now) {
  if (now - said < 5) return;
  said = now;
  printf("{\"moving\":true}\n");
  fflush(stdout);
}

/* Serves until `*value` is at least `wanted`; false when nothing moves any more. */
static bool reach(const uint64_t *value, uint64_t wanted) {
  uint64_t seen = *value;
  double moved = monotonic_seconds();
  while (*value < wanted) {
    connections_serve(100000000ULL);
    if (*value != seen) {
      seen = *value;
      moved = monotonic_seconds();
      say_moving(moved);
    } else if (monotonic_seconds() - moved > patience_seconds) {
      return false;
    }
  }
  return true;
}

/* Opens connections, at most `pending` on their way at a time, until all are open. */
static bool open_all(struct connection *connections, unsigned count, unsigned pending) {
  unsigned started = 0;
  double moved = monotonic_seconds(), retried = moved;
  uint64_t seen = 0;
  /* The bounds of a server may make it slow, but something has to move. */
  while (counts.opened < count) {
    while (started < count && counts.pending < pending) connection_open(&connections[started++]);
    connections_serve(20000000ULL);
    double now = monotonic_seconds();
    if (now - retried > 0.02) {
      connections_retry(connections, count);
      retried = now;
    }
    if (counts.opened + counts.confirmed != seen) say_moving(moved = now);
    if (now - moved > patience_seconds) return false;
    seen = counts.opened + counts.confirmed;
  }
  return true;
}

static void subscribe(unsigned count, unsigned channels, unsigned pending) {
  if (count > MAX_SUBSCRIBERS) count = MAX_SUBSCRIBERS;
  subscriber_count = count;
  for (unsigned i = 0; i < count; i++) {
    subscribers[i] = (struct connection){
        .fd = -1, .role = SUBSCRIBER, .number = i, .channels = channels, .next = sequence + 1};
  }
  begin();
  report("subscribe", open_all(subscribers, count, pending), count);
}

static void publish(unsigned batch, unsigned channels, uint64_t at_ns) {
  static uint8_t bytes[MAX_BATCH * 512 + MAX_PAYLOAD_BYTES];
  char payload[MAX_PAYLOAD_BYTES];
  size_t length = 0;
  for (unsigned i = 0; i < batch && length + MAX_PAYLOAD_BYTES / 8 < sizeof bytes; i++) {
    payload_make(payload, ++sequence);
    sent_ns[sequence % SENT_RING] = at_ns;
    publisher.id++;
    /* Every channel's turn comes, in an order that no cache foresees. */
    unsigned channel = channels > 1 ? (unsigned)(sequence * 2654435761U % channels) : 0;
    length = connection_frame(&publisher, dialect.publish, payload, payload_bytes, channel, bytes,
                              length);
  }
  connection_send(&publisher, bytes, length);
}

static void fan(double seconds, unsigned batch, unsigned channels) {
  if (batch > MAX_BATCH) batch = MAX_BATCH;
  begin();
  double end = began + seconds;
  uint64_t expected = 0;
  bool complete = true;
  do {
    publish(batch, channels, now_ns());
    expected += (uint64_t)batch * subscriber_count;
    complete = reach(&received, expected);
  } while (complete && monotonic_seconds() < end);
  report("fan", complete, expected);
}

static void pace(double seconds, double per_second) {
  begin();
  uint64_t first = now_ns(), expected = 0, wanted = (uint64_t)(seconds * per_second);
  for (uint64_t made = 0; made < wanted;) {
    uint64_t due = first + (uint64_t)((double)made * 1e9 / per_second), now = now_ns();
    if (now >= due) {
      /* Its latency counts from when it was due, not from when we came to it. */
      publish(1, 1, due);
      expected += subscriber_count;
      made++;
      connections_serve(0);
    } else {
      connections_serve(due - now);
    }
  }
  report("pace", reach(&received, expected), expected);
}

static void publish_to_nobody(unsigned count) {
  begin();
  for (unsigned i = 0; i < count; i++) publish(1, 1, now_ns());
  report("publish", dialect.published == NULL || reach(&counts.published, count), count);
}

static void call(double seconds, unsigned count) {
  if (count > MAX_CALLERS) count = MAX_CALLERS;
  begin();
  if (caller_count < count) {
    for (unsigned i = caller_count; i < count; i++) {
      callers[i] = (struct connection){.fd = -1, .role = CALLER, .number = i};
    }
    bool complete = open_all(callers + caller_count, count - caller_count, 100);
    caller_count = count;
    if (!complete) {
      report("call", false, 0);
      return;
    }
    begin();
  }
  calling = true;
  uint64_t called_before = 0;
  for (unsigned i = 0; i < count; i++) called_before += callers[i].next;
  for (unsigned i = 0; i < count; i++) call_next(&callers[i]);
  double end = began + seconds;
  while (monotonic_seconds() < end) connections_serve(10000000ULL);
  calling = false;
  /* The last ones of all are still on their way. */
  uint64_t expected = 0;
  for (unsigned i = 0; i < count; i++) expected += callers[i].next;
  expected -= called_before;
  report("call", reach(&answered, expected), expected);
}

static void cut(void) {
  begin();
  for (unsigned i = 0; i < subscriber_count; i++) connection_cut(&subscribers[i]);
  report("cut", true, subscriber_count);
}

static void resume(unsigned pending) {
  for (unsigned i = 0; i < subscriber_count; i++) subscribers[i].returning = true;
  begin();
  uint64_t expected = 0;
  for (unsigned i = 0; i < subscriber_count; i++) expected += sequence + 1 - subscribers[i].next;
  bool complete = open_all(subscribers, subscriber_count, pending) && reach(&received, expected);
  report("resume", complete, expected);
}

static void close_all(void) {
  begin();
  for (unsigned i = 0; i < subscriber_count; i++) connection_cut(&subscribers[i]);
  for (unsigned i = 0; i < caller_count; i++) connection_cut(&callers[i]);
  connection_cut(&publisher);
  subscriber_count = caller_count = 0;
  report("close", true, 0);
}

static void open_publisher(void) {
  begin();
  report("publisher", open_all(&publisher, 1, 1), 1);
}

static bool run(const char *line) {
  char name[32];
  double a = 0, b = 0, c = 0;
  if (sscanf(line, "%31s %lf %lf %lf", name, &a, &b, &c) < 1) return true;
  if (strcmp(name, "subscribe") == 0) subscribe((unsigned)a, (unsigned)b, (unsigned)c);
  else if (strcmp(name, "publisher") == 0) open_publisher();
  else if (strcmp(name, "fan") == 0) fan(a, (unsigned)b, (unsigned)c);
  else if (strcmp(name, "pace") == 0) pace(a, b);
  else if (strcmp(name, "publish") == 0) publish_to_nobody((unsigned)a);
  else if (strcmp(name, "call") == 0) call(a, (unsigned)b);
  else if (strcmp(name, "cut") == 0) cut();
  else if (strcmp(name, "resume") == 0) resume((unsigned)a);
  else if (strcmp(name, "close") == 0) close_all();
  else return false;
  return true;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: load PORT DIALECT PAYLOAD_BYTES PATIENCE_SECONDS\n");
    return 2;
  }
  patience_seconds = atof(argv[4]);
  payload_prepare((size_t)atoi(argv[3]));
  prctl(PR_SET_TIMERSLACK, 1);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  dialect_read(&dialect, argv[2]);
  conversation_prepare(take);
  connections_prepare((uint16_t)atoi(argv[1]));
  char line[256];
  for (;;) {
    if (!connections_serve(1000000000ULL)) continue;
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    if (!run(line)) {
      fprintf(stderr, "unknown command: %s", line);
      return 2;
    }
  }
}
