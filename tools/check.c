/* `wasm validate` and `wasm parse`. */
#include "tools/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int validate_file(wasm_store_t *store, const char *path) {
  wasm_byte_vec_t bytes;
  wasmx_error_t err = {.size = sizeof err};
  if (!load_file(path, &bytes)) return STATUS_FAILED;
  bool ok = wasmx_module_validate(store, &bytes, WASMX_ALLOW_TEXT, &err);
  free(bytes.data);
  return ok ? STATUS_OK : complain_error(path, &err);
}

int validate_main(int argc, char **argv) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  if (next_is_option(&o))
    return complain_usage("validate", "unknown option %s", printable(argv[o.at]));
  if (o.at == argc) return complain_usage("validate", "no file given");
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = engine ? wasm_store_new(engine) : NULL;
  int status = store ? STATUS_OK : complain("out of memory");
  for (; store && o.at < argc; o.at++)
    if (validate_file(store, argv[o.at]) != STATUS_OK) status = STATUS_FAILED;
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return status;
}

/* ---- output files ---- */

/* 0, or an error's number. */
static int write_all(int fd, const wasm_byte_vec_t *bytes) {
  for (size_t done = 0; done < bytes->size;) {
    ssize_t n = write(fd, bytes->data + done, bytes->size - done);
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) done += (size_t)n;
  }
  return 0;
}

static int close_all(int fd, int error) { return close(fd) && !error ? errno : error; }

/* Into what is no regular file (a device, a pipe), or lies where no file can be made. */
static int write_there(const char *path, const wasm_byte_vec_t *bytes) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return fd < 0 ? errno : close_all(fd, write_all(fd, bytes));
}

/* What a new file may be used for, and by whom. */
static mode_t default_mode(void) {
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

/* A file is written whole or stays what it was, as it may be what the bytes were made of: what is
 * made beside it takes its place. */
static int write_path(const char *path, const wasm_byte_vec_t *bytes) {
  struct stat st;
  char real[PATH_MAX], made[PATH_MAX + 8];
  bool is_new = stat(path, &st) != 0;
  if (!is_new && (!S_ISREG(st.st_mode) || access(path, W_OK) || !realpath(path, real)))
    return write_there(path, bytes);
  snprintf(made, sizeof made, "%s.XXXXXX", is_new ? path : real);
  int fd = mkostemp(made, O_CLOEXEC);
  if (fd < 0) return write_there(path, bytes);
  int error = fchmod(fd, is_new ? default_mode() : st.st_mode & 0777) ? errno : 0;
  error = close_all(fd, error ? error : write_all(fd, bytes));
  if (!error && rename(made, is_new ? path : real)) error = errno;
  if (error) unlink(made);
  return error;
}

int write_file(const char *path, const wasm_byte_vec_t *bytes) {
  int error = strcmp(path, "-") == 0 ? write_all(STDOUT_FILENO, bytes) : write_path(path, bytes);
  return error ? complain("cannot write %s: %s", printable(path), strerror(error)) : STATUS_OK;
}

/* ---- wasm parse ---- */

/* FILE.wasm for FILE.wat, else FILE with .wasm added; owned. */
static char *output_name(const char *path) {
  size_t len = strlen(path);
  if (len > 4 && strcmp(path + len - 4, ".wat") == 0) len -= 4;
  char *name = malloc(len + sizeof ".wasm");
  if (!name) return NULL;
  memcpy(name, path, len);
  memcpy(name + len, ".wasm", sizeof ".wasm");
  return name;
}

static int parse_file(const char *path, const char *output) {
  wasm_byte_vec_t text, binary;
  wasmx_error_t err = {.size = sizeof err};
  if (!load_file(path, &text)) return STATUS_FAILED;
  bool ok = wasmx_wat2wasm(text.data, text.size, &binary, &err);
  free(text.data);
  if (!ok) return complain_error(path, &err);
  char *made = output ? NULL : strcmp(path, "-") == 0 ? strdup("-") : output_name(path);
  const char *name = output ? output : made;
  int status = name ? write_file(name, &binary) : complain("out of memory");
  free(made);
  wasm_byte_vec_delete(&binary);
  return status;
}

int parse_main(int argc, char **argv) {
  Options o = {.argc = argc, .argv = argv, .at = 1};
  const char *output = NULL, *path = NULL;
  while (o.at < argc) {
    if (next_is_option(&o)) {
      if (!take_option(&o, "-o", &output) && !take_option(&o, "--output", &output))
        return complain_usage("parse", "unknown option %s", printable(argv[o.at]));
      if (!output) return complain_usage("parse", "-o needs a file name");
    } else if (o.at < argc) {
      if (path) return complain_usage("parse", "one file at a time");
      path = argv[o.at++];
    }
  }
  return path ? parse_file(path, output) : complain_usage("parse", "no file given");
}
