/* Fuzz target: bytes -> operations of a hostile guest on two directories, one of them read-only,
 * that stand beside a file it was not given. Whatever it does, that file and the read-only
 * directory stay as they are, also below a file system over it, the file's text never gets into the
 * guest's memory, nothing new stands beside it, and every answer is an errno. An operation is a
 * byte for the call and one or two for each argument. */
#include "tests/fuzz/fuzz.h"
#include "tests/support/temporary.h"

#include "wasi/wasi_ctx.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY = 1 << 14, NAMES = 4096, MAX_CALLS = 64 };

static const char secret[] = "canary: not for the guest";

/* Calls and what their arguments are: d descriptor, p path (address and length), o address of a
 * result, v vectors (address and count), r rights, f flags, n number, b buffer (address and size).
 */
static const struct {
  Handler handler;
  const char *arguments;
} rows[] = {
    {wm_call_args_get, "oo"},
    {wm_call_args_sizes_get, "oo"},
    {wm_call_environ_get, "oo"},
    {wm_call_clock_time_get, "nno"},
    {wm_call_fd_advise, "dnnf"},
    {wm_call_fd_allocate, "dnn"},
    {wm_call_fd_close, "d"},
    {wm_call_fd_datasync, "d"},
    {wm_call_fd_fdstat_get, "do"},
    {wm_call_fd_fdstat_set_flags, "df"},
    {wm_call_fd_fdstat_set_rights, "drr"},
    {wm_call_fd_filestat_get, "do"},
    {wm_call_fd_filestat_set_size, "dn"},
    {wm_call_fd_filestat_set_times, "dnnf"},
    {wm_call_fd_pread, "dvno"},
    {wm_call_fd_prestat_get, "do"},
    {wm_call_fd_prestat_dir_name, "db"},
    {wm_call_fd_pwrite, "dvno"},
    {wm_call_fd_read, "dvo"},
    {wm_call_fd_readdir, "dbno"},
    {wm_call_fd_renumber, "dd"},
    {wm_call_fd_seek, "dnfo"},
    {wm_call_fd_sync, "d"},
    {wm_call_fd_tell, "do"},
    {wm_call_fd_write, "dvo"},
    {wm_call_path_create_directory, "dp"},
    {wm_call_path_filestat_get, "dfpo"},
    {wm_call_path_filestat_set_times, "dfpnnf"},
    {wm_call_path_link, "dfpdp"},
    {wm_call_path_open, "dfpfrrfo"},
    {wm_call_path_readlink, "dpbo"},
    {wm_call_path_remove_directory, "dp"},
    {wm_call_path_rename, "dpdp"},
    {wm_call_path_symlink, "pdp"},
    {wm_call_path_unlink_file, "dp"},
    {wm_call_poll_oneoff, "oono"},
    {wm_call_random_get, "b"},
    {wm_call_sched_yield, ""},
};

/* Names and pieces of names; the guest's own bytes make others. */
static const char *const names[] = {
    "a",
    "b",
    "d",
    "d/a",
    "d/e",
    "..",
    "../secret",
    "d/..",
    "d/../..",
    "a/",
    "d/",
    "l",
    "l/",
    "l/a",
    ".",
    "./a",
    "",
    "/",
    "/etc/passwd",
    "d/../../secret",
    "m",
    "m/..",
    "l/..",
    "e/../a",
    "../ro/kept",
    "kept",
    "../rw/../secret",
    "kept/",
    "l/secret",
    "up",
    "l/ro/kept",
};
enum { NAME_ROOM = 32, NAME_COUNT = ARRAY_LEN(names) };

typedef struct Tape {
  const u8 *at, *end;
} Tape;

static u8 take(Tape *t) { return t->at < t->end ? *t->at++ : 0; }

/* ---- the folder ---- */

static char base[64];

static void write_file(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", base, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) abort();
  close(fd);
}

static void check_file(const char *name, const char *text) {
  char path[128], found[64] = "";
  struct stat st;
  snprintf(path, sizeof path, "%s/%s", base, name);
  int fd = open(path, O_RDONLY | O_NOFOLLOW);
  if (fd < 0 || read(fd, found, sizeof found - 1) < 0 || strcmp(found, text) != 0) abort();
  if (fstat(fd, &st) || st.st_nlink != 1 || st.st_mtim.tv_sec < 1000000000) abort();
  close(fd);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}

/* Removes what `name` of the base is and holds, following no link. */
static void remove_tree(const char *name) {
  char path[96];
  snprintf(path, sizeof path, "%s/%s", base, name);
  if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS)) abort();
}

