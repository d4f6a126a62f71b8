/* Each errno of each function, by a table: a row is a call, its arguments, and what it answers.
 * The rows stand in errno_fd.def, errno_path.def and errno_sock.def, which say in comments what
 * cannot be had.
 *
 *   row --run in--> each world: a folder by openat2, a folder by the walk, a tree in memory
 *       --and as--> wasi_snapshot_preview1 and wasi_unstable
 *
 * A world is made for each run anew. What may be answered: witx of preview 1, and POSIX for the
 * function that it names ("similar to openat in POSIX").
 *
 * Arguments are words. A word is a sum of numbers and names (`names` below), such as end-8 or
 * read|write; 'text' is the address and the length of a text, pathN one of N bytes that leads to
 * "file", nameN a name of N bytes, nul a text with a zero byte in it. */
#include "support/failing_alloc.h"
#include "wasi/guest.h"
#include "wasi/wasi_audit.h"
#include "wasi/wasi_node.h"
#include "wasi/wasi_tree.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { BUF = 32768, VECTORS = 2048, SUBS = 20480, EVENTS = 28672, TEXTS = 4096, TEXT_ROOM = 6144 };

/* Where a row applies; 0: everywhere. */
enum { OPENAT2 = 1, WALKER = 2, HOST = OPENAT2 | WALKER, MEMORY = 4, SNAPSHOT = 8, UNSTABLE = 16 };

static wasm_store_t *store; /* of all guests: to make one takes long */

typedef struct World {
  u32 way; /* OPENAT2, WALKER or MEMORY */
  Guest *g;
  char folder[TEMPORARY_SIZE];
  wasi_fs_t *fs;                         /* held: in memory */
  int peer, message_peer, listener_port; /* what `conn` and `message` are connected to */
  pid_t child;                           /* 0: none */
} World;

/* False: it cannot be had here. */
typedef bool Setup(World *w);

typedef struct Row {
  const char *call;
  Handler handler;
  const char *args;
  Errno want;
  Setup *setup;
  u32 where;
  Rights without;    /* rights that no descriptor has, or passes on */
  Rights passes_not; /* only not passed on */
  Errno event;       /* of poll_oneoff: in its first event */
} Row;

/* ---- worlds ---- */

/* In this order; the first are what a program is given. */
enum {
  FD_DIR = 3,
  FD_RO,      /* the same to be read */
  FD_HALF,    /* the same, whose files are to be read */
  FD_SPECIAL, /* the same with its devices */
  FD_DEV,     /* the host's /dev */
  FD_PROC,    /* the host's /proc/self */
  FD_MEM,     /* another one in memory */
  FD_LISTENER,
  FD_CONN,
  FD_MESSAGE, /* a socket of datagrams */
  FD_FILE,    /* "file", for everything */
  FD_ROFILE,
  FD_WOFILE,
  FD_SUB, /* "d/e" */
  FD_NULL /* /dev/null */
};

static const Rights all = RIGHTS_DIR | RIGHTS_FILE; /* NOLINT(misc-redundant-expression) */

static void give(wasi_config_t *config, const World *w, const char *name, wasi_dir_perms dir,
                 wasi_file_perms file) {
  assert_true(w->fs ? wasi_config_mount(config, w->fs, name, dir, file)
                    : wasi_config_preopen_dir_perms(config, w->folder, name, dir, file));
}

static void give_directories(wasi_config_t *config, const World *w) {
  wasi_fs_t *other = wasi_fs_new_memory(1 << 16);
  give(config, w, "/dir", 3, 3);
  give(config, w, "/ro", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ);
  give(config, w, "/half", 3, WASI_FILE_PERMS_READ);
  give(config, w, "/special", 3 | WASI_DIR_PERMS_SPECIAL, 3);
  assert_true(wasi_config_preopen_dir(config, "/dev", "/dev", true));
  assert_true(wasi_config_preopen_dir(config, "/proc/self", "/proc", true));
  assert_true(wasi_config_mount(config, other, "/mem", 3, 3));
  wasi_fs_delete(other);
}

static int give_end(wasi_config_t *config, int type) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, NULL));
  return ends[1];
}

