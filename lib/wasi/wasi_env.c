/* The environment of a program: given, added one by one or from a file, inherited.
 *
 * A list is one block, as the guest will have it (environ_get): name=value 0 name=value 0 ... Of
 * two values for one name the later one stays: looked for when one variable is added, and sorted
 * out afterwards where many are. What cannot be had leaves the list as it was. */
#include "wasi/wasi_ctx.h"

#include "base/hashmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_FILE = 16 << 20, SETTLE_FIRST = 1 << 16 };

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

/* ---- variables ---- */

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

/* Room for name=value. A variable that is too large does not cost those that are there. */
static bool make_room(StringList *list, size_t len, size_t value_len) {
  u64 room = (u64)len + value_len + 2;
  bool ok = list->bytes.len + room <= UINT32_MAX && wm_buffer_reserve(&list->bytes, room);
  if (!ok) list->bytes.failed = false;
  return ok;
}

static void put_variable(StringList *list, const char *name, size_t len, const char *value) {
  wm_buffer_bytes(&list->bytes, name, len);
  wm_buffer_byte(&list->bytes, '=');
  wm_strings_add(list, value, strlen(value)); /* there is room */
}

/* Adds name=value in place of what was there. False when out of memory: nothing is changed. */
static bool set_variable(StringList *list, const char *name, size_t len, const char *value) {
  if (!make_room(list, len, strlen(value))) return false;
  remove_variable(list, name, len);
  put_variable(list, name, len, value);
  return true;
}

bool wm_env_append(StringList *list, const char *name, size_t len, const char *value) {
  if (!make_room(list, len, strlen(value))) return false;
  put_variable(list, name, len, value);
  return true;
}

/* ---- sorting out ---- */

/* Where the variables begin. */
typedef Vec(u32) Starts;

static size_t size_at(const StringList *list, u32 at) {
  return strlen((const char *)list->bytes.data + at) + 1;
}

static bool find_starts(const StringList *list, Starts *starts) {
  for (size_t at = 0; at < list->bytes.len; at += size_at(list, (u32)at)) {
    u32 *start = vec_push(starts);
    if (!start) return false;
    *start = (u32)at;
  }
  return true;
}

/* Takes out of *starts those whose name comes once more later. */
static bool keep_last(const StringList *list, Starts *starts) {
  NameMap names = {.seed = hash_seed(list)};
  u32 kept = starts->len;
  bool ok = true;
  for (u32 i = starts->len; ok && i-- > 0;) {
    u32 start = starts->data[i];
    const char *name = (const char *)list->bytes.data + start;
    bool existed;
    ok = wm_namemap_add(&names, name, (u32)strcspn(name, "="), 0, &existed);
    if (ok && !existed) starts->data[--kept] = start;
  }
  wm_namemap_free(&names);
  if (!ok) return false;
  starts->len -= kept;
  if (starts->len) memmove(starts->data, starts->data + kept, starts->len * sizeof *starts->data);
  return true;
}

static void close_up(StringList *list, const Starts *starts) {
  size_t to = 0;
  for (u32 i = 0; i < starts->len; i++) {
    size_t size = size_at(list, starts->data[i]);
    memmove(list->bytes.data + to, list->bytes.data + starts->data[i], size);
    to += size;
  }
  list->bytes.len = to;
  list->count = starts->len;
}

bool wm_env_settle(StringList *list) {
  Starts starts = {0};
  bool ok = find_starts(list, &starts) && keep_last(list, &starts);
  if (ok && starts.len < list->count) close_up(list, &starts);
  vec_free(&starts);
  return ok;
}

/* ---- one by one ---- */

bool wasi_config_add_env(wasi_config_t *config, const char *name, const char *value) {
  if (!config || !wm_text_valid(name) || !*name || strchr(name, '=')) return false;
  if (!value) value = getenv(name);
  if (!value) return true;
  return wm_text_valid(value) && set_variable(&config->env, name, strlen(name), value);
}

void wasi_config_inherit_env(wasi_config_t *config) {
  if (!config) return;
  bool ok = true;
  for (char **e = environ; ok && e && *e; e++) {
    const char *equals = strchr(*e, '=');
    /* No variable that a program could ask for. */
    if (!equals || equals == *e) continue;
    ok = wm_env_append(&config->env, *e, (size_t)(equals - *e), equals + 1);
  }
  if (!ok || !wm_env_settle(&config->env)) config->failed = true;
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
  return wm_env_append(&config->env, line, strlen(line), value) ||
         fail(err, WASMX_OUT_OF_MEMORY, 0, "out of memory");
}

/* So that names which come again and again take no more than twice what stays. */
static bool settle_at(wasi_config_t *config, size_t *limit, wasmx_error_t *err) {
  if (config->env.bytes.len < *limit) return true;
  if (!wm_env_settle(&config->env)) return fail(err, WASMX_OUT_OF_MEMORY, 0, "out of memory");
  *limit = 2 * config->env.bytes.len + SETTLE_FIRST;
  return true;
}

/* Lines end in a newline or with the file, whose bytes end in a zero. */
static bool add_lines(wasi_config_t *config, Buffer *file, wasmx_error_t *err) {
  char *at = (char *)file->data, *end = at + file->len - 1;
  size_t limit = config->env.bytes.len + SETTLE_FIRST;
  for (u32 number = 1; at < end; number++) {
    char *newline = memchr(at, '\n', (size_t)(end - at));
    char *stop = newline ? newline : end;
    *stop = 0;
    if (strlen(at) != (size_t)(stop - at))
      return fail(err, WASMX_SYNTAX, number, "a zero byte is no text");
    if (!add_line(config, at, number, err) || !settle_at(config, &limit, err)) return false;
    at = stop + 1;
  }
  limit = 0;
  return settle_at(config, &limit, err);
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