static void remove_base(void) { nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

static void check_count(const char *name, int want) {
  char path[96];
  snprintf(path, sizeof path, "%s/%s", base, name);
  DIR *dir = opendir(path);
  if (!dir) abort();
  while (readdir(dir)) want--;
  closedir(dir);
  if (want != -2) abort(); /* "." and ".." */
}

static void make_base(void) {
  const struct rlimit small_files = {1 << 20, 1 << 20};
  char path[96];
  setrlimit(RLIMIT_FSIZE, &small_files);
  signal(SIGXFSZ, SIG_IGN);
  if (!temporary_folder(base, "wasi_fuzz")) abort();
  atexit(remove_base);
  snprintf(path, sizeof path, "%s/ro", base);
  mkdir(path, 0755);
  write_file("secret", secret);
  write_file("ro/kept", "kept");
  snprintf(path, sizeof path, "%s/ro/up", base);
  if (symlink("../secret", path)) abort();
}

/* Nothing but what was there before, as it was. */
static void check_base(void) {
  check_file("secret", secret);
  check_file("ro/kept", "kept");
  check_count(".", 3);
  check_count("ro", 2);
}

/* ---- the guest ---- */

/* One in memory, one over the read-only folder. */
static void mount_two(wasi_config_t *config) {
  char ro[96];
  snprintf(ro, sizeof ro, "%s/ro", base);
  wasi_fs_t *both[] = {wasi_fs_new_memory(1 << 15), wasi_fs_new_overlay(ro, 1 << 15, NULL)};
  for (u32 i = 0; i < 2; i++) {
    if (!wasi_config_mount(config, both[i], "/m", 3, 3)) abort();
    wasi_fs_delete(both[i]);
  }
}

static wasi_ctx_t *make_guest(wasm_store_t *store, u8 how) {
  char rw[96], ro[96];
  const char *args[] = {"program", "argument"};
  snprintf(rw, sizeof rw, "%s/rw", base);
  snprintf(ro, sizeof ro, "%s/ro", base);
  mkdir(rw, 0755);
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_resolver(config, how & 1 ? WASI_RESOLVER_WALKER : WASI_RESOLVER_AUTO);
  wasi_config_set_max_fds(config, how & 2 ? 8 : 64);
  wasi_config_capture_stdout(config, 100);
  if (!wasi_config_set_argv(config, 2, args) || !wasi_config_preopen_dir(config, rw, "/rw", true) ||
      !wasi_config_preopen_dir(config, ro, "/ro", false))
    abort();
  if (how & 4) mount_two(config);
  if (how & 8) wasi_config_set_deterministic(config, how);
  return wasi_ctx_new(store, config, NULL);
}

/* Paths at NAMES + n * NAME_ROOM, vectors at 256, zero elsewhere: a poll of that ends at once. */
static void fill_memory(u8 *memory) {
  memset(memory, 0, MEMORY);
  for (u32 i = 0; i < NAME_COUNT; i++)
    memcpy(memory + NAMES + NAME_ROOM * i, names[i], strlen(names[i]));
  for (u32 i = 0; i < 4; i++) {
    store_u32(memory + 256 + 8 * i, 8192 + 100 * i);
    store_u32(memory + 260 + 8 * i, 10 + i);
  }
}

/* What nobody means: the end of memory, the largest numbers. */
static u64 hostile(u8 value) { return value & 1 ? MEMORY - (u64)(value >> 1) % 64 : ~(u64)value; }

/* An argument of the kind into *out; how many it took. */
static u32 argument(char kind, Tape *t, wasmx_slot_t *out) {
  u8 value = take(t);
  out[0].u64 = out[1].u64 = value;
  switch (kind) {
  case 'd': out->u64 = value % 10; break;
  case 'o': out->u64 = 8 * (u64)(value % 16); break;
  case 'r': out->u64 = value & 1 ? RIGHTS_DIR | RIGHTS_FILE : (u64)1 << value % 28; break;
  case 'f': out->u64 = value % 16; break;
  case 'p':
    out[0].u64 = NAMES + NAME_ROOM * (u64)(value % NAME_COUNT);
    out[1].u64 = strlen(names[value % NAME_COUNT]);
    break;
  case 'v':
    out[0].u64 = 256;
    out[1].u64 = value % 5;
    break;
  case 'b': out[0].u64 = 8192; break;
  default: break;
  }
  if (value > 245) out->u64 = hostile(take(t));
  return kind == 'p' || kind == 'v' || kind == 'b' ? 2 : 1;
}

static bool holds_secret(const u8 *memory) {
  return memmem(memory, MEMORY, secret, sizeof secret - 1) != NULL;
}

static void run_call(wasi_ctx_t *ctx, u8 *memory, Tape *t) {
  wasmx_slot_t slots[16] = {{0}};
  u8 row = take(t) % ARRAY_LEN(rows);
  u32 count = 0;
  for (const char *kind = rows[row].arguments; *kind; kind++)
    count += argument(*kind, t, slots + count);
  /* Times in the guest's memory may be long, and are not what is tried here. */
  if (rows[row].handler == wm_call_poll_oneoff) fill_memory(memory);
  Call call = {.ctx = ctx, .args = slots, .memory = memory, .memory_size = MEMORY};
  if (rows[row].handler(&call) > E_NOTCAPABLE || call.trap) abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  static wasm_store_t *store; /* never run in: contexts only name it */
  Tape t = {data, data + size};
  if (!store) {
    make_base();
    wasm_engine_t *engine = wasm_engine_new();
    store = wasm_store_new(engine);
    wasm_engine_delete(engine);
  }
  wasi_ctx_t *ctx = make_guest(store, take(&t));
  u8 *memory = malloc(MEMORY);
  if (!ctx || !memory) abort();
  fill_memory(memory);
  for (u32 i = 0; i < MAX_CALLS && t.at < t.end; i++) run_call(ctx, memory, &t);
  if (holds_secret(memory)) abort();
  free(memory);
  wasi_ctx_delete(ctx);
  check_base();
  remove_tree("rw");
  return 0;
}
