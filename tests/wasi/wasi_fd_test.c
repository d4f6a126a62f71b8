/* Descriptors: numbers, rights, streams, reading and writing, lists of directories, and pointers.
 */
#include "wasi/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

/* ---- guest pointers ---- */

static void pointers_at_the_end_of_memory(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  const char *args[] = {"a", "bc"};
  assert_true(wasi_config_set_argv(config, 2, args));
  Guest *g = guest_new(config);
  const u32 end = GUEST_MEMORY;
  assert_int_equal(RUN(g, random_get, end - 8, 8), E_SUCCESS);
  assert_int_equal(RUN(g, random_get, end, 0), E_SUCCESS);
  assert_int_equal(RUN(g, random_get, end - 8, 9), E_FAULT);
  assert_int_equal(RUN(g, random_get, end + 1, 0), E_FAULT);
  assert_int_equal(RUN(g, random_get, UINT32_MAX, 1), E_FAULT);
  assert_int_equal(RUN(g, random_get, 8, UINT32_MAX), E_FAULT);
  assert_int_equal(RUN(g, clock_time_get, 0, 0, end - 8), E_SUCCESS);
  assert_int_equal(RUN(g, clock_time_get, 0, 0, end - 4), E_FAULT);
  assert_int_equal(RUN(g, clock_time_get, 0, 0, end - 12), E_INVAL);
  assert_int_equal(RUN(g, clock_time_get, 9, 0, OUT), E_INVAL);
  assert_int_equal(RUN(g, args_sizes_get, OUT, OUT + 4), E_SUCCESS);
  assert_int_equal(out_u32(g), 2);
  assert_int_equal(load_u32(g->memory + OUT + 4), 5);
  assert_int_equal(RUN(g, args_get, end - 8, end - 16), E_SUCCESS);
  assert_memory_equal(g->memory + end - 16, "a\0bc", 5);
  assert_int_equal(load_u32(g->memory + end - 4), end - 14);
  assert_int_equal(RUN(g, args_get, end - 4, OUT), E_FAULT);
  assert_int_equal(RUN(g, args_get, OUT, end - 4), E_FAULT);
  assert_int_equal(RUN(g, args_get, OUT + 2, 128), E_INVAL);
  /* Vectors: the array itself, and what each covers. */
  memset(g->memory + end - 8, 0, 8);
  assert_int_equal(RUN(g, fd_write, 1, end - 8, 1, OUT), E_SUCCESS);
  assert_int_equal(RUN(g, fd_write, 1, end - 8, 2, OUT), E_FAULT);
  assert_int_equal(RUN(g, fd_write, 1, 8, UINT32_MAX, OUT), E_FAULT);
  assert_int_equal(RUN(g, fd_write, 1, put_vector(g, end - 4, 4), 1, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 4);
  assert_int_equal(RUN(g, fd_write, 1, put_vector(g, end - 4, 5), 1, OUT), E_FAULT);
  assert_int_equal(RUN(g, fd_write, 1, put_vector(g, 0, 4), 1, OUT + 2), E_INVAL);
  assert_int_equal(RUN(g, fd_write, 1, put_vector(g, 0, 4), 1, end), E_FAULT);
  guest_free(g);
}

static void many_vectors(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_config_capture_stdout(config, SIZE_MAX);
  Guest *g = guest_new(config);
  u32 count = 7000; /* 56,000 bytes of vectors, each of one byte */
  for (u32 i = 0; i < count; i++) {
    store_u32(g->memory + 4096 + 8 * i, 4095);
    store_u32(g->memory + 4100 + 8 * i, 1);
  }
  assert_int_equal(RUN(g, fd_write, 1, 4096, count, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 1024); /* a transfer that stopped early */
  wasm_byte_vec_t out;
  wasi_ctx_take_stdout(g->ctx, &out);
  assert_int_equal(out.size, 1024);
  wasm_byte_vec_delete(&out);
  guest_free(g);
}

/* ---- streams ---- */

typedef struct Sink {
  char text[64];
  size_t len, finalized;
  ptrdiff_t answer; /* when not 0 */
} Sink;

static ptrdiff_t sink_write(void *data, const unsigned char *bytes, size_t size) {
  Sink *s = data;
  if (s->answer) return s->answer;
  size_t n = size < 4 ? size : 4; /* takes little at a time */
  memcpy(s->text + s->len, bytes, n);
  s->len += n;
  return (ptrdiff_t)n;
}

static ptrdiff_t give_letters(void *data, unsigned char *bytes, size_t size) {
  (void)data;
  memset(bytes, 'x', size < 3 ? size : 3);
  return 3;
}

static void sink_finalize(void *data) { ((Sink *)data)->finalized++; }

static void streams_by_bytes_and_callbacks(void **state) {
  (void)state;
  Sink sink = {0};
  wasi_config_t *config = wasi_config_new();
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 5, "hello");
  wasi_config_set_stdin_bytes(config, &input);
  assert_null(input.data);
  wasi_config_set_stdout_custom(config, sink_write, &sink, sink_finalize);
  wasi_config_capture_stderr(config, 6);
  Guest *g = guest_new(config);
  const char *text;
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_string_equal(text, "hello");
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  assert_int_equal(guest_write(g, 0, "x"), E_BADF);
  assert_int_equal(guest_write(g, 1, "abcdef"), E_SUCCESS);
  assert_int_equal(out_u32(g), 4);
  assert_string_equal(sink.text, "abcd");
  sink.answer = -ENOSPC;
  assert_int_equal(guest_write(g, 1, "abcdef"), E_NOSPC);
  sink.answer = PTRDIFF_MIN;
  assert_int_equal(guest_write(g, 1, "abcdef"), E_IO);
  sink.answer = 1000; /* more than it was given */
  assert_int_equal(guest_write(g, 1, "abcdef"), E_SUCCESS);
  assert_int_equal(out_u32(g), 6);
  assert_int_equal(guest_read(g, 1, &text), E_BADF);
  assert_int_equal(guest_write(g, 2, "1234"), E_SUCCESS);
  assert_int_equal(guest_write(g, 2, "5678"), E_SUCCESS);
  assert_int_equal(out_u32(g), 2);
  assert_int_equal(guest_write(g, 2, "9"), E_NOSPC);
  wasm_byte_vec_t out;
  wasi_ctx_take_stderr(g->ctx, &out);
  assert_int_equal(out.size, 6);
  assert_memory_equal(out.data, "123456", 6);
  wasm_byte_vec_delete(&out);
  assert_int_equal(guest_write(g, 2, "9"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_seek, 1, 0, 0, OUT), E_SPIPE);
  assert_int_equal(RUN(g, fd_pread, 0, put_vector(g, 0, 4), 1, 0, OUT), E_SPIPE);
  assert_int_equal(RUN(g, fd_close, 1), E_SUCCESS);
  assert_int_equal(guest_write(g, 1, "x"), E_BADF);
  assert_int_equal(sink.finalized, 0);
  guest_free(g);
  assert_int_equal(sink.finalized, 1);

  config = wasi_config_new();
  wasi_config_set_stdin_custom(config, give_letters, NULL, NULL);
  wasi_config_set_stdout_custom(config, sink_write, &sink, sink_finalize);
  wasi_config_set_stdout_custom(config, NULL, &sink, sink_finalize); /* refused, finalized */
  assert_int_equal(sink.finalized, 2);
  g = guest_new(config);
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_string_equal(text, "xxx");
  guest_free(g);
  assert_int_equal(sink.finalized, 3);
}

/* A pipe nobody reads: an error, no signal, and the disposition as it was. */
static void closed_pipes_raise_nothing(void **state) {
  (void)state;
  int ends[2], saved = dup(1);
  struct sigaction action;
  assert_int_equal(pipe(ends), 0);
  fflush(stdout);
  dup2(ends[1], 1);
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdout(config);
  Guest *g = guest_new(config);
  close(ends[0]);
  close(ends[1]);
  Errno e = guest_write(g, 1, "x");
  sigset_t pending;
  sigpending(&pending);
  dup2(saved, 1);
  close(saved);
  assert_int_equal(e, E_PIPE);
  assert_false(sigismember(&pending, SIGPIPE));
  sigaction(SIGPIPE, NULL, &action);
  assert_true(action.sa_handler == SIG_DFL);
  guest_free(g);
  assert_true(fcntl(1, F_GETFD) >= 0); /* an inherited stream stays open */
}

/* Not blocking on a borrowed pipe, without touching its flags. */
static void borrowed_flags_stay(void **state) {
  (void)state;
  int ends[2], saved = dup(0);
  assert_int_equal(pipe(ends), 0);
  dup2(ends[0], 0);
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdin(config);
  Guest *g = guest_new(config);
  const char *text;
  assert_int_equal(RUN(g, fd_fdstat_set_flags, 0, FDFLAG_APPEND), E_NOTSUP);
  assert_int_equal(RUN(g, fd_fdstat_set_flags, 0, FDFLAG_NONBLOCK), E_SUCCESS);
  assert_int_equal(guest_read(g, 0, &text), E_AGAIN);
  assert_int_equal(fcntl(0, F_GETFL) & O_NONBLOCK, 0);
  assert_int_equal(write(ends[1], "hey", 3), 3);
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_string_equal(text, "hey");
  close(ends[1]);
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  guest_free(g);
  dup2(saved, 0);
  close(saved);
  close(ends[0]);
}

/* ---- numbers ---- */

static void lowest_number_first(void **state) {
  (void)state;
  char folder[64] = "";
  wasi_config_t *config = config_with_folder(folder, true, 0);
  wasi_config_set_max_fds(config, 8);
  Guest *g = guest_new(config);
  u32 fd;
  for (u32 want = 4; want < 8; want++) {
    assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(fd, want);
  }
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_MFILE);
  assert_int_equal(RUN(g, fd_close, 6), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, 6), E_BADF);
  assert_int_equal(RUN(g, fd_close, 0), E_SUCCESS);
  assert_int_equal(guest_open(g, "f", 0, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(fd, 0);
  assert_int_equal(guest_open(g, "f", 0, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(fd, 6);
  /* renumber closes what it replaces and frees what it leaves */
  assert_int_equal(guest_write(g, 4, "four"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_renumber, 4, 6), E_SUCCESS);
  assert_int_equal(RUN(g, fd_tell, 6, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), 4);
  assert_int_equal(RUN(g, fd_tell, 4, OUT), E_BADF);
  assert_int_equal(RUN(g, fd_renumber, 6, 6), E_SUCCESS);
  assert_int_equal(RUN(g, fd_renumber, 6, 4), E_BADF);
  assert_int_equal(RUN(g, fd_renumber, 4, 6), E_BADF);
  assert_int_equal(RUN(g, fd_renumber, 6, UINT32_MAX), E_BADF);
  assert_int_equal(guest_open(g, "f", 0, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(fd, 4);
  guest_free(g);
  remove_folder(folder);
}

static void a_million_opens_leak_nothing(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_new(config_with_folder(folder, true, 0));
  u32 fd;
  int before = open("/dev/null", O_RDONLY), after;
  close(before);
  for (u32 i = 0; i < 20000; i++) {
    assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(guest_open(g, "missing", 0, RIGHTS_FILE, &fd), E_NOENT);
    assert_int_equal(guest_open(g, "f", OFLAG_DIRECTORY, RIGHTS_FILE, &fd), E_NOTDIR);
    assert_int_equal(RUN(g, fd_close, 4), E_SUCCESS);
  }
  after = open("/dev/null", O_RDONLY);
  close(after);
  assert_int_equal(before, after);
  guest_free(g);
  remove_folder(folder);
}

static void preopens_are_found(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_new(config_with_folder(folder, true, 0));
  u32 fd;
  assert_int_equal(RUN(g, fd_prestat_get, 3, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), (u64)1 << 32);
  assert_int_equal(RUN(g, fd_prestat_dir_name, 3, SCRATCH, 0), E_NAMETOOLONG);
  assert_int_equal(RUN(g, fd_prestat_dir_name, 3, SCRATCH, 1), E_SUCCESS);
  assert_int_equal(g->memory[SCRATCH], '/');
  assert_int_equal(RUN(g, fd_prestat_get, 1, OUT), E_BADF);
  assert_int_equal(RUN(g, fd_prestat_get, 4, OUT), E_BADF);
  assert_int_equal(guest_open(g, ".", OFLAG_DIRECTORY, RIGHTS_DIR, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_prestat_get, 4, OUT), E_BADF);
  guest_free(g);
  remove_folder(folder);
}

static void what_is_no_socket(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new());
  assert_int_equal(RUN(g, sock_shutdown, 1, 3), E_NOTSOCK);
  assert_int_equal(RUN(g, sock_accept, 1, 0, OUT), E_NOTSOCK);
  assert_int_equal(RUN(g, sock_recv, 0, 0, 0, 0, OUT, OUT), E_NOTSOCK);
  assert_int_equal(RUN(g, sock_send, 9, 0, 0, 0, OUT), E_BADF);
  guest_free(g);
}

/* ---- positions and flags ---- */

static void seek_tell_append(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_new(config_with_folder(folder, true, 0));
  u32 fd;
  const char *text;
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "0123456789"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_seek, fd, (u64)-4, 2, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), 6);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_string_equal(text, "6789");
  assert_int_equal(RUN(g, fd_seek, fd, (u64)-11, 1, OUT), E_INVAL);
  assert_int_equal(RUN(g, fd_seek, fd, 0, 3, OUT), E_INVAL);
  assert_int_equal(RUN(g, fd_pread, fd, put_vector(g, SCRATCH, 3), 1, 2, OUT), E_SUCCESS);
  assert_memory_equal(g->memory + SCRATCH, "234", 3);
  assert_int_equal(RUN(g, fd_pread, fd, put_vector(g, SCRATCH, 3), 1, (u64)-1, OUT), E_INVAL);
  assert_int_equal(RUN(g, fd_tell, fd, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), 10);
  assert_int_equal(RUN(g, fd_fdstat_set_flags, fd, FDFLAG_APPEND), E_SUCCESS);
  assert_int_equal(RUN(g, fd_fdstat_set_flags, fd, 32), E_INVAL);
  assert_int_equal(RUN(g, fd_seek, fd, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "end"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 32), 13);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, 5), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_set_size, fd, (u64)-1), E_INVAL);
  assert_int_equal(RUN(g, fd_allocate, fd, 0, 100), E_SUCCESS);
  assert_int_equal(RUN(g, fd_allocate, fd, 0, 0), E_INVAL);
  assert_int_equal(RUN(g, fd_advise, fd, 0, 0, 3), E_SUCCESS);
  assert_int_equal(RUN(g, fd_advise, fd, 0, 0, 6), E_INVAL);
  assert_int_equal(RUN(g, fd_sync, fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_datasync, fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_set_times, fd, 5, 7000000001u, FSTFLAG_ATIM | FSTFLAG_MTIM),
                   E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_set_times, fd, 5, 7, FSTFLAG_ATIM | FSTFLAG_ATIM_NOW),
                   E_INVAL);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 32), 100);
  assert_int_equal(load_u64(g->memory + OUT + 48), 7000000001u);
  guest_free(g);
  remove_folder(folder);
}

