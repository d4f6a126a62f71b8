/* What is told of a program's accesses, and what the host takes away while it runs. */
#include "support/failing_alloc.h"
#include "wasi/guest.h"
#include "wasi/program.h"
#include "wasi/wasi_audit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static const Rights all = RIGHTS_DIR | RIGHTS_FILE; /* NOLINT(misc-redundant-expression) */

/* ---- what is told ---- */

typedef struct Told {
  char lines[20][600];
  u32 count, ended;
} Told;

static const char *text_or(const char *text) { return text ? text : "-"; }

static void on_access(void *data, const wasi_access_t *a) {
  Told *t = data;
  assert_int_equal(a->size, sizeof *a);
  assert_true(t->count < ARRAY_LEN(t->lines));
  snprintf(t->lines[t->count++], sizeof t->lines[0], "%s %s %s %s %d %d %d", a->call,
           text_or(a->grant), text_or(a->path), text_or(a->other_path), (int)a->fd, (int)a->new_fd,
           a->error);
}

static void on_end(void *data) { ((Told *)data)->ended++; }

/* Calls by their names, as dispatch makes them. */
static Errno call_row(Guest *g, const char *name, u32 count, const u64 *args) {
  wasmx_slot_t slots[16] = {{0}};
  u32 row = 0;
  while (strcmp(wm_call_rows[row].name, name) != 0) row++;
  for (u32 i = 0; i < count; i++) slots[i].u64 = args[i];
  Call call = {.ctx = g->ctx, .args = slots, .memory = g->memory, .memory_size = GUEST_MEMORY};
  return wm_audit_run(&call, &wm_call_rows[row]);
}
#define TOLD(g, name, ...)                                                                         \
  call_row((g), #name, sizeof((u64[]){__VA_ARGS__}) / sizeof(u64), (u64[]){__VA_ARGS__})

static void accesses_are_told(void **state) {
  (void)state;
  char folder[64] = "";
  Told told = {.count = 0};
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  assert_true(wasi_config_set_audit(config, on_access, &told, on_end));
  Guest *g = guest_new(config);
  assert_int_equal(TOLD(g, path_create_directory, FIRST_DIR, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(TOLD(g, path_open, FIRST_DIR, 1, PATH(g, "d/f"), OFLAG_CREAT, all, all, 0, OUT),
                   E_SUCCESS);
  assert_int_equal(TOLD(g, path_rename, FIRST_DIR, PATH(g, "d/f"), FIRST_DIR, PATH2(g, "g")),
                   E_SUCCESS);
  assert_int_equal(TOLD(g, path_symlink, PATH2(g, "g"), FIRST_DIR, PATH(g, "l")), E_SUCCESS);
  assert_int_equal(TOLD(g, path_open, FIRST_DIR, 1, PATH(g, "../x"), 0, all, all, 0, OUT),
                   E_NOTCAPABLE);
  assert_int_equal(TOLD(g, path_open, FIRST_DIR, 1, PATH(g, "/etc"), 0, all, all, 0, OUT),
                   E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, FIRST_DIR, all & ~RIGHT_PATH_UNLINK_FILE, all),
                   E_NOTCAPABLE);
  assert_int_equal(
      RUN(g, fd_fdstat_set_rights, FIRST_DIR, RIGHTS_DIR & ~RIGHT_PATH_UNLINK_FILE, all),
      E_SUCCESS);
  assert_int_equal(TOLD(g, path_unlink_file, FIRST_DIR, PATH(g, "g")), E_NOTCAPABLE);
  assert_int_equal(TOLD(g, path_open, 99, 1, PATH(g, "x"), 0, all, all, 0, OUT), E_BADF);
  for (int i = 0; i < 3; i++) assert_int_equal(TOLD(g, clock_time_get, 0, 0, OUT), E_SUCCESS);
  for (int i = 0; i < 3; i++)
    assert_int_equal(TOLD(g, fd_write, 4, put_vector(g, 0, 3), 1, OUT), E_SUCCESS);
  assert_int_equal(TOLD(g, fd_fdstat_set_rights, 4, RIGHT_FD_READ, 0), E_SUCCESS);
  for (int i = 0; i < 2; i++)
    assert_int_equal(TOLD(g, fd_write, 4, put_vector(g, 0, 3), 1, OUT), E_NOTCAPABLE);
  static const char *const want[] = {"path_create_directory / d - 3 -1 0",
                                     "path_open / d/f - 3 4 0",
                                     "path_rename / d/f g 3 -1 0",
                                     "path_symlink / g l 3 -1 0",
                                     "path_open / ../x - 3 -1 76",
                                     "path_open / /etc - 3 -1 76",
                                     "path_unlink_file / g - 3 -1 76",
                                     "path_open - x - 99 -1 8",
                                     "clock_time_get - - - -1 -1 0",
                                     "fd_write / - - 4 -1 0",
                                     "fd_fdstat_set_rights / - - 4 -1 0",
                                     "fd_write / - - 4 -1 76",
                                     "fd_write / - - 4 -1 76"};
  assert_int_equal(told.count, ARRAY_LEN(want));
  for (u32 i = 0; i < told.count; i++) assert_string_equal(told.lines[i], want[i]);
  assert_int_equal(told.ended, 0);
  guest_free(g);
  assert_int_equal(told.ended, 1);
  remove_folder(folder);
}

/* ---- what the host has there ---- */

static void keep_target(void *data, const wasi_access_t *a) {
  char *last = data;
  snprintf(last, PATH_MAX, "%s", text_or(a->target));
}

/* What the kernel calls the host's descriptor behind the program's. */
static void name_of_fd(const Guest *g, u32 fd, char name[PATH_MAX]) {
  char link[48];
  snprintf(link, sizeof link, "/proc/self/fd/%d", g->ctx->fds.fds.data[fd].fd);
  ssize_t n = readlink(link, name, PATH_MAX - 1);
  assert_true(n > 0);
  name[n] = 0;
}

/* Opens below `dir` and compares what is told with what the kernel says; the descriptor. */
static u32 open_and_compare(Guest *g, u32 dir, const char *path, u32 oflags, const char *told) {
  char name[PATH_MAX];
  const Rights rights = RIGHTS_DIR | RIGHT_FD_READ; /* NOLINT(misc-redundant-expression) */
  assert_int_equal(TOLD(g, path_open, dir, 1, PATH(g, path), oflags, rights, all, 0, OUT),
                   E_SUCCESS);
  name_of_fd(g, out_u32(g), name);
  assert_string_equal(told, name);
  return out_u32(g);
}

static void make_maze(Guest *g, const char *folder) {
  static const char *const folders[] = {"a", "a/b", "a/b/c", "other"};
  static const char *const links[][2] = {
      {"a/b", "in"}, {"../../other", "a/b/out"}, {"c/f", "a/b/l"}};
  for (size_t i = 0; i < ARRAY_LEN(folders); i++)
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, folders[i])), E_SUCCESS);
  for (size_t i = 0; i < ARRAY_LEN(links); i++)
    assert_int_equal(RUN(g, path_symlink, PATH(g, links[i][0]), 3, PATH2(g, links[i][1])), 0);
  char command[200];
  snprintf(command, sizeof command, "touch %s/a/b/c/f %s/other/f", folder, folder);
  assert_int_equal(system(command), 0);
}

