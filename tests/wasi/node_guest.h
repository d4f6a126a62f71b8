/* Guests on file systems that are not the host's, and beside them one on a folder. */
#ifndef TESTS_WASI_NODE_GUEST_H
#define TESTS_WASI_NODE_GUEST_H

#include "wasi/guest.h"
#include "wasi/wasi_node.h"
#include "wasi/wasi_tree.h"

enum { LIMIT = 1 << 20, FDS = 9 };

static const Rights all = RIGHTS_DIR | RIGHTS_FILE; /* NOLINT(misc-redundant-expression) */

/* What a folder has at first; also put into the tree in memory, by the guest. */
static inline void furnish(Guest *g) {
  u32 fd;
  assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d/e")), E_SUCCESS);
  assert_int_equal(guest_open(g, "a", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "a file of the first hour"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(guest_open(g, "d/e/f", OFLAG_CREAT, all, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "deep"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH2(g, "d/e"), FIRST_DIR, PATH(g, "l")), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH2(g, "loop"), FIRST_DIR, PATH(g, "loop")), E_SUCCESS);
}

static inline Guest *guest_on(wasi_fs_t *fs) {
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_max_fds(config, FDS);
  assert_non_null(fs);
  assert_true(wasi_config_mount(config, fs, "/", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE,
                                WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE));
  wasi_fs_delete(fs);
  return guest_new(config);
}

static inline Guest *guest_on_folder(char folder[64]) {
  wasi_config_t *config = config_with_folder(folder, true, WASI_RESOLVER_AUTO);
  wasi_config_set_max_fds(config, FDS);
  return guest_new(config);
}

#endif
