// One crossing into native code for a whole batch of sockets: send(2) of the same bytes to each descriptor.
// It keeps no state, takes no ownership and never blocks; the caller vouches that every descriptor is open now.

#include <errno.h>
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0  // macOS: libuv sets SO_NOSIGPIPE on its sockets
#endif

enum { kArguments = 4 };

static napi_value fail(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG", message);
  return NULL;
}

// Reads an Int32Array; false when it is something else.
static int int32s(napi_env env, napi_value value, int32_t** data, size_t* length) {
  bool typed = false;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return 0;
  napi_typedarray_type type;
  void* at = NULL;
  if (napi_get_typedarray_info(env, value, &type, length, &at, NULL, NULL) != napi_ok) return 0;
  *data = at;
  return type == napi_int32_array;
}

// Reads a Uint8Array (a Buffer is one); false when it is something else.
static int octets(napi_env env, napi_value value, uint8_t** data, size_t* length) {
  bool typed = false;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return 0;
  napi_typedarray_type type;
  void* at = NULL;
  if (napi_get_typedarray_info(env, value, &type, length, &at, NULL, NULL) != napi_ok) return 0;
  *data = at;
  return type == napi_uint8_array;
}

// sendToAll(descriptors: Int32Array, count: number, bytes: Uint8Array, taken: Int32Array): number
// taken[i] becomes the bytes the kernel took (0 when it would block), or the negative errno.
// Returns how many descriptors did not take everything, so that the usual case needs no second look.
static napi_value send_to_all(napi_env env, napi_callback_info info) {
  size_t argc = kArguments;
  napi_value argv[kArguments];
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc != kArguments)
    return fail(env, "sendToAll takes (descriptors, count, bytes, taken)");
  int32_t* descriptors;
  int32_t* taken;
  uint8_t* bytes;
  size_t descriptors_length, taken_length, size;
  uint32_t count;
  if (!int32s(env, argv[0], &descriptors, &descriptors_length))
    return fail(env, "descriptors must be an Int32Array");
  if (napi_get_value_uint32(env, argv[1], &count) != napi_ok)
    return fail(env, "count must be a number");
  if (!octets(env, argv[2], &bytes, &size)) return fail(env, "bytes must be a Uint8Array");
  if (!int32s(env, argv[3], &taken, &taken_length))
    return fail(env, "taken must be an Int32Array");
  if (count > descriptors_length || count > taken_length)
    return fail(env, "count is beyond the arrays");
  if (size > INT32_MAX) return fail(env, "bytes is too long");

  uint32_t incomplete = 0;
  for (uint32_t i = 0; i < count; i++) {
    ssize_t sent;
    do {
      sent = send(descriptors[i], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) sent = (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -errno;
    taken[i] = (int32_t)sent;
    if (sent != (ssize_t)size) incomplete++;
  }
  napi_value result;
  if (napi_create_uint32(env, incomplete, &result) != napi_ok) return NULL;
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "sendToAll", NAPI_AUTO_LENGTH, send_to_all, NULL, &function) != napi_ok ||
      napi_set_named_property(env, exports, "sendToAll", function) != napi_ok)
    napi_throw_error(env, NULL, "fanout could not be initialised");
  return exports;
}
