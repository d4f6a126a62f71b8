/* A hostile guest: every call with every argument at the edges, numbers that were closed or moved,
 * streams that could do more than was given. */
#include "wasi/guest.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* ---- every call, every argument ---- */

typedef struct Row {
  const char *name, *params;
  Handler handler;
} Row;

static const Row rows[] = {
#define CALL(name, params, since, locks) {#name, params, wm_call_##name},
#include "wasi/wasi.def"
#undef CALL
};

enum {
  GOOD_PATH = 512,    /* "file" */
  GOOD_VECTORS = 600, /* two vectors of 8 bytes at GOOD_BYTES */
  GOOD_BYTES = 2048,
  END = GUEST_MEMORY
};

static const u64 edges[] = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    24,
    OUT,
    OUT + 1,
    OUT + 4,
    GOOD_PATH,
    GOOD_VECTORS,
    GOOD_BYTES,
    1023,
    1024,
    1025,
    4095,
    4096,
    10000,
    END - 64,
    END - 32,
    END - 24,
    END - 9,
    END - 8,
    END - 7,
    END - 6,
    END - 5,
    END - 4,
    END - 3,
    END - 2,
    END - 1,
    END,
    END + 1,
    0x7fffffff,
    0x80000000,
    0xfffffff8,
    0xffffffff,
    UINT64_MAX,
    INT64_MAX,
    (u64)INT64_MIN,
};

/* The same before each call, so that nothing depends on what an earlier one left: a path, vectors,
 * and subscriptions to clocks that have gone off (all zero). */
static void memory_reset(Guest *g) {
  memset(g->memory, 0, GUEST_MEMORY);
  put_text(g, GOOD_PATH, "file");
  for (u32 i = 0; i < 2; i++) {
    store_u32(g->memory + GOOD_VECTORS + 8 * i, GOOD_BYTES + 16 * i);
    store_u32(g->memory + GOOD_VECTORS + 8 * i + 4, 8);
  }
}

static Guest *guest_with_everything(char folder[64], int resolver) {
  const char *args[] = {"program", "argument"}, *names[] = {"NAME"}, *values[] = {"value"};
  wasi_config_t *config = config_with_folder(folder, true, resolver);
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 5, "input");
  wasi_config_set_stdin_bytes(config, &input);
  wasi_config_capture_stdout(config, 1 << 20);
  assert_true(wasi_config_set_argv(config, 2, args));
  assert_true(wasi_config_set_env(config, 1, names, values));
  Guest *g = guest_new(config);
  u32 fd;
  assert_int_equal(guest_open(g, "file", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(fd, 4);
  return g;
}

/* Calls and checks that the errno is one. */
static Errno call_row(Guest *g, const Row *row, const u64 *args) {
  wasmx_slot_t slots[16];
  u32 count = (u32)strlen(row->params);
  for (u32 i = 0; i < 16; i++) slots[i].u64 = i < count ? args[i] : 0;
  for (u32 i = 0; i < count; i++)
    if (row->params[i] == 'i') slots[i].u64 = (u32)args[i];
  Call call = {.ctx = g->ctx, .args = slots, .memory = g->memory, .memory_size = GUEST_MEMORY};
  Errno e = row->handler(&call);
  wasm_trap_delete(call.trap);
  if (e > E_NOTCAPABLE) fail_msg("%s: errno %d", row->name, e);
  return e;
}

/* What a program that means well would give to one call or another. */
static void good_arguments(u32 turn, u64 *args) {
  static const u64 turns[][9] = {
      {4, GOOD_VECTORS, 2, OUT, OUT, OUT, OUT, OUT, OUT},     /* vectors of a file */
      {3, 1, GOOD_PATH, 4, GOOD_BYTES, GOOD_PATH, 4, 0, OUT}, /* fd, flags, path, ... */
      {3, GOOD_PATH, 4, 3, GOOD_PATH, 4, OUT, OUT, OUT},      /* fd, path, fd, path */
      {GOOD_PATH, 4, 3, GOOD_PATH, 4, OUT, OUT, OUT, OUT},    /* text, fd, path */
      {3, GOOD_BYTES, 100, 0, OUT, OUT, OUT, OUT, OUT},       /* listing */
      {GOOD_BYTES, 32768, 3, OUT, OUT, OUT, OUT, OUT, OUT},   /* poll */
      {1, GOOD_VECTORS, 2, OUT, OUT, OUT, OUT, OUT, OUT},     /* vectors of a stream */
  };
  memcpy(args, turns[turn % ARRAY_LEN(turns)], 9 * sizeof *args);
}

static void every_argument_at_the_edges(void **state) {
  (void)state;
  for (int resolver = WASI_RESOLVER_OPENAT2; resolver <= WASI_RESOLVER_WALKER; resolver++) {
    char folder[64] = "";
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
      Guest *g = guest_with_everything(folder, resolver);
      for (u32 turn = 0; turn < 7; turn++)
        for (size_t a = 0; a < strlen(rows[r].params); a++)
          for (size_t v = 0; v < ARRAY_LEN(edges); v++) {
            u64 args[16];
            good_arguments(turn, args);
            args[a] = edges[v];
            memory_reset(g);
            call_row(g, &rows[r], args);
          }
      guest_free(g);
    }
    remove_folder(folder);
  }
}

