/* A folder of the host's under changes in memory: what it leaves as it was, and what it tells when
 * it cannot go on. */
#include "wasi/node_guest.h"

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>

/* Changes stay in memory; the folder is as it was. */
static void overlays_leave_the_folder(void **state) {
  (void)state;
  char lower[64] = "", path[96];
  u32 fd;
  Guest *g = guest_on_folder(lower);
  furnish(g);
  guest_free(g);
  g = guest_on(wasi_fs_new_overlay(lower, LIMIT, NULL));
  assert_int_equal(guest_open(g, "a", 0, all, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "A"), E_SUCCESS);
  assert_int_equal(RUN(g, path_rename, FIRST_DIR, PATH(g, "d"), FIRST_DIR, PATH2(g, "moved")),
                   E_SUCCESS);
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "moved/e/f")), E_SUCCESS);
  assert_int_equal(RUN(g, path_remove_directory, FIRST_DIR, PATH(g, "moved/e")), E_SUCCESS);
  const char *text;
  assert_int_equal(RUN(g, fd_seek, fd, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_string_equal(text, "A file of the first hour");
  guest_free(g);
  g = guest_on_folder(lower);
  assert_int_equal(guest_open(g, "a", 0, all, &fd), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_string_equal(text, "a file of the first hour");
  assert_int_equal(guest_open(g, "d/e/f", 0, all, &fd), E_SUCCESS);
  guest_free(g);
  /* What is neither file, directory nor link is left out; what cannot be brought is told. */
  snprintf(path, sizeof path, "%s/pipe", lower);
  assert_int_equal(mkfifo(path, 0600), 0);
  g = guest_on(wasi_fs_new_overlay(lower, 700, NULL));
  assert_int_equal(guest_open(g, "a", 0, RIGHT_FD_READ, &fd), E_NOSPC);
  guest_free(g);
  g = guest_on(wasi_fs_new_overlay(lower, LIMIT, NULL));
  assert_int_equal(guest_open(g, "pipe", 0, RIGHT_FD_READ, &fd), E_NOENT);
  assert_int_equal(guest_open(g, "a", 0, all, &fd), E_SUCCESS);
  guest_free(g);
  remove_folder(lower);
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasi_fs_new_overlay("/tmp/there is no such folder", LIMIT, &err));
  assert_non_null(strstr(err.message, "No such file"));
}

static void put_below(const char *folder, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  fclose(f);
}

/* The smallest limits are limits too. */
static void overlays_without_room(void **state) {
  (void)state;
  char lower[64] = "";
  u32 fd;
  guest_free(guest_on_folder(lower));
  put_below(lower, "f", "text");
  for (size_t limit = 0; limit < 2 * sizeof(TreeNode); limit += sizeof(TreeNode) / 8) {
    Guest *g = guest_on(wasi_fs_new_overlay(lower, limit, NULL));
    assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &fd), E_NOSPC);
    guest_free(g);
  }
  remove_folder(lower);
}

/* A directory that there was no room for is whole when there is: with each limit, in turn, that
 * its names end at. */
static void overlays_go_on(void **state) {
  (void)state;
  char lower[64] = "";
  const char *text;
  u32 fd;
  guest_free(guest_on_folder(lower));
  put_below(lower, "f", "text below");
  for (size_t left = 0; left < 1000; left++) {
    wasi_fs_t *fs = wasi_fs_new_overlay(lower, LIMIT, NULL);
    Tree *tree = fs->env;
    Guest *g = guest_on(fs);
    tree->limit = tree->used + left;
    Errno e = guest_open(g, "f", 0, RIGHT_FD_READ, &fd);
    tree->limit = LIMIT;
    if (e) assert_int_equal(e, E_NOSPC);
    if (e) assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
    assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
    assert_string_equal(text, "text below");
    guest_free(g);
    if (!e) left = 1000;
  }
  remove_folder(lower);
}

static int read_half(Tree *tree, TreeNode *file, void *to, size_t size, u64 offset, size_t *done) {
  (void)tree, (void)file;
  if (offset) return EIO;
  *done = size / 2;
  memset(to, 'x', *done);
  return 0;
}

/* What was brought of a file before an error is not there later. */
static void overlays_forget_halves(void **state) {
  (void)state;
  char lower[64] = "";
  const char *text;
  u32 fd;
  guest_free(guest_on_folder(lower));
  put_below(lower, "f", "text below");
  wasi_fs_t *fs = wasi_fs_new_overlay(lower, LIMIT, NULL);
  TreeLower *from = &((Tree *)fs->env)->lower, right = *from;
  Guest *g = guest_on(fs);
  assert_int_equal(guest_open(g, "f", 0, all, &fd), E_SUCCESS);
  from->read = read_half;
  assert_int_equal(guest_write(g, fd, "T"), E_IO);
  from->read = right.read;
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 2), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 8), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_memory_equal(text, "te\0\0\0\0\0", 8);
  guest_free(g);
  remove_folder(lower);
}

/* A name in the folder that becomes a link out of it is not followed. */
static void overlays_stay_in_the_folder(void **state) {
  (void)state;
  char lower[64] = "", command[512];
  u32 fd;
  Guest *g = guest_on_folder(lower);
  furnish(g);
  guest_free(g);
  g = guest_on(wasi_fs_new_overlay(lower, LIMIT, NULL));
  assert_int_equal(RUN(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "d/e/f"), OUT), E_SUCCESS);
  snprintf(command, sizeof command, "rm -r %s/d/e %s/a; ln -s /etc %s/d/e; ln -s /etc/passwd %s/a",
           lower, lower, lower, lower);
  assert_int_equal(system(command), 0);
  const char *text;
  assert_int_equal(guest_open(g, "a", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_IO);
  assert_int_equal(guest_open(g, "d/e/f", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_IO);
  guest_free(g);
  remove_folder(lower);
}

/* What the host ran out of is told as it is, and the overlay goes on once there is more. */
static void overlays_tell_what_is_missing(void **state) {
  (void)state;
  char lower[64] = "";
  u32 fd;
  const char *text;
  struct rlimit before;
  guest_free(guest_on_folder(lower));
  put_below(lower, "f", "text below");
  getrlimit(RLIMIT_NOFILE, &before);
  for (int listed = 0; listed < 2; listed++) {
    Guest *g = guest_on(wasi_fs_new_overlay(lower, LIMIT, NULL));
    if (listed) assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
    int next = open("/dev/null", O_RDONLY);
    close(next);
    const struct rlimit few = {(rlim_t)next, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    Errno e = listed ? guest_read(g, fd, &text) : guest_open(g, "f", 0, RIGHT_FD_READ, &fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(e, E_MFILE);
    if (!listed) assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
    assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
    assert_string_equal(text, "text below");
    guest_free(g);
  }
  remove_folder(lower);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(overlays_leave_the_folder), cmocka_unit_test(overlays_stay_in_the_folder),
      cmocka_unit_test(overlays_without_room),     cmocka_unit_test(overlays_go_on),
      cmocka_unit_test(overlays_forget_halves),    cmocka_unit_test(overlays_tell_what_is_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
