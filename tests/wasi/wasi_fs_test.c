/* File systems that are not the host's. The tree in memory and the one over a folder do as a folder
 * of the host's does: the same operations give the same errors, bytes and entries. */
#include "support/failing_alloc.h"
#include "wasi/node_guest.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>

/* ---- random operations on three worlds ---- */

static u64 random_state;

static u32 pick(u32 below) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (u32)(random_state * UINT64_C(2685821657736338717) >> 33) % below;
}

static const char *const names[] = {
    "a",     "b",      "d",       "d/a",  "d/e",    "d/e/f", "d/e/../a", "l",   "l/a",    "d/l",
    "m",     "a/",     "d/",      "l/",   "d/e/",   ".",     "..",       "d/.", "d/..",   "a/b",
    "d/../", "d/e/..", "new/dir", "m/a",  "loop",   "b/.",   "./a",      "x",   "d//a",   "dl",
    "d/dl",  "dl/a",   "d/e/new", "new/", "long/a", "gone",  "gone/",    "d/x", "d/e/f/", "dl/"};
enum { NAMES = ARRAY_LEN(names) };
static const char *const targets[] = {"a", "d", "d/e", "../a", "loop", "gone", "d/", ".", "../.."};

static const char *pick_name(void) { return names[pick(NAMES)]; }

/* What one operation did: its errno, and what it gave. */
typedef struct Outcome {
  Errno e;
  size_t len;
  u8 bytes[2048];
} Outcome;

static void say(Outcome *o, const void *bytes, size_t len) {
  assert_true(len <= sizeof o->bytes - o->len);
  memcpy(o->bytes + o->len, bytes, len);
  o->len += len;
}

static void say_number(Outcome *o, u64 n) { say(o, &n, sizeof n); }

