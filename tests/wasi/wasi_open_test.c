/* path_open: rights asked for and rights granted; special files; files made through links. */
#include "wasi/guest.h"

#include <poll.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>

static const int ways[] = {WASI_RESOLVER_AUTO, WASI_RESOLVER_OPENAT2, WASI_RESOLVER_WALKER};

static bool several; /* as a program that has threads, which opens in another way */

static Guest *one_of_two(wasi_config_t *config) {
  Guest *g = guest_new(config);
  g->ctx->threads.used = several;
  return g;
}

static Errno open_at(Guest *g, u32 dir, const char *path, u32 oflags, Rights base,
                     Rights inheriting, u32 *fd) {
  Errno e = RUN(g, path_open, dir, LOOKUP_SYMLINK_FOLLOW, PATH(g, path), oflags, base, inheriting,
                0, OUT);
  *fd = out_u32(g);
  return e;
}

static Rights base_of(Guest *g, u32 fd) {
  assert_int_equal(RUN(g, fd_fdstat_get, fd, OUT), E_SUCCESS);
  return load_u64(g->memory + OUT + 8);
}

static u64 size_of(Guest *g, u32 dir, const char *path) {
  assert_int_equal(RUN(g, path_filestat_get, dir, 1, PATH(g, path), OUT), E_SUCCESS);
  return load_u64(g->memory + OUT + 32);
}

/* ---- rights ---- */

/* What languages ask for when they open a directory (O_RDONLY) and then a file in it. */
typedef struct Asks {
  const char *by;
  Rights dir, inheriting, write; /* write: O_WRONLY */
} Asks;

static const Rights everything = RIGHTS_FILE | RIGHTS_DIR;
static const Rights go_write =
    RIGHT_FD_DATASYNC | RIGHT_FD_WRITE | RIGHT_FD_ALLOCATE | RIGHT_PATH_FILESTAT_SET_SIZE;
static const Rights go_read = RIGHT_FD_READ | RIGHT_FD_READDIR;
static const Rights libc_write =
    RIGHT_FD_DATASYNC | RIGHT_FD_WRITE | RIGHT_FD_ALLOCATE | RIGHT_FD_FILESTAT_SET_SIZE;

static void languages_make_and_truncate_files(void **state) {
  (void)state;
  const Rights rust = everything & ~(RIGHT_PATH_FILESTAT_SET_SIZE | RIGHT_PATH_FILESTAT_SET_TIMES);
  const Asks asks[] = {
      {"wasi-libc", everything & ~libc_write, everything, everything & ~go_read},
      {"rust", rust & ~libc_write, ~(Rights)0, rust & ~go_read},
      {"go", everything & ~go_write & ~(RIGHT_FD_READ | RIGHT_FD_TELL | RIGHT_FD_ADVISE),
       everything, everything & ~go_read},
  };
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
      const Asks *a = &asks[i];
      char folder[64] = "";
      u32 dir, below, fd;
      Guest *g = one_of_two(config_with_folder(folder, true, ways[w]));
      assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "d")), E_SUCCESS);
      assert_int_equal(open_at(g, 3, "d", OFLAG_DIRECTORY, a->dir, a->inheriting, &dir), 0);
      assert_int_equal(RUN(g, path_create_directory, dir, PATH(g, "e")), E_SUCCESS);
      assert_int_equal(open_at(g, dir, "e", OFLAG_DIRECTORY, a->dir, a->inheriting, &below), 0);
      for (u32 at = dir;; at = below) {
        assert_int_equal(open_at(g, at, "f", OFLAG_CREAT, a->write, a->inheriting, &fd), 0);
        assert_int_equal(guest_write(g, fd, "12345"), E_SUCCESS);
        assert_int_equal(open_at(g, at, "f", OFLAG_TRUNC, a->write, a->inheriting, &fd), 0);
        assert_int_equal(size_of(g, at, "f"), 0);
        assert_int_equal(guest_write(g, fd, "12345"), E_SUCCESS);
        assert_int_equal(RUN(g, fd_filestat_set_size, fd, 2), E_SUCCESS);
        assert_int_equal(RUN(g, fd_datasync, fd), E_SUCCESS);
        assert_int_equal(size_of(g, at, "f"), 2);
        /* Opened for reading: everything but changes. */
        Rights read = everything & ~libc_write;
        assert_int_equal(open_at(g, at, "f", 0, read, a->inheriting, &fd), 0);
        assert_int_equal(RUN(g, fd_datasync, fd), E_SUCCESS);
        assert_int_equal(RUN(g, fd_tell, fd, OUT), E_SUCCESS);
        assert_int_equal(guest_write(g, fd, "x"), E_BADF);
        if (at == below) break;
      }
      assert_int_equal(RUN(g, path_rename, dir, PATH(g, "f"), 3, PATH2(g, "f2")), E_SUCCESS);
      assert_int_equal(RUN(g, path_rename, 3, PATH(g, "f2"), below, PATH2(g, "f3")), E_SUCCESS);
      guest_free(g);
      remove_folder(folder);
    }
  }
}

