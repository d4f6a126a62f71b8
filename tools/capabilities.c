/* `wasm inspect --capabilities`: the policy that a program needs at most, to be edited and given to
 * `wasm run --policy`. What it imports says which kinds of things it can ask for, not which. */
#include "tools/inspect.h"

#include <stdio.h>
#include <string.h>

typedef struct Wants {
  bool arguments, environment, input, output, directories, changes, sockets, threads, clocks,
      random, terminal;
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
  } else if (is_named(import->module, "wasm_terminal")) {
    w->terminal = true;
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

/* What is not said may be `unsaid`, or what it begins with. */
static u64 most_of(const Limits *l, u64 unit, u64 unsaid) {
  u64 bytes;
  return checked_mul(l->has_max ? l->max : max_u64(l->min, unsaid), unit, &bytes) ? bytes
                                                                                  : UINT64_MAX;
}

static u64 sum_of(u64 a, u64 b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

/* Memories and tables of a program at most, in its own words; each thread has tables of its own. */
static u64 most_memory(const Module *m, u32 threads) {
  enum { ELEMENT = 8, UNSAID_ELEMENTS = 1 << 20 };
  u64 most = 0;
  for (u32 i = 0; i < m->memory_count; i++) {
    const Limits *l = &m->memories[i].limits;
    most = sum_of(most, most_of(l, (u64)1 << l->page_log2, ((u64)4 << 30) >> l->page_log2));
  }
  for (u32 i = 0; i < m->table_count; i++) {
    u64 unit = ELEMENT * ((u64)threads + 1);
    most = sum_of(most, most_of(&m->tables[i].type.limits, unit, UNSAID_ELEMENTS));
  }
  return most;
}

static void put_limits(const Module *m, const Wants *w, Buffer *b) {
  char line[128];
  enum { THREADS = 64 };
  u64 most = most_memory(m, w->threads ? THREADS : 0), kib = most / 1024 + (most % 1024 != 0);
  put(b, true, "limits:\n");
  snprintf(line, sizeof line, "  memory: %lluK\n", (unsigned long long)kib);
  put(b, true, line);
  snprintf(line, sizeof line, "  threads: %d\n", THREADS);
  put(b, w->threads, line);
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
  put(b, w.terminal, "terminal: true          # raw mode, its size\n");
  put(b, w.clocks,
      "# clock: {kind: real}   # which it reads or waits by; or frozen, stepped, coarse\n");
  put(b, w.random, "# It takes random bytes.\n");
  put_limits(m, &w, b);
  return !b->failed;
}