/* Type, size and names of a file; a directory's are the file system's business. */
static void say_stat(Outcome *o, const Guest *g) {
  const u8 *st = g->memory + OUT;
  say_number(o, st[16]);
  if (st[16] == FILETYPE_DIRECTORY) return;
  say_number(o, load_u64(st + 24));
  say_number(o, load_u64(st + 32));
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, in order of the alphabet, with types: a buffer of a random size at a
 * time. */
static void list(Outcome *o, Guest *g, u32 fd, u32 room) {
  char *found[64], text[NAME_MAX + 3];
  u32 count = 0;
  u64 cookie = 0;
  for (;;) {
    o->e = RUN(g, fd_readdir, fd, SCRATCH, room, cookie, OUT);
    u32 used = out_u32(g), at = 0;
    if (o->e) break;
    while (used - at >= DIRENT_SIZE) {
      const u8 *d = g->memory + SCRATCH + at;
      u32 len = load_u32(d + 16);
      if (len > used - at - DIRENT_SIZE) break;
      snprintf(text, sizeof text, "%.*s:%u", (int)len, (const char *)d + DIRENT_SIZE, d[20]);
      assert_true(count < ARRAY_LEN(found));
      found[count++] = strdup(text);
      cookie = load_u64(d);
      at += DIRENT_SIZE + len;
    }
    if (used < room) break;
    assert_true(at > 0); /* an entry fits */
  }
  qsort(found, count, sizeof *found, by_name);
  for (u32 i = 0; i < count; i++) {
    say(o, found[i], strlen(found[i]) + 1);
    free(found[i]);
  }
}

/* An operation, chosen before it is run on each world. */
typedef struct Operation {
  u32 kind, fd, flags, number;
  const char *name, *other;
} Operation;

enum { KINDS = 20 };

static Operation pick_operation(void) {
  Operation op = {.kind = pick(KINDS + 4), .fd = pick(4) ? FIRST_DIR : 3 + pick(FDS - 3)};
  op.flags = pick(64);
  op.number = pick(3) ? pick(300) : pick(20000);
  op.name = pick_name();
  op.other = pick_name();
  return op;
}

static Errno run_open(const Operation *op, Guest *g) {
  Rights rights = op->flags & 16 ? all : all & ~(RIGHT_FD_WRITE | RIGHT_FD_ALLOCATE);
  u32 fdflags = op->flags & 32 ? FDFLAG_APPEND : 0;
  return RUN(g, path_open, op->fd, op->number & 1, PATH(g, op->name), op->flags & 15, rights, all,
             fdflags, OUT);
}

static void run_read(const Operation *op, Guest *g, Outcome *o, bool at_offset) {
  memset(g->memory + SCRATCH, 0, 512);
  u32 vectors = put_vector(g, SCRATCH, 300);
  o->e = at_offset ? RUN(g, fd_pread, op->fd, vectors, 1, op->number, OUT)
                   : RUN(g, fd_read, op->fd, vectors, 1, OUT);
  if (!o->e) say(o, g->memory + SCRATCH, out_u32(g));
}

static void run_write(const Operation *op, Guest *g, Outcome *o, bool at_offset) {
  memset(g->memory + SCRATCH, (int)('a' + op->flags % 26), 300);
  u32 vectors = put_vector(g, SCRATCH, op->number % 300);
  o->e = at_offset ? RUN(g, fd_pwrite, op->fd, vectors, 1, op->number, OUT)
                   : RUN(g, fd_write, op->fd, vectors, 1, OUT);
  if (!o->e) say_number(o, out_u32(g));
}

static void run_on_fd(const Operation *op, Guest *g, Outcome *o) {
  switch (op->kind) {
  case 11: o->e = RUN(g, fd_close, op->fd == FIRST_DIR ? 99 : op->fd); return;
  case 12: run_read(op, g, o, op->flags & 1); return;
  case 13: run_write(op, g, o, op->flags & 1); return;
  case 14:
    o->e = RUN(g, fd_seek, op->fd, (u64)(i64)((i32)op->number - 150), op->flags % 4, OUT);
    if (!o->e) say_number(o, out_u64(g));
    return;
  case 15: o->e = RUN(g, fd_filestat_set_size, op->fd, op->number); return;
  case 16: o->e = RUN(g, fd_allocate, op->fd, op->number, op->flags * 10); return;
  case 17: list(o, g, op->fd, 300 + op->number % 300); return;
  case 18:
    o->e = RUN(g, fd_filestat_get, op->fd, OUT);
    if (!o->e) say_stat(o, g);
    return;
  case 19: o->e = RUN(g, fd_filestat_set_times, op->fd, 5, 7000000000u, op->flags & 15); return;
  default: o->e = run_open(op, g); return;
  }
}

static void run_operation(const Operation *op, Guest *g, Outcome *o) {
  const char *target = targets[op->number % ARRAY_LEN(targets)];
  *o = (Outcome){0};
  switch (op->kind) {
  case 0:
  case 1: o->e = run_open(op, g); break;
  case 2: o->e = RUN(g, path_create_directory, op->fd, PATH(g, op->name)); return;
  case 3: o->e = RUN(g, path_remove_directory, op->fd, PATH(g, op->name)); return;
  case 4: o->e = RUN(g, path_unlink_file, op->fd, PATH(g, op->name)); return;
  case 5: o->e = RUN(g, path_symlink, PATH2(g, target), op->fd, PATH(g, op->name)); return;
  case 6:
    o->e = RUN(g, path_readlink, op->fd, PATH(g, op->name), 2 * SCRATCH, 100, OUT);
    if (!o->e) say(o, g->memory + 2 * SCRATCH, out_u32(g));
    return;
  case 7:
    o->e = RUN(g, path_rename, op->fd, PATH(g, op->name), FIRST_DIR, PATH2(g, op->other));
    return;
  case 8:
    o->e = RUN(g, path_link, op->fd, 0, PATH(g, op->name), FIRST_DIR, PATH2(g, op->other));
    return;
  case 9:
    o->e = RUN(g, path_filestat_get, op->fd, op->flags & 1, PATH(g, op->name), OUT);
    if (!o->e) say_stat(o, g);
    return;
  case 10:
    o->e = RUN(g, path_filestat_set_times, op->fd, op->flags & 1, PATH(g, op->name), 1000000000u, 5,
               (op->number & 15) | FSTFLAG_MTIM);
    return;
  default: run_on_fd(op, g, o); return;
  }
  if (!o->e) say_number(o, out_u32(g));
}

enum { WORLDS = 3, HOST = 0, MEMORY, OVERLAY };
static const char *const world_names[] = {"folder", "memory", "overlay"};

static void make_worlds(Guest *worlds[WORLDS], char folder[64], char lower[64]) {
  folder[0] = lower[0] = 0;
  worlds[HOST] = guest_on_folder(folder);
  worlds[MEMORY] = guest_on(wasi_fs_new_memory(LIMIT));
  furnish(worlds[HOST]);
  furnish(worlds[MEMORY]);
  Guest *below = guest_on_folder(lower);
  furnish(below);
  guest_free(below);
  worlds[OVERLAY] = guest_on(wasi_fs_new_overlay(lower, LIMIT, NULL));
}

static void differ(u64 seed, u32 step, const Operation *op, u32 w, const Outcome *want,
                   const Outcome *have) {
  fail_msg("seed %llu, step %u: operation %u(fd %u, %s, %s, flags %u, number %u) on the %s: errno "
           "%d, %zu bytes; the folder: %d, %zu",
           (unsigned long long)seed, step, op->kind, op->fd, op->name, op->other, op->flags,
           op->number, world_names[w], have->e, have->len, want->e, want->len);
}

static void run_seed(u64 seed, u32 steps) {
  char folder[64], lower[64];
  Guest *worlds[WORLDS];
  static Outcome want, have;
  random_state = seed * 2654435761u + 1;
  make_worlds(worlds, folder, lower);
  for (u32 step = 0; step < steps; step++) {
    Operation op = pick_operation();
    run_operation(&op, worlds[HOST], &want);
    for (u32 w = MEMORY; w < WORLDS; w++) {
      run_operation(&op, worlds[w], &have);
      if (want.e != have.e || want.len != have.len || memcmp(want.bytes, have.bytes, want.len) != 0)
        differ(seed, step, &op, w, &want, &have);
    }
  }
  for (u32 w = 0; w < WORLDS; w++) guest_free(worlds[w]);
  remove_folder(folder);
  remove_folder(lower);
}

static void the_same_as_a_folder(void **state) {
  (void)state;
  const char *rounds = getenv("WASI_FS_ROUNDS"); /* more, where there is time */
  u64 count = rounds ? strtoull(rounds, NULL, 10) : 60;
  for (u64 seed = 1; seed <= count; seed++) run_seed(seed, 400);
}

/* ---- what only trees have ---- */

/* The limit holds for bytes, names and nodes; what was taken comes back. */
static void limits_hold(void **state) {
  (void)state;
  u32 fd;
  Guest *g = guest_on(wasi_fs_new_memory(64 << 10));
  for (int round = 0; round < 3; round++) {
    assert_int_equal(guest_open(g, "big", OFLAG_CREAT, all, &fd), E_SUCCESS);
    assert_int_equal(RUN(g, fd_filestat_set_size, fd, UINT64_C(1) << 40), E_NOSPC);
    assert_int_equal(RUN(g, fd_allocate, fd, 0, 1 << 20), E_NOSPC);
    assert_int_equal(RUN(g, fd_pwrite, fd, put_vector(g, 0, 10), 1, INT64_MAX - 5, OUT), E_FBIG);
    assert_int_equal(RUN(g, fd_pwrite, fd, put_vector(g, 0, 10), 1, 1 << 20, OUT), E_NOSPC);
    u32 written = 0;
    Errno e;
    while (!(e = RUN(g, fd_write, fd, put_vector(g, 0, 5000), 1, OUT))) written += out_u32(g);
    assert_int_equal(e, E_NOSPC);
    assert_true(written > (62 << 10) && written <= (64 << 10)); /* the last one was cut */
    assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d")), E_NOSPC);
    assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
    assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "big")), E_SUCCESS);
  }
  char name[32];
  u32 made = 0;
  for (Errno e = E_SUCCESS; !e; made += !e) {
    snprintf(name, sizeof name, "dir%u", made);
    e = RUN(g, path_create_directory, FIRST_DIR, PATH(g, name));
    if (e) assert_int_equal(e, E_NOSPC);
  }
  assert_true(made > 100 && made < 1000);
  while (made--) {
    snprintf(name, sizeof name, "dir%u", made);
    assert_int_equal(RUN(g, path_remove_directory, FIRST_DIR, PATH(g, name)), E_SUCCESS);
  }
  assert_int_equal(guest_open(g, "again", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 60 << 10), E_SUCCESS);
  guest_free(g);
}