/* ---- rights ---- */

static void rights_only_shrink(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_new(config_with_folder(folder, true, 0));
  u32 fd;
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHT_FD_READ | RIGHT_FD_WRITE, &fd), E_SUCCESS);
  const char *text;
  Rights now = RIGHT_FD_READ;
  assert_int_equal(RUN(g, fd_fdstat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 8), RIGHT_FD_READ | RIGHT_FD_WRITE);
  assert_int_equal(RUN(g, fd_seek, fd, 1, 0, OUT), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, fd, RIGHT_FD_READ | RIGHT_FD_SEEK, 0),
                   E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, fd, now, 0), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "x"), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, fd, RIGHT_FD_READ | RIGHT_FD_WRITE, 0),
                   E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, fd, 0, 0), E_SUCCESS);
  assert_int_equal(guest_read(g, fd, &text), E_NOTCAPABLE);
  /* What a directory does not pass on, nothing below it has. */
  assert_int_equal(RUN(g, fd_fdstat_set_rights, 3, RIGHTS_DIR & ~RIGHT_PATH_CREATE_FILE,
                       RIGHT_FD_READ | RIGHT_PATH_OPEN),
                   E_SUCCESS);
  assert_int_equal(guest_open(g, "new", OFLAG_CREAT, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_WRITE, &fd), E_NOTCAPABLE);
  assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_READ | RIGHT_FD_SEEK, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_fdstat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 8), RIGHT_FD_READ);
  guest_free(g);
  remove_folder(folder);
}

