/* Both ways of resolving paths: the same answers as each other, and as the kernel's own where a
 * path does not try to leave; never an answer from outside. */
#include "support/temporary.h"
#include "wasi.h"
#include "wasi/wasi_resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A fresh folder with `root` and `outside` in it. */
typedef struct Zoo {
  char folder[TEMPORARY_SIZE];
  int base, root;
} Zoo;

static void make_file(int dir, const char *name, const char *text) {
  int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
}

static void make_link(int dir, const char *target, const char *name) {
  assert_int_equal(symlinkat(target, dir, name), 0);
}

static void zoo_make(Zoo *z) {
  assert_non_null(temporary_folder(z->folder, "wasi_zoo"));
  z->base = open(z->folder, O_RDONLY | O_DIRECTORY);
  assert_int_equal(mkdirat(z->base, "root", 0755), 0);
  assert_int_equal(mkdirat(z->base, "outside", 0755), 0);
  z->root = openat(z->base, "root", O_RDONLY | O_DIRECTORY);
  make_file(z->base, "outside/secret", "outside");
  int r = z->root;
  assert_int_equal(mkdirat(r, "sub", 0755), 0);
  assert_int_equal(mkdirat(r, "sub/deep", 0755), 0);
  make_file(r, "file", "file");
  make_file(r, "sub/file", "sub/file");
  make_link(r, "/etc/passwd", "absolute");
  make_link(r, "/", "rootlink");
  make_link(r, "../outside/secret", "escape");
  make_link(r, "sub/../../outside", "escapedir");
  make_link(r, "../../root/file", "sub/roundabout");
  make_link(r, "../file", "sub/up");
  make_link(r, "sub/../file", "inner");
  make_link(r, "loop", "loop");
  make_link(r, "loopb", "loopa");
  make_link(r, "loopa", "loopb");
  make_link(r, "sub", "tosub");
  make_link(r, "sub/", "tosubslash");
  make_link(r, "file/", "tofileslash");
  make_link(r, "sub/deep/../file", "winding");
  make_link(r, "new", "dangling");
  make_link(r, "new/", "danglingslash");
  make_link(r, "nodir/new", "dangling2");
  make_link(r, "../new", "danglingup");
  make_link(r, ".", "here");
  make_link(r, "..", "parent");
  make_link(r, "file", "chain0");
  for (int i = 1; i <= 41; i++) {
    char name[16], target[16];
    snprintf(name, sizeof name, "chain%d", i);
    snprintf(target, sizeof target, "chain%d", i - 1);
    make_link(r, target, name);
  }
}

static void zoo_free(Zoo *z) {
  char command[96];
  close(z->root);
  close(z->base);
  snprintf(command, sizeof command, "rm -rf %s", z->folder);
  assert_int_equal(system(command), 0);
}

static const char *const paths[] = {
    "file",
    "file/",
    "sub",
    "sub/",
    "sub//",
    "sub/file",
    "sub//file",
    "sub/./file",
    "./file",
    "././sub/./file",
    "sub/../file",
    "sub/deep/..",
    "sub/..",
    ".",
    "./",
    "..",
    "../",
    "../root/file",
    "sub/../..",
    "sub/../../root/file",
    "absolute",
    "rootlink",
    "rootlink/etc",
    "escape",
    "escapedir",
    "escapedir/",
    "escapedir/secret",
    "sub/roundabout",
    "sub/up",
    "inner",
    "loop",
    "loop/",
    "loop/x",
    "loopa",
    "tosub",
    "tosub/",
    "tosub/file",
    "tosub/../file",
    "tosubslash",
    "tosubslash/file",
    "tosubslash/",
    "tofileslash",
    "tofileslash/",
    "winding",
    "dangling",
    "dangling/",
    "danglingslash",
    "dangling2",
    "danglingup",
    "here",
    "here/",
    "here/here/here/file",
    "parent",
    "parent/",
    "parent/outside",
    "chain39",
    "chain40",
    "chain41",
    "chain41/x",
    "here/chain39",
    "missing",
    "missing/",
    "missing/x",
    "missing/..",
    "file/x",
    "file/.",
    "file/..",
    "file/../file",
    "sub/deep/../../sub/deep/../file",
    "tosub/..",
    "here/..",
    "sub/deep/../../../outside/secret",
};

static const int flag_sets[] = {
    O_RDONLY,
    O_RDONLY | O_NOFOLLOW,
    O_RDONLY | O_DIRECTORY,
    O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
    O_WRONLY | O_CREAT,
    O_WRONLY | O_CREAT | O_EXCL,
    O_WRONLY | O_CREAT | O_NOFOLLOW,
    O_RDWR | O_TRUNC,
    O_PATH,
};