/* What was not asked for is not there: fd_fdstat_get shows it and later calls keep to it. */
static void asking_for_less_gives_less(void **state) {
  (void)state;
  char folder[64] = "";
  u32 fd, dir;
  const char *text;
  const Errno no = E_NOTCAPABLE;
  Guest *g = one_of_two(config_with_folder(folder, true, 0));
  assert_int_equal(open_at(g, 3, "f", OFLAG_CREAT, RIGHT_FD_WRITE, 0, &fd), E_SUCCESS);
  assert_int_equal(base_of(g, fd), RIGHT_FD_WRITE);
  assert_int_equal(guest_write(g, fd, "abc"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_seek, fd, 1, 0, OUT), no);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), no);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 1), no);
  assert_int_equal(guest_read(g, fd, &text), E_BADF);
  assert_int_equal(open_at(g, 3, "f", 0, RIGHT_FD_SEEK, 0, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_tell, fd, OUT), E_SUCCESS); /* included */
  assert_int_equal(guest_read(g, fd, &text), no);
  assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(open_at(g, 3, "d", OFLAG_DIRECTORY, 0, everything, &dir), E_SUCCESS);
  assert_int_equal(open_at(g, dir, "f", OFLAG_CREAT, RIGHT_FD_WRITE, 0, &fd), no);
  assert_int_equal(RUN(g, fd_readdir, dir, 4096, 500, 0, OUT), no);
  assert_int_equal(open_at(g, 3, "d", OFLAG_DIRECTORY, RIGHTS_DIR, 0, &dir), E_SUCCESS);
  assert_int_equal(open_at(g, dir, "f", OFLAG_CREAT, RIGHT_FD_WRITE, 0, &fd), no);
  assert_int_equal(open_at(g, dir, "f", OFLAG_CREAT, RIGHT_FD_READ, 0, &fd), E_SUCCESS);
  assert_int_equal(base_of(g, fd), 0);
  /* Truncating: by the directory's right, or by what could be done with the file once open. */
  const Rights in = RIGHT_PATH_OPEN, size = RIGHT_FD_FILESTAT_SET_SIZE, write = RIGHT_FD_WRITE;
  const Rights path = RIGHT_PATH_FILESTAT_SET_SIZE;
  const struct {
    Rights base, inheriting;
    Errno want;
  } cases[] = {{in | path, 0, E_SUCCESS},
               {in, write | size, E_SUCCESS},
               {in, write, no},
               {in, size, no},
               {in, path, no},
               {in, 0, no}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    assert_int_equal(open_at(g, 3, ".", OFLAG_DIRECTORY, cases[i].base, cases[i].inheriting, &dir),
                     0);
    assert_int_equal(open_at(g, dir, "f", OFLAG_TRUNC, 0, 0, &fd), cases[i].want);
  }
  guest_free(g);
  remove_folder(folder);
}

/* ---- special files ---- */

static int opens_seen(int watch) {
  char events[4096];
  struct pollfd p = {.fd = watch, .events = POLLIN};
  int seen = 0;
  while (poll(&p, 1, 0) > 0) {
    ssize_t n = read(watch, events, sizeof events);
    for (ssize_t at = 0; at < n; seen++)
      at += (ssize_t)(sizeof(struct inotify_event) +
                      ((struct inotify_event *)(void *)(events + at))->len);
  }
  return seen;
}

static void make_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  close(fd);
}