static void read_only_by_every_route(void **state) {
  (void)state;
  for (int resolver = WASI_RESOLVER_OPENAT2; resolver <= WASI_RESOLVER_WALKER; resolver++) {
    char folder[64] = "", other[64] = "";
    Guest *g = guest_new(config_with_folder(folder, true, resolver));
    u32 fd;
    assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(guest_write(g, fd, "kept"), E_SUCCESS);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "d")), E_SUCCESS);
    guest_free(g);

    wasi_config_t *config = config_with_folder(folder, false, resolver);
    assert_non_null(temporary_folder(other, "wasi_guest"));
    assert_true(wasi_config_preopen_dir(config, other, "/rw", true));
    g = guest_new(config);
    const Errno no = E_NOTCAPABLE;
    Rights all = RIGHTS_FILE | RIGHTS_DIR;
    assert_int_equal(guest_open(g, "f", 0, RIGHT_FD_WRITE, &fd), no);
    assert_int_equal(guest_open(g, "f", OFLAG_TRUNC, RIGHT_FD_READ, &fd), no);
    assert_int_equal(guest_open(g, "new", OFLAG_CREAT, RIGHT_FD_READ, &fd), no);
    assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "e")), no);
    assert_int_equal(RUN(g, path_remove_directory, 3, PATH(g, "d")), no);
    assert_int_equal(RUN(g, path_unlink_file, 3, PATH(g, "f")), no);
    assert_int_equal(RUN(g, path_symlink, PATH(g, "f"), 3, PATH2(g, "l")), no);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "f"), 3, PATH2(g, "g")), no);
    assert_int_equal(RUN(g, path_rename, 3, PATH(g, "f"), 4, PATH2(g, "g")), no);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "f"), 4, PATH2(g, "g")), no);
    assert_int_equal(RUN(g, path_link, 3, 0, PATH(g, "f"), 3, PATH2(g, "g")), no);
    assert_int_equal(RUN(g, path_filestat_set_times, 3, 1, PATH(g, "f"), 1, 1, 5), no);
    assert_int_equal(guest_open(g, "f", 0, all & ~RIGHT_FD_WRITE, &fd), E_SUCCESS);
    const char *text;
    assert_int_equal(guest_read(g, fd, &text), E_SUCCESS);
    assert_string_equal(text, "kept");
    assert_int_equal(guest_write(g, fd, "x"), E_BADF);
    assert_int_equal(RUN(g, fd_pwrite, fd, put_vector(g, 0, 4), 1, 0, OUT), E_BADF);
    assert_int_equal(RUN(g, fd_filestat_set_size, fd, 0), E_INVAL);
    assert_int_equal(RUN(g, fd_allocate, fd, 0, 1000), E_BADF);
    assert_int_equal(RUN(g, fd_filestat_set_times, fd, 1, 1, 5), no);
    /* A directory below is no way around either. */
    u32 below;
    assert_int_equal(guest_open(g, "d", OFLAG_DIRECTORY, all, &below), E_ISDIR);
    assert_int_equal(guest_open(g, "d", OFLAG_DIRECTORY, all & ~RIGHT_FD_WRITE, &below), E_SUCCESS);
    assert_int_equal(RUN(g, fd_fdstat_get, below, OUT), E_SUCCESS);
    assert_int_equal(load_u64(g->memory + OUT + 8) & (RIGHTS_CHANGE_DIR | RIGHTS_CHANGE_FILE), 0);
    assert_int_equal(RUN(g, path_open, below, 1, PATH(g, "../f"), OFLAG_TRUNC, 0, 0, 0, OUT), no);
    assert_int_equal(RUN(g, path_create_directory, below, PATH(g, "e")), no);
    assert_int_equal(RUN(g, path_open, below, 1, PATH(g, "x"), OFLAG_CREAT, all, all, 0, OUT), no);
    guest_free(g);
    remove_folder(folder);
    remove_folder(other);
  }
}

