/* The cache on a disk that is full or becomes so: a small file system in memory, which only root
 * can make. */
#include "engine/cache.h"

#include "kept.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum { PAGE = 4096, DISK_PAGES = 64 };

/* A folder that is a disk of its own, seen by this process only. */
static bool mount_disk(Folder *f) {
  char size[40];
  snprintf(size, sizeof size, "size=%d,nr_inodes=16", DISK_PAGES * PAGE);
  return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("tmpfs", f->path, "tmpfs", 0, size) == 0;
}

/* Leaves so many free pages; the path of what takes the others goes to path[size]. */
static void fill(const Folder *f, u32 free_pages, char *path, size_t size) {
  static const u8 page[PAGE];
  snprintf(path, size, "%s/other", f->path);
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  while (write(fd, page, PAGE) == PAGE) continue;
  off_t end = lseek(fd, 0, SEEK_END);
  assert_int_equal(ftruncate(fd, end - (off_t)free_pages * PAGE), 0);
  close(fd);
}

/* How many functions a run compiles, and how many files there are afterwards. */
static void expect(Folder *f, const Config *config, u64 compiled, u32 files) {
  assert_int_equal(run_cached(f, config), compiled);
  assert_int_equal(count_files(f), files);
}

/* Makes the first byte behind the header another one. */
static void damage(const char *path) {
  u8 byte;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  assert_int_equal(pread(fd, &byte, 1, sizeof(ArtifactHeader)), 1);
  byte ^= 1;
  assert_int_equal(pwrite(fd, &byte, 1, sizeof(ArtifactHeader)), 1);
  close(fd);
}

/* Wherever the disk ends, a file is there whole or not at all. */
static void every_end(Folder *f, const Config *config) {
  char other[160];
  bool kept = false;
  for (u32 pages = 0; !kept; pages++) {
    fill(f, pages, other, sizeof other);
    assert_int_equal(run_cached(f, config), 4);
    kept = count_files(f) == 2;
    expect(f, config, kept ? 0 : 4, kept ? 2 : 1);
    unlink(other);
    assert_in_range(pages, 0, DISK_PAGES);
  }
  wm_cache_trim(f->path, 0);
}

/* A damaged file stays as long as there is no room for what would take its place. */
static void old_files_stay(Folder *f, const Config *config) {
  char other[160], path[160];
  run_cached(f, config);
  file_of(f, path, sizeof path);
  damage(path);
  fill(f, 0, other, sizeof other);
  expect(f, config, 4, 2);
  expect(f, config, 4, 2);
  unlink(other);
  expect(f, config, 4, 1);
  expect(f, config, 0, 1);
  wm_cache_trim(f->path, 0);
}

/* What writers left that died makes room. */
static void orphans_make_room(Folder *f, const Config *config) {
  char orphan[200];
  snprintf(orphan, sizeof orphan, "%s/0123456789abcdef.wasmjit.abcdef", f->path);
  char other[160];
  fill(f, 0, other, sizeof other);
  assert_int_equal(rename(other, orphan), 0);
  expect(f, config, 4, 1);
  expect(f, config, 0, 1);
  wm_cache_trim(f->path, 0);
}

/* Without room for one more name. */
static void without_names(Folder *f, const Config *config) {
  char path[200];
  u32 count = 0;
  for (int fd;; count++) {
    snprintf(path, sizeof path, "%s/%u", f->path, count);
    if ((fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) < 0) break;
    close(fd);
  }
  expect(f, config, 4, count);
  while (count--) {
    snprintf(path, sizeof path, "%s/%u", f->path, count);
    unlink(path);
  }
  expect(f, config, 4, 1);
}

static void disk_is_full(void **state) {
  (void)state;
  if (!wm_config_can_compile() || geteuid() != 0) skip();
  Folder f = folder_new();
  Config config = jit_config();
  bool mounted = mount_disk(&f);
  if (mounted) {
    every_end(&f, &config);
    old_files_stay(&f, &config);
    orphans_make_room(&f, &config);
    without_names(&f, &config);
    assert_int_equal(umount2(f.path, MNT_DETACH), 0);
  }
  folder_delete(&f);
  if (!mounted) skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(disk_is_full)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