typedef struct Outcome {
  Errno error;
  char what[64]; /* name of the file that was opened, below the zoo's folder */
  char tree[64]; /* what is new in the root */
} Outcome;

/* Where the descriptor's file is, below the zoo. */
static void name_of(const Zoo *z, int fd, char *out, size_t size) {
  char link[64], path[256];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  assert_true(n > 0);
  path[n] = 0;
  assert_memory_equal(path, z->folder, strlen(z->folder));
  snprintf(out, size, "%s", path + strlen(z->folder));
}

/* Runs one open and removes what it made. mode: a resolver, or -1 for the kernel's plain openat. */
static void outcome_of(const Zoo *z, int mode, const char *text, int flags, Outcome *o) {
  memset(o, 0, sizeof *o);
  int fd = -1;
  if (mode < 0) {
    fd = openat(z->root, text, flags | O_CLOEXEC, 0644);
    o->error = fd < 0 ? wm_errno_of_host(errno) : E_SUCCESS;
  } else {
    Resolver r = {.mode = mode};
    GuestPath path;
    o->error = wm_path_check(&path, text, (u32)strlen(text));
    if (!o->error) o->error = wm_resolve_open(&r, z->root, &path, flags, 0644, &fd);
  }
  if (!o->error) {
    if (mode < 0)
      snprintf(o->what, sizeof o->what, "?");
    else
      name_of(z, fd, o->what, sizeof o->what);
    close(fd);
  }
  struct stat st;
  const char *made[] = {"root/new", "new", "root/missing", "root/nodir", "root/outside"};
  for (size_t i = 0; i < 5; i++)
    if (unlinkat(z->base, made[i], 0) == 0) strcat(strcat(o->tree, made[i]), " ");
  assert_int_equal(fstatat(z->base, "outside/secret", &st, 0), 0);
  assert_int_equal(st.st_size, 7);
}

static void both_ways_agree(void **state) {
  (void)state;
  Zoo z;
  zoo_make(&z);
  for (size_t f = 0; f < ARRAY_LEN(flag_sets); f++) {
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
      Outcome kernel, walker, native;
      outcome_of(&z, WASI_RESOLVER_OPENAT2, paths[i], flag_sets[f], &kernel);
      outcome_of(&z, WASI_RESOLVER_WALKER, paths[i], flag_sets[f], &walker);
      if (kernel.error != walker.error || strcmp(kernel.what, walker.what) != 0 ||
          strcmp(kernel.tree, walker.tree) != 0)
        fail_msg("%s, flags %x: openat2 %d %s [%s], walker %d %s [%s]", paths[i],
                 (unsigned)flag_sets[f], kernel.error, kernel.what, kernel.tree, walker.error,
                 walker.what, walker.tree);
      assert_false(strncmp(kernel.what, "/outside", 8) == 0);
      if (kernel.error == E_NOTCAPABLE) continue;
      outcome_of(&z, -1, paths[i], flag_sets[f], &native);
      if (kernel.error != native.error || strcmp(kernel.tree, native.tree) != 0)
        fail_msg("%s, flags %x: %d [%s], natively %d [%s]", paths[i], (unsigned)flag_sets[f],
                 kernel.error, kernel.tree, native.error, native.tree);
    }
  }
  zoo_free(&z);
}

/* ---- the same on random trees: folders, files, and links that lead anywhere ---- */

static u32 seed;

static u32 below(u32 limit) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % limit;
}

static void random_path(char *out) {
  static const char *const parts[] = {"a", "b", "c", "a", "b", "c", "..", ".", "a/b", "/", ""};
  *out = 0;
  for (u32 n = 1 + below(5); n > 0; n--) {
    strcat(out, parts[below(ARRAY_LEN(parts))]);
    if (n > 1 || below(4) == 0) strcat(out, "/");
  }
}

/* Made through the resolver, so that nothing is made outside. */
static void random_tree(int root) {
  char name[64], target[64];
  for (int i = 0; i < 40; i++) {
    Resolver r = {.mode = WASI_RESOLVER_WALKER};
    GuestPath path;
    Place place;
    random_path(name);
    random_path(target);
    if (wm_path_check(&path, name, (u32)strlen(name))) continue;
    if (wm_resolve_parent(&r, root, &path, &place)) continue;
    u32 kind = place.dots ? 3 : below(3);
    if (kind == 0) mkdirat(place.dir, place.leaf, 0755);
    if (kind == 1) symlinkat(target, place.dir, place.leaf);
    if (kind == 2) close(openat(place.dir, place.leaf, O_WRONLY | O_CREAT | O_EXCL, 0644));
    wm_place_close(&place);
  }
}

