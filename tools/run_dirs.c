/* The directories of `wasm run`: the host's, and file systems that are not (wasi_fs_t). */
#include "tools/run_dirs.h"

#include "tools/tool.h"

#include "base/quantity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 256 << 20 };

/* What an option's value says, taken apart: copied, to be freed as `text`. */
typedef struct Spec {
  char *text, *host, *guest; /* host: what stands before "::" */
  bool has_guest;
  wasi_dir_perms dir;
  wasi_file_perms file;
} Spec;

/* Takes `suffix` off the end of the text. */
static bool take_suffix(char *text, const char *suffix) {
  size_t len = strlen(text), suffix_len = strlen(suffix);
  if (len <= suffix_len || strcmp(text + len - suffix_len, suffix) != 0) return false;
  text[len - suffix_len] = 0;
  return true;
}

/* The permissions that are spelled at the end of a directory, which are taken off. */
static void take_permissions(Spec *s) {
  s->dir = WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE;
  s->file = WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE;
  for (;;) {
    if (take_suffix(s->text, ":ro")) {
      s->dir &= ~(wasi_dir_perms)WASI_DIR_PERMS_WRITE;
      s->file = WASI_FILE_PERMS_READ;
    } else if (take_suffix(s->text, ":special")) {
      s->dir |= WASI_DIR_PERMS_SPECIAL;
    } else {
      return;
    }
  }
}

/* HOST[::GUEST][:ro][:special]; false: out of memory, which is said. */
static bool read_spec(const char *text, const char *separator, Spec *s) {
  *s = (Spec){.text = strdup(text)};
  if (!s->text) return complain("out of memory"), false;
  take_permissions(s);
  char *colon = strstr(s->text, separator);
  s->host = s->guest = s->text;
  s->has_guest = colon != NULL;
  if (!colon) return true;
  s->guest = colon + (colon[1] == ':' ? 2 : 1);
  *colon = 0;
  return true;
}

/* ---- directories of the host's ---- */

static int preopen(wasi_config_t *config, const Spec *s) {
  errno = 0;
  if (wasi_config_preopen_dir_perms(config, s->host, s->guest, s->dir, s->file)) return STATUS_OK;
  return complain("cannot open directory %s: %s", printable(s->host),
                  errno ? strerror(errno) : "the guest's name for it is not UTF-8");
}

/* What is done with a value once it is taken apart. */
typedef int UseSpec(wasi_config_t *config, Spec *s);

static int with_spec(wasi_config_t *config, const char *text, const char *separator, UseSpec *use) {
  Spec s;
  if (!read_spec(text, separator, &s)) return STATUS_FAILED;
  int status = use(config, &s);
  free(s.text);
  return status;
}

static int use_dir(wasi_config_t *config, Spec *s) { return preopen(config, s); }

int add_dir(wasi_config_t *config, const char *text) {
  return with_spec(config, text, "::", use_dir);
}

/* GUEST:HOST, or GUEST::HOST. */
static int use_mapped_dir(wasi_config_t *config, Spec *s) {
  if (!s->has_guest) return complain_usage("run", "--mapdir wants GUEST:HOST");
  char *guest = s->host;
  s->host = s->guest;
  s->guest = guest;
  return preopen(config, s);
}

int add_mapped_dir(wasi_config_t *config, const char *text) {
  return with_spec(config, text, ":", use_mapped_dir);
}

/* ---- others ---- */

static int mount(wasi_config_t *config, const Spec *s, wasi_fs_t *fs, const wasmx_error_t *err) {
  if (!fs) return complain("%s", printable(err->message));
  bool done = wasi_config_mount(config, fs, s->guest, s->dir, s->file);
  wasi_fs_delete(fs);
  return done ? STATUS_OK : complain("cannot mount %s: its name is not UTF-8", printable(s->guest));
}

/* "mem" or "mem:64M". */
static bool read_memory(const char *text, uint64_t *limit) {
  *limit = DEFAULT_LIMIT;
  if (strncmp(text, "mem", 3) != 0) return false;
  return !text[3] || (text[3] == ':' && wm_quantity_size(text + 4, limit));
}

static int use_memory(wasi_config_t *config, Spec *s) {
  uint64_t limit;
  wasmx_error_t err = {.message = "out of memory"};
  if (!s->has_guest || !read_memory(s->host, &limit))
    return complain_usage("run", "--mount wants mem::GUEST or mem:SIZE::GUEST");
  return mount(config, s, wasi_fs_new_memory(limit), &err);
}

typedef wasi_fs_t *MakeFs(const char *host_path, size_t limit, wasmx_error_t *err);

static int use_made(wasi_config_t *config, const Spec *s, MakeFs *make) {
  wasmx_error_t err = {.size = sizeof err};
  return mount(config, s, make(s->host, DEFAULT_LIMIT, &err), &err);
}

int add_mount(wasi_config_t *config, const char *text) {
  return with_spec(config, text, "::", use_memory);
}

static int use_overlay(wasi_config_t *config, Spec *s) {
  return use_made(config, s, wasi_fs_new_overlay);
}

int add_overlay(wasi_config_t *config, const char *text) {
  return with_spec(config, text, "::", use_overlay);
}

static int use_archive(wasi_config_t *config, Spec *s) {
  return s->has_guest ? use_made(config, s, wasi_fs_new_archive)
                      : complain_usage("run", "--archive wants FILE::GUEST");
}

int add_archive(wasi_config_t *config, const char *text) {
  return with_spec(config, text, "::", use_archive);
}