static void special_files_need_a_grant(void **state) {
  (void)state;
  char folder[64] = "", name[96];
  wasi_config_t *config = config_with_folder(folder, true, 0);
  snprintf(name, sizeof name, "%s/pipe", folder);
  assert_int_equal(mkfifo(name, 0644), 0);
  wasi_dir_perms dir = WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE;
  wasi_file_perms file = WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE;
  assert_true(
      wasi_config_preopen_dir_perms(config, folder, "/all", dir | WASI_DIR_PERMS_SPECIAL, file));
  Guest *g = guest_new(config);
  u32 fd;
  assert_int_equal(guest_open(g, "pipe", 0, RIGHT_FD_READ, &fd), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_open, 4, 0, PATH(g, "pipe"), 0, RIGHT_FD_READ, 0, 0, OUT),
                   E_SUCCESS);
  /* Moving it to where more is allowed is refused as well. */
  assert_int_equal(RUN(g, path_rename, 3, PATH(g, "pipe"), 4, PATH2(g, "p")), E_NOTCAPABLE);
  guest_free(g);
  remove_folder(folder);
}

/* ---- directories ---- */

/* Lists descriptor 3 with a buffer of `room` bytes; names and inodes into one line each. */
static void list(Guest *g, u32 fd, u32 room, Buffer *out) {
  u64 cookie = 0;
  for (;;) {
    assert_int_equal(RUN(g, fd_readdir, fd, 4096, room, cookie, OUT), E_SUCCESS);
    u32 used = out_u32(g), at = 0;
    assert_true(used <= room);
    u64 before = cookie;
    while (at + DIRENT_SIZE <= used) {
      const u8 *entry = g->memory + 4096 + at;
      u32 len = load_u32(entry + 16);
      if (at + DIRENT_SIZE + len > used) break;
      wm_buffer_print(out, "%.*s %llu %d\n", (int)len, (const char *)entry + DIRENT_SIZE,
                      (unsigned long long)load_u64(entry + 8), entry[20]);
      cookie = load_u64(entry);
      at += (u32)DIRENT_SIZE + len;
    }
    if (used < room) return;
    assert_true(cookie != before || room < DIRENT_SIZE + 255);
    if (cookie == before) {
      room *= 2; /* not even one entry fits: ask again with more */
    }
  }
}