/* Links and dots on the way, both resolvers, a program of one thread and one of several. */
static void targets_are_what_was_opened(void **state) {
  (void)state;
  static const char *const paths[] = {
      "a/b/c/f",     "./a//b/./c/f", "a/b/../b/c/f", "in/c/f",           "in/out/f",
      "a/b/l",       "in/l",         "in/../b/l",    "in/out/../in/c/f", "a/b/out/../a/b/c/f",
      "a/../other/f"};
  static const char *const dirs[] = {".",        "a/b/",     "in",         "in/out",
                                     "a/b/c/..", "a/b/../.", "in/out/../a"};
  for (int way = 0; way < 6; way++) {
    char folder[64] = "", told[PATH_MAX];
    wasi_config_t *config = config_with_folder(folder, true, way % 3);
    assert_true(wasi_config_set_audit(config, keep_target, told, NULL));
    Guest *g = guest_new(config);
    make_maze(g, folder);
    g->ctx->threads.used = way >= 3;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) open_and_compare(g, FIRST_DIR, paths[i], 0, told);
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
      open_and_compare(g, FIRST_DIR, dirs[i], OFLAG_DIRECTORY, told);
    u32 in = open_and_compare(g, FIRST_DIR, "in", OFLAG_DIRECTORY, told);
    open_and_compare(g, in, "c/f", 0, told);
    open_and_compare(g, in, "new", OFLAG_CREAT, told);
    open_and_compare(g, in, "newer", OFLAG_CREAT | OFLAG_EXCL, told);
    g->ctx->threads.used = false;
    guest_free(g);
    remove_folder(folder);
  }
}

