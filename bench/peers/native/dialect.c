#define _GNU_SOURCE
#include "dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of a key goes. */
static const char **place_of(struct dialect *dialect, const char *key) {
  const struct {
    const char *key;
    const char **place;
  } places[] = {
      {"subscriber-path", &dialect->subscriber_path},
      {"publisher-path", &dialect->publisher_path},
      {"caller-path", &dialect->caller_path},
      {"subprotocol", &dialect->subprotocol},
      {"connect", &dialect->connect},
      {"connected", &dialect->connected},
      {"subscribe", &dialect->subscribe},
      {"subscribed", &dialect->subscribed},
      {"reconnect", &dialect->reconnect},
      {"resume", &dialect->resume},
      {"resumed", &dialect->resumed},
      {"refusal", &dialect->refusal},
      {"publish", &dialect->publish},
      {"published", &dialect->published},
      {"call", &dialect->call},
      {"ping", &dialect->ping},
      {"ping-part", &dialect->ping_part},
      {"pong", &dialect->pong},
  };
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    if (strcmp(key, places[i].key) == 0) return places[i].place;
  }
  return NULL;
}

/* The last character of a capture's value is where it ends. */
static bool take_capture(struct dialect *dialect, const char *key, char *value) {
  if (strncmp(key, "capture", 7) != 0 || key[7] < '0' || key[7] >= '0' + CAPTURES) return false;
  size_t length = strlen(value);
  if (length < 2) return false;
  dialect->capture[key[7] - '0'].until = value[length - 1];
  value[length - 1] = '\0';
  dialect->capture[key[7] - '0'].before = value;
  return true;
}

void dialect_read(struct dialect *dialect, const char *path) {
  memset(dialect, 0, sizeof *dialect);
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&line, &room, file)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = '\0';
    char *space = strchr(line, ' ');
    if (space == NULL) continue;
    *space = '\0';
    char *value = strdup(space + 1);
    const char **place = place_of(dialect, line);
    if (place != NULL) {
      *place = value;
    } else if (value == NULL || !take_capture(dialect, line, value)) {
      fprintf(stderr, "%s: unknown key %s\n", path, line);
      exit(2);
    }
  }
  free(line);
  fclose(file);
}

size_t dialect_fill(const char *template, const struct values *values, char *out, size_t room) {
  size_t at = 0;
  for (const char *from = template; *from != '\0' && at + 1 < room; from++) {
    char number[16];
    const char *text = NULL;
    size_t length = 0;
    if (from[0] == '{' && from[1] != '\0' && from[2] == '}') {
      if (from[1] == 'c' || from[1] == 'i') {
        length = (size_t)snprintf(number, sizeof number, "%u",
                                  from[1] == 'c' ? values->channel : values->id);
        text = number;
      } else if (from[1] == 'p') {
        text = values->payload;
        length = values->payload_length;
      } else if (from[1] >= '0' && from[1] < '0' + CAPTURES && values->captured != NULL) {
        text = values->captured[from[1] - '0'];
        if (text == NULL) text = "";
        length = strlen(text);
      }
    }
    if (text == NULL) {
      out[at++] = *from;
      continue;
    }
    if (length > room - at) length = room - at;
    memcpy(out + at, text, length);
    at += length;
    from += 2;
  }
  return at;
}