/* Pairs of edges: an address and its length, in and out at the same place. */
static void pairs_of_arguments_at_the_edges(void **state) {
  (void)state;
  char folder[64] = "";
  u32 seed = 1;
  for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
    Guest *g = guest_with_everything(folder, WASI_RESOLVER_AUTO);
    for (u32 i = 0; i < 3000; i++) {
      u64 args[16];
      good_arguments(i, args);
      for (size_t a = 0; a < strlen(rows[r].params); a++) {
        seed = seed * 1664525u + 1013904223u;
        if (seed >> 31) args[a] = edges[(seed >> 8) % ARRAY_LEN(edges)];
      }
      if (i % 16 == 0) memory_reset(g);
      memset(g->memory + GOOD_BYTES, 0, 4096); /* poll: nothing to wait long for */
      if (rows[r].handler == wm_call_poll_oneoff) memory_reset(g);
      call_row(g, &rows[r], args);
    }
    guest_free(g);
  }
  remove_folder(folder);
}

/* A call that cannot answer has done nothing. */
static void bad_results_change_nothing(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_with_everything(folder, 0);
  const u32 bad[] = {END - 2, END, OUT + 1};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    Errno want = bad[i] == END ? E_FAULT : bad[i] % 4 && bad[i] != END - 2 ? E_INVAL : E_FAULT;
    memory_reset(g);
    assert_int_equal(RUN(g, fd_write, 4, GOOD_VECTORS, 2, bad[i]), want);
    assert_int_equal(RUN(g, fd_write, 1, GOOD_VECTORS, 2, bad[i]), want);
    assert_int_equal(RUN(g, fd_read, 0, GOOD_VECTORS, 2, bad[i]), want);
    assert_int_equal(RUN(g, fd_seek, 4, 100, 0, bad[i]), want);
    assert_int_equal(
        RUN(g, path_open, 3, 0, PATH(g, "new"), OFLAG_CREAT, RIGHTS_FILE, 0, 0, bad[i]), want);
  }
  assert_int_equal(RUN(g, fd_tell, 4, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), 0);
  assert_int_equal(RUN(g, fd_filestat_get, 4, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 32), 0);
  assert_int_equal(RUN(g, path_filestat_get, 3, 0, PATH(g, "new"), OUT), E_NOENT);
  const char *text;
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_string_equal(text, "input");
  wasm_byte_vec_t out;
  wasi_ctx_take_stdout(g->ctx, &out);
  assert_int_equal(out.size, 0);
  wasm_byte_vec_delete(&out);
  guest_free(g);
  remove_folder(folder);
}

/* ---- standard streams ---- */

/* Runs `body` with `fd` as the process's descriptor `number`. */
static void with_descriptor(int number, int fd, void (*body)(int number)) {
  int saved = dup(number);
  fflush(stdout);
  dup2(fd, number);
  body(number);
  dup2(saved, number);
  close(saved);
}

static Guest *guest_of_stream(int number) {
  wasi_config_t *config = wasi_config_new();
  if (number == 0)
    wasi_config_inherit_stdin(config);
  else
    wasi_config_inherit_stderr(config);
  return guest_new(config);
}

static Errno seen[16];