typedef struct Flipper {
  u8 *byte;
  _Atomic bool stop;
} Flipper;

/* What guests do to each other in a memory is no finding of a sanitizer's. */
__attribute__((no_sanitize("thread"))) static void *flip(void *arg) {
  Flipper *f = arg;
  for (u8 i = 0; !f->stop; i ^= 1) *(volatile u8 *)f->byte = 'a' + i;
  return NULL;
}

/* Another thread of the program changes the path meanwhile: what is told is what was opened. */
static void targets_of_paths_that_change(void **state) {
  (void)state;
  char folder[64] = "", told[PATH_MAX], name[PATH_MAX];
  pthread_t thread;
  u32 fd;
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  assert_true(wasi_config_set_audit(config, keep_target, told, NULL));
  Guest *g = guest_new(config);
  assert_int_equal(guest_open(g, "b", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(guest_open(g, "a", OFLAG_CREAT, all, &fd), E_SUCCESS);
  Flipper f = {.byte = g->memory + SCRATCH};
  assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
  for (int i = 0; i < 40000; i++) {
    assert_int_equal(TOLD(g, path_open, FIRST_DIR, 0, SCRATCH, 1, 0, RIGHT_FD_READ, 0, 0, OUT), 0);
    name_of_fd(g, out_u32(g), name);
    assert_string_equal(told, name);
    assert_int_equal(RUN(g, fd_close, out_u32(g)), E_SUCCESS);
  }
  f.stop = true;
  pthread_join(thread, NULL);
  guest_free(g);
  remove_folder(folder);
}

/* A directory that the program renames is told by its new name. */
static void targets_after_renames(void **state) {
  (void)state;
  char folder[64] = "", told[PATH_MAX], want[200];
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  assert_true(wasi_config_set_audit(config, keep_target, told, NULL));
  Guest *g = guest_new(config);
  make_maze(g, folder);
  u32 dir = open_and_compare(g, FIRST_DIR, "a/b", OFLAG_DIRECTORY, told);
  open_and_compare(g, dir, "c/f", 0, told);
  assert_int_equal(TOLD(g, path_rename, FIRST_DIR, PATH(g, "a"), FIRST_DIR, PATH2(g, "z")), 0);
  open_and_compare(g, dir, "c/f", 0, told);
  assert_non_null(strstr(told, "/z/b/c/f"));
  assert_int_equal(TOLD(g, path_unlink_file, dir, PATH(g, "no")), E_NOENT);
  snprintf(want, sizeof want, "%s/z/b/no", folder);
  assert_string_equal(told, want);
  assert_int_equal(TOLD(g, fd_renumber, dir, FIRST_DIR), 0);
  open_and_compare(g, FIRST_DIR, "c/f", 0, told);
  guest_free(g);
  remove_folder(folder);
}

/* Names that are as long as they may be, and longer. */
static void targets_of_any_length(void **state) {
  (void)state;
  char folder[64] = "", told[PATH_MAX], name[201];
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  assert_true(wasi_config_set_audit(config, keep_target, told, NULL));
  Guest *g = guest_new(config);
  memset(name, 'n', 200);
  name[200] = 0;
  u32 dir = FIRST_DIR;
  for (int depth = 1; depth < 45; depth++) {
    assert_int_equal(TOLD(g, path_create_directory, dir, PATH(g, name)), E_SUCCESS);
    assert_int_equal(
        TOLD(g, path_open, dir, 0, PATH(g, name), OFLAG_DIRECTORY, RIGHTS_DIR, all, 0, OUT), 0);
    size_t whole = strlen(folder) + (size_t)depth * 201;
    if (whole < PATH_MAX) assert_int_equal(strlen(told), whole);
    dir = out_u32(g);
  }
  guest_free(g);
  remove_folder(folder);
}

static void callbacks_end_once(void **state) {
  (void)state;
  Told told = {.count = 0};
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_audit(config, on_access, &told, on_end));
  assert_true(wasi_config_set_audit(config, on_access, &told, on_end));
  assert_int_equal(told.ended, 1);
  wasi_config_delete(config);
  assert_int_equal(told.ended, 2);
  assert_false(wasi_config_set_audit(NULL, on_access, &told, on_end));
  assert_int_equal(told.ended, 3);
  assert_false(wasi_config_set_audit_file(NULL, "x"));
  config = wasi_config_new();
  assert_false(wasi_config_set_audit_file(config, "/tmp/there is no such folder/x"));
  wasi_config_delete(config);
}

/* ---- JSON ---- */

static void lines_of_json(void **state) {
  (void)state;
  char folder[64] = "", path[96], text[4000] = "", real[96];
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  snprintf(path, sizeof path, "%s/audit", folder);
  assert_true(wasi_config_set_audit_file(config, path));
  Guest *g = guest_new(config);
  assert_int_equal(symlink("audit", (snprintf(real, sizeof real, "%s/link", folder), real)), 0);
  assert_int_equal(TOLD(g, path_open, FIRST_DIR, 1, PATH(g, "link"), 0, RIGHT_FD_READ, 0, 0, OUT),
                   E_SUCCESS);
  assert_int_equal(TOLD(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "q\"\\\n\xff\xc3\xbc"), OUT),
                   E_NOENT);
  FILE *f = fopen(path, "r");
  assert_int_equal(fread(text, 1, sizeof text, f), 0); /* not yet */
  fclose(f);
  assert_int_equal(TOLD(g, path_unlink_file, FIRST_DIR, PATH(g, "../x")), E_NOTCAPABLE);
  f = fopen(path, "r");
  assert_true(fread(text, 1, sizeof text - 1, f) > 0); /* now, and what came before */
  fclose(f);
  char want[600];
  snprintf(want, sizeof want,
           ",\"call\":\"path_open\",\"grant\":\"/\",\"fd\":3,\"path\":\"link\",\"target\":"
           "\"%s\",\"rights\":[\"fd_read\",\"path_open\"],\"new_fd\":4,\"result\":\"success\"}\n",
           path);
  assert_non_null(strstr(text, want));
  assert_non_null(strstr(text, "\"path\":\"q\\\"\\\\\\u000a\\u00ff\xc3\xbc\",\"target\""));
  assert_non_null(strstr(text, "\"path\":\"../x\""));
  assert_non_null(strstr(text, "\"result\":\"notcapable\"}\n"));
  guest_free(g);
  remove_folder(folder);
}