static wasi_config_t *config_of(World *w) {
  const char *args[] = {"a", "bc"}, *names[] = {"N"}, *values[] = {"v"};
  wasm_byte_vec_t input;
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_resolver(config, w->way == WALKER ? WASI_RESOLVER_WALKER : WASI_RESOLVER_OPENAT2);
  wasi_config_set_argv(config, 2, args);
  wasi_config_set_env(config, 1, names, values);
  wasm_byte_vec_new(&input, 5, "hello");
  wasi_config_set_stdin_bytes(config, &input);
  wasi_config_capture_stdout(config, 100);
  wasi_config_capture_stderr(config, 0);
  give_directories(config, w);
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  w->peer = give_end(config, SOCK_STREAM);
  w->message_peer = give_end(config, SOCK_DGRAM);
  return config;
}

static u32 open_at(Guest *g, u32 dir, const char *path, u32 oflags, Rights rights) {
  assert_int_equal(RUN(g, path_open, dir, 0, PATH(g, path), oflags, rights, all, 0, OUT),
                   E_SUCCESS);
  return out_u32(g);
}

static void make_link(Guest *g, const char *target, const char *name) {
  assert_int_equal(RUN(g, path_symlink, PATH(g, target), FD_DIR, PATH2(g, name)), E_SUCCESS);
}

static void furnish(Guest *g) {
  u32 fd = open_at(g, FD_DIR, "file", OFLAG_CREAT, all);
  assert_int_equal(guest_write(g, fd, "0123456789"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, FD_DIR, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, FD_DIR, PATH(g, "d/e")), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, FD_DIR, PATH(g, "empty")), E_SUCCESS);
  make_link(g, "file", "link");
  make_link(g, "d", "dlink");
  make_link(g, "loop", "loop");
  make_link(g, "..", "up");
  make_link(g, "../x", "d/e/round");
  make_link(g, "missing", "dangling");
}

/* What a program cannot make. */
static void furnish_folder(const World *w) {
  int dir = open(w->folder, O_RDONLY | O_DIRECTORY);
  assert_int_equal(chmod(w->folder, 0755), 0);
  assert_int_equal(symlinkat("/etc", dir, "abs"), 0);
  assert_int_equal(mkfifoat(dir, "pipe", 0600), 0);
  assert_int_equal(mkdirat(dir, "locked", 0700), 0);
  assert_int_equal(mkdirat(dir, "locked/d", 0700), 0);
  assert_int_equal(symlinkat("x", dir, "locked/link"), 0);
  assert_int_equal(fchmodat(dir, "locked", 0, 0), 0);
  close(dir);
}

static void open_descriptors(Guest *g) {
  assert_int_equal(open_at(g, FD_DIR, "file", 0, all), FD_FILE);
  assert_int_equal(open_at(g, FD_DIR, "file", 0, RIGHTS_FILE & ~RIGHTS_CHANGE_FILE), FD_ROFILE);
  assert_int_equal(open_at(g, FD_DIR, "file", 0, RIGHTS_FILE & ~RIGHT_FD_READ), FD_WOFILE);
  assert_int_equal(open_at(g, FD_DIR, "d/e", OFLAG_DIRECTORY, RIGHTS_DIR), FD_SUB);
  assert_int_equal(open_at(g, FD_DEV, "null", 0, RIGHTS_FILE), FD_NULL);
}

static void put_vectors(Guest *g);
static void put_subscriptions(Guest *g);

static void world_make(World *w, u32 way) {
  *w = (World){.way = way};
  if (way == MEMORY) w->fs = wasi_fs_new_memory(1 << 20);
  /* There are thousands of worlds: in memory, where a folder of the host's can be there. */
  bool in_memory = access("/dev/shm", W_OK) == 0;
  snprintf(w->folder, sizeof w->folder, "%s/wasi_errno_XXXXXX", in_memory ? "/dev/shm" : "/tmp");
  assert_non_null(mkdtemp(w->folder));
  w->g = guest_new_in(store, config_of(w));
  furnish(w->g);
  if (way != MEMORY) furnish_folder(w);
  open_descriptors(w->g);
  memset(w->g->memory, 0, GUEST_MEMORY);
  put_vectors(w->g);
  put_subscriptions(w->g);
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *at) {
  (void)st, (void)what, (void)at;
  return remove(path);
}