static void try_directory(int number) {
  Guest *g = guest_of_stream(number);
  u32 n = (u32)number, i = 0;
  seen[i++] = RUN(g, path_open, n, 0, PATH(g, "file"), 0, RIGHT_FD_READ, 0, 0, OUT);
  seen[i++] = RUN(g, path_open, n, 0, PATH(g, "new"), OFLAG_CREAT, 0, 0, 0, OUT);
  seen[i++] = RUN(g, path_filestat_get, n, 0, PATH(g, "file"), OUT);
  seen[i++] = RUN(g, path_unlink_file, n, PATH(g, "file"));
  seen[i++] = RUN(g, path_rename, n, PATH(g, "file"), n, PATH2(g, "moved"));
  seen[i++] = RUN(g, path_create_directory, n, PATH(g, "made"));
  seen[i++] = RUN(g, path_symlink, PATH(g, "file"), n, PATH2(g, "link"));
  seen[i++] = RUN(g, path_filestat_set_times, n, 0, PATH(g, "file"), 0, 0, 5);
  seen[i++] = RUN(g, fd_readdir, n, SCRATCH, 100, 0, OUT);
  seen[i++] = RUN(g, fd_filestat_set_times, n, 0, 0, number ? 16 : 5);
  guest_free(g);
}

static void a_stream_is_no_way_into_a_directory(void **state) {
  (void)state;
  char folder[TEMPORARY_SIZE], name[96];
  assert_non_null(temporary_folder(folder, "wasi_guest"));
  snprintf(name, sizeof name, "%s/file", folder);
  close(open(name, O_WRONLY | O_CREAT, 0644));
  int dir = open(folder, O_RDONLY | O_DIRECTORY);
  for (int number = 0; number < 3; number += 2) {
    memset(seen, 0, sizeof seen);
    with_descriptor(number, dir, try_directory);
    for (u32 i = 0; i < 10; i++) assert_int_not_equal(seen[i], E_SUCCESS);
  }
  assert_int_equal(access(name, F_OK), 0);
  close(dir);
  remove_folder(folder);
}

static void try_both_ways(int number) {
  Guest *g = guest_of_stream(number);
  const char *text;
  seen[0] = guest_write(g, (u32)number, "x");
  seen[1] = RUN(g, fd_fdstat_set_flags, (u32)number, FDFLAG_NONBLOCK);
  seen[2] = guest_read(g, (u32)number, &text);
  seen[3] = RUN(g, fd_filestat_set_size, (u32)number, 0);
  seen[4] = RUN(g, fd_filestat_set_times, (u32)number, 0, 0, 5);
  guest_free(g);
}

static void a_stream_goes_one_way(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  with_descriptor(0, ends[0], try_both_ways);
  assert_int_equal(seen[0], E_NOTCAPABLE);
  assert_int_equal(seen[2], E_AGAIN);
  with_descriptor(2, ends[0], try_both_ways);
  assert_int_equal(seen[0], E_SUCCESS);
  assert_int_equal(seen[2], E_NOTCAPABLE);
  close(ends[0]);
  close(ends[1]);
  /* Input from a file that the process could write. */
  char name[TEMPORARY_SIZE];
  int fd = temporary_file(name, "wasi_guest");
  struct stat before, after;
  assert_int_equal(write(fd, "kept", 4), 4);
  assert_int_equal(fstat(fd, &before), 0);
  with_descriptor(0, fd, try_both_ways);
  assert_int_equal(fstat(fd, &after), 0);
  assert_int_equal(seen[0], E_NOTCAPABLE);
  assert_int_equal(seen[2], E_SUCCESS);
  assert_int_equal(seen[3], E_NOTCAPABLE);
  assert_int_equal(seen[4], E_NOTCAPABLE);
  assert_int_equal(after.st_size, 4);
  assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  close(fd);
  unlink(name);
}

/* What is opened for the guest does not become an inherited stream that is closed. */
static void a_closed_stream_is_no_granted_file(void **state) {
  (void)state;
  char folder[64] = "";
  int saved = dup(0);
  close(0);
  wasi_config_t *config = config_with_folder(folder, true, 0);
  wasi_config_inherit_stdin(config);
  Guest *g = guest_new(config);
  Errno e = RUN(g, fd_fdstat_get, 0, OUT);
  dup2(saved, 0);
  close(saved);
  assert_int_equal(e, E_SUCCESS);
  assert_int_not_equal(g->memory[OUT], FILETYPE_DIRECTORY);
  guest_free(g);
  remove_folder(folder);
}

/* A reader that takes some and goes: the write is cut short, and still there is no signal. */
static void *read_some_and_go(void *end) {
  char some[10000];
  ssize_t n = read(*(int *)end, some, sizeof some);
  struct timespec while_it_blocks = {0, 50000000};
  nanosleep(&while_it_blocks, NULL);
  close(*(int *)end);
  return n > 0 ? end : NULL;
}

