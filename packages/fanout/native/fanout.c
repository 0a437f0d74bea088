// One crossing into native code for a whole batch of sockets: send(2) of shared bytes to each descriptor.
// It keeps no state, takes no ownership and never blocks; the caller vouches that every descriptor is open now.

#define _GNU_SOURCE  // syscall(2)
#include <errno.h>
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0  // macOS: libuv sets SO_NOSIGPIPE on its sockets
#endif

// Bounds of one batch: the caller's own, and below IOV_MAX.
enum { kArguments = 6, kMaxParts = 1024, kMaxLists = 1024 };

// What one list of parts comes to.
struct list {
  struct iovec* parts;
  uint32_t count;
  size_t bytes;
};

static napi_value fail(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG", message);
  return NULL;
}

// Reads a typed array of the wanted type; 0 when it is something else.
static int typed(napi_env env, napi_value value, napi_typedarray_type wanted, void** data, size_t* length) {
  bool is_typed = false;
  napi_typedarray_type type;
  if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed) return 0;
  if (napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) != napi_ok) return 0;
  return type == wanted;
}

// Reads the parts into `iov` and groups them into lists by where each list ends; the complaint, or NULL.
static const char* read_lists(napi_env env, napi_value parts, const int32_t* ends, uint32_t list_count,
                              struct iovec* iov, struct list* lists) {
  uint32_t given = 0;
  uint32_t at = 0;
  bool is_array = false;
  if (napi_is_array(env, parts, &is_array) != napi_ok || !is_array) return "parts must be an array";
  if (napi_get_array_length(env, parts, &given) != napi_ok) return "parts must be an array";
  for (uint32_t l = 0; l < list_count; l++) {
    if (ends[l] <= (int32_t)at || ends[l] > kMaxParts || (uint32_t)ends[l] > given)
      return "ends must rise and stay within the parts";
    lists[l] = (struct list){.parts = &iov[at], .count = (uint32_t)ends[l] - at, .bytes = 0};
    for (; at < (uint32_t)ends[l]; at++) {
      napi_value part;
      void* data = NULL;
      size_t length = 0;
      if (napi_get_element(env, parts, at, &part) != napi_ok) return "parts must be an array";
      if (!typed(env, part, napi_uint8_array, &data, &length)) return "a part must be a Uint8Array";
      iov[at] = (struct iovec){.iov_base = data, .iov_len = length};
      lists[l].bytes += length;
    }
    if (lists[l].bytes > INT32_MAX) return "a list is too long";
  }
  return NULL;
}

// send(2). Where there are threads, as in Node, the C library's makes each call a cancellation point, with two
// atomic operations; nobody cancels this thread.
static ssize_t send_part(int descriptor, const struct iovec* part) {
#ifdef SYS_sendto
  return syscall(SYS_sendto, descriptor, part->iov_base, part->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
#else
  return send(descriptor, part->iov_base, part->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
#endif
}

static ssize_t send_list(int descriptor, const struct list* list) {
  if (descriptor < 0) return -EBADF;
  struct msghdr message = {.msg_iov = list->parts, .msg_iovlen = list->count};
  ssize_t sent;
  do {
    sent = list->count == 1 ? send_part(descriptor, list->parts)
                            : sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

// sendEach(count, descriptors: Int32Array, which: Int32Array, parts: Uint8Array[], ends: Int32Array, taken: Int32Array)
// Descriptor i is sent list which[i]: the parts from ends[which[i] - 1] (0 for the first) up to ends[which[i]].
// A negative descriptor stands for one that must not be used: nothing is sent.
// taken[i] becomes the bytes the kernel took (0 when it would block), or the negative errno.
// Returns how many descriptors did not take everything, so that the usual case needs no second look.
static napi_value send_each(napi_env env, napi_callback_info info) {
  size_t argc = kArguments;
  napi_value argv[kArguments];
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != kArguments)
    return fail(env, "sendEach takes (count, descriptors, which, parts, ends, taken)");
  uint32_t count = 0;
  void* data[4];
  size_t length[4];
  static const uint32_t arrays[] = {1, 2, 4, 5};
  if (napi_get_value_uint32(env, argv[0], &count) != napi_ok) return fail(env, "count must be a number");
  for (int i = 0; i < 4; i++)
    if (!typed(env, argv[arrays[i]], napi_int32_array, &data[i], &length[i]))
      return fail(env, "descriptors, which, ends and taken must be Int32Arrays");
  const int32_t* descriptors = data[0];
  const int32_t* which = data[1];
  int32_t* taken = data[3];
  if (count > length[0] || count > length[1] || count > length[3])
    return fail(env, "count is beyond the arrays");

  // Lists are numbered in order of use, so the last one used is the last one there is.
  int32_t list_count = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (which[i] < 0 || which[i] >= kMaxLists || (size_t)which[i] >= length[2])
      return fail(env, "which names a list that has no end");
    if (which[i] >= list_count) list_count = which[i] + 1;
  }
  struct iovec iov[kMaxParts];
  struct list lists[kMaxLists];
  const char* complaint = read_lists(env, argv[3], data[2], (uint32_t)list_count, iov, lists);
  if (complaint != NULL) return fail(env, complaint);

  uint32_t incomplete = 0;
  for (uint32_t i = 0; i < count; i++) {
    const struct list* list = &lists[which[i]];
    const ssize_t sent = send_list(descriptors[i], list);
    taken[i] = (int32_t)sent;
    if (sent != (ssize_t)list->bytes) incomplete++;
  }
  napi_value result;
  if (napi_create_uint32(env, incomplete, &result) != napi_ok) return NULL;
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "sendEach", NAPI_AUTO_LENGTH, send_each, NULL, &function) != napi_ok ||
      napi_set_named_property(env, exports, "sendEach", function) != napi_ok)
    napi_throw_error(env, NULL, "fanout could not be initialised");
  return exports;
}