/* Cookies stay good while entries come and go. */
static void listings_go_on(void **state) {
  (void)state;
  enum { FILES = 500 };
  u32 fd, seen = 0;
  u64 cookie = 0;
  char name[16];
  Guest *g = guest_on(wasi_fs_new_memory(LIMIT));
  for (u32 i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "f%03u", i);
    assert_int_equal(guest_open(g, name, OFLAG_CREAT, all, &fd), E_SUCCESS);
    assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  }
  for (;;) { /* each is removed once it was seen */
    assert_int_equal(RUN(g, fd_readdir, FIRST_DIR, SCRATCH, DIRENT_SIZE + 5, cookie, OUT),
                     E_SUCCESS);
    if (out_u32(g) < DIRENT_SIZE) break;
    const u8 *entry = g->memory + SCRATCH;
    cookie = load_u64(entry);
    u32 len = load_u32(entry + 16);
    if (len != 4) continue; /* dots */
    memcpy(name, entry + DIRENT_SIZE, 4);
    name[4] = 0;
    seen++;
    assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, name)), E_SUCCESS);
  }
  assert_int_equal(seen, FILES);
  guest_free(g);
}

/* A file without a name is there while it is open. */
static void open_files_stay(void **state) {
  (void)state;
  u32 fd;
  const char *text;
  Guest *g = guest_on(wasi_fs_new_memory(LIMIT));
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "still here"), E_SUCCESS);
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "f")), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 24), 0); /* links */
  assert_int_equal(RUN(g, fd_seek, fd, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_string_equal(text, "still here");
  guest_free(g);
}

/* Names that are gone take no memory, whatever the order they went in. */
static void names_leave_no_trace(void **state) {
  (void)state;
  enum { LINKS = 20000, STEP = 7919 };
  char name[16];
  wasi_fs_t *fs = wasi_fs_new_memory(64 << 20);
  const Tree *tree = fs->env;
  const TreeDir *dir = &tree->root->dir;
  size_t before = tree->used;
  Guest *g = guest_on(fs);
  for (u32 i = 0; i < LINKS; i++) {
    snprintf(name, sizeof name, "n%05u", i);
    assert_int_equal(RUN(g, path_symlink, PATH2(g, "d"), FIRST_DIR, PATH(g, name)), E_SUCCESS);
  }
  for (u32 i = 0; i < LINKS; i++) {
    snprintf(name, sizeof name, "n%05u", i * STEP % LINKS);
    assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, name)), E_SUCCESS);
    assert_true(dir->bucket_count <= 8 + 8 * dir->count && dir->order.cap <= 32 + 8 * dir->count);
  }
  assert_int_equal(tree->used, before);
  guest_free(g);
}