/* Lines that are there are whole, whatever could not be written or kept. */
static void check_lines(const char *path, u32 at_least) {
  static char text[1 << 16];
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  u32 whole = 0, cut = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    const char *again = strstr(line + 1, "{\"time\"");
    if (again) fail_msg("two in one line: %s", line);
    *(line[strlen(line) - 1] == '}' ? &whole : &cut) += 1;
  }
  assert_true(cut <= 1 && whole >= at_least);
}

/* Who waits may do so for long: what is kept back is written first. */
static void lines_before_waits(void **state) {
  (void)state;
  char folder[64] = "", path[96];
  struct stat st;
  u8 *sleep_1ms;
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  snprintf(path, sizeof path, "%s/audit", folder);
  assert_true(wasi_config_set_audit_file(config, path));
  Guest *g = guest_new(config);
  assert_int_equal(TOLD(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "no"), OUT), E_NOENT);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_size, 0);
  sleep_1ms = g->memory + 4096;
  memset(sleep_1ms, 0, SUBSCRIPTION_SIZE);
  store_u32(sleep_1ms + 16, CLOCK_ID_MONOTONIC);
  store_u64(sleep_1ms + 24, 1000000);
  assert_int_equal(RUN(g, poll_oneoff, 4096, 8192, 1, OUT), E_SUCCESS);
  check_lines(path, 1);
  guest_free(g);
  remove_folder(folder);
}

static void refuse(Guest *g, int times) {
  while (times--)
    assert_int_equal(TOLD(g, path_open, FIRST_DIR, 0, PATH(g, "../x"), 0, 0, 0, 0, OUT),
                     E_NOTCAPABLE);
}

static void lines_that_are_cut(void **state) {
  (void)state;
  char folder[64] = "", path[96];
  struct rlimit before, small;
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  snprintf(path, sizeof path, "%s/audit", folder);
  assert_true(wasi_config_set_audit_file(config, path));
  Guest *g = guest_new(config);
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 1000;
  setrlimit(RLIMIT_FSIZE, &small);
  refuse(g, 20);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  refuse(g, 20);
  check_lines(path, 20);
  guest_free(g);
  check_lines(path, 20);
  remove_folder(folder);
}

