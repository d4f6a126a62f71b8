/* wasi_config_*: listeners and connections that a program is given. Addresses are numbers, so that
 * nothing is looked up. */
#include "wasi/wasi_address.h"
#include "wasi/wasi_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { LISTEN_FDS_START = 3, COUNT_DIGITS = 5 };

static bool fail(wasmx_error_t *err, wasmx_errcode_t code, const char *message) {
  wm_wasi_fail(err, code, "%s", message);
  return false;
}

static bool fail_io(wasmx_error_t *err) { return fail(err, WASMX_IO, strerror(errno)); }

/* ---- what is there ---- */

size_t wasi_config_socket_count(const wasi_config_t *config) {
  return config ? config->sockets.len : 0;
}

size_t wasi_config_socket_address(const wasi_config_t *config, size_t index, char *text,
                                  size_t size) {
  SocketAddress a = {.len = sizeof a.of};
  if (text && size) *text = 0;
  if (!config || index >= config->sockets.len) return 0;
  if (getsockname(config->sockets.data[index].fd, &a.of.any, &a.len)) return 0;
  int len = wm_address_print(&a, text, text ? size : 0);
  return len > 0 ? (size_t)len : 0;
}

/* ---- giving ---- */

static bool is_usable(int fd) {
  int type;
  socklen_t len = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
         (type == SOCK_STREAM || type == SOCK_DGRAM);
}

static void close_owned(int fd, bool owned) {
  if (owned && fd >= 0) close(fd);
}

/* An owned one is closed when it cannot be added. */
static bool add_socket(wasi_config_t *config, int fd, bool own, wasmx_error_t *err) {
  if (own) fd = wm_above_standard(fd);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return fail_io(err);
  GivenSocket *given = is_usable(fd) ? vec_push(&config->sockets) : NULL;
  if (given) {
    *given = (GivenSocket){.fd = fd, .owned = own, .nonblocking = flags & O_NONBLOCK};
    if (own) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    if (own) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return true;
  }
  bool usable = is_usable(fd);
  close_owned(fd, own);
  if (usable) return fail(err, WASMX_OUT_OF_MEMORY, "out of memory");
  return fail(err, WASMX_ARGUMENT, "this is no socket of streams or datagrams");
}

bool wasi_config_preopen_socket_fd(wasi_config_t *config, int fd, bool own, wasmx_error_t *err) {
  if (config && fd >= 0) return add_socket(config, fd, own, err);
  close_owned(fd, own);
  return fail(err, WASMX_ARGUMENT, "config is NULL or the descriptor negative");
}

/* The address is free again as soon as nobody listens there: connections that linger do not count.
 */
static bool bind_and_listen(int fd, const SocketAddress *a) {
  const int on = 1;
  if (a->of.any.sa_family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, &a->of.any, a->len) == 0 && listen(fd, SOMAXCONN) == 0;
}

bool wasi_config_preopen_listener(wasi_config_t *config, const char *address, wasmx_error_t *err) {
  SocketAddress a;
  if (!config || !address) return fail(err, WASMX_ARGUMENT, "config or address is NULL");
  if (!wm_address_parse(address, &a))
    return fail(err, WASMX_ARGUMENT,
                "this is no address such as 127.0.0.1:80, [::1]:0, unix:/path");
  int fd = socket(a.of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || !bind_and_listen(fd, &a)) {
    fail_io(err);
    close_owned(fd, true);
    return false;
  }
  return add_socket(config, fd, true, err);
}

static void drop_from(wasi_config_t *config, u32 kept) {
  while (config->sockets.len > kept) {
    const GivenSocket *s = &config->sockets.data[--config->sockets.len];
    close_owned(s->fd, s->owned);
  }
}

/* How many are handed to this process; false: the variable is no number. */
static bool count_handed(u32 *count) {
  const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
  *count = 0;
  if (!pid || !fds || strtol(pid, NULL, 10) != getpid()) return true;
  size_t digits = strspn(fds, "0123456789");
  *count = (u32)strtoul(fds, NULL, 10);
  return digits && digits <= COUNT_DIGITS && !fds[digits];
}

bool wasi_config_inherit_listen_fds(wasi_config_t *config, wasmx_error_t *err) {
  u32 count;
  if (!config) return fail(err, WASMX_ARGUMENT, "config is NULL");
  if (!count_handed(&count)) return fail(err, WASMX_ARGUMENT, "LISTEN_FDS is no number");
  u32 before = config->sockets.len;
  for (u32 i = 0; i < count; i++) {
    int fd = fcntl(LISTEN_FDS_START + (int)i, F_DUPFD_CLOEXEC, LISTEN_FDS_START);
    if (fd < 0 ? fail_io(err) : add_socket(config, fd, true, err)) continue;
    drop_from(config, before);
    return false;
  }
  for (u32 i = 0; i < count; i++) fcntl(LISTEN_FDS_START + (int)i, F_SETFD, FD_CLOEXEC);
  bool ok = !count || (wasi_config_add_env(config, "LISTEN_FDS", NULL) &&
                       wasi_config_add_env(config, "LISTEN_FDNAMES", NULL));
  if (ok) return true;
  drop_from(config, before);
  return fail(err, WASMX_OUT_OF_MEMORY, "out of memory, or LISTEN_FDNAMES is not UTF-8");
}