/* Taking what is first again and again does not look at all that was taken. */
static void first_of_many(void **state) {
  (void)state;
  enum { FILES = 60000 };
  Tree *tree = wm_tree_new(64 << 20);
  char name[16];
  for (u32 i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "n%05u", i);
    assert_int_equal(wm_tree_add(tree, tree->root, name, WASI_NODE_FILE, NULL, NULL), 0);
  }
  const TreeEntry *e;
  TreeDir *dir = &tree->root->dir;
  for (u32 i = 0; (e = wm_tree_dir_at(dir, 0)); i++) {
    assert_true(!dir->order.len || dir->order.data[dir->first].entry == e);
    snprintf(name, sizeof name, "n%05u", i);
    assert_string_equal(e->name, name);
    wm_tree_dir_remove(tree, tree->root, wm_tree_find(tree->root, name));
  }
  wm_tree_free(tree);
}

/* Where there is no number for one more descriptor, nothing is made and nothing emptied. */
static void no_number_no_file(void **state) {
  (void)state;
  for (int in_memory = 0; in_memory < 2; in_memory++) {
    char folder[64] = "";
    u32 fd;
    Guest *g = in_memory ? guest_on(wasi_fs_new_memory(LIMIT)) : guest_on_folder(folder);
    assert_int_equal(guest_open(g, "full", OFLAG_CREAT, all, &fd), E_SUCCESS);
    assert_int_equal(guest_write(g, fd, "text"), E_SUCCESS);
    g->ctx->fds.max = fd + 1;
    assert_int_equal(guest_open(g, "full", OFLAG_TRUNC, all, &fd), E_MFILE);
    assert_int_equal(guest_open(g, "new", OFLAG_CREAT, all, &fd), E_MFILE);
    assert_int_equal(RUN(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "full"), OUT), E_SUCCESS);
    assert_int_equal(load_u64(g->memory + OUT + 32), 4);
    assert_int_equal(RUN(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "new"), OUT), E_NOENT);
    guest_free(g);
    if (folder[0]) remove_folder(folder);
  }
}

