/* path_* by both resolvers: what they do, what they refuse, the errors a native program would get.
 */
#include "wasi/guest.h"

#include <sys/stat.h>

static const int ways[] = {WASI_RESOLVER_AUTO, WASI_RESOLVER_OPENAT2, WASI_RESOLVER_WALKER};

/* A guest with: file, dir/inner, dir/empty/, link -> file, out -> .., abs -> /etc, loop -> loop */
static Guest *guest_with_files(int way, char folder[64]) {
  Guest *g = guest_new(config_with_folder(folder, true, way));
  u32 fd;
  assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "dir")), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "dir/empty/")), E_SUCCESS);
  assert_int_equal(guest_open(g, "file", OFLAG_CREAT | OFLAG_EXCL, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "file"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(guest_open(g, "dir/inner", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH(g, "file"), 3, PATH2(g, "link")), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH(g, ".."), 3, PATH2(g, "out")), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH(g, "loop"), 3, PATH2(g, "loop")), E_SUCCESS);
  char name[80];
  snprintf(name, sizeof name, "%s/abs", folder);
  assert_int_equal(symlink("/etc", name), 0);
  return g;
}

static void done(Guest *g, const char *folder) {
  guest_free(g);
  remove_folder(folder);
}

static u8 type_of(Guest *g, const char *path, bool follow) {
  Errno e = RUN(g, path_filestat_get, 3, follow, PATH(g, path), OUT);
  return e ? 0 : g->memory[OUT + 16];
}

