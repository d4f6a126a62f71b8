/* wasi_config_*: what a program will be given (its environment: wasi_env.c). Nothing is shared with
 * other configs: files and directories are opened as they are named, strings copied. */
#include "wasi/wasi_node.h"

#include "base/utf8.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Descriptors are closed, strings freed with it, whether a context was made of it or not. */
wasi_config_t *wasi_config_new(void) {
  wasi_config_t *config = calloc(1, sizeof *config);
  if (!config) return NULL;
  config->max_fds = DEFAULT_MAX_FDS;
  config->max_threads = DEFAULT_MAX_THREADS;
  return config;
}

void wasi_config_delete(wasi_config_t *config) {
  if (!config) return;
  for (u32 i = 0; i < config->preopens.len; i++) {
    Preopen *p = &config->preopens.data[i];
    if (p->fd >= 0) close(p->fd);
    wasi_fs_delete(p->fs);
    free(p->name);
  }
  vec_free(&config->preopens);
  for (u32 i = 0; i < config->sockets.len; i++)
    if (config->sockets.data[i].owned) close(config->sockets.data[i].fd);
  vec_free(&config->sockets);
  wm_net_rules_free(&config->net);
  wm_buffer_free(&config->args.bytes);
  wm_buffer_free(&config->env.bytes);
  wm_audit_end(&config->audit);
  wm_record_end(&config->record);
  wm_streams_close(config->streams, config);
}

/* ---- strings ---- */

/* `failed` sticks in the buffer: a list is looked at once, when it is whole. */
bool wm_strings_add(StringList *list, const char *text, size_t len) {
  size_t before = list->bytes.len;
  wm_buffer_bytes(&list->bytes, text, len);
  wm_buffer_byte(&list->bytes, 0);
  if (list->bytes.failed || list->bytes.len > UINT32_MAX) {
    list->bytes.len = before; /* as many strings as are counted, each whole */
    return false;
  }
  list->count++;
  return true;
}

bool wm_strings_replace(StringList *list, StringList *made, bool whole) {
  StringList *drop = whole ? list : made;
  wm_buffer_free(&drop->bytes);
  if (whole) *list = *made;
  return whole;
}

bool wm_text_valid(const char *text) {
  return text && wm_utf8_valid((const u8 *)text, strlen(text));
}

bool wasi_config_set_argv(wasi_config_t *config, size_t argc, const char *argv[]) {
  StringList made = {0};
  bool ok = config && (argv || argc == 0);
  for (size_t i = 0; ok && i < argc; i++)
    ok = wm_text_valid(argv[i]) && wm_strings_add(&made, argv[i], strlen(argv[i]));
  return wm_strings_replace(ok ? &config->args : NULL, &made, ok);
}

void wasi_config_inherit_argv(wasi_config_t *config) {
  if (!config) return;
  StringList made = {0};
  char chunk[4096];
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t n;
  while (fd >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0) {
    wm_buffer_bytes(&made.bytes, chunk, (size_t)n);
    for (ssize_t i = 0; i < n; i++) made.count += chunk[i] == 0;
  }
  if (fd >= 0) close(fd);
  if (!wm_strings_replace(&config->args, &made, !made.bytes.failed)) config->failed = true;
}

int wm_above_standard(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(fd);
  return moved;
}

/* Opens what the program will be given. */
int wm_open_granted(const char *path, int flags) {
  return wm_above_standard(open(path, flags | O_CLOEXEC | O_NOCTTY, 0666));
}

/* ---- standard streams ---- */

/* The new one stands before the old one's finalizer runs. */
static void set_stream(wasi_config_t *config, int number, Stream stream) {
  Stream before = config->streams[number];
  config->streams[number] = stream;
  wm_stream_close(&before);
}

static bool set_file(wasi_config_t *config, int number, const char *path, int flags) {
  if (!config || !path) return false;
  int fd = wm_open_granted(path, flags);
  if (fd < 0) return false;
  set_stream(config, number, (Stream){.kind = STREAM_HOST, .fd = fd, .owned = true});
  return true;
}

bool wasi_config_set_stdin_file(wasi_config_t *config, const char *path) {
  return set_file(config, 0, path, O_RDONLY);
}

bool wasi_config_set_stdout_file(wasi_config_t *config, const char *path) {
  return set_file(config, 1, path, O_WRONLY | O_CREAT | O_TRUNC);
}

bool wasi_config_set_stderr_file(wasi_config_t *config, const char *path) {
  return set_file(config, 2, path, O_WRONLY | O_CREAT | O_TRUNC);
}

/* Borrowed: the process's own, whose flags are never changed. */
static void inherit(wasi_config_t *config, int number) {
  if (config) set_stream(config, number, (Stream){.kind = STREAM_HOST, .fd = number});
}

void wasi_config_inherit_stdin(wasi_config_t *config) { inherit(config, STDIN_FILENO); }
void wasi_config_inherit_stdout(wasi_config_t *config) { inherit(config, STDOUT_FILENO); }
void wasi_config_inherit_stderr(wasi_config_t *config) { inherit(config, STDERR_FILENO); }

void wasi_config_inherit_stdio(wasi_config_t *config) {
  for (int i = 0; i < 3; i++) inherit(config, i);
}