/* Two file systems are two: nothing moves between them. */
static void nothing_moves_between(void **state) {
  (void)state;
  char folder[64] = "";
  u32 fd;
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  for (int i = 0; i < 2; i++) {
    wasi_fs_t *fs = wasi_fs_new_memory(LIMIT);
    assert_true(wasi_config_mount(config, fs, i ? "/m" : "/n", 3, 3));
    wasi_fs_delete(fs);
  }
  Guest *g = guest_new(config);
  for (u32 from = 3; from < 6; from++)
    for (u32 to = 3; to < 6; to++) {
      if (from == to) continue;
      assert_int_equal(RUN(g, path_open, from, 0, PATH(g, "f"), OFLAG_CREAT, all, all, 0, OUT),
                       E_SUCCESS);
      fd = out_u32(g);
      assert_int_equal(RUN(g, path_rename, from, PATH(g, "f"), to, PATH2(g, "g")), E_XDEV);
      assert_int_equal(RUN(g, path_link, from, 0, PATH(g, "f"), to, PATH2(g, "g")), E_XDEV);
      assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
    }
  assert_int_equal(RUN(g, fd_prestat_get, 5, OUT), E_SUCCESS);
  assert_int_equal(load_u32(g->memory + OUT + 4), 2);
  guest_free(g);
  remove_folder(folder);
}

/* ---- threads ---- */

typedef struct Sharer {
  Guest *g;
  u64 seed;
} Sharer;

/* What one program does to files that another one does the same to. */
static void *use_shared(void *arg) {
  const Sharer *s = arg;
  u64 state = s->seed;
  Outcome *o = malloc(sizeof *o);
  for (int i = 0; i < 4000; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    u32 r = (u32)(state >> 33);
    Operation op = {.kind = r % KINDS, .fd = r % 3 ? FIRST_DIR : 3 + r % FDS, .flags = r >> 8 & 63};
    op.number = r >> 7 & 1023;
    op.name = names[(r >> 5) % NAMES];
    op.other = names[(r >> 12) % NAMES];
    run_operation(&op, s->g, o);
  }
  free(o);
  return NULL;
}

/* A file system in two contexts on two threads, the host beside them; what was used comes back. */
static void shared_by_threads(void **state) {
  (void)state;
  pthread_t threads[2];
  Sharer sharers[2];
  wasi_fs_t *fs = wasi_fs_new_memory(LIMIT);
  const Tree *tree = fs->env;
  for (u32 i = 0; i < 2; i++) {
    wasi_config_t *config = wasi_config_new();
    assert_true(wasi_config_mount(config, fs, "/", 3, 3));
    sharers[i] = (Sharer){.g = guest_new(config), .seed = i + 1};
    assert_int_equal(pthread_create(&threads[i], NULL, use_shared, &sharers[i]), 0);
  }
  for (int i = 0; i < 500; i++) {
    wasm_byte_vec_t bytes;
    wasi_fs_put_file(fs, "d/e/f", "of the host's", 13);
    if (wasi_fs_get_file(fs, "a", &bytes)) wasm_byte_vec_delete(&bytes);
  }
  for (u32 i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    guest_free(sharers[i].g);
  }
  size_t used = 0;
  for (const TreeNode *n = tree->nodes; n; n = n->after) {
    assert_int_equal(n->holders, 0);
    assert_true(n->links > 0);
    used += sizeof *n + (n->type == WASI_NODE_FILE   ? n->file.room
                         : n->type == WASI_NODE_LINK ? n->size + 1
                                                     : 0);
  }
  assert_true(tree->used >= used && tree->used <= LIMIT);
  wasi_fs_delete(fs);
}