/* Opens it; the file's number, 0 on error. */
static Errno identify(Resolver *r, int root, const char *text, int flags, u64 *ino) {
  GuestPath path;
  struct stat st;
  int fd;
  *ino = 0;
  Errno e = wm_path_check(&path, text, (u32)strlen(text));
  if (!e) e = wm_resolve_open(r, root, &path, flags, 0, &fd);
  if (e) return e;
  assert_int_equal(fstat(fd, &st), 0);
  *ino = st.st_ino;
  close(fd);
  return E_SUCCESS;
}

static void random_trees_agree(void **state) {
  (void)state;
  static const int flags[] = {O_PATH, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY};
  u32 found = 0;
  for (u32 tree = 1; tree <= 40; tree++) {
    char folder[TEMPORARY_SIZE], command[96], text[64];
    seed = tree;
    assert_non_null(temporary_folder(folder, "wasi_tree"));
    int base = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(base, "root", 0755), 0);
    int root = openat(base, "root", O_RDONLY | O_DIRECTORY);
    random_tree(root);
    for (int i = 0; i < 500; i++) {
      random_path(text);
      for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
        Resolver kernel = {.mode = WASI_RESOLVER_OPENAT2}, walker = {.mode = WASI_RESOLVER_WALKER};
        u64 one, two;
        struct stat st;
        Errno a = identify(&kernel, root, text, flags[f], &one);
        Errno b = identify(&walker, root, text, flags[f], &two);
        if (a != b || one != two)
          fail_msg("tree %u, %s, flags %x: openat2 %d, walker %d", tree, text, (unsigned)flags[f],
                   a, b);
        if (a) continue;
        int fd = openat(root, text, flags[f]);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_ino, one);
        close(fd);
        found++;
      }
    }
    close(root);
    close(base);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
  }
  assert_true(found > 5000);
}

/* The parent and leaf: the same directory, the same name. */
static void parents_agree(void **state) {
  (void)state;
  Zoo z;
  zoo_make(&z);
  for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
    GuestPath path;
    Place places[2];
    Errno errors[2];
    char dirs[2][64] = {"", ""};
    assert_int_equal(wm_path_check(&path, paths[i], (u32)strlen(paths[i])), E_SUCCESS);
    for (int w = 0; w < 2; w++) {
      Resolver r = {.mode = w ? WASI_RESOLVER_WALKER : WASI_RESOLVER_OPENAT2};
      errors[w] = wm_resolve_parent(&r, z.root, &path, &places[w]);
      if (errors[w]) continue;
      name_of(&z, places[w].dir, dirs[w], sizeof dirs[w]);
      wm_place_close(&places[w]);
      assert_memory_equal(dirs[w], "/root", 5);
    }
    if (errors[0] != errors[1]) fail_msg("%s: %d and %d", paths[i], errors[0], errors[1]);
    if (errors[0]) continue;
    assert_string_equal(dirs[0], dirs[1]);
    assert_string_equal(places[0].leaf, places[1].leaf);
    assert_int_equal(places[0].dots, places[1].dots);
    assert_int_equal(places[0].must_be_dir, places[1].must_be_dir);
    assert_int_equal(strlen(places[0].leaf) == 0, places[0].dots != 0);
    assert_null(strchr(places[0].leaf, '/'));
  }
  zoo_free(&z);
}

static void paths_are_checked(void **state) {
  (void)state;
  GuestPath path;
  assert_int_equal(wm_path_check(&path, "", 0), E_NOENT);
  assert_int_equal(wm_path_check(&path, "/", 1), E_NOTCAPABLE);
  assert_int_equal(wm_path_check(&path, "/etc/passwd", 11), E_NOTCAPABLE);
  assert_int_equal(wm_path_check(&path, "a\0b", 3), E_INVAL);
  assert_int_equal(wm_path_check(&path, "a\0", 2), E_INVAL);
  char *longest = malloc(PATH_MAX);
  assert_non_null(longest);
  memset(longest, 'a', PATH_MAX);
  assert_int_equal(wm_path_check(&path, longest, PATH_MAX), E_NAMETOOLONG);
  assert_int_equal(wm_path_check(&path, longest, PATH_MAX - 1), E_SUCCESS);
  assert_int_equal(wm_path_check(&path, longest, UINT32_MAX / 1024), E_NAMETOOLONG);
  free(longest);
  assert_int_equal(wm_path_check(&path, "a///", 4), E_SUCCESS);
  assert_string_equal(path.text, "a");
  assert_true(path.must_be_dir);
}