static void listings_do_not_depend_on_the_buffer(void **state) {
  (void)state;
  char folder[64] = "";
  Guest *g = guest_new(config_with_folder(folder, true, 0));
  char name[256];
  u32 fd;
  for (int i = 0; i < 150; i++) {
    snprintf(name, sizeof name, "file%d%.*s", i, i,
             "_________________________________________________"
             "_________________________________________________"
             "_________________________________________________"
             "____________________________");
    assert_int_equal(guest_open(g, name, OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
  }
  assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "sub")), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH(g, "sub"), 3, PATH2(g, "link")), E_SUCCESS);
  Buffer all = {0};
  list(g, 3, 60000, &all);
  wm_buffer_byte(&all, 0);
  u32 lines = 0;
  for (char *c = (char *)all.data; *c; c++) lines += *c == '\n';
  assert_int_equal(lines, 154);
  assert_true(strncmp((char *)all.data, ". ", 2) == 0 || strstr((char *)all.data, "\n. "));
  assert_non_null(strstr((char *)all.data, ".. "));
  /* inode numbers agree with stat */
  snprintf(name, sizeof name, "\nsub %llu 3\n",
           (RUN(g, path_filestat_get, 3, 0, PATH(g, "sub"), OUT),
            (unsigned long long)load_u64(g->memory + OUT + 8)));
  assert_non_null(strstr((char *)all.data, name));
  const u32 rooms[] = {24, 25, 30, 50, 64, 100, 256, 1000, 4096, 4100, 32768};
  for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
    Buffer some = {0};
    list(g, 3, rooms[i], &some);
    wm_buffer_byte(&some, 0);
    assert_string_equal((char *)some.data, (char *)all.data);
    wm_buffer_free(&some);
  }
  /* Back to a cookie: the same entry, though others have come and gone. Cookies fit 32 bits. */
  assert_int_equal(RUN(g, fd_readdir, 3, 4096, 60000, 0, OUT), E_SUCCESS);
  u8 *third = g->memory + 4096;
  u64 cookie = 0;
  for (int i = 0; i < 2; i++) {
    cookie = load_u64(third);
    third += DIRENT_SIZE + load_u32(third + 16);
  }
  char want[300];
  u32 len = load_u32(third + 16);
  memcpy(want, third + DIRENT_SIZE, len);
  assert_true(cookie <= UINT32_MAX);
  assert_int_equal(guest_open(g, "another", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(RUN(g, fd_readdir, 3, 4096, 60000, cookie, OUT), E_SUCCESS);
    assert_int_equal(load_u32(g->memory + 4096 + 16), len);
    assert_memory_equal(g->memory + 4096 + DIRENT_SIZE, want, len);
  }
  assert_int_equal(RUN(g, fd_readdir, 3, 4096, 100, 1000, OUT), E_INVAL);
  assert_int_equal(guest_open(g, ".", OFLAG_DIRECTORY, RIGHTS_DIR, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_readdir, fd, 4096, 100, 1, OUT), E_INVAL);
  assert_int_equal(RUN(g, fd_readdir, fd, 4096, 100, (u64)-1, OUT), E_INVAL);
  assert_int_equal(RUN(g, fd_readdir, 1, 4096, 100, 0, OUT), E_NOTDIR);
  assert_int_equal(RUN(g, fd_read, fd, put_vector(g, 0, 4), 1, OUT), E_ISDIR);
  assert_int_equal(RUN(g, fd_seek, fd, 0, 0, OUT), E_BADF);
  wm_buffer_free(&all);
  guest_free(g);
  remove_folder(folder);
}