void wasi_config_set_stdin_bytes(wasi_config_t *config, wasm_byte_vec_t *bytes) {
  if (!bytes) return;
  if (!config) {
    wasm_byte_vec_delete(bytes);
    return;
  }
  Stream s = {.kind = STREAM_BYTES, .input = *bytes};
  *bytes = (wasm_byte_vec_t){0, NULL};
  set_stream(config, 0, s);
}

void wasi_config_set_stdin_custom(wasi_config_t *config, wasi_input_callback_t callback, void *data,
                                  void (*finalizer)(void *)) {
  Stream s = {.kind = STREAM_READER, .read = callback, .data = data, .finalizer = finalizer};
  if (config && callback)
    set_stream(config, 0, s);
  else if (finalizer)
    finalizer(data);
}

static void set_writer(wasi_config_t *config, int number, wasi_output_callback_t callback,
                       void *data, void (*finalizer)(void *)) {
  Stream s = {.kind = STREAM_WRITER, .write = callback, .data = data, .finalizer = finalizer};
  if (config && callback)
    set_stream(config, number, s);
  else if (finalizer)
    finalizer(data);
}

void wasi_config_set_stdout_custom(wasi_config_t *config,
                                   ptrdiff_t (*callback)(void *, const unsigned char *, size_t),
                                   void *data, void (*finalizer)(void *)) {
  set_writer(config, 1, callback, data, finalizer);
}

void wasi_config_set_stderr_custom(wasi_config_t *config,
                                   ptrdiff_t (*callback)(void *, const unsigned char *, size_t),
                                   void *data, void (*finalizer)(void *)) {
  set_writer(config, 2, callback, data, finalizer);
}

void wasi_config_capture_stdout(wasi_config_t *config, size_t limit) {
  if (config) set_stream(config, 1, (Stream){.kind = STREAM_CAPTURE, .limit = limit});
}

void wasi_config_capture_stderr(wasi_config_t *config, size_t limit) {
  if (config) set_stream(config, 2, (Stream){.kind = STREAM_CAPTURE, .limit = limit});
}

/* ---- directories ---- */

/* False: out of memory. */
static bool add_preopen(wasi_config_t *config, Preopen p, const char *guest_path,
                        wasi_dir_perms dir_perms, wasi_file_perms file_perms) {
  p.name = strdup(guest_path);
  Preopen *slot = p.name ? vec_push(&config->preopens) : NULL;
  if (!slot) {
    free(p.name);
    return false;
  }
  p.inheriting = wm_rights_of_perms(dir_perms, file_perms);
  p.base = p.inheriting & RIGHTS_DIR;
  p.special = dir_perms & WASI_DIR_PERMS_SPECIAL;
  *slot = p;
  return true;
}

bool wasi_config_preopen_dir_perms(wasi_config_t *config, const char *host_path,
                                   const char *guest_path, wasi_dir_perms dir_perms,
                                   wasi_file_perms file_perms) {
  if (!config || !host_path || !wm_text_valid(guest_path)) return false;
  Preopen p = {.fd = wm_open_granted(host_path, O_RDONLY | O_DIRECTORY)};
  if (p.fd < 0) return false;
  bool added = add_preopen(config, p, guest_path, dir_perms, file_perms);
  if (!added) close(p.fd);
  return added;
}

bool wasi_config_mount(wasi_config_t *config, wasi_fs_t *fs, const char *guest_path,
                       wasi_dir_perms dir_perms, wasi_file_perms file_perms) {
  if (!config || !fs || !wm_text_valid(guest_path)) return false;
  Preopen p = {.fd = -1, .fs = fs};
  bool added = add_preopen(config, p, guest_path, dir_perms, file_perms);
  if (added) wm_fs_hold(fs);
  return added;
}

bool wasi_config_preopen_dir(wasi_config_t *config, const char *host_path, const char *guest_path,
                             bool fs_mutable) {
  wasi_dir_perms dir = WASI_DIR_PERMS_READ;
  wasi_file_perms file = WASI_FILE_PERMS_READ;
  if (fs_mutable) dir |= WASI_DIR_PERMS_WRITE, file |= WASI_FILE_PERMS_WRITE;
  return wasi_config_preopen_dir_perms(config, host_path, guest_path, dir, file);
}

/* ---- the rest ---- */

void wasi_config_set_max_fds(wasi_config_t *config, size_t count) {
  if (config) config->max_fds = count < UINT32_MAX ? (u32)count : UINT32_MAX;
}

void wasi_config_set_max_threads(wasi_config_t *config, size_t count) {
  if (config) config->max_threads = count < MAX_TID ? (u32)count : MAX_TID;
}

void wasi_config_raise_sigpipe(wasi_config_t *config, bool on) {
  if (config) config->raise_sigpipe = on;
}

void wasi_config_grant_terminal(wasi_config_t *config, bool on) {
  if (config) config->grants_terminal = on;
}

bool wasi_config_grants_terminal(const wasi_config_t *config) {
  return config && config->grants_terminal;
}

void wasi_config_set_resolver(wasi_config_t *config, int resolver) {
  if (config && resolver >= WASI_RESOLVER_AUTO && resolver <= WASI_RESOLVER_WALKER)
    config->resolver = resolver;
}