static void opening(void **state) {
  (void)state;
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "";
    Guest *g = guest_with_files(ways[w], folder);
    u32 fd;
    const char *text;
    assert_int_equal(guest_open(g, "link", 0, RIGHT_FD_READ, &fd), E_SUCCESS);
    assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
    assert_string_equal(text, "file");
    assert_int_equal(RUN(g, path_open, 3, 0, PATH(g, "link"), 0, RIGHT_FD_READ, 0, 0, OUT), E_LOOP);
    assert_int_equal(guest_open(g, "/etc/passwd", 0, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
    assert_int_equal(guest_open(g, "../x", 0, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
    assert_int_equal(guest_open(g, "abs/passwd", 0, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
    assert_int_equal(guest_open(g, "out/x", OFLAG_CREAT, RIGHT_FD_WRITE, &fd), E_NOTCAPABLE);
    assert_int_equal(guest_open(g, "dir/../../x", OFLAG_CREAT, RIGHT_FD_WRITE, &fd), E_NOTCAPABLE);
    assert_int_equal(guest_open(g, "loop", 0, RIGHT_FD_READ, &fd), E_LOOP);
    assert_int_equal(guest_open(g, "", 0, RIGHT_FD_READ, &fd), E_NOENT);
    assert_int_equal(guest_open(g, "file", OFLAG_CREAT | OFLAG_EXCL, RIGHT_FD_READ, &fd), E_EXIST);
    assert_int_equal(guest_open(g, "file/", 0, RIGHT_FD_READ, &fd), E_NOTDIR);
    assert_int_equal(guest_open(g, "new/", OFLAG_CREAT, RIGHT_FD_READ, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, "dir", 0, RIGHT_FD_WRITE, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, "dir/", OFLAG_DIRECTORY, RIGHT_FD_WRITE, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, "dir", OFLAG_DIRECTORY, RIGHT_FD_WRITE, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, "file", OFLAG_DIRECTORY, RIGHT_FD_WRITE, &fd), E_NOTDIR);
    assert_int_equal(guest_open(g, "none", OFLAG_DIRECTORY, RIGHT_FD_WRITE, &fd), E_NOENT);
    assert_int_equal(guest_open(g, "dir", OFLAG_CREAT, RIGHT_FD_READ, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, ".", OFLAG_CREAT, RIGHT_FD_READ, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, "dir/", OFLAG_DIRECTORY, RIGHT_FD_READ, &fd), E_SUCCESS);
    assert_int_equal(guest_open(g, "dir", OFLAG_DIRECTORY | OFLAG_CREAT, 0, &fd), E_INVAL);
    assert_int_equal(guest_open(g, "dir", 16, 0, &fd), E_INVAL);
    assert_int_equal(guest_open(g, "file", OFLAG_TRUNC, RIGHTS_FILE & ~RIGHT_FD_WRITE, &fd),
                     E_SUCCESS);
    assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
    assert_int_equal(load_u64(g->memory + OUT + 32), 0);
    /* From a descriptor that is no directory. */
    assert_int_equal(RUN(g, path_open, fd, 0, PATH(g, "x"), 0, 0, 0, 0, OUT), E_NOTDIR);
    assert_int_equal(RUN(g, path_open, 99, 0, PATH(g, "x"), 0, 0, 0, 0, OUT), E_BADF);
    done(g, folder);
  }
}

static void stat_and_times(void **state) {
  (void)state;
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "";
    Guest *g = guest_with_files(ways[w], folder);
    assert_int_equal(type_of(g, "file", false), FILETYPE_REGULAR_FILE);
    assert_int_equal(load_u64(g->memory + OUT + 32), 4);
    assert_int_equal(load_u64(g->memory + OUT + 24), 1);
    assert_int_equal(type_of(g, "link", false), FILETYPE_SYMBOLIC_LINK);
    assert_int_equal(type_of(g, "link", true), FILETYPE_REGULAR_FILE);
    assert_int_equal(type_of(g, ".", false), FILETYPE_DIRECTORY);
    assert_int_equal(type_of(g, "dir/..", true), FILETYPE_DIRECTORY);
    assert_int_equal(type_of(g, "out", false), FILETYPE_SYMBOLIC_LINK);
    const u32 follow = LOOKUP_SYMLINK_FOLLOW;
    assert_int_equal(RUN(g, path_filestat_get, 3, follow, PATH(g, "out"), OUT), E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_filestat_get, 3, 0, PATH(g, "out/"), OUT), E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_filestat_get, 3, 0, PATH(g, "file/"), OUT), E_NOTDIR);
    assert_int_equal(RUN(g, path_filestat_get, 3, 0, PATH(g, "link/"), OUT), E_NOTDIR);
    assert_int_equal(RUN(g, path_filestat_get, 3, 0, PATH(g, "file"), GUEST_MEMORY - 56), E_FAULT);
    /* The link's own time, then its target's. */
    u32 both = FSTFLAG_ATIM | FSTFLAG_MTIM;
    assert_int_equal(RUN(g, path_filestat_set_times, 3, 0, PATH(g, "link"), 1, 2, both), E_SUCCESS);
    assert_int_equal(type_of(g, "link", false), FILETYPE_SYMBOLIC_LINK);
    assert_int_equal(load_u64(g->memory + OUT + 48), 2);
    assert_int_equal(RUN(g, path_filestat_set_times, 3, follow, PATH(g, "link"), 3, 4, both),
                     E_SUCCESS);
    assert_int_equal(type_of(g, "file", false), FILETYPE_REGULAR_FILE);
    assert_int_equal(load_u64(g->memory + OUT + 40), 3);
    assert_int_equal(load_u64(g->memory + OUT + 48), 4);
    assert_int_equal(RUN(g, path_filestat_set_times, 3, 0, PATH(g, "file/"), 3, 4, both), E_NOTDIR);
    assert_int_equal(RUN(g, path_filestat_set_times, 3, 0, PATH(g, "."), 3, 4, both), E_SUCCESS);
    assert_int_equal(RUN(g, path_filestat_set_times, 3, follow, PATH(g, "out"), 3, 4, both),
                     E_NOTCAPABLE);
    done(g, folder);
  }
}

static void entries(void **state) {
  (void)state;
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "";
    Guest *g = guest_with_files(ways[w], folder);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "dir")), E_EXIST);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, ".")), E_EXIST);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "..")), E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "out/made")), E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_remove_directory, 3, PATH(g, "dir")), E_NOTEMPTY);
    assert_int_equal(RUN(g, path_remove_directory, 3, PATH(g, "dir/.")), E_INVAL);
    assert_int_equal(RUN(g, path_remove_directory, 3, PATH(g, "dir/empty/..")), E_NOTEMPTY);
    assert_int_equal(RUN(g, path_remove_directory, 3, PATH(g, "file")), E_NOTDIR);
    assert_int_equal(RUN(g, path_remove_directory, 3, PATH(g, "dir/empty/")), E_SUCCESS);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, "dir")), E_ISDIR);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, "file/")), E_NOTDIR);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, "link/")), E_NOTDIR);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, "dir/")), E_ISDIR);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, "link")), E_SUCCESS);
    assert_int_equal(type_of(g, "file", false), FILETYPE_REGULAR_FILE);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "/etc"), 3, PATH2(g, "l")), E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "x"), 3, PATH2(g, "file")), E_EXIST);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "x"), 3, PATH2(g, "l/")), E_NOENT);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "a/target"), 3, PATH2(g, "l")), E_SUCCESS);
    assert_int_equal(RUN(g, path_readlink, 3, PATH(g, "l"), 4096, 100, OUT), E_SUCCESS);
    assert_int_equal(out_u32(g), 8);
    assert_memory_equal(g->memory + 4096, "a/target", 8);
    assert_int_equal(RUN(g, path_readlink, 3, PATH(g, "l"), 4096, 3, OUT), E_SUCCESS);
    assert_int_equal(out_u32(g), 3);
    assert_int_equal(RUN(g, path_readlink, 3, PATH(g, "l"), 4096, 0, OUT), E_SUCCESS);
    assert_int_equal(RUN(g, path_readlink, 3, PATH(g, "file"), 4096, 9, OUT), E_INVAL);
    assert_int_equal(RUN(g, path_readlink, 3, PATH(g, "."), 4096, 9, OUT), E_INVAL);
    done(g, folder);
  }
}