static int lowest_free_fd(void) {
  int fd = open("/dev/null", O_RDONLY);
  close(fd);
  return fd;
}

/* Far deeper than the walker's ring, and back up by names; few descriptors, none left open. */
static void deep_walks_hold_few_descriptors(void **state) {
  (void)state;
  Zoo z;
  zoo_make(&z);
  char down[1024] = "", up[1024] = "", text[4096];
  int dir = dup(z.root);
  for (int i = 0; i < 100; i++) {
    char name[8];
    snprintf(name, sizeof name, "d%d", i);
    assert_int_equal(mkdirat(dir, name, 0755), 0);
    int next = openat(dir, name, O_RDONLY | O_DIRECTORY);
    close(dir);
    dir = next;
    strcat(strcat(down, name), "/");
    strcat(up, "../");
  }
  close(dir);
  int before = lowest_free_fd();
  for (int mode = WASI_RESOLVER_OPENAT2; mode <= WASI_RESOLVER_WALKER; mode++) {
    for (int i = 0; i < 2; i++) {
      if (i == 0)
        snprintf(text, sizeof text, "%s%sfile", down, up);
      else
        snprintf(text, sizeof text, "%s%.297sd1/d2/../../../d0/d1", down, up);
      Resolver r = {.mode = mode};
      GuestPath path;
      int fd;
      assert_int_equal(wm_path_check(&path, text, (u32)strlen(text)), E_SUCCESS);
      assert_int_equal(wm_resolve_open(&r, z.root, &path, O_PATH, 0, &fd), E_SUCCESS);
      char name[64];
      name_of(&z, fd, name, sizeof name);
      assert_string_equal(name, i == 0 ? "/root/file" : "/root/d0/d1");
      close(fd);
      snprintf(text, sizeof text, "%s%s..", down, up);
      assert_int_equal(wm_path_check(&path, text, (u32)strlen(text)), E_SUCCESS);
      assert_int_equal(wm_resolve_open(&r, z.root, &path, O_PATH, 0, &fd), E_NOTCAPABLE);
    }
  }
  assert_int_equal(lowest_free_fd(), before);
  zoo_free(&z);
}

/* ---- directories swapped for links meanwhile ---- */

static atomic_bool stop;

static void *swap(void *arg) {
  const Zoo *z = arg;
  while (!atomic_load(&stop)) renameat2(z->root, "d", z->root, "trap", RENAME_EXCHANGE);
  return NULL;
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check_contents(int fd) {
  char text[16] = "";
  assert_true(read(fd, text, sizeof text - 1) > 0);
  assert_string_equal(text, "inside");
  close(fd);
}

static void swapped_directories_never_lead_out(void **state) {
  (void)state;
  static const char *const tries[] = {"d/secret", "d/../d/secret", "d/e/../secret",
                                      "d/e/../../d/secret"};
  Zoo z;
  zoo_make(&z);
  assert_int_equal(mkdirat(z.base, "outside/e", 0755), 0);
  assert_int_equal(mkdirat(z.root, "d", 0755), 0);
  assert_int_equal(mkdirat(z.root, "d/e", 0755), 0);
  make_file(z.root, "d/secret", "inside");
  make_link(z.root, "../outside", "trap");
  pthread_t thread;
  atomic_store(&stop, false);
  assert_int_equal(pthread_create(&thread, NULL, swap, &z), 0);
  for (int mode = WASI_RESOLVER_AUTO; mode <= WASI_RESOLVER_WALKER; mode++) {
    u32 opened = 0, refused = 0;
    Resolver r = {.mode = mode};
    for (double end = seconds() + 0.5; seconds() < end;) {
      for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        GuestPath path;
        int fd;
        wm_path_check(&path, tries[i], (u32)strlen(tries[i]));
        Errno e = wm_resolve_open(&r, z.root, &path, O_RDONLY, 0, &fd);
        if (e == E_SUCCESS)
          check_contents(fd), opened++;
        else
          refused++;
        Place place;
        if (wm_resolve_parent(&r, z.root, &path, &place)) continue;
        fd = openat(place.dir, place.leaf, O_RDONLY | O_NOFOLLOW);
        wm_place_close(&place);
        if (fd >= 0) check_contents(fd);
      }
    }
    assert_true(opened > 0);
    if (mode != WASI_RESOLVER_OPENAT2) assert_true(refused > 0);
  }
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  zoo_free(&z);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ways_agree),
      cmocka_unit_test(random_trees_agree),
      cmocka_unit_test(parents_agree),
      cmocka_unit_test(paths_are_checked),
      cmocka_unit_test(deep_walks_hold_few_descriptors),
      cmocka_unit_test(swapped_directories_never_lead_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