static void lines_without_memory(void **state) {
  (void)state;
  for (u64 n = 1;; n++) {
    char folder[64] = "", path[96];
    wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
    snprintf(path, sizeof path, "%s/audit", folder);
    assert_true(wasi_config_set_audit_file(config, path));
    Guest *g = guest_new(config);
    failing_alloc_start(n);
    for (int i = 0; i < 20; i++)
      TOLD(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "no such name"), OUT);
    bool failed = failing_alloc_stop();
    guest_free(g);
    check_lines(path, 19);
    remove_folder(folder);
    if (!failed) break;
  }
}

/* ---- what is taken away ---- */

static void revoked_at_once(void **state) {
  (void)state;
  char folder[64] = "";
  u32 fd, dir;
  Guest *g = guest_new(config_with_folder(folder, true, WASI_RESOLVER_AUTO));
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(guest_open(g, "d", OFLAG_DIRECTORY, RIGHTS_DIR, &dir), E_SUCCESS);
  assert_false(wasi_ctx_revoke(g->ctx, "/other"));
  assert_false(wasi_ctx_revoke(NULL, "/"));
  assert_int_equal(guest_write(g, fd, "before"), E_SUCCESS);
  assert_true(wasi_ctx_revoke(g->ctx, "/"));
  const char *text;
  u32 other;
  assert_int_equal(guest_write(g, fd, "after"), E_NOTCAPABLE);
  assert_int_equal(guest_read(g, fd, &text), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_get, fd, OUT), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &other), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_filestat_get, dir, 0, PATH(g, "."), OUT), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_renumber, dir, FIRST_DIR), E_SUCCESS);
  guest_free(g);
  remove_folder(folder);
}

static void restricted_at_once(void **state) {
  (void)state;
  char folder[64] = "";
  u32 fd, other;
  const char *text;
  Guest *g = guest_new(config_with_folder(folder, true, WASI_RESOLVER_AUTO));
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "before"), E_SUCCESS);
  assert_true(wasi_ctx_restrict(g->ctx, "/", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ));
  assert_int_equal(guest_write(g, fd, "after"), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 0), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_seek, fd, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_string_equal(text, "before");
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "f")), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &other), E_SUCCESS);
  assert_int_equal(guest_write(g, other, "after"), E_BADF);
  assert_int_equal(guest_open(g, "f", 0, all, &other), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "new", OFLAG_CREAT, RIGHT_FD_READ, &other), E_NOTCAPABLE);
  assert_true(wasi_ctx_restrict(g->ctx, "/", 3, 3)); /* nothing comes back */
  assert_int_equal(guest_write(g, fd, "after"), E_NOTCAPABLE);
  guest_free(g);
  remove_folder(folder);
}

/* What may only be read does not get to where more may be done. */
static void restricted_for_good(void **state) {
  (void)state;
  char folders[2][TEMPORARY_SIZE] = {"", ""};
  u32 fd;
  wasi_config_t *config = config_with_folder(folders[0], true, WASI_RESOLVER_AUTO);
  assert_true(
      wasi_config_preopen_dir(config, temporary_folder(folders[1], "wasi_audit"), "/other", true));
  Guest *g = guest_new(config);
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_true(wasi_ctx_restrict(g->ctx, "/", 3, WASI_FILE_PERMS_READ));
  assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "f"), 4, PATH2(g, "g")), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_rename, 3, PATH(g, "f"), 4, PATH2(g, "g")), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_rename, 3, PATH(g, "f"), 3, PATH2(g, "g")), E_SUCCESS);
  assert_true(wasi_ctx_restrict(g->ctx, "/other", 3, WASI_FILE_PERMS_READ));
  assert_int_equal(RUN(g, path_rename, 3, PATH(g, "g"), 4, PATH2(g, "g")), E_SUCCESS);
  guest_free(g);
  for (int i = 0; i < 2; i++) remove_folder(folders[i]);
}

/* ---- events ---- */