/* Nothing that is refused is opened, not even for a moment, whatever way it is asked for. */
static void refused_files_are_not_opened(void **state) {
  (void)state;
  static const u32 oflags[] = {0, OFLAG_CREAT, OFLAG_TRUNC, OFLAG_CREAT | OFLAG_TRUNC};
  static const char *const names[] = {"pipe", "link", "sub/../pipe", "socket"};
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "", pipe_name[96], socket_name[96];
    u32 fd;
    Guest *g = one_of_two(config_with_folder(folder, true, ways[w]));
    snprintf(pipe_name, sizeof pipe_name, "%s/pipe", folder);
    snprintf(socket_name, sizeof socket_name, "%s/socket", folder);
    assert_int_equal(mkfifo(pipe_name, 0644), 0);
    make_socket(socket_name);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "sub")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "pipe"), 3, PATH2(g, "link")), E_SUCCESS);
    int watch = inotify_init1(IN_CLOEXEC);
    assert_true(inotify_add_watch(watch, pipe_name, IN_OPEN) >= 0);
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
      for (size_t i = 0; i < ARRAY_LEN(oflags); i++) {
        Errno no = E_NOTCAPABLE;
        assert_int_equal(guest_open(g, names[n], oflags[i], RIGHT_FD_READ, &fd), no);
        assert_int_equal(guest_open(g, names[n], oflags[i], RIGHTS_FILE, &fd), no);
      }
      assert_int_equal(guest_open(g, names[n], OFLAG_DIRECTORY, 0, &fd), E_NOTDIR);
      assert_int_equal(guest_open(g, names[n], OFLAG_CREAT | OFLAG_EXCL, 0, &fd), E_EXIST);
    }
    assert_int_equal(opens_seen(watch), 0);
    close(open(pipe_name, O_RDONLY | O_NONBLOCK));
    assert_int_equal(opens_seen(watch), 1); /* the watch sees */
    close(watch);
    guest_free(g);
    remove_folder(folder);
  }
}

