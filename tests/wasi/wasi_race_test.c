/* A program uses paths while another thread swaps their directories and files for links that lead
 * out: nothing outside is ever seen or changed, by either resolver. Some thousand opens each;
 * WASI_RACE_OPENS=10000000 makes it that many, and what was met is told. */
#include "guest.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { FEW_OPENS = 20000, OTHERS_EVERY = 8, WAY_ROUNDS = 1024, NAMES = 5 };

/* Each is there inside and outside; `gone` is removed and made again inside all the time. */
static const char *const names[NAMES] = {"secret", "e", "link", "gone", "kept"};

typedef struct Stage {
  char folder[TEMPORARY_SIZE]; /* with `root` and `outside` in it */
  int base, root, inside;      /* inside: `d` in root, wherever it is just now */
  u64 outside[NAMES + 1];      /* numbers of what nobody may see; the last: the folder itself */
  _Atomic u64 swaps;
  atomic_bool stop;
} Stage;

typedef struct Counts {
  u64 opens, opened, refused, met; /* met: somebody swapped during the open */
  u64 others, done;
} Counts;

static u64 number_of(int dir, const char *name) {
  struct stat st;
  assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
  return st.st_ino;
}

static void put(int dir, const char *name, const char *text) {
  int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
}

static void fill(int at, const char *folder, const char *text) {
  assert_int_equal(mkdirat(at, folder, 0755), 0);
  int dir = openat(at, folder, O_RDONLY | O_DIRECTORY);
  assert_int_equal(mkdirat(dir, "e", 0755), 0);
  put(dir, "secret", text);
  put(dir, "e/secret", text);
  put(dir, "gone", text);
  put(dir, "kept", text);
  assert_int_equal(symlinkat(text, dir, "link"), 0);
  close(dir);
}

static void set_stage(Stage *s) {
  memset(s, 0, sizeof *s);
  assert_non_null(temporary_folder(s->folder, "wasi_race"));
  s->base = open(s->folder, O_RDONLY | O_DIRECTORY);
  assert_int_equal(mkdirat(s->base, "root", 0755), 0);
  s->root = openat(s->base, "root", O_RDONLY | O_DIRECTORY);
  fill(s->base, "outside", "outside");
  fill(s->root, "d", "inside");
  fill(s->root, "other", "inside");
  s->inside = openat(s->root, "d", O_RDONLY | O_DIRECTORY);
  put(s->root, "f", "inside");
  assert_int_equal(symlinkat("../outside", s->root, "trap"), 0);
  assert_int_equal(symlinkat("../outside/secret", s->root, "trapfile"), 0);
  int outside = openat(s->base, "outside", O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < NAMES; i++) s->outside[i] = number_of(outside, names[i]);
  s->outside[NAMES] = number_of(outside, ".");
  close(outside);
}

static void exchange(Stage *s, int dir, const char *name, const char *other) {
  if (renameat2(dir, name, s->root, other, RENAME_EXCHANGE) == 0) atomic_fetch_add(&s->swaps, 1);
}

/* A directory for a link that leads out; a file for such a link; a directory for one at another
 * depth, for the ".." of a walk. */
static void *swap(void *arg) {
  Stage *s = arg;
  u32 seed = 1; /* in no order, which threads that take turns could fall in with */
  while (!atomic_load(&s->stop)) {
    seed = seed * 1664525u + 1013904223u;
    u32 which = (seed >> 16) % 3;
    if (which == 0) exchange(s, s->root, "d", "trap");
    if (which == 1) exchange(s, s->root, "f", "trapfile");
    if (which == 2) exchange(s, s->inside, "e", "other");
  }
  return NULL;
}

/* ---- what the program does ---- */

static void check_number(const Stage *s, u64 inode) {
  for (int i = 0; i <= NAMES; i++)
    if (inode == s->outside[i]) fail_msg("the program saw %s", i < NAMES ? names[i] : "outside");
}

static void look_at(Guest *g, const Stage *s, u32 fd) {
  const char *text;
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  check_number(s, load_u64(g->memory + OUT + 8));
  if (guest_read(g, fd, &text) == E_SUCCESS && *text) assert_string_equal(text, "inside");
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
}

static void open_one(Guest *g, Stage *s, u64 round, Counts *c) {
  static const char *const paths[] = {
      "d/secret",         "f",     "d/e/secret",  "d/e/../secret", "d/e/../../d/secret",
      "d/../d/e/secret",  "d/e/.", "d/e/../../f", "trap/secret",   "other/../d/secret",
      "d/link/../secret", "d",     "d/e"};
  u64 before = atomic_load(&s->swaps), follow = round & 1 ? LOOKUP_SYMLINK_FOLLOW : 0;
  u32 oflags = round % 16 == 5 ? OFLAG_CREAT : round % 8 == 3 ? OFLAG_DIRECTORY : 0;
  const char *path = paths[round % ARRAY_LEN(paths)];
  Errno e = RUN(g, path_open, FIRST_DIR, follow, PATH(g, path), oflags, RIGHTS_INPUT, 0, 0, OUT);
  c->opens++;
  c->met += atomic_load(&s->swaps) != before;
  if (e)
    c->refused++;
  else
    c->opened++;
  if (!e) look_at(g, s, out_u32(g));
}