static u32 open_descriptors(void) {
  u32 count = 0;
  for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* There are no more events than waiters, however often something changes and however their waits
 * overlap. */
static void events_are_closed(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new());
  Changes *c = &g->ctx->changes;
  u32 before = open_descriptors();
  int last = wm_changes_enter(c);
  for (int i = 0; i < 400; i++) {
    assert_true(last >= 0);
    assert_true(wasi_ctx_restrict(g->ctx, "stdout", 0, 0));
    int next = wm_changes_enter(c);
    wm_changes_leave(c, last);
    last = next;
    assert_true(open_descriptors() <= before + 2);
  }
  wm_changes_leave(c, last);
  for (int i = 0; i < 1000; i++) assert_true(wasi_ctx_restrict(g->ctx, "stdout", 0, 0));
  assert_true(open_descriptors() <= before + 1);
  guest_free(g);
}

/* ---- while the program waits ---- */

static const char waits[] = WASI_IMPORT("fd_read", "i32 i32 i32 i32") WASI_IMPORT(
    "poll_oneoff",
    "i32 i32 i32 i32") "(memory (export \"memory\") 1)"
                       " (func (export \"read\") (result i32) (i32.store (i32.const 0) (i32.const "
                       "64))"
                       "   (i32.store (i32.const 4) (i32.const 8))"
                       "   (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const "
                       "32)))"
                       " (func (export \"poll\") (result i32) (i32.store8 (i32.const 136) "
                       "(i32.const 1))"
                       "   (i32.add (i32.mul (i32.const 1000) (call $poll_oneoff (i32.const 128) "
                       "(i32.const 256)"
                       "     (i32.const 1) (i32.const 32))) (i32.load16_u (i32.const 264))))";

static void *revoke_soon(void *ctx) {
  usleep(20000);
  for (int i = 0; i < 3; i++) wasi_ctx_restrict(ctx, "stdout", 0, 0); /* another's: nothing ends */
  usleep(5000);
  assert_true(wasi_ctx_revoke(ctx, "stdin"));
  return NULL;
}

static int32_t revoked_in(const char *name) {
  int ends[2];
  char path[32];
  pthread_t thread;
  Program p;
  assert_int_equal(pipe(ends), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_stdin_file(config, path));
  program_new(&p, config, waits);
  assert_int_equal(pthread_create(&thread, NULL, revoke_soon, p.ctx), 0);
  int32_t result = program_call(&p, name, NULL);
  pthread_join(thread, NULL);
  assert_int_equal(program_call(&p, "read", NULL), E_NOTCAPABLE);
  program_delete(&p);
  close(ends[0]);
  close(ends[1]);
  return result;
}

static void waits_end(void **state) {
  (void)state;
  for (int i = 0; i < 20; i++) {
    assert_int_equal(revoked_in("read"), E_NOTCAPABLE);
    assert_int_equal(revoked_in("poll"), E_NOTCAPABLE); /* of the event, not the call */
  }
}

/* The same where there is no descriptor left for an event. */
static void waits_end_without_events(void **state) {
  (void)state;
  int ends[2];
  struct rlimit before, small;
  pthread_t thread;
  char path[32];
  Program p;
  assert_int_equal(pipe(ends), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_stdin_file(config, path));
  program_new(&p, config, waits);
  getrlimit(RLIMIT_NOFILE, &before);
  small = before;
  small.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &small);
  assert_int_equal(pthread_create(&thread, NULL, revoke_soon, p.ctx), 0);
  int32_t result = program_call(&p, "read", NULL);
  setrlimit(RLIMIT_NOFILE, &before);
  pthread_join(thread, NULL);
  assert_int_equal(result, E_NOTCAPABLE);
  program_delete(&p);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accesses_are_told),
      cmocka_unit_test(targets_are_what_was_opened),
      cmocka_unit_test(targets_of_paths_that_change),
      cmocka_unit_test(targets_after_renames),
      cmocka_unit_test(targets_of_any_length),
      cmocka_unit_test(callbacks_end_once),
      cmocka_unit_test(lines_of_json),
      cmocka_unit_test(revoked_at_once),
      cmocka_unit_test(restricted_at_once),
      cmocka_unit_test(waits_end),
      cmocka_unit_test(waits_end_without_events),
      cmocka_unit_test(lines_before_waits),
      cmocka_unit_test(lines_that_are_cut),
      cmocka_unit_test(lines_without_memory),
      cmocka_unit_test(restricted_for_good),
      cmocka_unit_test(events_are_closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
