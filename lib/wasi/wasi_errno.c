/* Errors of the host as WASI numbers them: by name, in the order of the names. Two names of one
 * number (EAGAIN and EWOULDBLOCK) have one row. What WASI has no word for is E_IO. */
#include "wasi/wasi_ctx.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
  int host;
  Errno wasi;
} table[] = {
    {E2BIG, E_2BIG},
    {EACCES, E_ACCES},
    {EADDRINUSE, E_ADDRINUSE},
    {EADDRNOTAVAIL, E_ADDRNOTAVAIL},
    {EAFNOSUPPORT, E_AFNOSUPPORT},
    {EAGAIN, E_AGAIN},
    {EALREADY, E_ALREADY},
    {EBADF, E_BADF},
    {EBADMSG, E_BADMSG},
    {EBUSY, E_BUSY},
    {ECANCELED, E_CANCELED},
    {ECHILD, E_CHILD},
    {ECONNABORTED, E_CONNABORTED},
    {ECONNREFUSED, E_CONNREFUSED},
    {ECONNRESET, E_CONNRESET},
    {EDEADLK, E_DEADLK},
    {EDESTADDRREQ, E_DESTADDRREQ},
    {EDOM, E_DOM},
    {EDQUOT, E_DQUOT},
    {EEXIST, E_EXIST},
    {EFAULT, E_FAULT},
    {EFBIG, E_FBIG},
    {EHOSTDOWN, E_HOSTUNREACH},
    {EHOSTUNREACH, E_HOSTUNREACH},
    {EIDRM, E_IDRM},
    {EILSEQ, E_ILSEQ},
    {EINPROGRESS, E_INPROGRESS},
    {EINTR, E_INTR},
    {EINVAL, E_INVAL},
    {EISCONN, E_ISCONN},
    {EISDIR, E_ISDIR},
    {ELOOP, E_LOOP},
    {EMFILE, E_MFILE},
    {EMLINK, E_MLINK},
    {EMSGSIZE, E_MSGSIZE},
    {EMULTIHOP, E_MULTIHOP},
    {ENAMETOOLONG, E_NAMETOOLONG},
    {ENETDOWN, E_NETDOWN},
    {ENETRESET, E_NETRESET},
    {ENETUNREACH, E_NETUNREACH},
    {ENFILE, E_NFILE},
    {ENOBUFS, E_NOBUFS},
    {ENODEV, E_NODEV},
    {ENOENT, E_NOENT},
    {ENOEXEC, E_NOEXEC},
    {ENOLCK, E_NOLCK},
    {ENOLINK, E_NOLINK},
    {ENOMEM, E_NOMEM},
    {ENOMSG, E_NOMSG},
    {ENONET, E_HOSTUNREACH},
    {ENOPROTOOPT, E_NOPROTOOPT},
    {ENOSPC, E_NOSPC},
    {ENOSYS, E_NOSYS},
    {ENOTCONN, E_NOTCONN},
    {ENOTDIR, E_NOTDIR},
    {ENOTEMPTY, E_NOTEMPTY},
    {ENOTRECOVERABLE, E_NOTRECOVERABLE},
    {ENOTSOCK, E_NOTSOCK},
    {EOPNOTSUPP, E_NOTSUP},
    {ENOTTY, E_NOTTY},
    {ENXIO, E_NXIO},
    {EOVERFLOW, E_OVERFLOW},
    {EOWNERDEAD, E_OWNERDEAD},
    {EPERM, E_PERM},
    {EPIPE, E_PIPE},
    {EPROTO, E_PROTO},
    {EPROTONOSUPPORT, E_PROTONOSUPPORT},
    {EPROTOTYPE, E_PROTOTYPE},
    {ERANGE, E_RANGE},
    {EROFS, E_ROFS},
    {ESPIPE, E_SPIPE},
    {ESRCH, E_SRCH},
    {ESTALE, E_STALE},
    {ETIMEDOUT, E_TIMEDOUT},
    {ETXTBSY, E_TXTBSY},
    {EXDEV, E_XDEV},
};

Errno wm_errno_of_host(int host_errno) {
  if (host_errno == 0) return E_SUCCESS;
  for (size_t i = 0; i < ARRAY_LEN(table); i++) {
    if (table[i].host == host_errno) return table[i].wasi;
  }
  return E_IO;
}

Errno wm_errno_of_result(int result) { return result ? wm_errno_of_host(errno) : E_SUCCESS; }

void *wm_wasi_fail(wasmx_error_t *err, wasmx_errcode_t code, const char *format, ...) {
  if (!err || err->size < sizeof *err) return NULL;
  *err = (wasmx_error_t){.size = err->size, .code = code};
  va_list args;
  va_start(args, format);
  vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  return NULL;
}
