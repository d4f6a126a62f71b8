/* What programs do with files, natively and under WASI: wasi_calls KIND COUNT. Works in the current
 * folder, prints what it saw, which must be the same everywhere, and on standard error the wall
 * seconds of the work alone, without what was made for it before. See wasi_calls.py.
 *
 * With --kept before the kind the native program keeps each path below the folder, whatever others
 * put there meanwhile, and opens nothing but files and folders: by the fewest system calls that do
 * so. That is what a sandbox costs by itself. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  BLOCK = 4096,
  LOOP_BLOCKS = 256,
  CHUNK = 1 << 16,
  FILES_IN_FOLDER = 100,
  RANDOM = 64,
  PASSES = 4
};

static uint8_t bytes[CHUNK + 8];

static void must(int good, const char *what) {
  if (good) return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

/* ---- paths ---- */

#ifdef __wasi__
static int kept_open(const char *name, int flags) { return open(name, flags); }
static int kept_stat(const char *name, struct stat *st) { return lstat(name, st); }
static const int is_kept = 0;
#else
#include <linux/openat2.h>
#include <sys/syscall.h>

static int is_kept, root;

static int beneath(const char *path, int flags) {
  struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static int open_looked_at(int dir, const char *name, int flags) {
  struct stat seen, st;
  must(fstatat(dir, name, &seen, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(seen.st_mode), name);
  int fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  must(fstat(fd, &st) == 0 && st.st_ino == seen.st_ino && st.st_mode == seen.st_mode, name);
  return fd;
}

static int kept_open(const char *name, int flags) {
  char parent[256];
  const char *slash = strrchr(name, '/');
  if (flags & O_DIRECTORY) return beneath(name, flags);
  if (!slash) return open_looked_at(root, name, flags);
  snprintf(parent, sizeof parent, "%.*s", (int)(slash - name), name);
  int dir = beneath(parent, O_PATH | O_DIRECTORY), fd = open_looked_at(dir, slash + 1, flags);
  close(dir);
  return fd;
}

static int kept_stat(const char *name, struct stat *st) {
  if (!strchr(name, '/')) return fstatat(root, name, st, AT_SYMLINK_NOFOLLOW);
  int fd = beneath(name, O_PATH | O_NOFOLLOW), result = fstat(fd, st);
  close(fd);
  return result;
}
#endif

static int open_it(const char *name, int flags) {
  int kept = is_kept && !(flags & O_CREAT) && name[0] != '/';
  int fd = kept ? kept_open(name, flags) : open(name, flags, 0644);
  must(fd >= 0, name);
  return fd;
}

static DIR *open_folder(const char *name) {
  return is_kept ? fdopendir(kept_open(name, O_RDONLY | O_DIRECTORY)) : opendir(name);
}

static int look_at(const char *name, struct stat *st) {
  return is_kept ? kept_stat(name, st) : lstat(name, st);
}

/* ---- */

static void make_file(const char *name, long chunks, size_t size) {
  int fd = open_it(name, O_WRONLY | O_CREAT | O_TRUNC);
  for (long i = 0; i < chunks; i++) must(write(fd, bytes, size) == (ssize_t)size, name);
  close(fd);
}

/* ---- single calls ---- */

/* `count` blocks; a file's first ones again and again. */
static uint64_t transfer(const char *name, long count, int writes) {
  int fd = open_it(name, writes ? O_WRONLY : O_RDONLY);
  uint64_t sum = 0;
  for (long i = 0; i < count; i++) {
    ssize_t n = writes ? write(fd, bytes, BLOCK) : read(fd, bytes, BLOCK);
    must(n >= 0, name);
    sum += (uint64_t)n;
    if (i % LOOP_BLOCKS == LOOP_BLOCKS - 1) lseek(fd, 0, SEEK_SET);
  }
  close(fd);
  return sum;
}

static void make_blocks(long count) {
  (void)count;
  make_file("blocks", LOOP_BLOCKS, BLOCK);
}

static uint64_t write_null(long count) { return transfer("/dev/null", count, 1); }
static uint64_t read_null(long count) { return transfer("/dev/null", count, 0); }
static uint64_t write_file(long count) { return transfer("blocks", count, 1); }
static uint64_t read_file(long count) { return transfer("blocks", count, 0); }

static uint64_t random_bytes(long count) {
  for (long i = 0; i < count; i++) must(getentropy(bytes, RANDOM) == 0, "getentropy");
  return (uint64_t)count;
}

static uint64_t stat_file(long count) {
  struct stat st = {0};
  for (long i = 0; i < count; i++)
    must((is_kept ? kept_stat("blocks", &st) : stat("blocks", &st)) == 0, "blocks");
  return (uint64_t)st.st_size;
}

static uint64_t open_file(long count) {
  for (long i = 0; i < count; i++) close(open_it("blocks", O_RDONLY));
  return (uint64_t)count;
}

/* ---- one large file ---- */

static void make_large(long count) { make_file("large", count, CHUNK); }

static uint64_t write_large(long count) {
  make_large(count);
  return (uint64_t)count;
}

static uint64_t read_large(long count) {
  (void)count;
  int fd = open_it("large", O_RDONLY);
  uint64_t sum = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    lseek(fd, 0, SEEK_SET);
    for (ssize_t n; (n = read(fd, bytes, CHUNK)) > 0;) sum += (uint64_t)n + bytes[n / 2];
  }
  close(fd);
  return sum;
}

/* ---- trees ---- */

static void make_folder(const char *name) { must(mkdir(name, 0755) == 0 || errno == EEXIST, name); }

/* A text of one line with a number, again and again: of `size` bytes. */
static void make_text(const char *name, long number, size_t size) {
  char line[80];
  int len = snprintf(line, sizeof line, "%ld: a line like any other, but for what it is to find\n",
                     number);
  for (size_t at = 0; at < size; at += (size_t)len) memcpy(bytes + at, line, (size_t)len);
  make_file(name, 1, size);
}

/* `count` files in folders of FILES_IN_FOLDER; stays when it is there already. */
static void make_tree(const char *root, long count, size_t size) {
  char name[64];
  struct stat st;
  snprintf(name, sizeof name, "%s/done", root);
  if (stat(name, &st) == 0) return;
  make_folder(root);
  for (long i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%s/%ld", root, i / FILES_IN_FOLDER);
    if (i % FILES_IN_FOLDER == 0) make_folder(name);
    snprintf(name, sizeof name, "%s/%ld/file%ld", root, i / FILES_IN_FOLDER, i);
    make_text(name, i, size);
  }
  snprintf(name, sizeof name, "%s/done", root);
  make_file(name, 0, 0);
}

typedef uint64_t Visit(const char *name, const struct stat *st);

/* All below a folder, as file walkers do: each name is asked what it is. */
static uint64_t walk(const char *folder, Visit *visit) {
  char name[256];
  uint64_t sum = 0;
  DIR *dir = open_folder(folder);
  must(dir != NULL, folder);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    struct stat st;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
    must(look_at(name, &st) == 0, name);
    sum += S_ISDIR(st.st_mode) ? walk(name, visit) : visit(name, &st);
  }
  closedir(dir);
  return sum;
}