static void try_long_write(int number) {
  Guest *g = guest_of_stream(number);
  for (u32 i = 0; i < 8; i++) {
    store_u32(g->memory + SCRATCH + 8 * i, 0);
    store_u32(g->memory + SCRATCH + 8 * i + 4, GUEST_MEMORY);
  }
  seen[0] = RUN(g, fd_write, (u32)number, SCRATCH, 8, OUT);
  seen[1] = out_u32(g) > 0 && out_u32(g) < 8 * GUEST_MEMORY ? E_SUCCESS : E_IO;
  seen[2] = RUN(g, fd_write, (u32)number, SCRATCH, 8, OUT);
  guest_free(g);
}

static void a_write_cut_short_raises_nothing(void **state) {
  (void)state;
  int ends[2];
  pthread_t reader;
  void *result;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(pthread_create(&reader, NULL, read_some_and_go, &ends[0]), 0);
  with_descriptor(2, ends[1], try_long_write);
  pthread_join(reader, &result);
  close(ends[1]);
  assert_non_null(result);
  assert_int_equal(seen[0], E_SUCCESS);
  assert_int_equal(seen[1], E_SUCCESS);
  assert_int_equal(seen[2], E_PIPE);
}

/* Many vectors over one large memory: the count fits its 32 bits, and what is kept is bounded. */
static void streams_take_a_bounded_amount(void **state) {
  (void)state;
  const size_t size = (size_t)1 << 30;
  wasi_config_t *config = wasi_config_new();
  wasi_config_capture_stderr(config, SIZE_MAX);
  Guest *g = guest_new(config);
  u8 *memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(memory != MAP_FAILED);
  for (u32 i = 0; i < 8; i++) {
    store_u32(memory + SCRATCH + 8 * i, 0);
    store_u32(memory + SCRATCH + 8 * i + 4, (u32)size);
  }
  for (u32 fd = 1; fd < 3; fd++) {
    wasmx_slot_t slots[4] = {{.u64 = fd}, {.u64 = SCRATCH}, {.u64 = 8}, {.u64 = OUT}};
    Call call = {.ctx = g->ctx, .args = slots, .memory = memory, .memory_size = size};
    assert_int_equal(wm_call_fd_write(&call), E_SUCCESS);
    assert_int_equal(load_u32(memory + OUT), 128 << 20);
  }
  wasm_byte_vec_t out;
  wasi_ctx_take_stderr(g->ctx, &out);
  assert_int_equal(out.size, 128 << 20);
  wasm_byte_vec_delete(&out);
  munmap(memory, size);
  guest_free(g);
}

/* ---- numbers ---- */

static void numbers_closed_and_moved(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_with_everything(folder, 0);
  u32 fd;
  const char *text;
  /* Every call on a closed number, whatever else it is given, says so. */
  assert_int_equal(RUN(g, fd_close, 4), E_SUCCESS);
  for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
    if (strncmp(rows[r].name, "fd_", 3) != 0) continue;
    u64 args[16] = {4, GOOD_VECTORS, 1, OUT, OUT};
    if (rows[r].handler == wm_call_fd_seek) args[2] = 0;
    memory_reset(g);
    if (call_row(g, &rows[r], args) != E_BADF) fail_msg("%s takes a closed number", rows[r].name);
  }
  /* A preopened directory over a stream, and a stream over that: nothing of the old is left. */
  assert_int_equal(RUN(g, fd_renumber, 3, 1), E_SUCCESS);
  assert_int_equal(guest_write(g, 1, "x"), E_BADF);
  assert_int_equal(RUN(g, fd_prestat_get, 3, OUT), E_BADF);
  assert_int_equal(RUN(g, fd_prestat_get, 1, OUT), E_SUCCESS);
  assert_int_equal(RUN(g, path_open, 1, 0, PATH(g, "file"), 0, RIGHTS_FILE, RIGHTS_FILE, 0, OUT),
                   E_SUCCESS);
  assert_int_equal(out_u32(g), 3);
  assert_int_equal(RUN(g, fd_renumber, 0, 1), E_SUCCESS);
  assert_int_equal(guest_read(g, 1, &text), E_SUCCESS);
  assert_string_equal(text, "input");
  assert_int_equal(RUN(g, path_open, 1, 0, PATH(g, "file"), 0, 0, 0, 0, OUT), E_NOTDIR);
  /* Standard numbers are reused, and the host's own stay open. */
  for (u32 i = 0; i < 3; i++) RUN(g, fd_close, i);
  assert_int_equal(RUN(g, fd_close, 3), E_SUCCESS);
  assert_int_equal(guest_open(g, "file", 0, RIGHT_FD_READ, &fd), E_BADF);
  for (int i = 0; i < 3; i++) assert_true(fcntl(i, F_GETFD) >= 0);
  guest_free(g);
  remove_folder(folder);
}

