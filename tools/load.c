/* Files into modules, and leading options: see tool.h. */
#include "tools/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No module is as large: what is (a device that never ends) is not read whole. */
static const size_t max_file = (size_t)1 << 30;

/* Makes room for at least one more byte. */
static bool grow(wasm_byte_vec_t *bytes, size_t *cap) {
  size_t wanted = *cap < 65536 ? 65536 : *cap * 2;
  byte_t *data = realloc(bytes->data, wanted);
  if (!data) return false;
  bytes->data = data;
  *cap = wanted;
  return true;
}

/* Reads to the end; a file of the size that was seen is read by one call, and one for the end. */
static int read_all(int fd, wasm_byte_vec_t *bytes) {
  struct stat st;
  size_t cap = 0;
  if (fstat(fd, &st)) return errno;
  if (S_ISDIR(st.st_mode)) return EISDIR;
  if (S_ISREG(st.st_mode) && st.st_size > 0) {
    if ((uintmax_t)st.st_size > max_file) return EFBIG;
    cap = (size_t)st.st_size + 1;
    bytes->data = malloc(cap);
    if (!bytes->data) return ENOMEM;
  }
  for (;;) {
    if (bytes->size > max_file) return EFBIG;
    if (bytes->size == cap && !grow(bytes, &cap)) return ENOMEM;
    ssize_t n = read(fd, bytes->data + bytes->size, cap - bytes->size);
    if (n == 0) return 0;
    if (n > 0)
      bytes->size += (size_t)n;
    else if (errno != EINTR)
      return errno;
  }
}

bool load_file(const char *path, wasm_byte_vec_t *bytes) {
  *bytes = (wasm_byte_vec_t){0, NULL};
  bool standard = strcmp(path, "-") == 0;
  int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  int error = fd < 0 ? errno : read_all(fd, bytes);
  if (fd >= 0 && !standard) close(fd);
  if (!error) return true;
  free(bytes->data);
  complain("cannot read %s: %s", printable(path), strerror(error));
  return false;
}

/* Whether the library can read it by its name: all but standard input, pipes and devices. */
static bool is_readable_file(const char *path) {
  struct stat st;
  return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
         access(path, R_OK) == 0;
}

/* What the library cannot read by its name is read here. */
static bool open_input(const char *path, bool *by_name, wasm_byte_vec_t *bytes) {
  *bytes = (wasm_byte_vec_t){0, NULL};
  *by_name = is_readable_file(path);
  return *by_name || load_file(path, bytes);
}

wasm_module_t *module_of_input(wasm_store_t *store, const char *path, Input *input) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = input->by_name
                              ? wasmx_module_new_file(store, path, WASMX_ALLOW_TEXT, &err)
                              : wasmx_module_new(store, &input->bytes, WASMX_ALLOW_TEXT, &err);
  free_input(input);
  if (!module) complain_error(path, &err);
  return module;
}

wasm_module_t *load_module(wasm_store_t *store, const char *path) {
  Input input = {0};
  if (!open_input(path, &input.by_name, &input.bytes)) return NULL;
  return module_of_input(store, path, &input);
}

bool is_component(const void *head, size_t size) {
  return size >= 8 && memcmp(head, "\0asm", 4) == 0 &&
         memcmp((const char *)head + 6, "\1\0", 2) == 0;
}

enum { HEAD_BYTES = 8 };

static bool read_head(const char *path, char head[HEAD_BYTES]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD_BYTES);
  if (fd >= 0) close(fd);
  return n == HEAD_BYTES;
}

static bool names_component(const char *path) {
  char head[HEAD_BYTES];
  return read_head(path, head) && is_component(head, sizeof head);
}

bool names_compiled_component(const char *path) {
  char head[HEAD_BYTES];
  return is_readable_file(path) && read_head(path, head) && memcmp(head, "\0wasmcmp", 8) == 0;
}

bool load_input(const char *path, Input *input) {
  *input = (Input){0};
  if (!open_input(path, &input->by_name, &input->bytes)) return false;
  input->is_component =
      input->by_name ? names_component(path) : is_component(input->bytes.data, input->bytes.size);
  if (!input->by_name || !input->is_component) return true;
  input->by_name = false;
  return load_file(path, &input->bytes);
}

void free_input(Input *input) {
  free(input->bytes.data);
  *input = (Input){0};
}

wasm_module_t *load_precompiled(wasm_store_t *store, const char *path) {
  bool by_name;
  wasm_byte_vec_t bytes;
  if (!open_input(path, &by_name, &bytes)) return NULL;
  wasm_module_t *module = by_name ? wasmx_module_deserialize_file(store, path, NULL)
                                  : wasm_module_deserialize(store, &bytes);
  free(bytes.data);
  if (!module) complain("%s: %s", printable(path), wasmx_last_error()->message);
  return module;
}

bool next_is_option(Options *o) {
  const char *arg = o->at < o->argc ? o->argv[o->at] : NULL;
  if (!arg || arg[0] != '-' || !arg[1]) return false;
  if (strcmp(arg, "--") != 0) return true;
  o->at++;
  return false;
}

bool take_flag(Options *o, const char *name) {
  if (strcmp(o->argv[o->at], name) != 0) return false;
  o->at++;
  return true;
}

bool take_option(Options *o, const char *name, const char **value) {
  const char *arg = o->argv[o->at];
  size_t len = strlen(name);
  if (strncmp(arg, name, len) != 0 || (arg[len] && arg[len] != '=')) return false;
  o->at++;
  *value = arg[len] ? arg + len + 1 : o->at < o->argc ? o->argv[o->at++] : NULL;
  return true;
}