static void harmless_devices_need_no_grant(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_dir(config, "/dev", "/dev", true));
  assert_true(wasi_config_preopen_dir(config, "/dev", "/ro", false));
  Guest *g = one_of_two(config);
  static const char *const names[] = {"null", "zero", "full", "random", "urandom"};
  const char *text;
  u32 fd;
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    assert_int_equal(guest_open(g, names[i], OFLAG_CREAT | OFLAG_TRUNC, RIGHTS_FILE, &fd), 0);
    assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
    assert_int_equal(out_u32(g), i == 0 ? 0 : 100);
    assert_int_equal(guest_write(g, fd, "x"), i == 2 ? E_NOSPC : E_SUCCESS);
    assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
    assert_int_equal(open_at(g, 4, names[i], 0, RIGHT_FD_READ | RIGHT_FD_SEEK, 0, &fd), E_SUCCESS);
    assert_int_equal(open_at(g, 4, names[i], 0, RIGHT_FD_WRITE, 0, &fd), E_NOTCAPABLE);
  }
  assert_int_equal(guest_open(g, "ptmx", 0, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "tty", 0, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
  guest_free(g);
}

static wasi_config_t *config_with_special(char folder[64], const char *pipe_name) {
  wasi_config_t *config = config_with_folder(folder, true, 0);
  char name[96];
  snprintf(name, sizeof name, "%s/%s", folder, pipe_name);
  assert_int_equal(mkfifo(name, 0644), 0);
  wasi_dir_perms dir = WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE | WASI_DIR_PERMS_SPECIAL;
  assert_true(wasi_config_preopen_dir_perms(config, folder, "/all", dir, 3));
  return config;
}

static void *read_later(void *folder) {
  const struct timespec some = {0, 30000000};
  char name[96];
  static char bytes[16];
  nanosleep(&some, NULL);
  snprintf(name, sizeof name, "%s/pipe", (const char *)folder);
  int fd = open(name, O_RDONLY);
  ssize_t n = read(fd, bytes, sizeof bytes - 1);
  close(fd);
  bytes[n < 0 ? 0 : n] = 0;
  return bytes;
}

static void *write_later(void *folder) {
  const struct timespec some = {0, 30000000};
  char name[96];
  nanosleep(&some, NULL);
  snprintf(name, sizeof name, "%s/pipe", (const char *)folder);
  int fd = open(name, O_WRONLY);
  nanosleep(&some, NULL);
  ssize_t n = write(fd, "back", 4);
  close(fd);
  return n == 4 ? folder : NULL;
}

/* With the grant a pipe works as natively: who writes waits for a reader, who reads for a writer.
 */
static void granted_pipes_wait(void **state) {
  (void)state;
  char folder[64] = "";
  pthread_t thread;
  void *bytes;
  u32 fd;
  Guest *g = one_of_two(config_with_special(folder, "pipe"));
  assert_int_equal(
      RUN(g, path_open, 4, 1, PATH(g, "pipe"), 0, RIGHT_FD_WRITE, 0, FDFLAG_NONBLOCK, OUT), E_NXIO);
  assert_int_equal(pthread_create(&thread, NULL, read_later, folder), 0);
  assert_int_equal(open_at(g, 4, "pipe", 0, RIGHT_FD_WRITE, 0, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "through"), E_SUCCESS);
  pthread_join(thread, &bytes);
  assert_string_equal(bytes, "through");
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  assert_int_equal(open_at(g, 3, "pipe", 0, RIGHT_FD_WRITE, 0, &fd), E_NOTCAPABLE);
  const char *text;
  assert_int_equal(open_at(g, 4, "pipe", 0, RIGHT_FD_READ, 0, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_read, fd, put_vector(g, SCRATCH, 0), 1, OUT), E_SUCCESS); /* nothing */
  assert_int_equal(pthread_create(&thread, NULL, write_later, folder), 0);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_string_equal(text, "back");
  pthread_join(thread, &bytes);
  assert_non_null(bytes);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  guest_free(g);
  remove_folder(folder);
}

/* ---- links ---- */

/* A link to where there is nothing: the file is made there, by every way, never outside. */
static void files_are_made_where_links_lead(void **state) {
  (void)state;
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "", name[96];
    u32 fd;
    struct stat st;
    Guest *g = one_of_two(config_with_folder(folder, true, ways[w]));
    const u32 make = OFLAG_CREAT;
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "d")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "d/new"), 3, PATH2(g, "one")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "one"), 3, PATH2(g, "two")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "d/no/"), 3, PATH2(g, "slash")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "../out"), 3, PATH2(g, "out")), E_SUCCESS);
    assert_int_equal(guest_open(g, "two", make | OFLAG_EXCL, RIGHTS_FILE, &fd), E_EXIST);
    assert_int_equal(RUN(g, path_open, 3, 0, PATH(g, "two"), make, RIGHTS_FILE, 0, 0, OUT), E_LOOP);
    assert_int_equal(guest_open(g, "two", make, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(guest_write(g, fd, "made"), E_SUCCESS);
    assert_int_equal(size_of(g, 3, "d/new"), 4);
    assert_int_equal(guest_open(g, "two", make | OFLAG_TRUNC, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(size_of(g, 3, "d/new"), 0);
    assert_int_equal(guest_open(g, "slash", make, RIGHTS_FILE, &fd), E_ISDIR);
    assert_int_equal(guest_open(g, "out", make, RIGHTS_FILE, &fd), E_NOTCAPABLE);
    snprintf(name, sizeof name, "%s/../out", folder);
    assert_int_not_equal(stat(name, &st), 0);
    guest_free(g);
    remove_folder(folder);
  }
}

static void a_slash_follows_the_link(void **state) {
  (void)state;
  for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
    char folder[64] = "";
    u32 fd;
    Guest *g = one_of_two(config_with_folder(folder, true, ways[w]));
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "d")), E_SUCCESS);
    assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "d"), 3, PATH2(g, "to_d")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "f"), 3, PATH2(g, "to_f")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "none"), 3, PATH2(g, "to_none")), E_SUCCESS);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "loop"), 3, PATH2(g, "loop")), E_SUCCESS);
    static const struct {
      const char *path;
      Errno want; /* as readlink(2) has it */
    } cases[] = {{"to_d", E_SUCCESS},    {"to_d/", E_INVAL},
                 {"d/", E_INVAL},        {"d", E_INVAL},
                 {".", E_INVAL},         {"./", E_INVAL},
                 {"to_f/", E_NOTDIR},    {"f/", E_NOTDIR},
                 {"f", E_INVAL},         {"to_none/", E_NOENT},
                 {"none/", E_NOENT},     {"none", E_NOENT},
                 {"loop/", E_LOOP},      {"d/..", E_INVAL},
                 {"../x", E_NOTCAPABLE}, {"to_d/../to_f", E_SUCCESS}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
      Errno e = RUN(g, path_readlink, 3, PATH(g, cases[i].path), 4096, 100, OUT);
      if (e != cases[i].want) fail_msg("%s: %d, not %d", cases[i].path, e, cases[i].want);
      char native[128], target[64];
      snprintf(native, sizeof native, "%s/%s", folder, cases[i].path);
      bool good = readlink(native, target, sizeof target) >= 0;
      if (cases[i].want != E_NOTCAPABLE) assert_int_equal(good, e == E_SUCCESS);
    }
    guest_free(g);
    remove_folder(folder);
  }
}

int main(void) {
  alarm(120); /* what waits for ever ends the test */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(languages_make_and_truncate_files),
      cmocka_unit_test(asking_for_less_gives_less),
      cmocka_unit_test(refused_files_are_not_opened),
      cmocka_unit_test(harmless_devices_need_no_grant),
      cmocka_unit_test(granted_pipes_wait),
      cmocka_unit_test(files_are_made_where_links_lead),
      cmocka_unit_test(a_slash_follows_the_link),
  };
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  several = true;
  return failures + cmocka_run_group_tests(tests, NULL, NULL);
}