static void world_free(World *w) {
  char locked[80];
  snprintf(locked, sizeof locked, "%s/locked", w->folder);
  (void)!chmod(locked, 0700);
  if (w->child) {
    kill(w->child, SIGKILL);
    waitpid(w->child, NULL, 0);
  }
  guest_free(w->g);
  wasi_fs_delete(w->fs);
  if (w->peer >= 0) close(w->peer);
  if (w->message_peer >= 0) close(w->message_peer);
  assert_int_equal(nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- what is in memory ---- */

static const struct {
  const char *name;
  u32 address, len;
} vectors[] = {
    {"v10", BUF, 10},
    {"v0", BUF, 0},
    {"vend", GUEST_MEMORY - 10, 10},
    {"vpast", GUEST_MEMORY - 10, 11},
    {"vwild", UINT32_MAX - 15, 16},
    {"vmax", 8, UINT32_MAX},
    {"vnone", GUEST_MEMORY, 0},
    {"vbeyond", GUEST_MEMORY + 1, 0},
    {"vbig", 0, 60000},
};
enum { VECTOR_STEP = 16, MANY_VECTORS = 17, MANY_AT = VECTORS + 512 };

static void put_vector_at(Guest *g, u32 at, u32 address, u32 len) {
  store_u32(g->memory + at, address);
  store_u32(g->memory + at + 4, len);
}

static void put_vectors(Guest *g) {
  for (u32 i = 0; i < ARRAY_LEN(vectors); i++)
    put_vector_at(g, VECTORS + i * VECTOR_STEP, vectors[i].address, vectors[i].len);
  for (u32 i = 0; i < 100; i++) put_vector_at(g, MANY_AT + i * IOVEC_SIZE, BUF, 1);
}

/* Subscriptions of both layouts, each followed by zeros, which are a clock's. */
static const struct {
  const char *name;
  u8 tag;
  u32 number; /* a descriptor or clock */
  u16 flags;  /* of a clock */
} subs[] = {
    {"sclock", EVENT_CLOCK, CLOCK_ID_MONOTONIC, 0},
    {"sreal", EVENT_CLOCK, CLOCK_ID_REALTIME, SUBCLOCK_ABSTIME},
    {"sprocess", EVENT_CLOCK, CLOCK_ID_PROCESS, 0},
    {"sthread", EVENT_CLOCK, CLOCK_ID_THREAD, 0},
    {"sno_clock", EVENT_CLOCK, 4, 0},
    {"sflags", EVENT_CLOCK, CLOCK_ID_MONOTONIC, 2},
    {"stag", 3, 0, 0},
    {"sread_file", EVENT_FD_READ, FD_FILE, 0},
    {"sread_wofile", EVENT_FD_READ, FD_WOFILE, 0},
    {"swrite_rofile", EVENT_FD_WRITE, FD_ROFILE, 0},
    {"sread_dir", EVENT_FD_READ, FD_DIR, 0},
    {"sread_stdin", EVENT_FD_READ, 0, 0},
    {"sread_stdout", EVENT_FD_READ, 1, 0},
    {"swrite_stdin", EVENT_FD_WRITE, 0, 0},
    {"sread_none", EVENT_FD_READ, 99, 0},
    {"swrite_listener", EVENT_FD_WRITE, FD_LISTENER, 0},
    {"swrite_conn", EVENT_FD_WRITE, FD_CONN, 0},
};
enum { SUB_STEP = 128, UNSTABLE_SUBS = SUBS + 4096 };

static void put_subscriptions(Guest *g) {
  for (u32 i = 0; i < ARRAY_LEN(subs); i++) {
    u8 *at = g->memory + SUBS + i * SUB_STEP, *old = g->memory + UNSTABLE_SUBS + i * SUB_STEP;
    bool clock = subs[i].tag == EVENT_CLOCK;
    at[8] = old[8] = subs[i].tag;
    store_u32(at + 16, subs[i].number);
    store_u16(at + 40, subs[i].flags);
    store_u32(old + (clock ? 24 : 16), subs[i].number);
    store_u16(old + 48, subs[i].flags);
  }
}

/* ---- words ---- */

static const struct {
  const char *name;
  u64 value;
} names[] = {
    {"dir", FD_DIR},
    {"ro", FD_RO},
    {"half", FD_HALF},
    {"special", FD_SPECIAL},
    {"dev", FD_DEV},
    {"proc", FD_PROC},
    {"mem", FD_MEM},
    {"listener", FD_LISTENER},
    {"conn", FD_CONN},
    {"message", FD_MESSAGE},
    {"file", FD_FILE},
    {"rofile", FD_ROFILE},
    {"wofile", FD_WOFILE},
    {"sub", FD_SUB},
    {"null", FD_NULL},
    {"new", FD_NULL + 1}, /* what a set-up opened */
    {"stdin", 0},
    {"stdout", 1},
    {"stderr", 2},
    {"none", 99},
    {"end", GUEST_MEMORY},
    {"out", OUT},
    {"buf", BUF},
    {"many", MANY_AT},
    {"events", EVENTS},
    {"max", UINT32_MAX},
    {"max63", INT64_MAX},
    {"max64", UINT64_MAX},
    {"follow", LOOKUP_SYMLINK_FOLLOW},
    {"creat", OFLAG_CREAT},
    {"directory", OFLAG_DIRECTORY},
    {"excl", OFLAG_EXCL},
    {"trunc", OFLAG_TRUNC},
    {"append", FDFLAG_APPEND},
    {"dsync", FDFLAG_DSYNC},
    {"nonblock", FDFLAG_NONBLOCK},
    {"rsync", FDFLAG_RSYNC},
    {"sync", FDFLAG_SYNC},
    {"read", RIGHT_FD_READ},
    {"write", RIGHT_FD_WRITE},
    {"all", RIGHTS_DIR | RIGHTS_FILE}, /* NOLINT(misc-redundant-expression) */
    {"unknown", UINT64_C(1) << 40},
};

/* The end of a number or name. */
static size_t term_length(const char *text) { return strcspn(text, "+-| "); }

static bool is_word(const char *text, size_t len, const char *word) {
  return strlen(word) == len && memcmp(text, word, len) == 0;
}

static u64 value_of(const char *text, size_t len, bool unstable) {
  if (*text >= '0' && *text <= '9') return strtoull(text, NULL, 10);
  for (u32 i = 0; i < ARRAY_LEN(names); i++)
    if (is_word(text, len, names[i].name)) return names[i].value;
  for (u32 i = 0; i < ARRAY_LEN(vectors); i++)
    if (is_word(text, len, vectors[i].name)) return VECTORS + i * VECTOR_STEP;
  for (u32 i = 0; i < ARRAY_LEN(subs); i++)
    if (is_word(text, len, subs[i].name)) return (unstable ? UNSTABLE_SUBS : SUBS) + i * SUB_STEP;
  fail_msg("no such word: %.*s", (int)len, text);
  return 0;
}

static u64 sum_of(const char **text, bool unstable) {
  u64 sum = 0;
  char sign = '+';
  if (**text == '-') sign = *(*text)++;
  for (;;) {
    size_t len = term_length(*text);
    u64 value = value_of(*text, len, unstable);
    sum = sign == '-' ? sum - value : sign == '|' ? sum | value : sum + value;
    *text += len;
    if (!**text || **text == ' ') return sum;
    sign = *(*text)++;
  }
}

/* A text at `to`; its length. */
static size_t put_path(char *to, size_t size) {
  size_t dots = size - 4, at = dots % 2;
  memset(to, '/', size);
  for (size_t i = 0; i < dots; i += i ? 2 : 2 + at) to[i] = '.';
  memcpy(to + dots, "file", 4);
  return size;
}

/* False: it is another kind of word. */
static bool put_text_word(const char **text, char *to, size_t *len) {
  const char *word = *text;
  size_t word_len = strcspn(word, " ");
  if (*word == '\'') {
    *len = strcspn(word + 1, "'");
    memcpy(to, word + 1, *len);
    *text += *len + 2;
    return true;
  }
  if (is_word(word, word_len, "nul"))
    memcpy(to, "a\0b", *len = 3);
  else if (strncmp(word, "path", 4) == 0)
    *len = put_path(to, strtoul(word + 4, NULL, 10));
  else if (strncmp(word, "name", 4) == 0)
    memset(to, 'n', *len = strtoul(word + 4, NULL, 10));
  else
    return false;
  *text += word_len;
  return true;
}

static void read_args(Guest *g, const char *text, bool unstable, wasmx_slot_t *slots) {
  u32 count = 0, at = TEXTS;
  memset(slots, 0, 16 * sizeof *slots);
  while (*text) {
    size_t len;
    assert_true(count < 14);
    if (put_text_word(&text, (char *)g->memory + at, &len)) {
      slots[count++].u64 = at;
      slots[count++].u64 = len;
      at += TEXT_ROOM;
    } else {
      slots[count++].u64 = sum_of(&text, unstable);
    }
    while (*text == ' ') text++;
  }
}

/* ---- what is done before a call ---- */

static bool call_memory = true, memory_runs_out;

static bool no_memory(World *w) {
  (void)w;
  call_memory = false;
  return true;
}

/* The call's first allocation fails. */
static bool out_of_memory(World *w) {
  (void)w;
  memory_runs_out = true;
  return true;
}

static bool revoked(World *w) {
  static const char *const grants[] = {"/dir", "stdin", "stdout", "/dev"};
  for (size_t i = 0; i < ARRAY_LEN(grants); i++) assert_true(wasi_ctx_revoke(w->g->ctx, grants[i]));
  for (u32 i = 0; i < w->g->ctx->grant_count; i++)
    if (i > FD_MEM) atomic_store(&w->g->ctx->grants[i].allowed, 0); /* named by their addresses */
  return true;
}

static bool closed_before(World *w) { return RUN(w->g, fd_close, FD_FILE) == E_SUCCESS; }

/* No number is left. */
static bool no_numbers(World *w) {
  w->g->ctx->fds.max = FD_NULL + 1;
  return true;
}

static bool written_enough(World *w) {
  w->g->ctx->output_limit = 10;
  atomic_store(&w->g->ctx->written, 10);
  return true;
}

static struct rlimit files_before, size_before;

/* The process has no number for one more. */
static bool no_files(World *w) {
  (void)w;
  int next = open("/dev/null", O_RDONLY);
  close(next);
  struct rlimit few = {(rlim_t)next, files_before.rlim_max};
  return setrlimit(RLIMIT_NOFILE, &few) == 0;
}

static bool small_files(World *w) {
  (void)w;
  struct rlimit few = {100, size_before.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  return setrlimit(RLIMIT_FSIZE, &few) == 0;
}

/* The user is another one than the owner of the files. */
static bool other_user(World *w) {
  (void)w;
  return geteuid() == 0 && seteuid(65534) == 0;
}

/* What a user may not do who is not root. */
static bool not_root(World *w) { return geteuid() != 0 || other_user(w); }

static bool read_only_disk(World *w) {
  ((Tree *)w->fs->env)->read_only = true;
  return true;
}

static bool full_disk(World *w) {
  Tree *tree = w->fs->env;
  tree->limit = tree->used;
  return true;
}

/* The next write begins where there is nothing yet. */
static bool behind_a_full_disk(World *w) {
  assert_int_equal(RUN(w->g, fd_seek, FD_FILE, 1000, 0, OUT), E_SUCCESS);
  return full_disk(w);
}

/* Hard links to what one may not write are refused by many systems. */
static bool other_user_may_write(World *w) {
  char path[80];
  snprintf(path, sizeof path, "%s/file", w->folder);
  return chmod(path, 0666) == 0 && other_user(w);
}

static bool dev_is_elsewhere(World *w) {
  struct stat here, dev;
  return stat(w->folder, &here) == 0 && stat("/dev", &dev) == 0 && here.st_dev != dev.st_dev;
}

static bool removed_dir(World *w) {
  assert_int_equal(RUN(w->g, path_unlink_file, FD_DIR, PATH(w->g, "d/e/round")), E_SUCCESS);
  return RUN(w->g, path_remove_directory, FD_DIR, PATH(w->g, "d/e")) == E_SUCCESS;
}

static bool opened(World *w, u32 dir, const char *name, Rights rights) {
  return open_at(w->g, dir, name, 0, rights) == FD_NULL + 1;
}

static bool dev_full(World *w) { return opened(w, FD_DEV, "full", RIGHTS_FILE); }
static bool own_memory(World *w) {
  return opened(w, FD_PROC, "mem", RIGHT_FD_READ | RIGHT_FD_SEEK);
}

/* A program that runs, as "busy". */
static bool running(World *w) {
  char command[160], path[96];
  snprintf(path, sizeof path, "%s/busy", w->folder);
  snprintf(command, sizeof command, "cp \"$(command -v sleep)\" %s", path);
  if (system(command)) return false;
  w->child = fork();
  if (w->child == 0) {
    execl(path, "sleep", "100", (char *)NULL);
    _exit(1);
  }
  for (int i = 0; i < 200; i++) {
    const struct timespec t = {0, 5000000};
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno == ETXTBSY) return true;
    if (fd >= 0) close(fd);
    nanosleep(&t, NULL);
  }
  return false; /* some kernels let it be written */
}

static bool quiet(World *w) {
  assert_int_equal(RUN(w->g, fd_fdstat_set_flags, FD_LISTENER, FDFLAG_NONBLOCK), E_SUCCESS);
  assert_int_equal(RUN(w->g, fd_fdstat_set_flags, FD_MESSAGE, FDFLAG_NONBLOCK), E_SUCCESS);
  return RUN(w->g, fd_fdstat_set_flags, FD_CONN, FDFLAG_NONBLOCK) == E_SUCCESS;
}

static bool stuffed(World *w) {
  char bytes[4096] = {0};
  quiet(w);
  int fd = w->g->ctx->fds.fds.data[FD_CONN].fd;
  while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
  return true;
}

static bool peer_speaks(World *w) {
  return write(w->peer, "0123456789", 10) == 10 && write(w->message_peer, "0123456789", 10) == 10;
}

static bool peer_gone(World *w) {
  close(w->peer);
  close(w->message_peer);
  w->peer = w->message_peer = -1;
  return true;
}

/* It went without having read what was sent. */
static bool peer_reset(World *w) {
  int fd = w->g->ctx->fds.fds.data[FD_CONN].fd;
  return write(fd, "x", 1) == 1 && peer_gone(w);
}

/* Connects to the listener, which has one to accept then. */
static bool called(World *w) {
  struct sockaddr_storage to;
  socklen_t len = sizeof to;
  int listener = w->g->ctx->fds.fds.data[FD_LISTENER].fd;
  assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &len), 0);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
  close(w->peer);
  w->peer = fd;
  return true;
}