/* ---- rights ---- */

static void read_only_mounts(void **state) {
  (void)state;
  u32 fd;
  wasi_fs_t *fs = wasi_fs_new_memory(LIMIT);
  assert_true(wasi_fs_put_file(fs, "a/b/c", "text", 4));
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_mount(config, fs, "/", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ));
  Guest *g = guest_new(config);
  assert_int_equal(guest_open(g, "a/b/c", 0, RIGHT_FD_READ | RIGHT_FD_WRITE, &fd), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "a/b/c", OFLAG_TRUNC, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "new", OFLAG_CREAT, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "a/b/c")), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d")), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "a/b/c", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "x"), E_BADF);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 0), E_INVAL);
  assert_int_equal(RUN(g, fd_filestat_set_times, fd, 0, 0, FSTFLAG_MTIM_NOW), E_NOTCAPABLE);
  guest_free(g);
  wasm_byte_vec_t bytes;
  assert_true(wasi_fs_get_file(fs, "/a/./b//c", &bytes));
  assert_int_equal(bytes.size, 4);
  assert_memory_equal(bytes.data, "text", 4);
  wasm_byte_vec_delete(&bytes);
  assert_false(wasi_fs_get_file(fs, "a/b", &bytes));
  assert_false(wasi_fs_get_file(fs, "a/../a/b/c", &bytes));
  assert_false(wasi_fs_get_file(fs, "", &bytes));
  assert_false(wasi_fs_put_file(fs, "a/b/c/d", "", 0));
  assert_false(wasi_fs_put_file(fs, "a/b", "", 0));
  wasi_fs_delete(fs);
}

/* ---- one of the host's own ---- */

/* A top with one file "f", whose functions give more than they were asked for. */
static int wild_root(void *env, wasi_node_t **out) {
  (void)env;
  *out = (wasi_node_t *)env;
  return 0;
}
static int wild_lookup(void *env, wasi_node_t *dir, const char *name, wasi_node_t **out) {
  (void)dir;
  if (name[0] == 'e') return atoi(name + 1);
  *out = (wasi_node_t *)(void *)((char *)env + 1 + (name[0] == 'l'));
  return 0;
}
static void wild_hold(void *env, wasi_node_t *node) {
  (void)node;
  ++*(int *)env;
}
static int wild_info(void *env, wasi_node_t *node, wasi_node_info_t *info) {
  info->type = (void *)node == env               ? WASI_NODE_DIRECTORY
               : (char *)node == (char *)env + 1 ? 200
                                                 : WASI_NODE_LINK;
  info->size = UINT64_MAX;
  info->links = 1;
  return 0;
}
static int wild_read(void *env, wasi_node_t *file, void *to, size_t size, uint64_t offset,
                     size_t *done) {
  (void)env, (void)file, (void)offset;
  memset(to, 'w', size);
  *done = size + 1000;
  return 0;
}
static int wild_list(void *env, wasi_node_t *dir, uint64_t cookie, wasi_dir_entry_t *entry) {
  (void)env, (void)dir;
  entry->next = cookie + 1;
  entry->type = 255;
  if (cookie < 3) memset(entry->name, 'n', sizeof entry->name);
  return 0;
}
static int wild_read_link(void *env, wasi_node_t *link, char *to, size_t size, size_t *done) {
  (void)env, (void)link;
  memset(to, 'l', size);
  *done = size + 1;
  return 0;
}
static void wild_release(void *env, wasi_node_t *node) { (void)env, (void)node; }

