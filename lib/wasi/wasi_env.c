/* The environment of a program: given, added one by one or from a file, inherited.
 *
 * A list is one block, as the guest will have it (environ_get): name=value 0 name=value 0 ... Of
 * two values for one name the later one stays. What cannot be had leaves the list as it was. */
#include "wasi/wasi_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_FILE = 16 << 20 };

bool wasi_config_set_env(wasi_config_t *config, size_t envc, const char *names[],
                         const char *values[]) {
  StringList made = {0};
  bool ok = config && ((names && values) || envc == 0);
  for (size_t i = 0; ok && i < envc; i++) {
    ok = wm_text_valid(names[i]) && wm_text_valid(values[i]);
    if (!ok) break;
    wm_buffer_bytes(&made.bytes, names[i], strlen(names[i]));
    wm_buffer_byte(&made.bytes, '=');
    ok = wm_strings_add(&made, values[i], strlen(values[i]));
  }
  return wm_strings_replace(ok ? &config->env : NULL, &made, ok);
}

/* ---- one by one ---- */

/* Removes the variable, if there is one. */
static void remove_variable(StringList *list, const char *name, size_t len) {
  for (size_t at = 0, size; at < list->bytes.len; at += size) {
    char *entry = (char *)list->bytes.data + at;
    size = strlen(entry) + 1;
    if (size <= len || memcmp(entry, name, len) != 0 || entry[len] != '=') continue;
    memmove(entry, entry + size, list->bytes.len - at - size);
    list->bytes.len -= size;
    list->count--;
    return;
  }
}

/* Adds name=value in place of what was there. False when out of memory: nothing is changed. */
static bool set_variable(StringList *list, const char *name, size_t len, const char *value,
                         size_t value_len) {
  u64 room = (u64)len + value_len + 2;
  if (list->bytes.len + room > UINT32_MAX || !wm_buffer_reserve(&list->bytes, room)) {
    /* So that a variable that is too large does not cost those that are there. */
    list->bytes.failed = false;
    return false;
  }
  remove_variable(list, name, len);
  wm_buffer_bytes(&list->bytes, name, len);
  wm_buffer_byte(&list->bytes, '=');
  return wm_strings_add(list, value, value_len);
}

bool wasi_config_add_env(wasi_config_t *config, const char *name, const char *value) {
  if (!config || !wm_text_valid(name) || !*name || strchr(name, '=')) return false;
  if (!value) value = getenv(name);
  if (!value) return true;
  return wm_text_valid(value) &&
         set_variable(&config->env, name, strlen(name), value, strlen(value));
}

void wasi_config_inherit_env(wasi_config_t *config) {
  if (!config) return;
  bool ok = true;
  for (char **e = environ; ok && e && *e; e++) {
    const char *equals = strchr(*e, '=');
    /* No variable that a program could ask for. */
    if (!equals || equals == *e) continue;
    ok = set_variable(&config->env, *e, (size_t)(equals - *e), equals + 1, strlen(equals + 1));
  }
  if (!ok) config->failed = true;
}

/* ---- from a file ---- */

static bool fail(wasmx_error_t *err, wasmx_errcode_t code, u32 line, const char *message) {
  if (line)
    wm_wasi_fail(err, code, "line %u: %s", line, message);
  else
    wm_wasi_fail(err, code, "%s", message);
  /* Of callers that were built with this struct or a longer one. */
  if (err && err->size >= sizeof *err) err->line = line;
  return false;
}

/* The whole file and a zero byte. */
static bool read_file(const char *path, Buffer *out, wasmx_error_t *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  /* What read(2) said last: 0 is the end, 1 to begin with. */
  ssize_t n = fd < 0 ? -1 : 1;
  while (n > 0 && out->len <= MAX_FILE && wm_buffer_reserve(out, 4096)) {
    n = read(fd, out->data + out->len, 4096);
    if (n > 0) out->len += (size_t)n;
    if (n < 0 && errno == EINTR) n = 1;
  }
  int error = errno;
  if (fd >= 0) close(fd);
  wm_buffer_byte(out, 0);
  if (n < 0) return fail(err, WASMX_IO, 0, strerror(error));
  if (out->failed) return fail(err, WASMX_OUT_OF_MEMORY, 0, "out of memory");
  return out->len <= MAX_FILE || fail(err, WASMX_LIMIT, 0, "the file has more than 16 MiB");
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void unquote(char *value) {
  size_t len = strlen(value);
  if (len < 2 || (value[0] != '"' && value[0] != '\'') || value[len - 1] != value[0]) return;
  memmove(value, value + 1, len - 2);
  value[len - 2] = 0;
}

/* One line (terminated), which is taken apart. */
static bool add_line(wasi_config_t *config, char *line, u32 number, wasmx_error_t *err) {
  while (is_blank(*line)) line++;
  size_t len = strlen(line);
  while (len && is_blank(line[len - 1])) line[--len] = 0;
  if (!*line || *line == '#') return true;
  if (!wm_text_valid(line)) return fail(err, WASMX_SYNTAX, number, "this is not UTF-8");
  char *value = strchr(line, '=');
  if (value) *value++ = 0;
  if (!*line) return fail(err, WASMX_SYNTAX, number, "a name is missing before '='");
  if (line[strcspn(line, " \t")]) return fail(err, WASMX_SYNTAX, number, "a name has no blanks");
  if (value) unquote(value);
  if (!value) value = getenv(line);
  if (!value) return true;
  if (!wm_text_valid(value)) return fail(err, WASMX_SYNTAX, number, "its value is not UTF-8");
  return set_variable(&config->env, line, strlen(line), value, strlen(value)) ||
         fail(err, WASMX_OUT_OF_MEMORY, 0, "out of memory");
}

/* Lines end in a newline or with the file, whose bytes end in a zero. */
static bool add_lines(wasi_config_t *config, Buffer *file, wasmx_error_t *err) {
  char *at = (char *)file->data, *end = at + file->len - 1;
  for (u32 number = 1; at < end; number++) {
    char *newline = memchr(at, '\n', (size_t)(end - at));
    char *stop = newline ? newline : end;
    *stop = 0;
    if (strlen(at) != (size_t)(stop - at))
      return fail(err, WASMX_SYNTAX, number, "a zero byte is no text");
    if (!add_line(config, at, number, err)) return false;
    at = stop + 1;
  }
  return true;
}

bool wasi_config_add_env_file(wasi_config_t *config, const char *path, wasmx_error_t *err) {
  if (!config || !path) return fail(err, WASMX_ARGUMENT, 0, "config or path is NULL");
  StringList before = {.count = config->env.count};
  wm_buffer_bytes(&before.bytes, config->env.bytes.data, config->env.bytes.len);
  if (before.bytes.failed) return fail(err, WASMX_OUT_OF_MEMORY, 0, "out of memory");
  Buffer file = {0};
  bool ok = read_file(path, &file, err) && add_lines(config, &file, err);
  wm_buffer_free(&file);
  wm_strings_replace(&config->env, &before, !ok);
  return ok;
}