static bool called_without_numbers(World *w) { return called(w) && no_numbers(w); }
static bool called_without_files(World *w) { return called(w) && no_files(w); }
static bool called_no_memory(World *w) { return called(w) && no_memory(w); }

static void undo(void) {
  if (geteuid() != 0 && getuid() == 0) assert_int_equal(seteuid(0), 0);
  setrlimit(RLIMIT_NOFILE, &files_before);
  setrlimit(RLIMIT_FSIZE, &size_before);
  call_memory = true;
  memory_runs_out = false;
}

/* ---- rows ---- */

static u32 skipped, wrong;

/* The errno, then what else there is of the row. */
#define ROW(name, words, ...)                                                                      \
  {.call = #name, .handler = wm_call_##name, .args = words, .want = __VA_ARGS__},
static const Row rows[] = {
#include "wasi/errno_fd.def"
#include "wasi/errno_path.def"
#include "wasi/errno_sock.def"
};

static void drop_rights(World *w, const Row *row) {
  FdTable *t = &w->g->ctx->fds;
  for (u32 i = 0; i < t->fds.len; i++) {
    t->fds.data[i].base &= ~row->without;
    t->fds.data[i].inheriting &= ~(row->without | row->passes_not);
  }
}

/* What fails has changed nothing in the program's memory. */
static Errno call_of(World *w, const Row *row, bool unstable) {
  static u8 before[GUEST_MEMORY];
  wasmx_slot_t slots[16];
  read_args(w->g, row->args, unstable, slots);
  Call call = {.ctx = w->g->ctx, .args = slots, .unstable = unstable};
  if (call_memory) call.memory = w->g->memory;
  if (call_memory) call.memory_size = GUEST_MEMORY;
  memcpy(before, w->g->memory, GUEST_MEMORY);
  if (memory_runs_out) failing_alloc_start(1);
  Errno e = row->handler(&call);
  if (memory_runs_out) failing_alloc_stop();
  if (e && memcmp(before, w->g->memory, GUEST_MEMORY) != 0) {
    print_message("%s(%s) failed and changed the memory\n", row->call, row->args);
    wrong++;
  }
  return e;
}

static const char *way_name(u32 way) {
  return way == OPENAT2 ? "openat2" : way == WALKER ? "walk" : "memory";
}

static void run_in(const Row *row, u32 way, bool unstable) {
  World w;
  world_make(&w, way);
  drop_rights(&w, row);
  bool ready = !row->setup || row->setup(&w);
  Errno e = ready ? call_of(&w, row, unstable) : E_SUCCESS, event = E_SUCCESS;
  undo();
  if (!ready) print_message("skipped: %s(%s): not to be had here\n", row->call, row->args);
  skipped += !ready;
  if (ready && !e && row->handler == wm_call_poll_oneoff)
    event = (Errno)load_u16(w.g->memory + EVENTS + 8);
  world_free(&w);
  if (!ready || (e == row->want && event == row->event)) return;
  print_message("%s(%s) by %s%s: %s, in an event %s; should be %s, %s\n", row->call, row->args,
                way_name(way), unstable ? ", unstable" : "", wm_errno_name(e), wm_errno_name(event),
                wm_errno_name(row->want), wm_errno_name(row->event));
  wrong++;
}

/* Each bit of what the row says; nothing said is all of them. */
static u32 ways_of(const Row *row) {
  u32 ways = row->where & (HOST | MEMORY);
  return ways ? ways : HOST | MEMORY;
}

static bool is_in_unstable(const Row *row) {
  for (u32 i = 0; i < WASI_CALLS; i++)
    if (wm_call_rows[i].handler == row->handler) return !wm_call_rows[i].snapshot_only;
  return false;
}

static u32 run_row(const Row *row) {
  u32 runs = 0;
  for (u32 way = OPENAT2; way <= MEMORY; way *= 2) {
    if (!(ways_of(row) & way)) continue;
    if (!(row->where & UNSTABLE)) run_in(row, way, false), runs++;
    if (!(row->where & SNAPSHOT) && is_in_unstable(row)) run_in(row, way, true), runs++;
  }
  return runs;
}

/* How many rows have each errno. */
static void tell_function(const char *call) {
  char line[1024];
  int len = 0;
  for (u32 e = 0; e <= E_NOTCAPABLE; e++) {
    u32 count = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
      count +=
          strcmp(rows[i].call, call) == 0 && (rows[i].event ? rows[i].event : rows[i].want) == e;
    if (count)
      len += snprintf(line + len, sizeof line - (size_t)len, " %s %u", wm_errno_name(e), count);
  }
  if (!len) fail_msg("no row for %s", call);
  print_message("%-24s%s\n", call, line);
}

static void each_row(void **state) {
  (void)state;
  u32 runs = 0;
  wasm_engine_t *engine = wasm_engine_new();
  store = wasm_store_new(engine);
  getrlimit(RLIMIT_NOFILE, &files_before);
  getrlimit(RLIMIT_FSIZE, &size_before);
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) runs += run_row(&rows[i]);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  /* proc_exit gives none. */
  for (u32 i = 0; i < WASI_CALLS; i++)
    if (wm_call_rows[i].handler != wm_call_proc_exit) tell_function(wm_call_rows[i].name);
  print_message("%zu rows, %u runs, %u skipped, %u wrong\n", ARRAY_LEN(rows), runs, skipped, wrong);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_row)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
