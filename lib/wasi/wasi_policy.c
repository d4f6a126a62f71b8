/* What a program is given, from a file: wasi_config_load_policy. YAML, read by libyaml into a tree
 * of nodes with their places; what the keys mean stands in tables here.
 *
 *   document -> map of the top --keys[]--> take_arguments, each of a list: take_directory, ...
 *                                            directory: map --dir_keys[]--> fields of a PolicyDir
 */
#include "wasi/wasi_ctx.h"

#include "base/quantity.h"

#if WITH_YAML

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

enum {
  DEFAULT_FS_LIMIT = 256 << 20,
  MAX_POLICY = 128 << 10, /* what libyaml takes in a fraction of a second, however it is made */
  MAX_DEPTH = 1000,
  MAX_TEXT = 2 * MAX_POLICY /* taken out of it: escapes may be shorter than what they stand for */
};

typedef struct Policy {
  yaml_document_t doc;
  wasi_config_t *config;
  const char *path;
  wasmx_error_t *err;
  size_t text; /* bytes that were taken */
} Policy;

typedef bool Take(Policy *p, const yaml_node_t *value, void *to);

typedef struct PolicyKey {
  const char *key;
  Take *take;   /* of a list: each of its items */
  size_t field; /* of what `to` points at */
  bool is_list;
} PolicyKey;

/* ---- errors ---- */

PRINTF_LIKE(3, 4)
static bool refuse(const Policy *p, yaml_mark_t at, const char *format, ...) {
  wasmx_error_t *err = p->err;
  if (!err || err->size < sizeof *err) return false;
  *err = (wasmx_error_t){.size = err->size,
                         .code = WASMX_SYNTAX,
                         .line = (uint32_t)at.line + 1,
                         .column = (uint32_t)at.column + 1};
  int len = snprintf(err->message, sizeof err->message, "%s:%u: ", p->path, err->line);
  if (len < 0 || (size_t)len >= sizeof err->message) return false;
  va_list args;
  va_start(args, format);
  vsnprintf(err->message + len, sizeof err->message - (size_t)len, format, args);
  va_end(args);
  return false;
}

static bool out_of_memory(const Policy *p) {
  wm_wasi_fail(p->err, WASMX_OUT_OF_MEMORY, "out of memory");
  return false;
}

/* ---- values ---- */