/* ---- what a directory may do ---- */

static void each_permission_alone(void **state) {
  (void)state;
  char folder[64] = "";
  guest_free(guest_with_everything(folder, 0));
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_dir_perms(config, folder, "/w", WASI_DIR_PERMS_WRITE, 3));
  assert_true(wasi_config_preopen_dir_perms(config, folder, "/0", 0, 0));
  assert_true(wasi_config_preopen_dir_perms(config, folder, "/r", WASI_DIR_PERMS_READ, 0));
  Guest *g = guest_new(config);
  const Errno no = E_NOTCAPABLE;
  for (u32 dir = 3; dir < 5; dir++) { /* without READ nothing is listed, opened or looked up */
    assert_int_equal(RUN(g, path_open, dir, 0, PATH(g, "file"), 0, RIGHT_FD_READ, 0, 0, OUT), no);
    assert_int_equal(RUN(g, path_filestat_get, dir, 0, PATH(g, "file"), OUT), no);
    assert_int_equal(RUN(g, path_readlink, dir, PATH(g, "link"), 4096, 100, OUT), no);
    assert_int_equal(RUN(g, fd_readdir, dir, 4096, 100, 0, OUT), no);
  }
  assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, 4, PATH(g, "e")), no);
  assert_int_equal(RUN(g, path_filestat_get, 5, 0, PATH(g, "d"), OUT), E_SUCCESS);
  assert_int_equal(RUN(g, path_remove_directory, 5, PATH(g, "d")), no);
  assert_int_equal(RUN(g, path_open, 5, 0, PATH(g, "file"), 0, RIGHTS_FILE, 0, 0, OUT), no);
  assert_int_equal(RUN(g, path_open, 5, 0, PATH(g, "file"), 0, RIGHT_FD_READ, 0, 0, OUT),
                   E_SUCCESS);
  const char *text;
  assert_int_equal(guest_read(g, out_u32(g), &text), no);
  guest_free(g);
  remove_folder(folder);
}