static void ask_and_change(Guest *g, Stage *s, u64 round, Counts *c) {
  const Rights write = RIGHT_FD_WRITE | RIGHTS_INPUT;
  u64 follow = round & OTHERS_EVERY ? LOOKUP_SYMLINK_FOLLOW : 0;
  u32 done = 0, fd;
  if (!RUN(g, path_filestat_get, FIRST_DIR, follow, PATH(g, "d/secret"), OUT)) {
    check_number(s, load_u64(g->memory + OUT + 8));
    done++;
  }
  if (!RUN(g, path_readlink, FIRST_DIR, PATH(g, "d/link"), 4096, 64, OUT)) {
    assert_memory_equal(g->memory + 4096, "inside", out_u32(g));
    done++;
  }
  done += !RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "d/gone"));
  done += !RUN(g, path_rename, FIRST_DIR, PATH(g, "d/kept"), FIRST_DIR, PATH2(g, "d/new"));
  done += !RUN(g, path_rename, FIRST_DIR, PATH(g, "d/new"), FIRST_DIR, PATH2(g, "d/kept"));
  done += !RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d/made"));
  done += !RUN(g, path_remove_directory, FIRST_DIR, PATH(g, "d/made"));
  done += !RUN(g, path_link, FIRST_DIR, 0, PATH(g, "d/secret"), FIRST_DIR, PATH2(g, "d/gone"));
  done += !RUN(g, path_filestat_set_times, FIRST_DIR, follow, PATH(g, "d/secret"), 1, 1, 5);
  if (!guest_open(g, "d/gone", OFLAG_CREAT | OFLAG_TRUNC, write, &fd)) {
    guest_write(g, fd, "inside");
    look_at(g, s, fd);
    done++;
  }
  c->others += 10;
  c->done += done;
}

/* ---- afterwards ---- */

static void check_text(int dir, const char *name) {
  char text[16] = "";
  struct stat st;
  int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
  assert_int_equal(read(fd, text, sizeof text - 1), 7);
  assert_string_equal(text, "outside");
  assert_int_equal(fstat(fd, &st), 0);
  assert_int_equal(st.st_nlink, 1);
  assert_true(st.st_mtim.tv_sec > 1);
  close(fd);
}

/* All is as it was, and nothing else is there. */
static void check_outside(const Stage *s) {
  int fd = openat(s->base, "outside", O_RDONLY | O_DIRECTORY), entries = 0;
  for (int i = 0; i < NAMES; i++) assert_int_equal(number_of(fd, names[i]), s->outside[i]);
  check_text(fd, "secret");
  check_text(fd, "gone");
  check_text(fd, "kept");
  check_text(fd, "e/secret");
  DIR *dir = fdopendir(fd);
  while (readdir(dir)) entries++;
  closedir(dir);
  assert_int_equal(entries, NAMES + 2);
}

static void race(int resolver, u64 opens) {
  Stage s;
  Counts c = {0};
  char root[96];
  pthread_t thread;
  set_stage(&s);
  snprintf(root, sizeof root, "%s/root", s.folder);
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_resolver(config, resolver);
  assert_true(wasi_config_preopen_dir(config, root, "/", true));
  Guest *g = guest_new(config);
  assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
  for (u64 round = 0; round < opens; round++) {
    /* As a program of one thread, and as one of several, which opens in another way; audited and
     * not, which resolves in another way. */
    g->ctx->threads.used = round / WAY_ROUNDS & 1;
    g->ctx->resolver.notes_links = round / WAY_ROUNDS & 2;
    open_one(g, &s, round, &c);
    if (round % OTHERS_EVERY == 0) ask_and_change(g, &s, round, &c);
  }
  g->ctx->threads.used = false;
  atomic_store(&s.stop, true);
  pthread_join(thread, NULL);
  check_outside(&s);
  assert_true(c.opened > 0 && c.refused > 0 && c.met > 0 && c.done > 0);
  print_message("resolver %d: %llu opens, %llu opened, %llu refused, %llu met a swap (of %llu); "
                "%llu other calls, %llu done\n",
                resolver, (unsigned long long)c.opens, (unsigned long long)c.opened,
                (unsigned long long)c.refused, (unsigned long long)c.met,
                (unsigned long long)s.swaps, (unsigned long long)c.others,
                (unsigned long long)c.done);
  guest_free(g);
  close(s.inside);
  close(s.root);
  close(s.base);
  remove_folder(s.folder);
}

static u64 opens_wanted(void) {
  const char *text = getenv("WASI_RACE_OPENS");
  return text ? strtoull(text, NULL, 10) : FEW_OPENS;
}

static void nothing_outside_by_openat2(void **state) {
  (void)state;
  race(WASI_RESOLVER_AUTO, opens_wanted());
}

static void nothing_outside_by_the_walker(void **state) {
  (void)state;
  race(WASI_RESOLVER_WALKER, opens_wanted());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_outside_by_openat2),
      cmocka_unit_test(nothing_outside_by_the_walker),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