static const char *text_of(const yaml_node_t *n) {
  return n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static bool is_word(const yaml_node_t *n, const char *word) {
  const char *text = text_of(n);
  return text && strcmp(text, word) == 0;
}

/* Nothing, null or ~, without quotes. */
static bool is_null(const yaml_node_t *n) {
  if (!text_of(n) || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
  return is_word(n, "") || is_word(n, "~") || is_word(n, "null");
}

/* Text without a zero byte within. References may name the same one again and again. */
static bool take_text(Policy *p, const yaml_node_t *n, void *to) {
  const char *text = text_of(n);
  if (!text || strlen(text) != n->data.scalar.length)
    return refuse(p, n->start_mark, "this should be text");
  p->text += strlen(text) + 1;
  if (p->text > MAX_TEXT) return refuse(p, n->start_mark, "this is more than 256 KiB of text");
  *(const char **)to = text;
  return true;
}

static bool take_flag(Policy *p, const yaml_node_t *n, void *to) {
  bool yes = is_word(n, "true"), no = is_word(n, "false");
  *(bool *)to = yes;
  return yes || no || refuse(p, n->start_mark, "this should be true or false");
}

static bool take_number(Policy *p, const yaml_node_t *n, void *to) {
  const char *text = text_of(n);
  return (text && wm_quantity_number(text, to)) ||
         refuse(p, n->start_mark, "this should be a number");
}

static bool take_size(Policy *p, const yaml_node_t *n, void *to) {
  const char *text = text_of(n);
  return (text && wm_quantity_size(text, to)) ||
         refuse(p, n->start_mark, "this should be a size, such as 64M");
}

static bool take_seconds(Policy *p, const yaml_node_t *n, void *to) {
  const char *text = text_of(n);
  return (text && wm_quantity_seconds(text, to)) ||
         refuse(p, n->start_mark, "this should be seconds, such as 2.5");
}

/* ---- maps and lists ---- */

static const yaml_node_t *node_of(Policy *p, int index) {
  return yaml_document_get_node(&p->doc, index);
}

static bool take_list(Policy *p, const yaml_node_t *n, Take *take, void *to) {
  if (n->type != YAML_SEQUENCE_NODE) return refuse(p, n->start_mark, "this should be a list");
  const yaml_node_item_t *end = n->data.sequence.items.top;
  for (const yaml_node_item_t *item = n->data.sequence.items.start; item < end; item++)
    if (!take(p, node_of(p, *item), to)) return false;
  return true;
}

static bool take_value(Policy *p, const yaml_node_t *n, const PolicyKey *key, void *to) {
  to = (char *)to + key->field;
  return key->is_list ? take_list(p, n, key->take, to) : key->take(p, n, to);
}

static bool take_pair(Policy *p, const yaml_node_pair_t *pair, const PolicyKey *keys, size_t count,
                      void *to) {
  const yaml_node_t *key = node_of(p, pair->key), *value = node_of(p, pair->value);
  for (size_t i = 0; i < count; i++)
    if (is_word(key, keys[i].key)) return take_value(p, value, &keys[i], to);
  const char *text = text_of(key);
  return refuse(p, key->start_mark, "there is no key '%s' here", text ? text : "of this kind");
}

/* Twice the same key is a mistake, though the library lets it pass. */
static bool is_repeated(Policy *p, const yaml_node_t *map, const yaml_node_pair_t *pair) {
  const char *key = text_of(node_of(p, pair->key));
  for (const yaml_node_pair_t *q = map->data.mapping.pairs.start; key && q < pair; q++)
    if (is_word(node_of(p, q->key), key)) return true;
  return false;
}

static bool take_map(Policy *p, const yaml_node_t *n, const PolicyKey *keys, size_t count,
                     void *to) {
  if (n->type != YAML_MAPPING_NODE)
    return refuse(p, n->start_mark, "this should be keys and values");
  const yaml_node_pair_t *end = n->data.mapping.pairs.top;
  for (const yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < end; pair++) {
    const yaml_node_t *key = node_of(p, pair->key);
    if (is_repeated(p, n, pair))
      return refuse(p, key->start_mark, "'%s' stands here twice", text_of(key));
    if (!take_pair(p, pair, keys, count, to)) return false;
  }
  return true;
}

/* ---- arguments, environment, streams ---- */

static bool take_argument(Policy *p, const yaml_node_t *n, void *to) {
  const char *text = "";
  wasi_config_t *config = to;
  if (!take_text(p, n, &text)) return false;
  if (!wm_text_valid(text)) return refuse(p, n->start_mark, "this is not UTF-8");
  return wm_strings_add(&config->args, text, strlen(text)) || out_of_memory(p);
}

static bool take_arguments(Policy *p, const yaml_node_t *n, void *to) {
  wasi_config_t *config = to;
  wm_buffer_free(&config->args.bytes);
  config->args = (StringList){0};
  return take_list(p, n, take_argument, config);
}

/* NAME: value; NAME: null for what this process has. */
static bool take_variable(Policy *p, const yaml_node_pair_t *pair) {
  const char *name = "", *value = NULL;
  const yaml_node_t *n = node_of(p, pair->value);
  if (!take_text(p, node_of(p, pair->key), &name)) return false;
  if (!is_null(n) && !take_text(p, n, &value)) return false;
  if (!value) value = getenv(name);
  if (!wm_text_valid(name) || !*name || strchr(name, '=') || (value && !wm_text_valid(value)))
    return refuse(p, n->start_mark, "a variable needs a name without '=', and UTF-8");
  return !value || wm_env_append(&p->config->env, name, strlen(name), value) || out_of_memory(p);
}

static bool take_environment(Policy *p, const yaml_node_t *n, void *to) {
  (void)to;
  if (n->type != YAML_MAPPING_NODE) return refuse(p, n->start_mark, "this should be NAME: value");
  const yaml_node_pair_t *end = n->data.mapping.pairs.top;
  for (const yaml_node_pair_t *pair = n->data.mapping.pairs.start; pair < end; pair++)
    if (!take_variable(p, pair)) return false;
  return wm_env_settle(&p->config->env) || out_of_memory(p);
}

typedef bool SetFile(wasi_config_t *config, const char *path);

/* none, inherit, or "file:" and a name; `to` is the stream in the config. */
static bool take_stream(Policy *p, const yaml_node_t *n, void *to) {
  static void (*const inherit[])(wasi_config_t *) = {
      wasi_config_inherit_stdin, wasi_config_inherit_stdout, wasi_config_inherit_stderr};
  static SetFile *const set_file[] = {wasi_config_set_stdin_file, wasi_config_set_stdout_file,
                                      wasi_config_set_stderr_file};
  const char *text = "";
  ptrdiff_t number = (Stream *)to - p->config->streams;
  if (!take_text(p, n, &text)) return false;
  if (strcmp(text, "none") == 0) return wm_stream_close(to), true;
  if (strcmp(text, "inherit") == 0) return inherit[number](p->config), true;
  if (strncmp(text, "file:", 5) != 0)
    return refuse(p, n->start_mark, "this should be none, inherit or file:NAME");
  return set_file[number](p->config, text + 5) ||
         refuse(p, n->start_mark, "cannot open %s: %s", text + 5, strerror(errno));
}

/* ---- directories ---- */

typedef struct PolicyDir {
  const char *host, *guest, *overlay, *archive, *access;
  u64 memory, limit;
  bool special;
} PolicyDir;

#define DIR_KEY(name, take) {#name, take, offsetof(PolicyDir, name), false}
static const PolicyKey dir_keys[] = {
    DIR_KEY(host, take_text),    DIR_KEY(guest, take_text),   DIR_KEY(overlay, take_text),
    DIR_KEY(archive, take_text), DIR_KEY(access, take_text),  DIR_KEY(memory, take_size),
    DIR_KEY(limit, take_size),   DIR_KEY(special, take_flag),
};

/* "read" when nothing is said. */
static bool read_access(const PolicyDir *d, wasi_dir_perms *dir, wasi_file_perms *file) {
  bool write = d->access && strcmp(d->access, "read-write") == 0;
  *dir = WASI_DIR_PERMS_READ | (write ? WASI_DIR_PERMS_WRITE : 0);
  *file = WASI_FILE_PERMS_READ | (write ? WASI_FILE_PERMS_WRITE : 0);
  if (d->special) *dir |= WASI_DIR_PERMS_SPECIAL;
  return write || !d->access || strcmp(d->access, "read") == 0;
}

static wasi_fs_t *make_fs(const PolicyDir *d, wasmx_error_t *err) {
  u64 limit = d->limit ? d->limit : DEFAULT_FS_LIMIT;
  if (d->overlay) return wasi_fs_new_overlay(d->overlay, limit, err);
  if (d->archive) return wasi_fs_new_archive(d->archive, limit, err);
  wm_wasi_fail(err, WASMX_OUT_OF_MEMORY, "out of memory");
  return wasi_fs_new_memory(d->memory);
}

static bool give_dir(Policy *p, const PolicyDir *d, yaml_mark_t at) {
  wasi_dir_perms dir;
  wasi_file_perms file;
  wasmx_error_t err = {.size = sizeof err};
  if (!read_access(d, &dir, &file)) return refuse(p, at, "access should be read or read-write");
  if (d->host)
    return wasi_config_preopen_dir_perms(p->config, d->host, d->guest, dir, file) ||
           refuse(p, at, "cannot open directory %s: %s", d->host, strerror(errno));
  wasi_fs_t *fs = make_fs(d, &err);
  if (!fs) return refuse(p, at, "%s", err.message);
  bool given = wasi_config_mount(p->config, fs, d->guest, dir, file);
  wasi_fs_delete(fs);
  return given || out_of_memory(p);
}

static bool take_directory(Policy *p, const yaml_node_t *n, void *to) {
  PolicyDir d = {.guest = NULL};
  (void)to;
  if (!take_map(p, n, dir_keys, ARRAY_LEN(dir_keys), &d)) return false;
  int sources = (d.host != NULL) + (d.overlay != NULL) + (d.archive != NULL) + (d.memory != 0);
  if (sources != 1)
    return refuse(p, n->start_mark, "a directory is one of host, overlay, archive and memory");
  if (!d.guest) d.guest = d.host ? d.host : d.overlay;
  if (!d.guest) return refuse(p, n->start_mark, "the key 'guest' is missing");
  if (!wm_text_valid(d.guest)) return refuse(p, n->start_mark, "the guest's name is not UTF-8");
  return give_dir(p, &d, n->start_mark);
}

/* ---- sockets, audit ---- */

static bool take_listener(Policy *p, const yaml_node_t *n, void *to) {
  const char *address = "";
  wasmx_error_t err = {.size = sizeof err};
  (void)to;
  if (!take_text(p, n, &address)) return false;
  return wasi_config_preopen_listener(p->config, address, &err) ||
         refuse(p, n->start_mark, "%s", err.message);
}

static bool take_net(Policy *p, const yaml_node_t *n, void *to) {
  const char *grant = "";
  wasmx_error_t err = {.size = sizeof err};
  (void)to;
  if (!take_text(p, n, &grant)) return false;
  return wasi_config_allow_net(p->config, grant, &err) ||
         refuse(p, n->start_mark, "%s", err.message);
}

static bool take_audit(Policy *p, const yaml_node_t *n, void *to) {
  const char *path = "";
  (void)to;
  if (!take_text(p, n, &path)) return false;
  return wasi_config_set_audit_file(p->config, path) ||
         refuse(p, n->start_mark, "cannot open %s: %s", path, strerror(errno));
}

/* ---- clock, random bytes ---- */

typedef struct PolicyClock {
  const char *kind;
  u64 start, step;
} PolicyClock;

#define CLOCK_KEY(name, take) {#name, take, offsetof(PolicyClock, name), false}
static const PolicyKey clock_keys[] = {CLOCK_KEY(kind, take_text), CLOCK_KEY(start, take_number),
                                       CLOCK_KEY(step, take_number)};

static bool take_clock(Policy *p, const yaml_node_t *n, void *to) {
  static const char *const kinds[] = {[WASI_CLOCK_REAL] = "real",
                                      [WASI_CLOCK_FROZEN] = "frozen",
                                      [WASI_CLOCK_STEPPED] = "stepped",
                                      [WASI_CLOCK_COARSE] = "coarse"};
  PolicyClock clock = {.kind = ""};
  (void)to;
  if (!take_map(p, n, clock_keys, ARRAY_LEN(clock_keys), &clock)) return false;
  for (int i = 0; i < (int)ARRAY_LEN(kinds); i++) {
    if (strcmp(clock.kind, kinds[i]) != 0) continue;
    return wasi_config_set_clock(p->config, i, clock.start, clock.step) ||
           refuse(p, n->start_mark, "this kind of clock needs a step");
  }
  return refuse(p, n->start_mark, "kind should be real, frozen, stepped or coarse");
}

/* By one of the two that take a seed. */
static bool set_seed(Policy *p, const yaml_node_t *n, void (*set)(wasi_config_t *, u64)) {
  u64 seed = 0;
  if (!take_number(p, n, &seed)) return false;
  set(p->config, seed);
  return true;
}

static bool take_seed(Policy *p, const yaml_node_t *n, void *to) {
  (void)to;
  return set_seed(p, n, wasi_config_set_random_seed);
}

static bool take_deterministic(Policy *p, const yaml_node_t *n, void *to) {
  (void)to;
  return set_seed(p, n, wasi_config_set_deterministic);
}

/* ---- limits ---- */

typedef struct PolicyLimits {
  wasi_limits_t of_store;
  u64 descriptors, threads;
} PolicyLimits;

#define STORE_KEY(key, take, field) {key, take, offsetof(PolicyLimits, of_store.field), false}
static const PolicyKey limit_keys[] = {
    STORE_KEY("memory", take_size, memory_bytes),
    STORE_KEY("table-elements", take_number, table_elements),
    STORE_KEY("fuel", take_number, fuel),
    STORE_KEY("deadline", take_seconds, deadline_ns),
    STORE_KEY("output", take_size, output_bytes),
    {"descriptors", take_number, offsetof(PolicyLimits, descriptors), false},
    {"threads", take_number, offsetof(PolicyLimits, threads), false},
};

static bool take_limits(Policy *p, const yaml_node_t *n, void *to) {
  wasi_config_t *config = to;
  PolicyLimits l = {config->limits, config->max_fds, config->max_threads};
  if (!take_map(p, n, limit_keys, ARRAY_LEN(limit_keys), &l)) return false;
  config->limits = l.of_store;
  wasi_config_set_max_fds(config, l.descriptors);
  wasi_config_set_max_threads(config, l.threads);
  return true;
}

/* ---- the file ---- */

#define STREAM_KEY(name, number)                                                                   \
  {name, take_stream, offsetof(wasi_config_t, streams) + (number) * sizeof(Stream), false}
static const PolicyKey top_keys[] = {
    {"arguments", take_arguments, 0, false},
    {"environment", take_environment, 0, false},
    STREAM_KEY("stdin", 0),
    STREAM_KEY("stdout", 1),
    STREAM_KEY("stderr", 2),
    {"directories", take_directory, 0, true},
    {"listeners", take_listener, 0, true},
    {"network", take_net, 0, true},
    {"terminal", take_flag, offsetof(wasi_config_t, grants_terminal), false},
    {"limits", take_limits, 0, false},
    {"audit", take_audit, 0, false},
    {"clock", take_clock, 0, false},
    {"random-seed", take_seed, 0, false},
    {"deterministic", take_deterministic, 0, false},
};

static bool take_document(Policy *p) {
  const yaml_node_t *top = yaml_document_get_root_node(&p->doc);
  if (!top || is_null(top)) return true; /* nothing is given */
  return take_map(p, top, top_keys, ARRAY_LEN(top_keys), p->config);
}

static bool parse(Policy *p, const Buffer *text) {
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) return out_of_memory(p);
  yaml_parser_set_input_string(&parser, text->data, text->len);
  bool ok = yaml_parser_load(&parser, &p->doc);
  if (!ok && parser.error == YAML_MEMORY_ERROR) out_of_memory(p);
  if (!ok && parser.error != YAML_MEMORY_ERROR)
    refuse(p, parser.problem_mark, "%s", parser.problem ? parser.problem : "this is no YAML");
  if (ok) {
    ok = take_document(p);
    yaml_document_delete(&p->doc);
  }
  yaml_parser_delete(&parser);
  return ok;
}

/* Why not; NULL: it is whole. It may be a pipe. */
static const char *read_whole(int fd, Buffer *out) {
  for (ssize_t n = 1; n && out->len <= MAX_POLICY;) {
    if (!wm_buffer_reserve(out, 4096)) return "out of memory";
    n = read(fd, out->data + out->len, 4096);
    if (n > 0) out->len += (size_t)n;
    if (n < 0 && errno != EINTR) return strerror(errno);
  }
  return out->len <= MAX_POLICY ? NULL : "it is larger than 128 KiB";
}

/* libyaml takes time with the square of how deep brackets are nested. Those in text count too. */
static bool is_deep(const Buffer *text) {
  u32 depth = 0;
  for (size_t i = 0; i < text->len && depth <= MAX_DEPTH; i++) {
    u8 c = text->data[i];
    depth += c == '[' || c == '{';
    depth -= depth && (c == ']' || c == '}');
  }
  return depth > MAX_DEPTH;
}

static bool cannot_open(wasmx_error_t *err, const char *path, const char *why) {
  wm_wasi_fail(err, WASMX_IO, "policy %s: %s", path, why);
  return false;
}

bool wasi_config_load_policy(wasi_config_t *config, const char *path, wasmx_error_t *err) {
  if (!config || !path) return cannot_open(err, path ? path : "", "config or path is NULL");
  int fd = wm_open_granted(path, O_RDONLY);
  if (fd < 0) return cannot_open(err, path, strerror(errno));
  Buffer text = {0};
  Policy p = {.config = config, .path = path, .err = err};
  const char *why = read_whole(fd, &text);
  close(fd);
  if (!why && is_deep(&text)) why = "too many brackets are open in it";
  bool ok = why ? cannot_open(err, path, why) : parse(&p, &text);
  wm_buffer_free(&text);
  return ok;
}

#else

bool wasi_config_load_policy(wasi_config_t *config, const char *path, wasmx_error_t *err) {
  (void)config;
  (void)path;
  wm_wasi_fail(err, WASMX_ARGUMENT, "this libwasi was built without libyaml: no policies");
  return false;
}

#endif

void wasi_config_limits(const wasi_config_t *config, wasi_limits_t *limits) {
  if (!limits || limits->size < sizeof *limits) return;
  size_t size = limits->size;
  *limits = config ? config->limits : (wasi_limits_t){0};
  limits->size = size;
}

bool wasi_limits_apply(const wasi_limits_t *limits, wasm_store_t *store) {
  if (!limits || !store || limits->size < sizeof *limits) return false;
  wasmx_limits_t of_store = {.size = sizeof of_store,
                             .memory_bytes = UINT64_MAX,
                             .table_elements = UINT64_MAX,
                             .instances = UINT64_MAX,
                             .total_bytes = limits->memory_bytes};
  if (limits->table_elements) of_store.table_elements = limits->table_elements;
  return wasmx_store_set_limits(store, &of_store) &&
         (!limits->fuel || wasmx_store_set_fuel(store, limits->fuel)) &&
         (!limits->deadline_ns || wasmx_store_set_deadline(store, limits->deadline_ns));
}
