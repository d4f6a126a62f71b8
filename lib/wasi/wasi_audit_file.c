/* Accesses as lines of JSON in a file. Lines are collected, since a program may open many files;
 * refusals, and whatever is kept back then, are written at once, as is all before a wait. */
#include "wasi/wasi_audit.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FULL = 1 << 16 };

typedef struct AuditFile {
  int fd;
  pthread_mutex_t lock;
  Buffer lines;
} AuditFile;

/* ---- names ---- */

static const char *const right_names[] = {"fd_datasync",
                                          "fd_read",
                                          "fd_seek",
                                          "fd_fdstat_set_flags",
                                          "fd_sync",
                                          "fd_tell",
                                          "fd_write",
                                          "fd_advise",
                                          "fd_allocate",
                                          "path_create_directory",
                                          "path_create_file",
                                          "path_link_source",
                                          "path_link_target",
                                          "path_open",
                                          "fd_readdir",
                                          "path_readlink",
                                          "path_rename_source",
                                          "path_rename_target",
                                          "path_filestat_get",
                                          "path_filestat_set_size",
                                          "path_filestat_set_times",
                                          "fd_filestat_get",
                                          "fd_filestat_set_size",
                                          "fd_filestat_set_times",
                                          "path_symlink",
                                          "path_remove_directory",
                                          "path_unlink_file",
                                          "poll_fd_readwrite",
                                          "sock_shutdown",
                                          "sock_accept"};

const char *wm_right_name(u32 bit) {
  return bit < ARRAY_LEN(right_names) ? right_names[bit] : NULL;
}

static const char *const errno_names[] = {
    "success",     "2big",           "acces",       "addrinuse",   "addrnotavail",
    "afnosupport", "again",          "already",     "badf",        "badmsg",
    "busy",        "canceled",       "child",       "connaborted", "connrefused",
    "connreset",   "deadlk",         "destaddrreq", "dom",         "dquot",
    "exist",       "fault",          "fbig",        "hostunreach", "idrm",
    "ilseq",       "inprogress",     "intr",        "inval",       "io",
    "isconn",      "isdir",          "loop",        "mfile",       "mlink",
    "msgsize",     "multihop",       "nametoolong", "netdown",     "netreset",
    "netunreach",  "nfile",          "nobufs",      "nodev",       "noent",
    "noexec",      "nolck",          "nolink",      "nomem",       "nomsg",
    "noprotoopt",  "nospc",          "nosys",       "notconn",     "notdir",
    "notempty",    "notrecoverable", "notsock",     "notsup",      "notty",
    "nxio",        "overflow",       "ownerdead",   "perm",        "pipe",
    "proto",       "protonosupport", "prototype",   "range",       "rofs",
    "spipe",       "srch",           "stale",       "timedout",    "txtbsy",
    "xdev",        "notcapable"};
_Static_assert(ARRAY_LEN(errno_names) == E_NOTCAPABLE + 1, "a name for each errno");

const char *wm_errno_name(u32 error) {
  return error < ARRAY_LEN(errno_names) ? errno_names[error] : NULL;
}

/* ---- lines ---- */

static inline void put_text(Buffer *b, const char *text) { wm_buffer_bytes(b, text, strlen(text)); }

/* With zeros in front, of at least so many digits. */
static void put_decimal(Buffer *b, u64 n, size_t digits) {
  u8 text[20];
  size_t at = sizeof text;
  for (; n || sizeof text - at < digits; n /= 10) text[--at] = (u8)('0' + n % 10);
  wm_buffer_bytes(b, text + at, sizeof text - at);
}