static void renames_and_links(void **state) {
  (void)state;
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "";
    Guest *g = guest_with_files(ways[w], folder);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "file"), 3, PATH2(g, "dir/")), E_NOTDIR);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "file/"), 3, PATH2(g, "moved")), E_NOTDIR);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "file"), 3, PATH2(g, "out/moved")),
                     E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "out/x"), 3, PATH2(g, "moved")), E_NOTCAPABLE);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "."), 3, PATH2(g, "moved")), E_BUSY);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "dir"), 3, PATH2(g, "dir/empty/x")), E_INVAL);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "file"), 3, PATH2(g, "dir/moved")), E_SUCCESS);
    assert_int_equal(type_of(g, "file", false), 0);
    assert_int_equal(type_of(g, "dir/moved", false), FILETYPE_REGULAR_FILE);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "dir/"), 3, PATH2(g, "dir2/")), E_SUCCESS);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "dir2/moved"), 3, PATH2(g, "hard")),
                     E_SUCCESS);
    assert_int_equal(type_of(g, "hard", false), FILETYPE_REGULAR_FILE);
    assert_int_equal(load_u64(g->memory + OUT + 24), 2);
    assert_int_equal(RUN(g, path_link, 3, 1, PATH(g, "hard"), 3, PATH2(g, "h2")), E_INVAL);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "hard"), 3, PATH2(g, "h2/")), E_NOENT);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "hard/"), 3, PATH2(g, "h2")), E_NOTDIR);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "dir2"), 3, PATH2(g, "h2")), E_PERM);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "abs/passwd"), 3, PATH2(g, "h2")),
                     E_NOTCAPABLE);
    /* A link to a link is a second name of the link, not of what it leads to. */
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "abs"), 3, PATH2(g, "h3")), E_SUCCESS);
    assert_int_equal(type_of(g, "h3", false), FILETYPE_SYMBOLIC_LINK);
    done(g, folder);
  }
}

/* The layouts of the old names. */
static void unstable_layouts(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_with_files(0, folder);
  u64 path[] = {3, 0, PATH(g, "file"), OUT};
  wasmx_slot_t slots[16];
  memset(slots, 0, sizeof slots);
  memcpy(slots, path, sizeof path);
  memset(g->memory + OUT, 0xee, 64);
  Call call = {.ctx = g->ctx, .args = slots, .memory = g->memory, .memory_size = GUEST_MEMORY};
  call.unstable = true;
  assert_int_equal(wm_call_path_filestat_get(&call), E_SUCCESS);
  assert_int_equal(load_u32(g->memory + OUT + 20), 1);
  assert_int_equal(load_u64(g->memory + OUT + 24), 4);
  assert_int_equal(g->memory[OUT + 55] != 0xee, 1);
  assert_int_equal(g->memory[OUT + 56], 0xee);
  u32 fd;
  assert_int_equal(guest_open(g, "file", 0, RIGHTS_FILE, &fd), E_SUCCESS);
  memset(slots, 0, sizeof slots);
  slots[0].u32 = fd;
  slots[2].u32 = 1; /* the end, where the new names have it from here */
  slots[3].u32 = OUT;
  assert_int_equal(wm_call_fd_seek(&call), E_SUCCESS);
  assert_int_equal(out_u64(g), 4);
  done(g, folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(opening),          cmocka_unit_test(stat_and_times),
      cmocka_unit_test(entries),          cmocka_unit_test(renames_and_links),
      cmocka_unit_test(unstable_layouts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