/* The same by names in the open folder, as later walkers do. */
static uint64_t walk_at(int at, const char *folder) {
  uint64_t sum = 0;
  int fd = openat(at, folder, O_RDONLY | O_DIRECTORY);
  must(fd >= 0, folder);
  DIR *dir = fdopendir(fd);
  must(dir != NULL, folder);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    struct stat st;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    must(fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0, entry->d_name);
    sum += S_ISDIR(st.st_mode) ? walk_at(fd, entry->d_name) : 1 + (uint64_t)st.st_size;
  }
  closedir(dir);
  return sum;
}

static uint64_t visit_size(const char *name, const struct stat *st) {
  (void)name;
  return 1 + (uint64_t)st->st_size;
}

static void make_small(long count) { make_tree("small", count, 0); }

static uint64_t walk_tree(long count) {
  (void)count;
  return walk("small", visit_size);
}

static uint64_t walk_tree_at(long count) {
  (void)count;
  return walk_at(AT_FDCWD, "small");
}

/* The next byte at `from` or behind it that is `wanted`: eight at a time, by hand, so that no C
 * libraries are compared. There are eight bytes behind the end. */
static size_t find_byte(size_t from, size_t len, uint8_t wanted) {
  const uint64_t ones = UINT64_MAX / 255, all = ones * wanted;
  for (; from < len; from += 8) {
    uint64_t eight;
    memcpy(&eight, bytes + from, 8);
    eight ^= all;
    uint64_t found = (eight - ones) & ~eight & ones << 7;
    if (found) return from + (size_t)__builtin_ctzll(found) / 8;
  }
  return len;
}

static uint64_t count_words(size_t len) {
  static const char word[] = "77: a line";
  uint64_t found = 0;
  for (size_t i = 0; (i = find_byte(i, len, '7')) + sizeof word - 1 <= len; i++)
    if (memcmp(bytes + i, word, sizeof word - 1) == 0) found++;
  return found;
}

static uint64_t visit_words(const char *name, const struct stat *st) {
  uint64_t found = 0;
  (void)st;
  int fd = open_it(name, O_RDONLY);
  for (ssize_t n; (n = read(fd, bytes, CHUNK)) > 0;) found += count_words((size_t)n);
  close(fd);
  return found;
}

static void make_texts(long count) { make_tree("texts", count, 10000); }

static uint64_t grep_tree(long count) {
  (void)count;
  uint64_t found = 0;
  for (int pass = 0; pass < PASSES; pass++) found += walk("texts", visit_words);
  return found;
}

/* ---- */

static void make_nothing(long count) { (void)count; }
static uint64_t do_nothing(long count) { return (uint64_t)count; }

static const struct {
  const char *name;
  void (*make)(long count);
  uint64_t (*work)(long count);
} kinds[] = {
    {"nothing", make_nothing, do_nothing},
    {"write_null", make_nothing, write_null},
    {"read_null", make_nothing, read_null},
    {"write_4k", make_blocks, write_file},
    {"read_4k", make_blocks, read_file},
    {"random_64", make_nothing, random_bytes},
    {"stat", make_blocks, stat_file},
    {"open_close", make_blocks, open_file},
    {"write_large", make_nothing, write_large},
    {"read_large", make_large, read_large},
    {"walk", make_small, walk_tree},
    {"walk_at", make_small, walk_tree_at},
    {"grep", make_texts, grep_tree},
};

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
#ifndef __wasi__
  if (argc > 1 && strcmp(argv[1], "--kept") == 0) {
    is_kept = 1;
    root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    argc--, argv++;
  }
#endif
  for (size_t i = 0; argc == 3 && i < sizeof kinds / sizeof *kinds; i++) {
    long count = atol(argv[2]);
    if (strcmp(argv[1], kinds[i].name) != 0) continue;
    kinds[i].make(count);
    double start = seconds();
    uint64_t seen = kinds[i].work(count);
    fprintf(stderr, "%.9f\n", seconds() - start);
    printf("%s %llu\n", argv[1], (unsigned long long)seen);
    return 0;
  }
  fprintf(stderr, "usage: wasi_calls [--kept] KIND COUNT\n");
  return 2;
}
