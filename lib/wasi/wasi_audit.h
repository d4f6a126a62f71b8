/* Accesses of a program, told to who wants to know (wasi_config_set_audit). Nothing is done, and
 * nothing kept, where nobody does: call->access is NULL then. */
#ifndef WM_WASI_WASI_AUDIT_H
#define WM_WASI_WASI_AUDIT_H

#include "wasi/wasi_ctx.h"

enum { ADDRESS_ROOM = 256 };

/* What one call did, noted on its way. */
struct Access {
  char path[PATH_MAX], other_path[PATH_MAX]; /* "": none */
  char address[ADDRESS_ROOM];                /* "": none */
  const char *grant;                         /* borrowed; NULL: no descriptor of any */
  u32 fd, new_fd;                            /* UINT32_MAX: none */
  int opened;                                /* the host's descriptor of new_fd; -1: none */
  bool asks;                                 /* what was opened need not be what its path spells */
  Rights rights;
};

static inline bool is_refusal(Errno e) { return e == E_NOTCAPABLE || e == E_PERM || e == E_ACCES; }

/* Finds out the host's names of directories, which calls on paths in them are told with, and has
 * links on the way noted. */
void wm_audit_begin(wasi_ctx_t *ctx);
/* Runs the row's handler and tells of it. */
Errno wm_audit_run(Call *call, const CallRow *row);
/* The names that JSON lines have for a right and an errno; NULL: there is none of that number. */
const char *wm_right_name(u32 bit);
const char *wm_errno_name(u32 error);

/* ---- for handlers; nothing where nothing is audited ---- */
void wm_access_path(Access *a, const void *bytes, size_t len);
/* What is done with a path is told of the copy that it is done by, not of the guest's memory, which
 * may be another one by now. It was `len` bytes long, with the slashes at its end. */
void wm_access_checked_path(Access *a, const GuestPath *path, u32 len);
/* An address or a name of the network, cut where it is longer than any is. */
void wm_access_address(Access *a, const void *text, size_t len);
static inline void wm_access_descriptor(Access *a, u32 fd, const Descriptor *d, Rights rights) {
  if (!a) return;
  if (a->fd == UINT32_MAX) a->fd = fd;
  if (d && d->grant && !a->grant) a->grant = d->grant->name;
  a->rights |= rights;
}

#endif
