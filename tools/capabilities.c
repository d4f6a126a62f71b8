/* `wasm inspect --capabilities`: the policy that a program needs at most, to be edited and given to
 * `wasm run --policy`. What it imports says which kinds of things it can ask for, not which. */
#include "tools/inspect.h"

#include <stdio.h>
#include <string.h>

typedef struct Wants {
  bool arguments, environment, input, output, directories, changes, sockets, threads, clocks,
      random;
  bool others; /* imports that are no functions of WASI */
} Wants;

static bool is_named(Name name, const char *text) {
  return name.len == strlen(text) && memcmp(name.bytes, text, name.len) == 0;
}

static bool starts_with(Name name, const char *text) {
  size_t len = strlen(text);
  return name.len >= len && memcmp(name.bytes, text, len) == 0;
}

static bool is_preview1(Name module) {
  return is_named(module, "wasi_snapshot_preview1") || is_named(module, "wasi_unstable");
}

/* Which functions ask for what; those that begin so. */
static const struct {
  const char *start;
  size_t wants;
} rows[] = {
    {"args_", offsetof(Wants, arguments)},
    {"environ_", offsetof(Wants, environment)},
    {"fd_read", offsetof(Wants, input)},
    {"fd_pread", offsetof(Wants, directories)},
    {"fd_write", offsetof(Wants, output)},
    {"path_", offsetof(Wants, directories)},
    {"fd_readdir", offsetof(Wants, directories)},
    {"path_create_directory", offsetof(Wants, changes)},
    {"path_filestat_set_times", offsetof(Wants, changes)},
    {"path_link", offsetof(Wants, changes)},
    {"path_remove_directory", offsetof(Wants, changes)},
    {"path_rename", offsetof(Wants, changes)},
    {"path_symlink", offsetof(Wants, changes)},
    {"path_unlink_file", offsetof(Wants, changes)},
    {"sock_", offsetof(Wants, sockets)},
    {"clock_", offsetof(Wants, clocks)},
    {"poll_oneoff", offsetof(Wants, clocks)},
    {"random_get", offsetof(Wants, random)},
};

static void note_import(const Import *import, Wants *w) {
  if (is_named(import->module, "wasi") && is_named(import->name, "thread-spawn")) {
    w->threads = true;
  } else if (!is_preview1(import->module)) {
    w->others |= import->kind == EXTERN_FUNC;
  } else {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
      if (starts_with(import->name, rows[i].start)) *((bool *)w + rows[i].wants) = true;
  }
}

static void put(Buffer *b, bool wanted, const char *line) {
  if (wanted) wm_buffer_bytes(b, line, strlen(line));
}

/* Which memory a program may have at most, in its own words. */
static u64 most_memory(const Module *m) {
  u64 most = 0;
  for (u32 i = 0; i < m->memory_count; i++) {
    const Limits *l = &m->memories[i].limits;
    u64 pages = l->has_max ? l->max : UINT64_MAX;
    u64 bytes = pages > UINT64_MAX >> l->page_log2 ? UINT64_MAX : pages << l->page_log2;
    most = bytes > UINT64_MAX - most ? UINT64_MAX : most + bytes;
  }
  return most;
}

static void put_limits(const Module *m, const Wants *w, Buffer *b) {
  char line[128];
  u64 most = most_memory(m);
  if (most > (u64)4 << 30) most = (u64)4 << 30; /* what it does not say */
  put(b, true, "limits:\n");
  snprintf(line, sizeof line, "  memory: %lluK\n", (unsigned long long)(most + 1023) >> 10);
  put(b, true, line);
  put(b, w->threads, "  threads: 64\n");
  put(b, true, "  # deadline: 10      # seconds\n");
  put(b, w->output, "  # output: 64M       # that it may write in all\n");
}

bool print_capabilities(const Module *m, const char *path, Buffer *b) {
  Wants w = {.arguments = false};
  for (u32 i = 0; i < m->import_count; i++) note_import(&m->imports[i], &w);
  put(b, true, "# What ");
  put(b, true, path);
  put(b, true,
      " can ask for at most. Take away what it should not have:\n"
      "# wasm run --policy THIS_FILE PROGRAM\n");
  put(b, w.others, "# It imports functions that are none of WASI: `wasm inspect` lists them.\n");
  put(b, w.arguments, "# arguments: [program]  # these, whatever the command line says\n");
  put(b, w.environment, "environment: {}         # NAME: value, or NAME: ~ for what is there\n");
  put(b, w.input, "stdin: inherit          # none, inherit, file:NAME\n");
  put(b, w.output, "stdout: inherit\nstderr: inherit\n");
  put(b, w.directories, "directories:\n");
  put(b, w.directories && w.changes, "  - {host: ., guest: ., access: read-write}\n");
  put(b, w.directories && !w.changes, "  - {host: ., guest: ., access: read}\n");
  put(b, w.sockets, "listeners: []           # such as \"127.0.0.1:8080\"\n");
  put(b, w.clocks, "# It reads clocks or waits.\n");
  put(b, w.random, "# It takes random bytes.\n");
  put_limits(m, &w, b);
  return !b->failed;
}