static void wild_file_systems(void **state) {
  (void)state;
  u32 fd;
  int env[2] = {0};
  wasi_fs_functions_t table = {.size = sizeof table,
                               .root = wild_root,
                               .lookup = wild_lookup,
                               .hold = wild_hold,
                               .release = wild_release,
                               .info = wild_info,
                               .read = wild_read,
                               .list = wild_list,
                               .read_link = wild_read_link};
  Guest *g = guest_on(wasi_fs_new(&table, env));
  assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
  const char *text;
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_int_equal(out_u32(g), 100);
  assert_int_equal(RUN(g, fd_readdir, FIRST_DIR, SCRATCH, 4000, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 5 * DIRENT_SIZE + 1 + 2 + 3 * 255);
  assert_int_equal(RUN(g, path_readlink, FIRST_DIR, PATH(g, "l"), 2 * SCRATCH, 100, OUT), E_IO);
  assert_int_equal(guest_open(g, "l", 0, RIGHT_FD_READ, &fd), E_IO);
  assert_int_equal(guest_open(g, "l/x", 0, RIGHT_FD_READ, &fd), E_IO);
  assert_int_equal(guest_open(g, "e13", 0, RIGHT_FD_READ, &fd), E_ACCES); /* EACCES */
  assert_int_equal(guest_open(g, "e99999", 0, RIGHT_FD_READ, &fd), E_IO);
  assert_int_equal(guest_open(g, "e2", OFLAG_CREAT, RIGHT_FD_READ, &fd), E_ROFS);
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "f")), E_ROFS);
  assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "e2")), E_ROFS);
  guest_free(g);
  table.root = NULL;
  assert_null(wasi_fs_new(&table, env));
  assert_null(wasi_fs_new(NULL, env));
}

/* ---- memory that is not to be had ---- */

/* Each allocation of a run fails once: the guest is told so, and nothing leaks or is lost. */
static void memory_runs_out(void **state) {
  (void)state;
  char lower[64] = "";
  Guest *below = guest_on_folder(lower);
  furnish(below);
  guest_free(below);
  for (int overlay = 0; overlay < 2; overlay++)
    for (u64 n = 1;; n++) {
      Guest *g =
          guest_on(overlay ? wasi_fs_new_overlay(lower, LIMIT, NULL) : wasi_fs_new_memory(LIMIT));
      u32 fd, step = 0;
      failing_alloc_start(n);
      Errno e = guest_open(g, "a", OFLAG_CREAT, all, &fd);
      if (!e) e = guest_write(g, fd, "something that needs room, and some more of it to come");
      if (!e) step++, e = RUN(g, path_symlink, PATH2(g, "a"), FIRST_DIR, PATH(g, "s"));
      if (!e) step++, e = RUN(g, path_create_directory, FIRST_DIR, PATH(g, "new"));
      if (!e)
        step++, e = RUN(g, path_rename, FIRST_DIR, PATH(g, "a"), FIRST_DIR, PATH2(g, "new/b"));
      if (!e)
        step++, e = RUN(g, path_link, FIRST_DIR, 0, PATH(g, "new/b"), FIRST_DIR, PATH2(g, "c"));
      if (!e) step++, e = RUN(g, path_filestat_get, FIRST_DIR, 1, PATH(g, "new/../c"), OUT);
      bool none_failed = !failing_alloc_stop();
      if (e) assert_int_equal(e, E_NOMEM);
      if (step < 3)
        assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "later")), E_SUCCESS);
      guest_free(g);
      if (none_failed) break;
    }
  remove_folder(lower);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_as_a_folder), cmocka_unit_test(limits_hold),
      cmocka_unit_test(listings_go_on),       cmocka_unit_test(open_files_stay),
      cmocka_unit_test(names_leave_no_trace), cmocka_unit_test(first_of_many),
      cmocka_unit_test(no_number_no_file),    cmocka_unit_test(nothing_moves_between),
      cmocka_unit_test(shared_by_threads),    cmocka_unit_test(read_only_mounts),
      cmocka_unit_test(wild_file_systems),    cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