static bool is_plain(u8 byte) { return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\'; }

/* Bytes that stand for themselves: nearly all. */
static size_t plain_length(const u8 *text, size_t len) {
  size_t n = 0;
  while (n < len && is_plain(text[n])) n++;
  return n;
}

/* One that may not; how many bytes it took. */
static size_t put_character(Buffer *b, const u8 *text, size_t len) {
  char code[8];
  size_t n = wm_utf8_step(text, len);
  if (n == 0 || *text < 0x20 || *text == 0x7f) {
    snprintf(code, sizeof code, "\\u%04x", *text);
    put_text(b, code);
    return 1;
  }
  if (n == 1) wm_buffer_byte(b, '\\'); /* a quote or backslash */
  wm_buffer_bytes(b, text, n);
  return n;
}

/* Control characters, and bytes that are no UTF-8, as \u00XX. */
static void put_escaped(Buffer *b, const u8 *text, size_t len) {
  for (size_t at = 0; at < len;) {
    size_t n = plain_length(text + at, len - at);
    wm_buffer_bytes(b, text + at, n);
    at += n;
    if (at < len) at += put_character(b, text + at, len - at);
  }
}

/* `before` is the key, and what stands around it. Without a text there is neither. */
static inline void put_string(Buffer *b, const char *before, const char *text) {
  if (!text) return;
  put_text(b, before);
  put_escaped(b, (const u8 *)text, strlen(text));
  wm_buffer_byte(b, '"');
}

static inline void put_number(Buffer *b, const char *before, u32 number) {
  if (number == UINT32_MAX) return;
  put_text(b, before);
  put_decimal(b, number, 1);
}

static void put_rights(Buffer *b, u64 rights) {
  const char *before = ",\"rights\":[\"";
  if (!rights) return;
  for (; rights; rights &= rights - 1) {
    const char *name = wm_right_name((u32)__builtin_ctzll(rights));
    if (!name) continue;
    put_text(b, before);
    put_text(b, name);
    before = "\",\"";
  }
  put_text(b, "\"]");
}

static void put_line(Buffer *b, const wasi_access_t *a) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  put_text(b, "{\"time\":");
  put_decimal(b, now.tv_sec > 0 ? (u64)now.tv_sec : 0, 1);
  wm_buffer_byte(b, '.');
  put_decimal(b, (u64)now.tv_nsec / 1000, 6);
  put_string(b, ",\"call\":\"", a->call);
  put_string(b, ",\"grant\":\"", a->grant);
  put_number(b, ",\"fd\":", a->fd);
  put_string(b, ",\"path\":\"", a->path);
  put_string(b, ",\"other_path\":\"", a->other_path);
  put_string(b, ",\"target\":\"", a->target);
  put_string(b, ",\"address\":\"", a->address);
  put_rights(b, a->rights);
  put_number(b, ",\"new_fd\":", a->new_fd);
  put_string(b, ",\"result\":\"", wm_errno_name((u32)a->error));
  put_text(b, "}\n");
}

/* ---- the file ---- */

/* A full disk is no reason to stop the program: what does not fit is lost, and when that began
 * within a line, the next one begins with a newline. */
static void write_lines(AuditFile *f) {
  size_t at = 0;
  for (ssize_t n = 1; n > 0 && at < f->lines.len;) {
    n = write(f->fd, f->lines.data + at, f->lines.len - at);
    if (n > 0) at += (size_t)n;
    if (n < 0 && errno == EINTR) n = 1;
  }
  bool cut = at < f->lines.len && (at ? f->lines.data[at - 1] != '\n' : f->lines.data[0] == '\n');
  f->lines.len = 0;
  if (cut) wm_buffer_byte(&f->lines, '\n');
}

/* False: out of memory; there is nothing of it then. */
static bool keep_line(AuditFile *f, const wasi_access_t *a) {
  size_t before = f->lines.len;
  put_line(&f->lines, a);
  if (!f->lines.failed) return true;
  f->lines.len = before;
  f->lines.failed = false;
  return false;
}

static void on_access(void *data, const wasi_access_t *a) {
  AuditFile *f = data;
  pthread_mutex_lock(&f->lock);
  if (!keep_line(f, a)) {
    write_lines(f);
    keep_line(f, a); /* where the others were */
  }
  if (f->lines.len > FULL || is_refusal((Errno)a->error)) write_lines(f);
  pthread_mutex_unlock(&f->lock);
}

static void flush_file(void *data) {
  AuditFile *f = data;
  pthread_mutex_lock(&f->lock);
  write_lines(f);
  pthread_mutex_unlock(&f->lock);
}

static void end_file(void *data) {
  AuditFile *f = data;
  write_lines(f);
  close(f->fd);
  wm_buffer_free(&f->lines);
  pthread_mutex_destroy(&f->lock);
  free(f);
}

bool wasi_config_set_audit_file(wasi_config_t *config, const char *path) {
  if (!config || !path) return false;
  int fd = wm_open_granted(path, O_WRONLY | O_CREAT | O_APPEND);
  AuditFile *f = fd >= 0 ? calloc(1, sizeof *f) : NULL;
  if (!f || pthread_mutex_init(&f->lock, NULL)) {
    if (fd >= 0) close(fd);
    free(f);
    return false;
  }
  f->fd = fd;
  wasi_config_set_audit(config, on_access, f, end_file);
  config->audit.flush = flush_file;
  return true;
}