/* ---- config ---- */

static void configs_say_no(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  const char *bad[] = {"ok", "\xff"}, *good[] = {"A", "B"};
  assert_false(wasi_config_set_argv(config, 2, bad));
  assert_false(wasi_config_set_env(config, 2, good, bad));
  assert_false(wasi_config_set_env(config, 2, bad, good));
  assert_true(wasi_config_set_env(config, 2, good, good));
  assert_false(wasi_config_set_stdin_file(config, "/nonexistent/file"));
  assert_false(wasi_config_set_stdout_file(config, "/"));
  assert_false(wasi_config_preopen_dir(config, "/nonexistent", "/", true));
  assert_false(wasi_config_preopen_dir(config, "/dev/null", "/", true));
  assert_false(wasi_config_preopen_dir(NULL, "/", "/", true));
  wasi_config_inherit_argv(config);
  wasi_config_set_max_fds(config, 2);
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasi_ctx_new(NULL, NULL, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  assert_null(wasi_ctx_new(store, config, &err)); /* three streams, two numbers */
  assert_int_equal(err.code, WASMX_LIMIT);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  wasi_config_delete(NULL);
  wasi_ctx_delete(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pointers_at_the_end_of_memory),
      cmocka_unit_test(many_vectors),
      cmocka_unit_test(streams_by_bytes_and_callbacks),
      cmocka_unit_test(closed_pipes_raise_nothing),
      cmocka_unit_test(borrowed_flags_stay),
      cmocka_unit_test(lowest_number_first),
      cmocka_unit_test(a_million_opens_leak_nothing),
      cmocka_unit_test(preopens_are_found),
      cmocka_unit_test(what_is_no_socket),
      cmocka_unit_test(seek_tell_append),
      cmocka_unit_test(rights_only_shrink),
      cmocka_unit_test(read_only_by_every_route),
      cmocka_unit_test(special_files_need_a_grant),
      cmocka_unit_test(listings_do_not_depend_on_the_buffer),
      cmocka_unit_test(configs_say_no),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