/* Links that the kernel resolves by itself lead nowhere, whichever way they are named. */
static void magic_links_lead_nowhere(void **state) {
  (void)state;
  static const char *const paths[] = {"cwd",    "cwd/",      "root",         "root/",
                                      "root/.", "root/etc",  "fd/0",         "fd/4",
                                      "exe",    "cwd/../fd", "root/../stat", "task/../root/etc"};
  for (int resolver = WASI_RESOLVER_OPENAT2; resolver <= WASI_RESOLVER_WALKER; resolver++) {
    wasi_config_t *config = wasi_config_new();
    wasi_config_set_resolver(config, resolver);
    assert_true(wasi_config_preopen_dir(config, "/proc/self", "/proc", true));
    Guest *g = guest_new(config);
    u32 fd;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
      u64 follow = LOOKUP_SYMLINK_FOLLOW;
      if (guest_open(g, paths[i], 0, RIGHT_FD_READ, &fd) == E_SUCCESS ||
          guest_open(g, paths[i], OFLAG_CREAT, RIGHT_FD_READ, &fd) == E_SUCCESS ||
          RUN(g, path_filestat_get, 3, follow, PATH(g, paths[i]), OUT) == E_SUCCESS ||
          RUN(g, path_filestat_set_times, 3, follow, PATH(g, paths[i]), 1, 1, 5) == E_SUCCESS)
        fail_msg("%s, resolver %d: led somewhere", paths[i], resolver);
    }
    assert_int_equal(guest_open(g, "stat", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
    guest_free(g);
  }
}

/* ---- long lists ---- */

static u64 list_some(Guest *g, u32 fd, u64 cookie, u32 *count) {
  const u32 room = 40000;
  assert_int_equal(RUN(g, fd_readdir, fd, 8192, room, cookie, OUT), E_SUCCESS);
  u32 used = out_u32(g);
  for (u32 at = 8192; at + DIRENT_SIZE <= 8192 + used;) {
    u32 next = at + DIRENT_SIZE + load_u32(g->memory + at + 16);
    if (next > 8192 + used) break;
    cookie = load_u64(g->memory + at);
    ++*count;
    at = next;
  }
  return used < room ? UINT64_MAX : cookie;
}

static void long_directories(void **state) {
  (void)state;
  enum { FILES = 10000 };
  char folder[64] = "", name[32];
  Guest *g = guest_new(config_with_folder(folder, true, 0));
  u32 fd, count = 0;
  for (u32 i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "file%u", i);
    assert_int_equal(guest_open(g, name, OFLAG_CREAT, RIGHT_FD_READ, &fd), E_SUCCESS);
    assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  }
  for (u64 cookie = 0; cookie != UINT64_MAX;) cookie = list_some(g, 3, cookie, &count);
  assert_int_equal(count, FILES + 2);
  /* A buffer too small for one entry's head gets the part that fits, and the place stays. */
  for (u32 room = 0; room < DIRENT_SIZE; room++) {
    memset(g->memory + SCRATCH, 0xee, 64);
    assert_int_equal(RUN(g, fd_readdir, 3, SCRATCH, room, 0, OUT), E_SUCCESS);
    assert_int_equal(out_u32(g), room);
    assert_int_equal(g->memory[SCRATCH + room], 0xee);
  }
  /* Files go while they are listed: no entry that stays is missed or told twice. */
  count = 0;
  u64 cookie = list_some(g, 3, 0, &count);
  u32 gone = 0;
  for (u32 i = 0; i < FILES; i += 2, gone++) {
    snprintf(name, sizeof name, "file%u", i);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, name)), E_SUCCESS);
  }
  while (cookie != UINT64_MAX) cookie = list_some(g, 3, cookie, &count);
  assert_true(count >= FILES + 2 - gone && count <= FILES + 2);
  count = 0;
  for (cookie = 0; cookie != UINT64_MAX;) cookie = list_some(g, 3, cookie, &count);
  assert_int_equal(count, FILES + 2 - gone);
  guest_free(g);
  remove_folder(folder);
}

static void many_arguments(void **state) {
  (void)state;
  enum { MANY = 10000 };
  static const char *args[MANY];
  for (u32 i = 0; i < MANY; i++) args[i] = "";
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_argv(config, MANY, args));
  Guest *g = guest_new(config);
  assert_int_equal(RUN(g, args_sizes_get, OUT, OUT + 4), E_SUCCESS);
  assert_int_equal(out_u64(g), MANY | (u64)MANY << 32);
  assert_int_equal(RUN(g, args_get, END - 4 * MANY, 0), E_SUCCESS);
  assert_int_equal(load_u32(g->memory + END - 4), MANY - 1);
  assert_int_equal(RUN(g, args_get, END - 4 * MANY + 4, 0), E_FAULT);
  assert_int_equal(RUN(g, args_get, 0, END - MANY + 1), E_FAULT);
  assert_int_equal(RUN(g, environ_sizes_get, OUT, OUT + 4), E_SUCCESS);
  assert_int_equal(out_u64(g), 0);
  assert_int_equal(RUN(g, environ_get, END, END), E_SUCCESS);
  assert_int_equal(RUN(g, environ_get, END + 4, END), E_FAULT);
  guest_free(g);
}

int main(void) {
  const struct rlimit small_files = {1 << 24, 1 << 24}; /* fd_allocate is asked for much */
  setrlimit(RLIMIT_FSIZE, &small_files);
  signal(SIGXFSZ, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_argument_at_the_edges),
      cmocka_unit_test(pairs_of_arguments_at_the_edges),
      cmocka_unit_test(bad_results_change_nothing),
      cmocka_unit_test(a_stream_is_no_way_into_a_directory),
      cmocka_unit_test(a_stream_goes_one_way),
      cmocka_unit_test(a_closed_stream_is_no_granted_file),
      cmocka_unit_test(a_write_cut_short_raises_nothing),
      cmocka_unit_test(streams_take_a_bounded_amount),
      cmocka_unit_test(numbers_closed_and_moved),
      cmocka_unit_test(each_permission_alone),
      cmocka_unit_test(magic_links_lead_nowhere),
      cmocka_unit_test(long_directories),
      cmocka_unit_test(many_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
